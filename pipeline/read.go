package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// outcome is what reading one delivery came to.
type outcome struct {
	item store.Item
	err  error // wraps lead.ErrPermanent when another try cannot help
}

// reading reads deliveries one after the other, in a goroutine of its own. A
// goroutine cannot be killed: one whose parser does not return is left behind, and
// what it had read before is good.
type reading struct {
	begun time.Time
	out   []outcome    // one a delivery, each written before read passes it
	read  atomic.Int32 // how many are written
	since atomic.Int64 // when the parser got the one in hand, after begun; idle while no parser runs
	state atomic.Int32
	done  chan struct{} // closed when it is through
}

// States of a reading; whoever moves it from running decides.
const (
	running int32 = iota
	through
	left
)

const idle = -1

// read reads the first of the tasks, as many as memory has room for, and returns
// what they came to. Neither a panic nor an endless loop of a parser stops anything
// but its own delivery; when too many parsers are stuck the process starts anew.
func (p *Pipeline) read(ctx context.Context, tasks []Task) []outcome {
	r := &reading{begun: time.Now(), out: make([]outcome, len(tasks)), done: make(chan struct{})}
	r.since.Store(idle)
	go p.readOn(ctx, r, tasks)
	t := time.NewTimer(parseTimeout)
	defer t.Stop()
	for {
		select {
		case <-r.done:
			return r.out[:r.read.Load()]
		case <-t.C:
		}
		n := int(r.read.Load())
		since := time.Duration(r.since.Load())
		if since == idle {
			since = time.Since(r.begun)
		}
		if more := parseTimeout - (time.Since(r.begun) - since); more > 0 {
			t.Reset(more)
			continue
		}
		if !r.state.CompareAndSwap(running, left) {
			<-r.done
			return r.out[:r.read.Load()]
		}
		if now := int(r.read.Load()); now > n || now == len(tasks) {
			p.stuck.Add(1) // it returned in this very moment, and takes itself off again
			return r.out[:now]
		}
		return append(slices.Clone(r.out[:n]), p.abandon(ctx, &tasks[n]))
	}
}

// abandon counts a parser that does not return.
func (p *Pipeline) abandon(ctx context.Context, t *Task) outcome {
	var d lead.Delivery
	if err := d.UnmarshalBinary(t.Raw); err != nil {
		d = lead.Delivery{ID: t.ID}
	}
	p.log.ErrorContext(ctx, "parser does not return", "source", d.Source, "delivery", t.ID)
	if p.stuck.Add(1) >= stuckParsers {
		p.once.Do(func() { close(p.stopped) })
	}
	return outcome{item: store.Item{Delivery: d, Raw: t.Raw}, err: fmt.Errorf("reading delivery: %w: the parser did not return in %v", lead.ErrPermanent, parseTimeout)}
}

// readOn reads task after task until it is through, has read a lot, or is left behind.
func (p *Pipeline) readOn(ctx context.Context, r *reading, tasks []Task) {
	size := 0
	for i := range tasks {
		p.courtesy.Yield()
		o := &r.out[i]
		o.item, o.err = p.readOne(ctx, r, &tasks[i])
		for n := range o.item.Inquiries {
			size += len(o.item.Inquiries[n].Text) + len(o.item.Inquiries[n].HTML)
		}
		size += len(o.item.Raw)
		r.read.Store(int32(i + 1))
		if r.state.Load() == left || size > readBytes {
			break
		}
	}
	if !r.state.CompareAndSwap(running, through) {
		p.stuck.Add(-1)
		return
	}
	close(r.done)
}

// readOne turns a delivery into an item for the store: its connector parses it,
// everything is brought into normal form, and the bytes of attachments are kept.
// Delivery and Raw of the item are there beside an error too.
func (p *Pipeline) readOne(ctx context.Context, r *reading, t *Task) (item store.Item, err error) {
	item.Raw = t.Raw
	d := &item.Delivery
	if err := d.UnmarshalBinary(t.Raw); err != nil {
		*d = lead.Delivery{ID: t.ID, At: p.now().UTC()}
		return item, permanent(err)
	}
	if t.Attempt >= fatalAttempts {
		return item, fmt.Errorf("%w: the process died over it, twice", lead.ErrPermanent)
	}
	src, err := p.source(d)
	if err != nil {
		return item, err
	}
	whole := *d
	if d.Blob != "" {
		if whole.Body, err = p.fetch(ctx, d.Blob); err != nil {
			return item, err
		}
	}
	r.since.Store(int64(time.Since(r.begun)))
	err = p.parse(ctx, src, whole, &item)
	r.since.Store(idle)
	if err == nil {
		err = p.keepFiles(ctx, &item)
	}
	return item, err
}

