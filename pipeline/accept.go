package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"leadgate/lead"
)

// Accept keeps a delivery and returns the id of its receipt. It returns nil only
// when the delivery survives a power cut. lead.ErrFull and lead.ErrUnavailable
// mean that nothing was kept for sure and the sender should try again.
//
// The id follows from source and key, so that a redelivery gets the same receipt.
// Equal bytes without a key, from the same source and peer within ten seconds, are
// one delivery.
func (p *Pipeline) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	start := time.Now()
	p.courtesy.enter(start)
	id, err := p.accept(ctx, &d)
	p.courtesy.leave()
	if err != nil {
		p.o.Meter.Refused(d.Source)
		return lead.ID{}, err
	}
	p.o.Meter.Accepted(d.Source, time.Since(start))
	return id, nil
}

func (p *Pipeline) accept(ctx context.Context, d *lead.Delivery) (lead.ID, error) {
	if d.At.IsZero() {
		d.At = p.now().UTC().Truncate(time.Microsecond)
	}
	if d.Key != "" {
		d.ID = lead.DeriveID(d.Source, d.Key)
		return d.ID, p.keep(ctx, d)
	}
	return p.recent.once(ctx, fingerprint(d), p.now(), func(id lead.ID) error {
		d.ID = id
		return p.keep(context.WithoutCancel(ctx), d) // others may wait for the same
	})
}

// encodings are reused: a delivery is copied into the journal's batch.
var encodings = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

func (p *Pipeline) keep(ctx context.Context, d *lead.Delivery) error {
	if len(d.Body) > largeBody {
		if err := p.room(len(d.Body)); err != nil {
			return fmt.Errorf("accepting delivery: %w", err)
		}
		name, err := p.o.Blobs.Put(ctx, d.Body)
		if err != nil {
			return err
		}
		d.Body, d.Blob = nil, name
	}
	buf := encodings.Get().(*[]byte)
	defer encodings.Put(buf)
	raw, err := d.AppendBinary((*buf)[:0])
	if err != nil {
		return fmt.Errorf("accepting delivery: %w", err)
	}
	*buf = raw
	if err := p.o.Journal.Append(ctx, d.ID, raw); err != nil {
		return fmt.Errorf("accepting delivery: %w", err)
	}
	return nil
}

// room reports whether a large body may be written: not when the journal would
// refuse its record, and a huge one not while room is short.
func (p *Pipeline) room(size int) error {
	if size > hugeBody {
		return p.o.Journal.Spacious()
	}
	return p.o.Journal.Ready()
}

// fingerprint is equal for equal bytes of one source and peer.
func fingerprint(d *lead.Delivery) [32]byte {
	h := sha256.New()
	var size [8]byte
	for _, s := range [...]string{d.Source, d.Peer, d.Method, d.Path, d.Query, d.Header.Get("Content-Type")} {
		binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
	h.Write(d.Body)
	return [32]byte(h.Sum(nil))
}

// recent remembers the receipts of deliveries without a key for ten seconds.
type recent struct {
	mu   sync.Mutex
	seen map[[32]byte]*taken
	list []*taken // in order of time
}

type taken struct {
	print [32]byte
	id    lead.ID
	at    time.Time
	done  chan struct{} // closed when it is durable or failed
	err   error         // set before done is closed
}

func (t *taken) failed() bool {
	select {
	case <-t.done:
		return t.err != nil
	default:
		return false
	}
}

// recentMost bounds the memory of recent; the oldest are forgotten first.
const (
	recentMost = 50_000
	recentSpan = 10 * time.Second
)

func newRecent() *recent { return &recent{seen: map[[32]byte]*taken{}} }

// once runs keep for the first of equal deliveries; the others wait for it and
// get its receipt. What failed may be on the disk all the same, so that the next
// one tries under the same id.
func (r *recent) once(ctx context.Context, print [32]byte, now time.Time, keep func(lead.ID) error) (lead.ID, error) {
	r.mu.Lock()
	r.forget(now)
	before := r.seen[print]
	if before != nil && !before.failed() {
		r.mu.Unlock()
		select {
		case <-before.done:
			return before.id, before.err
		case <-ctx.Done():
			return lead.ID{}, fmt.Errorf("accepting delivery: %w", ctx.Err())
		}
	}
	t := &taken{print: print, at: now, done: make(chan struct{})}
	if t.id = lead.NewID(); before != nil {
		t.id = before.id
	}
	r.seen[print] = t
	r.list = append(r.list, t)
	r.mu.Unlock()
	t.err = keep(t.id)
	close(t.done)
	return t.id, t.err
}

func (r *recent) forget(now time.Time) {
	n := 0
	for n < len(r.list) && (now.Sub(r.list[n].at).Abs() > recentSpan || len(r.list)-n > recentMost) {
		if t := r.list[n]; r.seen[t.print] == t {
			delete(r.seen, t.print)
		}
		r.list[n] = nil
		n++
	}
	if r.list = r.list[n:]; len(r.list) == 0 {
		r.list = nil
	}
}
