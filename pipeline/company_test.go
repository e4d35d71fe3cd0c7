package pipeline

import (
	"context"
	"testing"
	"time"

	"leadgate/lead"
)

// Few deliveries wait for others, one to be worked alone is not mixed with them, and
// nobody waits where a transaction costs little.
func TestCompany(t *testing.T) {
	t.Parallel()
	task := func(single bool) Task { return Task{ID: lead.NewID(), Single: single} }
	for _, c := range []struct {
		name     string
		company  bool
		later    []Task
		together int
		alone    int
	}{
		{"others come", true, []Task{task(false), task(false)}, 3, 0},
		{"one to be worked alone comes", true, []Task{task(false), task(true), task(false)}, 2, 1},
		{"nobody comes", true, nil, 1, 0},
		{"nobody waits", false, []Task{task(false)}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := NewQueue()
			p := &Pipeline{o: Options{Queue: q, Company: c.company}}
			if err := q.Push(t.Context(), c.later...); err != nil {
				t.Fatal(err)
			}
			together, alone := p.company(t.Context(), []Task{task(false)}, companyMost)
			if len(together) != c.together || len(alone) != c.alone {
				t.Errorf("%d together and %d alone, want %d and %d", len(together), len(alone), c.together, c.alone)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p := &Pipeline{o: Options{Queue: NewQueue(), Company: true}}
	start := time.Now()
	if together, _ := p.company(ended, []Task{task(false)}, time.Hour); len(together) != 1 || time.Since(start) > time.Second {
		t.Errorf("a worker that stops keeps %d tasks, after %v", len(together), time.Since(start))
	}
}
