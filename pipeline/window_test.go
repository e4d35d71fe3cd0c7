package pipeline

import (
	"context"
	"slices"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

func fly(t *testing.T, w *window, now time.Time, n int) []lead.ID {
	t.Helper()
	var ids []lead.ID
	var entries []journal.Entry
	for i := range n {
		e := journal.Entry{ID: lead.NewID(), Pos: journal.Position{Segment: 1, Offset: int64(i)}}
		ids, entries = append(ids, e.ID), append(entries, e)
	}
	if err := w.add(t.Context(), entries, now); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestWindowAsks: what is under way is asked about after a while, then less often,
// and all of it at once when much was lost.
func TestWindowAsks(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	ids := fly(t, w, now, 10)
	at := func(d time.Duration) int { return len(w.old(now.Add(d))) }
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{resweep - 1, 0}, {resweep, 10}, {resweep, 0}, {resweep + resweepMost - 1, 0}, {resweep + resweepMost, 10}} {
		if got := at(tc.after); got != tc.want {
			t.Errorf("after %v %d are asked about, want %d", tc.after, got, tc.want)
		}
	}
	w.hear(nil, now.Add(7*time.Second))
	if got := at(7 * time.Second); got != 10 {
		t.Errorf("after a loss %d are asked about, want all", got)
	}
	w.remove(ids)
	if w.len() != 0 || at(time.Hour) != 0 {
		t.Error("what is released is asked about")
	}
}

// TestWindowHears: what another node says is stored is asked about at once, counts as
// done, and counts as under way again when it was not true.
func TestWindowHears(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	ids := fly(t, w, now, 3)
	stranger := lead.NewID()
	if got := w.hear(append(ids[:2:2], ids[0], stranger), now); !slices.Equal(got, []lead.ID{stranger}) {
		t.Errorf("not under way: %v", got)
	}
	if got := w.rumours(); !slices.Equal(got, ids[:2]) {
		t.Errorf("told %v, want the two once", got)
	}
	if w.len() != 1 || len(w.rumours()) != 0 {
		t.Errorf("%d are under way, want 1", w.len())
	}
	w.remove(ids[:1])
	if w.len() != 1 {
		t.Errorf("%d are under way, want 1", w.len())
	}
	w.old(now.Add(time.Minute))
	if w.len() != 2 {
		t.Errorf("%d are under way, want 2: the word was false", w.len())
	}
}

// TestWindowMisses: what was lost is pushed again once, later each time; a loss of
// much at once blames nobody.
func TestWindowMisses(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	ids := fly(t, w, now, 5)
	w.miss(ids)
	w.miss(ids)
	if got := len(w.missed(3, now)) + len(w.missed(100, now)); got != 5 {
		t.Errorf("%d are pushed again, want 5", got)
	}
	for range 20 {
		w.miss(ids)
		w.missed(100, now)
	}
	if got := len(w.old(now.Add(repushMost/2 - 1))); got != 0 {
		t.Errorf("%d are asked about although they were lost again and again", got)
	}
	w.hear(nil, now)
	if got := len(w.old(now)); got != 5 {
		t.Errorf("%d are asked about, want 5", got)
	}
	w.miss(ids)
	w.remove(ids)
	if got := len(w.missed(100, now)); got != 0 {
		t.Errorf("%d are pushed again after their release", got)
	}
}

// TestWindowIsBounded: a full window makes add wait for a release, or for the end.
func TestWindowIsBounded(t *testing.T) {
	t.Parallel()
	w, now := newWindow(), time.Now()
	ids := fly(t, w, now, windowEntries)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	more := []journal.Entry{{ID: lead.NewID()}}
	if w.add(ctx, more, now) == nil {
		t.Fatal("a full window took more")
	}
	added := make(chan error, 1)
	go func() { added <- w.add(context.Background(), more, now) }()
	time.Sleep(time.Millisecond)
	w.remove(ids[:1])
	if err := <-added; err != nil {
		t.Error(err)
	}
}
