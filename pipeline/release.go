package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// Times and sizes of release.
const (
	sweepEvery  = time.Second
	rumourEvery = 100 * time.Millisecond // so that many are asked about at once
	sweepBatch  = 4096                   // ids in one question
	repushBatch = 64
)

// release asks the store, once a second, about what is long under way: what it
// has leaves the journal, what it has not and the queue lost is pushed again.
// Most entries leave on a fast path: those worked here when their worker has
// committed them, those worked on another node when that node tells of it. A word
// of another node only makes the question come earlier; the store answers it.
func (p *Pipeline) release(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.sweep(ctx)
			p.o.Journal.Tidy()
		case <-p.window.news:
			p.settleStored(ctx, p.window.rumours())
			if !sleep(ctx, rumourEvery) {
				return
			}
		}
	}
}

// hear passes on what other nodes tell of entries of this one.
func (p *Pipeline) hear(ctx context.Context) {
	shared, ok := p.o.Queue.(Shared)
	if !ok {
		return
	}
	for {
		ids, err := shared.Heard(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			p.o.Queue.Forget(p.window.hear(ids, p.now()))
		} else if !sleep(ctx, sweepEvery) {
			return
		}
	}
}

func (p *Pipeline) sweep(ctx context.Context) {
	missing, ok := p.settleStored(ctx, p.window.old(p.now()))
	if !ok || len(missing) == 0 {
		return
	}
	if lost, err := p.o.Queue.Lost(ctx, missing); err == nil {
		p.window.miss(lost)
	}
}

// settleStored releases which of the ids the store has and returns the others. ok
// is false when the store is down: nobody knows anything, nothing is pushed again.
func (p *Pipeline) settleStored(ctx context.Context, ids []lead.ID) (missing []lead.ID, ok bool) {
	for len(ids) > 0 {
		some := ids[:min(len(ids), sweepBatch)]
		ids = ids[len(some):]
		known, err := p.o.Store.Known(ctx, some)
		if err != nil {
			return nil, false
		}
		p.letGo(known)
		stored := make(map[lead.ID]bool, len(known))
		for _, id := range known {
			stored[id] = true
		}
		for _, id := range some {
			if !stored[id] {
				missing = append(missing, id)
			}
		}
	}
	return missing, true
}

// letGo releases what is stored.
func (p *Pipeline) letGo(ids []lead.ID) {
	p.o.Journal.Release(p.window.remove(ids)...)
	p.o.Queue.Forget(ids)
}

// repush pushes again what the queue lost. It is a loop of its own: while the queue
// has no room, the store is still asked, and room comes.
func (p *Pipeline) repush(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.window.again:
		}
		if p.pushTasks(ctx, p.reread(ctx, p.window.missed(repushBatch, p.now()))) != nil {
			return
		}
	}
}

// reread makes the tasks of entries that were lost, but for those that the queue has
// again: it may have been out of reach only for a moment.
func (p *Pipeline) reread(ctx context.Context, positions []journal.Position) []Task {
	var tasks []Task
	var ids []lead.ID
	for _, pos := range positions {
		e, err := p.o.Journal.Read(pos)
		if errors.Is(err, lead.ErrNotFound) {
			continue // stored in this moment
		}
		if err != nil {
			p.log.ErrorContext(ctx, "reading journal again", "err", err)
			continue
		}
		tasks, ids = append(tasks, p.task(e)), append(ids, e.ID)
	}
	if len(tasks) == 0 {
		return nil
	}
	lost, err := p.o.Queue.Lost(ctx, ids)
	if err != nil {
		return nil // the sweep asks again
	}
	return slices.DeleteFunc(tasks, func(t Task) bool { return !slices.Contains(lost, t.ID) })
}

// finish lets go of tasks whose outcome is committed.
func (p *Pipeline) finish(ctx context.Context, tasks []Task) {
	ids := make([]lead.ID, len(tasks))
	for i := range tasks {
		ids[i] = tasks[i].ID
	}
	if err := p.o.Queue.Ack(context.WithoutCancel(ctx), tasks); err != nil {
		p.log.WarnContext(ctx, "acknowledging deliveries", "err", err) // the sweep finds them stored
	}
	p.letGo(ids)
}

// forget lets the queue forget tasks that cannot be read now. They stay in the
// window of the node they came from, so that its sweep finds them lost and pushes
// them again, later each time.
func (p *Pipeline) forget(ctx context.Context, tasks []Task) {
	if len(tasks) == 0 {
		return
	}
	if err := p.o.Queue.Ack(context.WithoutCancel(ctx), tasks); err != nil {
		p.log.WarnContext(ctx, "giving deliveries back", "err", err)
	}
}
