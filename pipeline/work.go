package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// work reads and stores what the queue hands out, a batch a transaction.
func (p *Pipeline) work(ctx context.Context, slot int) {
	var next []Task // to be worked alone, found while company was waited for
	var last time.Duration
	for {
		tasks, err := next, error(nil)
		if next = nil; tasks == nil {
			tasks, err = p.o.Queue.Pull(ctx, batchEntries)
		}
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
		tasks, next = p.company(ctx, tasks, last)
		start := time.Now()
		own := p.window.own(tasks) // for the others the queue keeps the notes
		p.guard.enter(slot, own)
		if err := p.batch(ctx, tasks); err != nil {
			p.guard.giveBack(own)
			return // ctx ended; what is not stored waits in the journal
		}
		p.guard.leave(slot, own)
		last = time.Since(start)
		p.o.Meter.Worked(len(tasks), last)
	}
}

// A transaction of a store that nodes share costs much the same for one delivery as for
// many. One with few waits for company, no longer than the last one took.
const (
	fewTasks    = 64
	companyMost = 20 * time.Millisecond
)

// company adds to few tasks what comes soon. A task to be worked alone that comes
// meanwhile is returned beside them.
func (p *Pipeline) company(ctx context.Context, tasks []Task, last time.Duration) (together, alone []Task) {
	if !p.o.Company || last == 0 || tasks[0].Single {
		return tasks, nil
	}
	soon, cancel := context.WithTimeout(ctx, min(last, companyMost))
	defer cancel()
	for len(tasks) < fewTasks {
		more, err := p.o.Queue.Pull(soon, batchEntries-len(tasks))
		switch {
		case err != nil:
			return tasks, nil
		case more[0].Single:
			return tasks, more
		}
		tasks = append(tasks, more...)
	}
	return tasks, nil
}

// batch leads every task to the store or to the parked ones. It returns an error
// only when ctx ends before that.
func (p *Pipeline) batch(ctx context.Context, tasks []Task) error {
	for len(tasks) > 0 {
		read := p.read(ctx, tasks)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.commit(ctx, tasks[:len(read)], read); err != nil {
			return err
		}
		tasks = tasks[len(read):]
	}
	return nil
}

// commit stores what was read and parks what can never be. What cannot be read now
// stays in the journal, and its turn comes again.
func (p *Pipeline) commit(ctx context.Context, tasks []Task, read []outcome) error {
	items := make([]store.Item, 0, len(tasks))
	done := make([]Task, 0, len(tasks))
	var parked []store.Parking
	var later []Task
	for i := range read {
		o := &read[i]
		switch {
		case o.err == nil:
			items = append(items, o.item)
		case lead.IsPermanent(o.err):
			parked = append(parked, store.Parking{Delivery: o.item.Delivery, Raw: o.item.Raw, Attempts: tasks[i].Attempt, Reason: reasonOf(o.err), Blobs: bodyKey(&o.item)})
		default:
			later = append(later, tasks[i])
			continue
		}
		done = append(done, tasks[i])
	}
	rest, err := p.apply(ctx, items)
	if err == nil {
		err = p.park(ctx, append(parked, rest.parked...))
	}
	if err != nil {
		return err
	}
	done = slices.DeleteFunc(done, func(t Task) bool {
		aside := slices.Contains(rest.aside, t.ID)
		if aside {
			later = append(later, t)
		}
		return aside
	})
	p.finish(ctx, done)
	p.forget(ctx, later)
	return nil
}

// leftover is what of a batch is not stored.
type leftover struct {
	parked []store.Parking
	aside  []lead.ID // their turn comes again
}

// reasonOf is an error as a reason to be kept: one clean line.
func reasonOf(err error) string { return normal.Line(err.Error(), maxReason) }

// apply stores a batch. When the store refuses it for good, its items are tried
// one by one, and those that are refused alone are returned to be parked.
func (p *Pipeline) apply(ctx context.Context, items []store.Item) (leftover, error) {
	if len(items) == 0 {
		return leftover{}, nil
	}
	receipts, err := p.applyPatiently(ctx, items)
	switch {
	case err == nil:
		p.took.Add(1)
		p.stored(items, receipts)
		return leftover{}, nil
	case errors.Is(err, errTooMuch):
		return p.applyParts(ctx, items, (len(items)+1)/2)
	case errors.Is(err, errAside):
		return leftover{aside: []lead.ID{items[0].Delivery.ID}}, nil
	case !lead.IsPermanent(err):
		return leftover{}, err
	case len(items) == 1:
		return leftover{parked: []store.Parking{{Delivery: items[0].Delivery, Raw: items[0].Raw, Reason: reasonOf(err), Attempts: 1, Blobs: bodyKey(&items[0])}}}, nil
	}
	p.log.WarnContext(ctx, "batch refused, storing one by one", "deliveries", len(items), "err", err)
	return p.applyParts(ctx, items, 1)
}

