package pipeline

import (
	"context"
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
	item := store.Item{Delivery: d, Raw: t.Raw}
	if _, err := p.body(ctx, &item); err != nil {
		return outcome{item: item, err: err}
	}
	return outcome{item: item, err: fmt.Errorf("reading delivery: %w: the parser did not return in %v", lead.ErrPermanent, parseTimeout)}
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
// Delivery, Raw and the body's key are there beside an error too: it may be parked.
func (p *Pipeline) readOne(ctx context.Context, r *reading, t *Task) (item store.Item, err error) {
	item.Raw = t.Raw
	d := &item.Delivery
	if err := d.UnmarshalBinary(t.Raw); err != nil {
		*d = lead.Delivery{ID: t.ID, At: p.now().UTC()}
		return item, permanent(err)
	}
	whole := *d
	if whole.Body, err = p.body(ctx, &item); err != nil {
		return item, err
	}
	if t.Attempt >= fatalAttempts {
		return item, fmt.Errorf("%w: the process died over it, twice", lead.ErrPermanent)
	}
	src, err := p.source(d)
	if err != nil {
		return item, err
	}
	r.since.Store(int64(time.Since(r.begun)))
	err = p.parse(ctx, src, whole, &item)
	r.since.Store(idle)
	if err == nil {
		err = p.keepFiles(ctx, &item)
	}
	return item, err
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

// sourcesLag is how long a source may be known to the node that accepted a delivery and
// not to the one that works it, with room to spare.
const sourcesLag = 15 * time.Second

// shared reports whether this node works what others accepted.
func (p *Pipeline) shared() bool { _, ok := p.o.Queue.(Shared); return ok }

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
	case p.shared() && (p.now().Sub(d.At).Abs() < sourcesLag || p.o.Sources.stale(p.now(), sourcesLag/2)):
		return nil, fmt.Errorf("%w: its source %q is not known here yet", lead.ErrUnavailable, d.Source)
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
