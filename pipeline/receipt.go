package pipeline

import (
	"context"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Topics by which nodes ask each other for what only a journal has. The body of a
// question is an id; whoever has it says so under the topic of that id.
const (
	topicWho  = "receipt/who"
	topicHere = "receipt/here/" // and the id
)

// askPatience is how long a node waits for the others to say that they have a delivery.
const askPatience = 500 * time.Millisecond

// Receipt returns what became of a delivery: what the store says, or that it is
// accepted and waits in this node's journal, or in that of another node that says so in
// half a second. lead.ErrNotFound means that it is not stored and that nobody said so:
// a node that is down or cannot be reached may have it all the same.
func (p *Pipeline) Receipt(ctx context.Context, id lead.ID) (store.Receipt, error) {
	r, err := p.o.Store.Receipt(ctx, id)
	if err == nil {
		return r, nil
	}
	here := p.o.Journal.Has(id)
	if !here { // it may have moved from there to the store meanwhile, before anybody is asked and while they are
		if r, err = p.o.Store.Receipt(ctx, id); err == nil {
			return r, nil
		}
	}
	if here || p.othersHave(ctx, id) {
		return store.Receipt{ID: id, State: store.StateAccepted, Inquiries: []store.Outcome{}}, nil
	}
	return p.o.Store.Receipt(ctx, id)
}

// othersHave asks the other nodes for a delivery.
func (p *Pipeline) othersHave(ctx context.Context, id lead.ID) bool {
	if p.o.Bus == nil {
		return false
	}
	heard := p.o.Bus.Subscribe(topicHere + id.String())
	defer heard.Close()
	p.o.Bus.Publish(topicWho, id[:])
	patience := time.NewTimer(askPatience)
	defer patience.Stop()
	for {
		select {
		case m := <-heard.C:
			if !m.Missed {
				return true
			}
		case <-patience.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// tellWhere answers the other nodes that ask for a delivery which this journal has.
func (p *Pipeline) tellWhere(ctx context.Context) {
	if p.o.Bus == nil {
		return
	}
	asked := p.o.Bus.Subscribe(topicWho)
	defer asked.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-asked.C:
			if len(m.Body) != len(lead.ID{}) { // what was missed is asked again, or never
				continue
			}
			if id := lead.ID(m.Body); p.o.Journal.Has(id) {
				p.o.Bus.Publish(topicHere+id.String(), nil)
			}
		}
	}
}
