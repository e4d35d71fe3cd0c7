package pipeline

import (
	"context"
	"time"

	"leadgate/lead"
)

// release asks the store, once a second, about what is long under way: what it
// has leaves the journal, what it has not and the queue lost is pushed again.
// Most entries leave on the fast path, when their worker has committed them.
func (p *Pipeline) release(ctx context.Context) {
	for sleep(ctx, time.Second) {
		p.sweep(ctx)
		p.o.Journal.Tidy()
	}
}

func (p *Pipeline) sweep(ctx context.Context) {
	ids := p.window.old(p.now())
	if len(ids) == 0 {
		return
	}
	known, err := p.o.Store.Known(ctx, ids)
	if err != nil { // the store is down: nobody knows anything, nothing is pushed again
		return
	}
	p.o.Journal.Release(p.window.remove(known)...)
	stored := make(map[lead.ID]bool, len(known))
	for _, id := range known {
		stored[id] = true
	}
	var missing []lead.ID
	for _, id := range ids {
		if !stored[id] {
			missing = append(missing, id)
		}
	}
	lost, err := p.o.Queue.Lost(ctx, missing)
	if err != nil {
		return
	}
	for _, id := range lost {
		pos, ok := p.window.again(id, p.now())
		if !ok {
			continue
		}
		e, err := p.o.Journal.Read(pos)
		if err != nil {
			p.log.ErrorContext(ctx, "reading journal again", "delivery", id, "err", err)
			continue
		}
		if err := p.o.Queue.Push(ctx, p.task(e)); err != nil {
			return
		}
	}
}

// finish lets go of tasks whose outcome is committed.
func (p *Pipeline) finish(ctx context.Context, tasks []Task) {
	ids := make([]lead.ID, len(tasks))
	for i := range tasks {
		ids[i] = tasks[i].ID
	}
	p.o.Journal.Release(p.window.remove(ids)...)
	if err := p.o.Queue.Ack(context.WithoutCancel(ctx), tasks); err != nil {
		p.log.WarnContext(ctx, "acknowledging deliveries", "err", err) // the sweep finds them stored
	}
}

// forget lets the queue forget tasks that cannot be read now. They stay in the
// window, so that the sweep finds them lost and pushes them again, later each time.
func (p *Pipeline) forget(ctx context.Context, tasks []Task) {
	if len(tasks) == 0 {
		return
	}
	if err := p.o.Queue.Ack(context.WithoutCancel(ctx), tasks); err != nil {
		p.log.WarnContext(ctx, "giving deliveries back", "err", err)
	}
}
