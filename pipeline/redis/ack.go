package redis

import (
	"context"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/lead"
	"leadgate/pipeline"
)

// ending is an entry that is to leave Redis. After Redis lost everything and its
// clock went back, another entry may have the same id: taking that off is a loss like
// any other, and its owner pushes it again.
type ending struct {
	stream int
	id     string
}

// acks is what ended here and Redis has not heard of yet.
type acks struct {
	mu     sync.Mutex
	list   []ending
	alone  []attempt            // that ended
	held   map[attempt]bool     // that a worker has in hand
	known  map[ending]bool      // entries that were read and have not left Redis, for all we know
	count  [streams]int64       // of them, by stream
	stored map[string][]lead.ID // by owner
	more   chan struct{}
}

func newAcks() acks {
	return acks{held: map[attempt]bool{}, known: map[ending]bool{}, stored: map[string][]lead.ID{}, more: make(chan struct{}, 1)}
}

// add notes an entry that is to leave Redis.
func (a *acks) add(e ending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, e)
	signal(a.more)
}

// meet notes an entry that was read, and reports whether it is new here.
func (a *acks) meet(e ending) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[e] {
		return false
	}
	a.known[e] = true
	a.count[e.stream]++
	return true
}

// part forgets entries that have left Redis.
func (a *acks) part(list []ending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range list {
		if a.known[e] {
			delete(a.known, e)
			a.count[e.stream]--
		}
	}
}

// counts returns how many entries of each stream this node has in hand.
func (a *acks) counts() [streams]int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// hold notes that a worker has a delivery in hand, alone.
func (a *acks) hold(t attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held[t] = true
}

func (a *acks) inHand() []attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]attempt, 0, len(a.held))
	for t := range a.held {
		out = append(out, t)
	}
	return out
}

// done notes tasks that ended. An entry leaves with the last of its tasks.
func (a *acks) done(tasks []pipeline.Task) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range tasks {
		t, ok := tasks[i].Ticket.(*ticket)
		if !ok {
			continue
		}
		a.stored[t.owner] = append(a.stored[t.owner], tasks[i].ID)
		if alone := (attempt{t.stream, tasks[i].ID}); tasks[i].Single {
			delete(a.held, alone)
			a.alone = append(a.alone, alone)
		}
		if t.left--; t.left == 0 {
			a.list = append(a.list, t.ending)
		}
	}
	signal(a.more)
}

func (a *acks) waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list)
}

// ackBatch is how many entries one script takes off.
const ackBatch = 500

// take returns what there is to tell.
func (a *acks) take() (list []ending, alone []attempt, stored map[string][]lead.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list, alone, stored = a.list, a.alone, a.stored
	a.list, a.alone, a.stored = nil, nil, map[string][]lead.ID{}
	return list, alone, stored
}

// giveBack keeps what could not be told for the next time.
func (a *acks) giveBack(list []ending, alone []attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list, a.alone = append(list, a.list...), append(alone, a.alone...)
}

// settlePace is how long ends are collected: nobody waits for them.
const settlePace = 5 * time.Millisecond

// settle tells Redis what ended, without end.
func (n *Node) settle(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.acks.more:
		}
		rest := settlePace
		if !n.flush(ctx) {
			rest = jitter(beatEvery)
		}
		if !sleep(ctx, rest) {
			return
		}
	}
}

// flush tells Redis what ended, in one round trip, and the nodes whose deliveries
// they were. It reports false when Redis has not heard of it.
func (n *Node) flush(ctx context.Context) bool {
	list, alone, stored := n.acks.take()
	delete(stored, n.me) // the worker told the pipeline
	pipe := n.main.Pipeline()
	n.pipeAcks(ctx, pipe, list, alone)
	for owner, ids := range stored {
		if owner != "" {
			pipe.Publish(ctx, n.opt.Prefix+":done:"+owner, idList(ids))
		}
	}
	if pipe.Len() == 0 {
		return true
	}
	one, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatTimeout)
	defer cancel()
	start := time.Now()
	_, err := pipe.Exec(one)
	n.observe(err, time.Since(start))
	if err != nil {
		n.acks.giveBack(list, alone)
		signal(n.acks.more)
		return false
	}
	n.acks.part(list)
	return true
}

// pipeAcks adds the scripts that take entries off.
func (n *Node) pipeAcks(ctx context.Context, pipe goredis.Pipeliner, list []ending, alone []attempt) {
	var ids, tries [streams][]any
	for _, e := range list {
		ids[e.stream] = append(ids[e.stream], e.id)
	}
	for _, t := range alone {
		tries[t.stream] = append(tries[t.stream], t.id.String())
	}
	for s := range n.keys {
		for len(ids[s]) > 0 || len(tries[s]) > 0 {
			some, few := ids[s][:min(len(ids[s]), ackBatch)], tries[s][:min(len(tries[s]), ackBatch)]
			ids[s], tries[s] = ids[s][len(some):], tries[s][len(few):]
			args := append([]any{group, len(some)}, some...)
			pipe.Eval(ctx, ackScript, []string{n.keys[s].stream, n.keys[s].tries}, append(args, few...)...)
		}
	}
}

// news is what the pipeline has to hear about its deliveries.
type news struct {
	mu   sync.Mutex
	ids  []lead.ID
	lost bool // ask about all
	more chan struct{}
}

func newNews() news { return news{more: make(chan struct{}, 1)} }

// newsMost bounds what waits for the pipeline; the sweep finds the rest.
const newsMost = 64 << 10

func (w *news) tell(ids []lead.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ids) < newsMost {
		w.ids = append(w.ids, ids...)
	}
	signal(w.more)
}

func (w *news) all() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = true
	signal(w.more)
}

// Heard returns which of this node's deliveries other nodes say they stored; an
// empty list when all of them should be asked about.
func (n *Node) Heard(ctx context.Context) ([]lead.ID, error) {
	for {
		n.news.mu.Lock()
		ids, lost := n.news.ids, n.news.lost
		if lost {
			n.news.lost = false
			if len(ids) > 0 {
				signal(n.news.more)
			}
		} else {
			n.news.ids = nil
		}
		n.news.mu.Unlock()
		if lost {
			return nil, nil
		}
		if len(ids) > 0 {
			return ids, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-n.news.more:
		}
	}
}
