package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// forward reads the journal like a log and pushes each entry once, those together
// that wait together. What an earlier process left is pushed only when the store
// does not know it.
func (p *Pipeline) forward(ctx context.Context) {
	_, shared := p.o.Queue.(Shared)
	for last := time.Now(); ; last = time.Now() {
		rest := time.Duration(0)
		if shared {
			rest = sharedPace - time.Since(last)
		}
		entries, err := p.gather(ctx, rest)
		if p.pass(ctx, entries) != nil {
			return
		}
		if err == nil {
			continue
		}
		if ctx.Err() == nil && !errors.Is(err, io.EOF) {
			p.log.ErrorContext(ctx, "reading journal", "err", err)
			if sleep(ctx, time.Second) {
				continue
			}
		}
		return
	}
}

// Limits of gather.
const (
	gatherEntries = 256
	gatherBytes   = 1 << 20
	gatherTime    = 5 * time.Millisecond // for an entry the scan has not come to yet
	sharedPace    = 2 * time.Millisecond // between two pushes to other nodes: a round trip costs as much as ten deliveries
)

// gather waits for the next entry and adds what is there behind it, so that the
// queue gets many at once; more come while it rests. For what an earlier process
// left it waits a moment, because the store is asked about it. It returns what it has
// beside an error.
func (p *Pipeline) gather(ctx context.Context, rest time.Duration) ([]journal.Entry, error) {
	e, err := p.o.Journal.Next(ctx)
	if err != nil {
		return nil, err
	}
	if rest > 0 {
		sleep(ctx, rest)
	}
	list, size := []journal.Entry{e}, len(e.Payload)
	soon, cancel := ctx, context.CancelFunc(func() {})
	if e.Recovered {
		soon, cancel = context.WithTimeout(ctx, gatherTime)
	}
	defer cancel()
	for len(list) < gatherEntries && size < gatherBytes {
		if !list[len(list)-1].Recovered && !p.o.Journal.More() {
			break
		}
		e, err := p.o.Journal.Next(soon)
		if soon.Err() != nil && err != nil {
			break
		}
		if err != nil {
			return list, err
		}
		list, size = append(list, e), size+len(e.Payload)
	}
	return list, nil
}

// pass releases the entries the store knows and pushes the others. It returns an
// error only when ctx ends.
func (p *Pipeline) pass(ctx context.Context, entries []journal.Entry) error {
	known, err := p.known(ctx, entries)
	if err != nil {
		return err
	}
	unknown := entries[:0]
	for i := range entries {
		if known[entries[i].ID] {
			p.o.Journal.Release(entries[i].Pos)
		} else {
			unknown = append(unknown, entries[i])
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	if err := p.window.add(ctx, unknown, p.now()); err != nil {
		return err
	}
	tasks := make([]Task, len(unknown))
	for i := range unknown {
		tasks[i] = p.task(unknown[i])
	}
	return p.pushTasks(ctx, tasks)
}

// pushTasks waits for room and hands tasks to the queue, for as long as it takes.
func (p *Pipeline) pushTasks(ctx context.Context, tasks []Task) error {
	if len(tasks) == 0 {
		return nil
	}
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := p.o.Queue.Push(ctx, tasks...)
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.log.WarnContext(ctx, "pushing deliveries", "err", err)
		if !sleep(ctx, jitter(wait)) {
			return ctx.Err()
		}
	}
}

// task makes the task of an entry; one a process died over is worked alone.
func (p *Pipeline) task(e journal.Entry) Task {
	t := Task{ID: e.ID, Raw: e.Payload, Pos: e.Pos}
	t.Attempt, t.Single = p.guard.suspect(e.ID)
	return t
}

// known asks the store which of the recovered entries it has, for as long as it
// takes to get an answer. The others were never anybody else's.
func (p *Pipeline) known(ctx context.Context, entries []journal.Entry) (map[lead.ID]bool, error) {
	var ids []lead.ID
	for i := range entries {
		if entries[i].Recovered {
			ids = append(ids, entries[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		found, err := p.o.Store.Known(ctx, ids)
		if err == nil {
			known := make(map[lead.ID]bool, len(found))
			for _, id := range found {
				known[id] = true
			}
			p.guard.forget(found)
			return known, nil
		}
		if !sleep(ctx, jitter(wait)) {
			return nil, ctx.Err()
		}
	}
}
