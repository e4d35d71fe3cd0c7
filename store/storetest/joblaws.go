package storetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/store"
)

// Whatever runners, lapses, failures, holds and enqueues come between: a job is in
// the hands of one runner at a time, no more of a target are than may be, none of
// a held one begins, each event is worked after it happened, and at the end nothing
// waits.
func testJobLaws(t *testing.T, b *bench) {
	round := 0
	checkSample(t, func(r *rapid.T) {
		round++
		w := &jobWorld{b: b, r: r, kind: key("round-%d", round), held: map[string]time.Time{}, told: map[string]int{}, seen: map[string]int{}}
		for range rapid.IntRange(5, 40).Draw(r, "steps") {
			w.step()
		}
		w.finish()
	})
}

const lawPerTarget = 2

// jobWorld is what a round of testJobLaws knows.
type jobWorld struct {
	b      *bench
	r      *rapid.T
	kind   string
	inWork []store.Job
	held   map[string]time.Time // a target that is gone until the year 9999
	told   map[string]int       // key → number of the event that was told last
	seen   map[string]int       // key → number of events told before it was last taken and settled
	events int
}

func (w *jobWorld) must(err error) {
	if err != nil {
		w.r.Fatal(err)
	}
}

func (w *jobWorld) step() {
	switch rapid.IntRange(0, 9).Draw(w.r, "do") {
	case 0, 1, 2:
		n := rapid.IntRange(0, 5).Draw(w.r, "job")
		w.events++
		w.told[key("k%d", n)] = w.events
		due := time.Time{}
		if rapid.Bool().Draw(w.r, "later") {
			due = w.b.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(w.r, "wait")) * time.Second)
		}
		w.must(w.b.Enqueue(w.b.ctx, store.Job{Kind: w.kind, Key: key("k%d", n), Target: key("t%d", n%3), Payload: []byte{1}, Due: due}))
	case 3, 4, 5:
		w.take(rapid.IntRange(1, 4).Draw(w.r, "places"))
	case 6, 7:
		w.settle()
	case 8:
		w.b.now = w.b.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(w.r, "seconds")) * time.Second)
	case 9:
		target := key("t%d", rapid.IntRange(0, 2).Draw(w.r, "target"))
		until := w.b.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(w.r, "hold")) * time.Second)
		w.must(w.b.Hold(w.b.ctx, w.kind, target, until, "held"))
		if until.After(w.held[target]) {
			w.held[target] = until
		}
	}
}

// standing are the jobs in work whose lease is not over.
func (w *jobWorld) standing() (out []store.Job) {
	for _, j := range w.inWork {
		if j.Lease.After(w.b.now) {
			out = append(out, j)
		}
	}
	return out
}

func (w *jobWorld) take(n int) {
	jobs, err := w.b.Due(w.b.ctx, store.Take{Kind: w.kind, N: n, Lease: 30 * time.Second, PerTarget: lawPerTarget})
	w.must(err)
	for _, j := range jobs {
		for _, other := range w.standing() {
			if other.ID == j.ID || other.Key == j.Key {
				w.r.Fatalf("%s is in two hands", j.Key)
			}
		}
		if w.held[j.Target].After(w.b.now) {
			w.r.Fatalf("%s begins while %s is held", j.Key, j.Target)
		}
		j.Due = time.Unix(int64(w.events), 0) // what it knows of
		w.inWork = append(w.inWork, j)
	}
	count := map[string]int{}
	for _, j := range w.standing() {
		if count[j.Target]++; count[j.Target] > lawPerTarget {
			w.r.Fatalf("%d jobs of %s at once", count[j.Target], j.Target)
		}
	}
}

// settle ends one of the jobs in work in one of all ways, that of a runner who never
// comes back and that of one who comes too late among them.
func (w *jobWorld) settle() {
	if len(w.inWork) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.inWork)-1).Draw(w.r, "which")
	j := w.inWork[i]
	ours := j.Lease.After(w.b.now)
	var err error
	end := rapid.SampledFrom([]string{"done", "done", "retry", "bury", "crash"}).Draw(w.r, "end")
	switch end {
	case "done":
		err = w.b.Done(w.b.ctx, []store.Job{j})
	case "retry":
		err = w.b.Retry(w.b.ctx, j, w.b.now.Add(time.Duration(rapid.IntRange(0, 50).Draw(w.r, "again"))*time.Second), "not now")
	case "bury":
		err = w.b.Bury(w.b.ctx, j, "never")
	case "crash":
		return // its lease ends some day, or it comes back after all
	}
	w.inWork = append(w.inWork[:i:i], w.inWork[i+1:]...)
	if ours && err != nil {
		w.r.Fatalf("%s of a job with a lease: %v", end, err)
	}
	if err == nil && (end == "done" || end == "bury") {
		w.seen[j.Key] = max(w.seen[j.Key], int(j.Due.Unix()))
	}
}

// finish works all that is left, as a runner does that is never disturbed.
func (w *jobWorld) finish() {
	for range 20 {
		w.b.now = w.b.now.Add(2 * time.Minute)
		w.inWork = nil
		w.take(100)
		w.must(w.b.Done(w.b.ctx, w.inWork))
		for _, j := range w.inWork {
			w.seen[j.Key] = max(w.seen[j.Key], int(j.Due.Unix()))
		}
	}
	w.inWork = nil
	for k, told := range w.told {
		if w.seen[k] < told {
			w.r.Fatalf("event %d of %s was not worked; the last work knew of %d", told, k, w.seen[k])
		}
	}
	st, err := w.b.Store.Stats(w.b.ctx)
	w.must(err)
	if c := st.Jobs.Kind(w.kind); c.Waiting != 0 || c.Running != 0 {
		w.r.Fatalf("%d jobs wait and %d are in work at the end", c.Waiting, c.Running)
	}
}
