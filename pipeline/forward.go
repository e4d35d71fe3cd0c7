package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// forward reads the journal like a log and pushes each entry once. What an
// earlier process left is pushed only when the store does not know it.
func (p *Pipeline) forward(ctx context.Context) {
	for {
		e, err := p.o.Journal.Next(ctx)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, io.EOF) {
				p.log.ErrorContext(ctx, "reading journal", "err", err)
				if sleep(ctx, time.Second) {
					continue
				}
			}
			return
		}
		known := false
		if e.Recovered {
			if known, err = p.known(ctx, e.ID); err != nil {
				return
			}
		}
		if known {
			p.o.Journal.Release(e.Pos)
			continue
		}
		if p.push(ctx, e) != nil {
			return
		}
	}
}

// push waits for room and hands an entry to the queue.
func (p *Pipeline) push(ctx context.Context, e journal.Entry) error {
	if err := p.window.add(ctx, e.ID, e.Pos, len(e.Payload), p.now()); err != nil {
		return err
	}
	t := Task{ID: e.ID, Raw: e.Payload, Pos: e.Pos}
	t.Attempt, t.Single = p.guard.suspect(e.ID)
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := p.o.Queue.Push(ctx, t)
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.log.WarnContext(ctx, "pushing delivery", "err", err)
		if !sleep(ctx, jitter(wait)) {
			return ctx.Err()
		}
	}
}

// known asks the store, for as long as it takes to get an answer.
func (p *Pipeline) known(ctx context.Context, id lead.ID) (bool, error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		ids, err := p.o.Store.Known(ctx, []lead.ID{id})
		if err == nil {
			return len(ids) > 0, nil
		}
		if !sleep(ctx, jitter(wait)) {
			return false, ctx.Err()
		}
	}
}
