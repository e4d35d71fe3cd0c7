package pipeline

import (
	"context"
	"errors"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// work reads and stores what the queue hands out, a batch a transaction.
func (p *Pipeline) work(ctx context.Context, slot int) {
	for {
		tasks, err := p.o.Queue.Pull(ctx, batchEntries)
		if ctx.Err() != nil {
			return // what was pulled waits in the journal
		}
		if err != nil {
			p.log.WarnContext(ctx, "pulling deliveries", "err", err)
			if !sleep(ctx, jitter(time.Second)) {
				return
			}
			continue
		}
		start := time.Now()
		p.guard.enter(slot, tasks)
		if err := p.batch(ctx, tasks); err != nil {
			return // ctx ended while the store was down
		}
		p.guard.leave(slot, tasks)
		p.finish(ctx, tasks)
		p.o.Meter.Worked(len(tasks), time.Since(start))
	}
}

// batch leads every task to the store or to the parked ones. It returns an error
// only when ctx ends before that.
func (p *Pipeline) batch(ctx context.Context, tasks []Task) error {
	items := make([]store.Item, 0, len(tasks))
	var parked []store.Parking
	for i := range tasks {
		p.courtesy.Yield()
		t := &tasks[i]
		var d lead.Delivery
		if err := d.UnmarshalBinary(t.Raw); err != nil {
			parked = append(parked, store.Parking{Delivery: lead.Delivery{ID: t.ID, At: p.now().UTC()}, Raw: t.Raw, Reason: err.Error()})
			continue
		}
		if t.Attempt >= fatalAttempts {
			parked = append(parked, store.Parking{Delivery: d, Raw: t.Raw, Attempts: t.Attempt, Reason: "the process died over it, twice"})
			continue
		}
		item, err := p.readPatiently(ctx, d, t.Raw)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			parked = append(parked, store.Parking{Delivery: d, Raw: t.Raw, Reason: err.Error()})
		default:
			items = append(items, item)
		}
	}
	more, err := p.apply(ctx, items)
	if err != nil {
		return err
	}
	return p.park(ctx, append(parked, more...))
}

// readPatiently waits for what may pass, such as a blob store that does not answer.
func (p *Pipeline) readPatiently(ctx context.Context, d lead.Delivery, raw []byte) (store.Item, error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 30*time.Second) {
		item, err := p.read(ctx, d, raw)
		if err == nil || lead.IsPermanent(err) || errors.Is(err, lead.ErrNotFound) {
			return item, err
		}
		if !sleep(ctx, jitter(wait)) {
			return item, ctx.Err()
		}
	}
}

// apply stores a batch. When the store refuses it for good, its items are tried
// one by one, and those that are refused alone are returned to be parked.
func (p *Pipeline) apply(ctx context.Context, items []store.Item) ([]store.Parking, error) {
	if len(items) == 0 {
		return nil, nil
	}
	receipts, err := p.applyPatiently(ctx, items)
	switch {
	case err == nil:
		p.stored(items, receipts)
		return nil, nil
	case !lead.IsPermanent(err):
		return nil, err
	case len(items) == 1:
		return []store.Parking{{Delivery: items[0].Delivery, Raw: items[0].Raw, Reason: err.Error(), Attempts: 1}}, nil
	}
	p.log.WarnContext(ctx, "batch refused, storing one by one", "deliveries", len(items), "err", err)
	var parked []store.Parking
	for i := range items {
		more, err := p.apply(ctx, items[i:i+1])
		if err != nil {
			return nil, err
		}
		parked = append(parked, more...)
	}
	return parked, nil
}

// applyPatiently retries for ever what may pass, with full jitter.
func (p *Pipeline) applyPatiently(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 15*time.Second) {
		receipts, err := p.guardedApply(ctx, items)
		if err == nil || lead.IsPermanent(err) {
			p.stalled.Store(nil)
			return receipts, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.stall(ctx, err)
		if !sleep(ctx, jitter(wait)) {
			return nil, ctx.Err()
		}
	}
}

// guardedApply turns a panic under the store into a permanent error of the batch,
// so that the item it comes from is found and parked.
func (p *Pipeline) guardedApply(ctx context.Context, items []store.Item) (r []store.Receipt, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.ErrorContext(ctx, "storing panicked", "panic", v)
			err = errPanicked
		}
	}()
	return p.o.Store.Apply(ctx, items)
}

var errPanicked = errors.Join(lead.ErrPermanent, errors.New("storing it panicked"))

// stall notes, and logs once, that the store takes nothing.
func (p *Pipeline) stall(ctx context.Context, err error) {
	text := err.Error()
	if p.stalled.Swap(&text) == nil {
		p.log.ErrorContext(ctx, "store takes nothing, waiting", "err", err)
	}
}

func (p *Pipeline) park(ctx context.Context, items []store.Parking) error {
	if len(items) == 0 {
		return nil
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 15*time.Second) {
		err := p.o.Store.Park(ctx, items)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.stall(ctx, err)
		if !sleep(ctx, jitter(wait)) {
			return ctx.Err()
		}
	}
	now := p.now()
	for i := range items {
		p.log.WarnContext(ctx, "parked", "source", items[i].Delivery.Source, "delivery", items[i].Delivery.ID)
		p.o.Meter.Stored(items[i].Delivery.Source, lead.Parked, now.Sub(items[i].Delivery.At))
	}
	return nil
}

func (p *Pipeline) stored(items []store.Item, receipts []store.Receipt) {
	now := p.now()
	for i := range items {
		d := &items[i].Delivery
		for _, o := range receipts[i].Inquiries {
			p.o.Meter.Stored(d.Source, o.Verdict, now.Sub(d.At))
		}
	}
}
