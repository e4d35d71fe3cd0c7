package pipeline

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// window holds what was pushed and is not yet released. Its size bounds the
// memory of everything between journal and store.
type window struct {
	mu     sync.Mutex
	flight map[lead.ID]*flight
	bytes  int
	room   chan struct{}
}

type flight struct {
	pos   []journal.Position // the same delivery may stand in the journal more than once
	size  int
	since time.Time
	next  time.Time     // when the queue is asked about it
	delay time.Duration // doubles with every re-push
}

func newWindow() *window {
	return &window{flight: map[lead.ID]*flight{}, room: make(chan struct{}, 1)}
}

// resweep is how old an entry is before anybody asks what became of it.
const resweep = 2 * time.Second

// add waits for room and notes an entry as pushed.
func (w *window) add(ctx context.Context, id lead.ID, pos journal.Position, size int, now time.Time) error {
	for {
		w.mu.Lock()
		if len(w.flight) < windowEntries && w.bytes < windowBytes {
			break
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.room:
		}
	}
	defer w.mu.Unlock()
	f := w.flight[id]
	if f == nil {
		f = &flight{since: now, next: now.Add(resweep), delay: resweep}
		w.flight[id] = f
	}
	f.pos = append(f.pos, pos)
	f.size += size
	w.bytes += size
	return nil
}

// remove takes entries out and returns where they stand in the journal.
func (w *window) remove(ids []lead.ID) []journal.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]journal.Position, 0, len(ids))
	for _, id := range ids {
		if f := w.flight[id]; f != nil {
			out = append(out, f.pos...)
			w.bytes -= f.size
			delete(w.flight, id)
		}
	}
	select {
	case w.room <- struct{}{}:
	default:
	}
	return out
}

// old returns the entries whose time to be asked about has come.
func (w *window) old(now time.Time) []lead.ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []lead.ID
	for id, f := range w.flight {
		if !now.Before(f.next) {
			out = append(out, id)
			f.next = now.Add(resweep)
		}
	}
	return out
}

// again returns where an entry that the queue lost stands, and doubles the time
// until it is asked about anew.
func (w *window) again(id lead.ID, now time.Time) (journal.Position, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.flight[id]
	if f == nil {
		return journal.Position{}, false
	}
	f.delay = min(2*f.delay, 10*time.Minute)
	f.next = now.Add(jitter(f.delay))
	return f.pos[0], true
}

func (w *window) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.flight)
}

// jitter returns a time between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