// fetch reads a large body. That the blob store does not answer shows in Health.
func (p *Pipeline) fetch(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	body, err := p.o.Blobs.Get(ctx, name)
	switch {
	case err == nil:
		p.blobless.Store(nil)
	case errors.Is(err, lead.ErrNotFound):
		err = permanent(err)
	case !lead.IsPermanent(err):
		p.missBlobs(ctx, err)
	}
	return body, err
}

// missBlobs notes, and logs once, that large bodies cannot be read or kept.
func (p *Pipeline) missBlobs(ctx context.Context, err error) {
	text := err.Error()
	if p.blobless.Swap(&text) == nil && ctx.Err() == nil {
		p.log.ErrorContext(ctx, "blobs cannot be reached, their deliveries wait", "err", err)
	}
}

// parse fills an item with what the connector reads, in normal form. A parser that
// panics is the delivery's end, and what it says is not logged: it may hold people's data.
func (p *Pipeline) parse(ctx context.Context, src *Source, d lead.Delivery, item *store.Item) (err error) {
	defer func() {
		if recover() != nil {
			p.log.ErrorContext(ctx, "parser panicked", "source", src.Name, "delivery", d.ID, "stack", string(debug.Stack()))
			err = fmt.Errorf("reading delivery: %w: the parser panicked", lead.ErrPermanent)
		}
	}()
	parsed, err := src.Connector.Parse(d, src.Settings)
	if err != nil {
		return permanent(err)
	}
	item.Inquiries, item.Updates, item.Failures = parsed.Inquiries, parsed.Updates, parsed.Failures
	for i := range item.Inquiries {
		q := &item.Inquiries[i]
		q.Source, q.Scope, q.Received = src.Name, src.Scope(), d.At
		if q.Origin == "" {
			q.Origin = src.Connector.Origin
		}
		normal.Inquiry(q, src.Region)
	}
	for i := range item.Updates {
		u := &item.Updates[i]
		u.Scope, u.Patch.Source, u.Patch.Scope = src.Scope(), src.Name, src.Scope()
		normal.Update(u, src.Region)
	}
	for i := range item.Failures {
		f := &item.Failures[i]
		f.Key, f.Reason = normal.Line(f.Key, maxReason), normal.Line(f.Reason, maxReason)
	}
	return nil
}

// keepFiles moves the bytes of attachments into the blob store.
func (p *Pipeline) keepFiles(ctx context.Context, item *store.Item) error {
	keep := func(q *lead.Inquiry) error {
		for i := range q.Attachments {
			a := &q.Attachments[i]
			if a.Data == nil {
				continue
			}
			name, err := p.o.Blobs.Put(ctx, a.Data)
			if err != nil {
				p.missBlobs(ctx, err)
				return err
			}
			a.Blob, a.Size, a.Data = name, int64(len(a.Data)), nil
		}
		return nil
	}
	for i := range item.Inquiries {
		if err := keep(&item.Inquiries[i]); err != nil {
			return err
		}
	}
	for i := range item.Updates {
		if err := keep(&item.Updates[i].Patch); err != nil {
			return err
		}
	}
	return nil
}

// source returns the source of a delivery, also one that takes nothing in any more.
// Leads made by hand have one that is in no configuration. While nobody can say that
// a source is gone, its deliveries wait.
func (p *Pipeline) source(d *lead.Delivery) (*Source, error) {
	if d.Source == ManualSource {
		return manualSource(d), nil
	}
	src, ok := p.o.Sources.Find(d.Source)
	switch {
	case ok:
		return src, nil
	case p.o.Sources.Unsure(d.Source):
		return nil, fmt.Errorf("%w: its source %q cannot be put in force", lead.ErrUnavailable, d.Source)
	}
	return nil, fmt.Errorf("%w: its source %q is gone", lead.ErrPermanent, d.Source)
}

// permanent gives a parser's error its class: a pure function fails the same way again.
func permanent(err error) error {
	if err == nil || lead.IsPermanent(err) {
		return err
	}
	return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
}
