package pipeline

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// window holds what was pushed and is not yet released: where each entry stands in
// the journal, not its bytes. Its size bounds what the store is asked about.
type window struct {
	mu     sync.Mutex
	flight map[lead.ID]*flight
	told   []lead.ID // somebody says that they are stored; the store was not asked yet
	lost   []lead.ID // to be pushed again
	heard  int       // flights of which somebody says that they are stored
	room   chan struct{}
	news   chan struct{} // something was told
	again  chan struct{} // something was lost
}

type flight struct {
	pos   []journal.Position // the same delivery may stand in the journal more than once
	next  time.Time          // when it is asked about
	wait  time.Duration      // until it is asked about anew; doubles while it is only waiting
	delay time.Duration      // doubles with every re-push
	heard bool
	lost  bool // waits in lost
}

func newWindow() *window {
	return &window{flight: map[lead.ID]*flight{}, room: make(chan struct{}, 1), news: make(chan struct{}, 1), again: make(chan struct{}, 1)}
}

// Times of the window.
const (
	resweep     = 2 * time.Second // how old an entry is before anybody asks what became of it
	resweepMost = 4 * time.Second // between two questions about one that waits its turn
	repushMost  = 10 * time.Minute
)

// add waits for room and notes entries as pushed, all of them together.
func (w *window) add(ctx context.Context, entries []journal.Entry, now time.Time) error {
	w.mu.Lock()
	for len(w.flight) >= windowEntries {
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.room:
		}
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	for i := range entries {
		f := w.flight[entries[i].ID]
		if f == nil {
			f = &flight{next: now.Add(resweep), wait: resweep, delay: resweep}
			w.flight[entries[i].ID] = f
		}
		f.pos = append(f.pos, entries[i].Pos)
	}
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
			w.trust(f, false)
			delete(w.flight, id)
		}
	}
	signal(w.room)
	return out
}

// trust notes whether somebody says that an entry is stored. The lock is held.
func (w *window) trust(f *flight, heard bool) {
	if f.heard != heard {
		f.heard = heard
		if heard {
			w.heard++
		} else {
			w.heard--
		}
	}
}

// old returns the entries whose time to be asked about has come. One that only
// waits its turn is asked about less often.
func (w *window) old(now time.Time) []lead.ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []lead.ID
	for id, f := range w.flight {
		if f.lost || now.Before(f.next) {
			continue
		}
		out = append(out, id)
		f.wait = min(2*f.wait, resweepMost)
		f.next = now.Add(f.wait)
		w.trust(f, false) // if it were true, it would be gone
	}
	return out
}

// hear notes what somebody says is stored, and returns what is not under way. An
// empty list makes all due at once: much was lost, and none of it is to blame.
func (w *window) hear(ids []lead.ID, now time.Time) (unknown []lead.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(ids) == 0 {
		for _, f := range w.flight {
			f.next, f.wait, f.delay = now, resweep, resweep
		}
	}
	for _, id := range ids {
		if f := w.flight[id]; f == nil {
			unknown = append(unknown, id)
		} else if !f.heard {
			w.trust(f, true)
			w.told = append(w.told, id)
		}
	}
	signal(w.news)
	return unknown
}

// rumours returns what hear was told.
func (w *window) rumours() []lead.ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.told
	w.told = nil
	return out
}

// miss notes what the queue lost, to be pushed again.
func (w *window) miss(ids []lead.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if f := w.flight[id]; f != nil && !f.lost {
			f.lost = true
			w.lost = append(w.lost, id)
		}
	}
	if len(w.lost) > 0 {
		signal(w.again)
	}
}

// missed returns up to n entries to be pushed again, by where they stand, and
// doubles the time until each is asked about anew.
func (w *window) missed(n int, now time.Time) []journal.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	n = min(n, len(w.lost))
	var out []journal.Position
	for _, id := range w.lost[:n] {
		f := w.flight[id]
		if f == nil {
			continue // stored meanwhile
		}
		f.lost = false
		f.delay = min(2*f.delay, repushMost)
		f.next = now.Add(jitter(f.delay))
		out = append(out, f.pos[0])
	}
	if w.lost = w.lost[n:]; len(w.lost) == 0 {
		w.lost = nil
	} else {
		signal(w.again)
	}
	return out
}

// own returns those of the tasks that are under way from this node's journal.
func (w *window) own(tasks []Task) []Task {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Task
	for i := range tasks {
		if w.flight[tasks[i].ID] != nil {
			out = append(out, tasks[i])
		}
	}
	return out
}

// len returns how many entries are under way and, for all we hear, not stored.
func (w *window) len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.flight) - w.heard
}

// jitter returns a time between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
