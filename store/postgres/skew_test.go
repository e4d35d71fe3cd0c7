package postgres

import (
	"testing"
	"time"

	"leadgate/store"
)

// Nodes whose clocks are far apart take no job out of each other's hands, and neither
// waits for the other's time.
func TestJobsOfSkewedClocks(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	node := func(skew time.Duration) *Store {
		s := open(t, Options{DSN: db.DSN()})
		t.Cleanup(func() { _ = s.Close() })
		s.now = func() time.Time { return time.Now().Add(skew) }
		return s
	}
	nodes := map[string]*Store{"right": node(0), "ahead": node(10 * time.Minute), "behind": node(-10 * time.Minute)}
	take := func(name, kind string) []store.Job {
		t.Helper()
		jobs, err := nodes[name].Due(t.Context(), store.Take{Kind: kind, N: 10, Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return jobs
	}
	for name, s := range nodes {
		kind := "made-" + name
		if err := s.Enqueue(t.Context(), store.Job{Kind: kind, Key: "k", Target: "t"}); err != nil {
			t.Fatal(err)
		}
		jobs := take(name, kind)
		if len(jobs) != 1 {
			t.Fatalf("%s: its own job waits", name)
		}
		for other := range nodes {
			if len(take(other, kind)) != 0 {
				t.Errorf("%s took the job that is in the hands of %s", other, name)
			}
		}
		if err := s.Retry(t.Context(), jobs[0], s.now(), "once more"); err != nil {
			t.Fatal(err)
		}
		if err := s.Hold(t.Context(), kind, "t", s.now().Add(time.Minute), "too much"); err != nil {
			t.Fatal(err)
		}
		if len(take(name, kind)) != 0 {
			t.Errorf("%s: its own hold holds nothing", name)
		}
		if err := s.Resume(t.Context(), kind, "t"); err != nil {
			t.Fatal(err)
		}
		if jobs = take(name, kind); len(jobs) != 1 {
			t.Errorf("%s: the job it gave back waits", name)
		}
		if err := s.Done(t.Context(), jobs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := nodes["right"].Enqueue(t.Context(), store.Job{Kind: "all", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	if len(take("behind", "all")) != 1 {
		t.Error("a node whose clock is behind waits for its own time")
	}
}