// applyParts stores a batch in parts of so many.
func (p *Pipeline) applyParts(ctx context.Context, items []store.Item, n int) (rest leftover, err error) {
	for part := range slices.Chunk(items, n) {
		more, err := p.apply(ctx, part)
		if err != nil {
			return leftover{}, err
		}
		rest.parked, rest.aside = append(rest.parked, more.parked...), append(rest.aside, more.aside...)
	}
	return rest, nil
}

// longestWait bounds the time between two tries of a store that is down: what waits
// is to be stored soon after it is back.
const longestWait = 5 * time.Second

// slowTries is how often a batch may take longer than the store has, before less is
// tried at once.
const slowTries = 2

// slowAlone is how often in a row one delivery alone may take longer than the store has.
const slowAlone = 5

var (
	errTooMuch = errors.New("too much at once")
	errAside   = errors.New("set aside")
	errTooSlow = fmt.Errorf("%w: storing it takes longer than the store gives it, %d times in a row while others were stored", lead.ErrPermanent, slowAlone)
)

// applyPatiently retries for ever what may pass, with full jitter. A batch of several
// for which the store's time did not suffice is errTooMuch in the end. A single one for
// which it did not is errTooSlow when something else was stored between any two tries,
// and errAside when not: then it may be the store, and the worker goes on.
func (p *Pipeline) applyPatiently(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	slow, busy := 0, 0 // how often its time was over, and something else was stored meanwhile
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, longestWait) {
		before := p.took.Load()
		receipts, err := p.guardedApply(ctx, items)
		if err == nil || lead.IsPermanent(err) {
			p.stalled.Store(nil)
			return receipts, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.stall(ctx, err)
		over := errors.Is(err, context.DeadlineExceeded)
		if over {
			slow++
		}
		if slow >= slowTries && len(items) > 1 {
			return nil, errTooMuch
		}
		if !sleep(ctx, jitter(wait)) {
			return nil, ctx.Err()
		}
		if len(items) > 1 {
			continue
		}
		if over && p.took.Load() > before {
			busy++
		}
		switch {
		case !over:
			slow, busy = 0, 0
		case slow == slowAlone && busy == slow:
			return nil, errTooSlow
		case slow == slowAlone:
			return nil, errAside
		}
	}
}

// guardedApply turns a panic under the store into a permanent error of the batch,
// so that the item it comes from is found and parked.
func (p *Pipeline) guardedApply(ctx context.Context, items []store.Item) (r []store.Receipt, err error) {
	defer func() {
		if recover() != nil { // what it says may hold people's data
			p.log.ErrorContext(ctx, "storing panicked", "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	r, err = p.o.Store.Apply(ctx, items)
	if errors.Is(err, store.ErrBlobGone) {
		if err = p.keepAgain(ctx, items); err == nil {
			r, err = p.o.Store.Apply(ctx, items)
		}
	}
	return r, err
}

var errPanicked = fmt.Errorf("%w: storing it panicked", lead.ErrPermanent)

// stall notes, and logs once, that the store takes nothing.
func (p *Pipeline) stall(ctx context.Context, err error) {
	text := err.Error()
	if p.stalled.Swap(&text) == nil {
		p.log.ErrorContext(ctx, "store takes nothing, waiting", "err", err)
	}
}

// park keeps deliveries out of the way. It returns an error only when ctx ends.
func (p *Pipeline) park(ctx context.Context, items []store.Parking) error {
	for wait := 100 * time.Millisecond; len(items) > 0; wait = min(2*wait, longestWait) {
		err := p.o.Store.Park(ctx, items)
		switch {
		case err == nil:
			p.stalled.Store(nil)
			p.parked(ctx, items)
			return nil
		case errors.Is(err, store.ErrBlobGone):
			if missed := p.keepParked(ctx, items); missed != nil {
				err = missed
			}
		case lead.IsPermanent(err) && len(items) > 1:
			for i := range items {
				if err := p.park(ctx, items[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		case lead.IsPermanent(err): // even its reason is refused: its bytes are kept without
			items[0].Reason = "it cannot be stored"
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.stall(ctx, err)
		if !sleep(ctx, jitter(wait)) {
			return ctx.Err()
		}
	}
	return nil
}

func (p *Pipeline) parked(ctx context.Context, items []store.Parking) {
	now := p.now()
	for i := range items {
		p.log.WarnContext(ctx, "parked", "source", items[i].Delivery.Source, "delivery", items[i].Delivery.ID)
		p.o.Meter.Stored(items[i].Delivery.Source, lead.Parked, now.Sub(items[i].Delivery.At))
	}
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
