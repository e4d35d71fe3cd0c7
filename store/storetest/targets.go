package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// taken leases up to n jobs of the kind send, at most two a target, and returns them.
func (b *bench) taken(t *testing.T, n int, after string) []store.Job {
	t.Helper()
	jobs, err := b.Due(b.ctx, store.Take{Kind: "send", N: n, Lease: time.Minute, PerTarget: 2, After: after})
	check(t, err)
	return jobs
}

// targets names the targets of jobs, in order.
func targets(jobs []store.Job) string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Target)
	}
	return strings.Join(out, " ")
}

func (b *bench) jobStats(t *testing.T) store.JobStats {
	t.Helper()
	st, err := b.Store.Stats(b.ctx)
	check(t, err)
	return st.Jobs
}

// However much waits for one target, every other one has its turn.
func testJobTurns(t *testing.T, b *bench) {
	for range 50 {
		b.enqueue(t, store.Job{Kind: "send", Target: "a"})
	}
	for _, target := range []string{"b", "c", "c", ""} {
		b.enqueue(t, store.Job{Kind: "send", Target: target})
	}
	for _, tc := range []struct {
		n     int
		after string
		want  string
	}{{2, "", "a b"}, {2, "b", "c "}, {3, "c", "a c"}, {8, "", ""}} {
		if got := targets(b.taken(t, tc.n, tc.after)); got != tc.want {
			t.Errorf("%d after %q: %q, want %q", tc.n, tc.after, got, tc.want)
		}
	}
	b.now = b.now.Add(time.Hour)
	if got := targets(b.taken(t, 9, "zz")); got != " a b c a c" {
		t.Errorf("after the lease: %q", got)
	}
}

// No more jobs of a target are in work at once than are asked for, whoever takes
// them; what is settled or lapses makes room.
func testJobsAtOnce(t *testing.T, b *bench) {
	for range 9 {
		b.enqueue(t, store.Job{Kind: "send", Target: "a"})
	}
	jobs := b.taken(t, 10, "")
	wantCount(t, "jobs of a target at once", len(jobs), 2)
	wantCount(t, "jobs beside them", len(b.taken(t, 10, "")), 0)
	check(t, b.Done(b.ctx, jobs[:1]))
	next := b.taken(t, 10, "")
	wantCount(t, "jobs after one is done", len(next), 1)
	check(t, b.Retry(b.ctx, jobs[1], b.now.Add(time.Hour), "not now"))
	check(t, b.Bury(b.ctx, next[0], "never"))
	wantCount(t, "jobs after two are settled", len(b.taken(t, 10, "")), 2)
	b.now = b.now.Add(time.Minute)
	wantCount(t, "jobs after the lease", len(b.taken(t, 10, "")), 2)
	all, err := b.Due(b.ctx, store.Take{Kind: "send", N: 100, Lease: time.Minute})
	check(t, err)
	wantCount(t, "jobs without a limit", len(all), 4)
	if st := b.jobStats(t); len(st.Kinds) != 1 || st.Kinds[0] != (store.JobCounts{Kind: "send", Waiting: 7, Running: 6, Buried: 1}) {
		t.Errorf("counts %+v", st.Kinds)
	}
}

// Of those that wait for a target the one that waits longest is next, tried or not.
func testJobOrder(t *testing.T, b *bench) {
	job := func(text string) store.Job { return store.Job{Kind: "send", Target: "a", Payload: []byte(text)} }
	b.enqueue(t, job("first"))
	check(t, b.Retry(b.ctx, b.taken(t, 1, "")[0], b.now.Add(time.Second), "not now"))
	b.now = b.now.Add(2 * time.Second)
	b.enqueue(t, job("second"))
	b.now = b.now.Add(time.Second)
	jobs := b.taken(t, 2, "")
	if len(jobs) != 2 || string(jobs[0].Payload) != "first" || string(jobs[1].Payload) != "second" || !jobs[1].Since.Equal(b.now.Add(-time.Second)) || jobs[0].Attempts != 1 {
		t.Errorf("taken %+v", jobs)
	}
}

// A target that is held waits; the others do not, and another kind's does not.
func testHeldTarget(t *testing.T, b *bench) {
	for _, target := range []string{"a", "a", "b"} {
		b.enqueue(t, store.Job{Kind: "send", Target: target})
	}
	until := b.now.Add(time.Minute)
	check(t, b.Hold(b.ctx, "send", "a", until, "host: answers 429"))
	check(t, b.Hold(b.ctx, "send", "a", b.now.Add(time.Second), "shorter"))
	check(t, b.Hold(b.ctx, "call", "b", until, "another kind"))
	if got := targets(b.taken(t, 9, "")); got != "b" {
		t.Errorf("taken %q while a is held", got)
	}
	want := []store.HeldTarget{{Kind: "call", Target: "b", Until: until, Cause: "another kind"}, {Kind: "send", Target: "a", Until: until, Cause: "host: answers 429"}}
	if got := b.jobStats(t).Held; !slices.EqualFunc(got, want, func(a, b store.HeldTarget) bool {
		return a.Until.Equal(b.Until) && a.Kind == b.Kind && a.Target == b.Target && a.Cause == b.Cause
	}) {
		t.Errorf("held %+v", got)
	}
	b.now = until
	if got := targets(b.taken(t, 9, "")); got != "a b a" {
		t.Errorf("taken %q after its time", got)
	}
	wantCount(t, "holds that are over", len(b.jobStats(t).Held), 0)
	b.now = b.now.Add(time.Hour)
	check(t, b.Hold(b.ctx, "send", "a", b.now.Add(time.Hour), "again"))
	check(t, b.Resume(b.ctx, "send", "a"))
	if got := targets(b.taken(t, 9, "")); got != "a b a" {
		t.Errorf("taken %q after it was resumed", got)
	}
}

// What waits for a target that wants nothing any more, now or later, is buried with
// the cause and counted; a replay tries again.
func testGoneTarget(t *testing.T, b *bench) {
	for range 3 {
		b.enqueue(t, store.Job{Kind: "send", Target: "a"})
	}
	inWork := b.taken(t, 1, "")
	check(t, b.Hold(b.ctx, "send", "a", time.Time{}, "a: answers 410"))
	check(t, b.Hold(b.ctx, "send", "a", b.now.Add(time.Hour), "shorter"))
	wantCount(t, "jobs taken of a target that is gone", len(b.taken(t, 9, "")), 0)
	check(t, b.Retry(b.ctx, inWork[0], b.now, "not now"))
	b.enqueue(t, store.Job{Kind: "send", Target: "a"})
	b.enqueue(t, store.Job{Kind: "send", Target: "b"})
	if got := targets(b.taken(t, 9, "")); got != "b" {
		t.Errorf("taken %q", got)
	}
	if st := b.jobStats(t); st.Waiting != 1 || st.Buried != 4 || len(st.Held) != 1 || !st.Held[0].Until.IsZero() {
		t.Errorf("stats %+v", st)
	}
	dead, _, err := b.Dead(b.ctx, store.DeadQuery{Page: store.Page{Limit: 9}, Cause: "a: answers 410"})
	check(t, err)
	wantCount(t, "dead jobs", len(dead), 4)
	n, err := b.Redo(b.ctx, store.DeadQuery{Page: store.Page{Limit: 9}, ID: dead[0].ID})
	check(t, err)
	wantCount(t, "replayed", n, 1)
	if got := targets(b.taken(t, 9, "")); got != "a" {
		t.Errorf("taken %q after the replay", got)
	}
}

// The dead are listed, filtered, replayed and removed, each once.
func testDeadJobs(t *testing.T, b *bench) {
	for _, j := range []store.Job{{Kind: "send", Target: "a", Payload: []byte("1")}, {Kind: "send", Target: "b"}, {Kind: "call", Target: "a"}, {Kind: "send", Target: "a", Payload: []byte("2")}} {
		b.enqueue(t, j)
		j, err := b.Due(b.ctx, store.Take{Kind: j.Kind, N: 1, Lease: time.Minute})
		check(t, err)
		b.now = b.now.Add(time.Second)
		check(t, b.Bury(b.ctx, j[0], "cause "+j[0].Kind))
	}
	list := func(q store.DeadQuery) (ids []int64, next string) {
		t.Helper()
		if q.Limit == 0 {
			q.Limit = 100
		}
		jobs, next, err := b.Dead(b.ctx, q)
		check(t, err)
		for _, j := range jobs {
			ids = append(ids, j.ID)
		}
		return ids, next
	}
	all, _ := list(store.DeadQuery{})
	if len(all) != 4 || !slices.IsSortedFunc(all, func(a, b int64) int { return int(b - a) }) {
		t.Fatalf("dead %v", all)
	}
	page, next := list(store.DeadQuery{Page: store.Page{Limit: 3}})
	rest, end := list(store.DeadQuery{Page: store.Page{Limit: 3, Cursor: next}})
	if !slices.Equal(append(page, rest...), all) || end != "" {
		t.Errorf("pages %v and %v of %v", page, rest, all)
	}
	for _, tc := range []struct {
		q    store.DeadQuery
		want int
	}{
		{store.DeadQuery{Kind: "send"}, 3}, {store.DeadQuery{Target: "a"}, 3}, {store.DeadQuery{Kind: "send", Target: "a"}, 2}, {store.DeadQuery{Cause: "cause call"}, 1},
		{store.DeadQuery{Cause: "cause"}, 0}, {store.DeadQuery{ID: all[2]}, 1}, {store.DeadQuery{ID: 1 << 40}, 0}, {store.DeadQuery{Before: b.now.Add(-time.Second)}, 2},
	} {
		if got, _ := list(tc.q); len(got) != tc.want {
			t.Errorf("%+v: %v, want %d", tc.q, got, tc.want)
		}
	}
	if _, _, err := b.Dead(b.ctx, store.DeadQuery{Page: store.Page{Limit: 1, Cursor: "x"}}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("a cursor that is none: %v", err)
	}
	n, err := b.Redo(b.ctx, store.DeadQuery{Page: store.Page{Limit: 1}, Kind: "send", Target: "a"})
	check(t, err)
	wantCount(t, "replayed", n, 1)
	again := b.due(t, 1)[0]
	if string(again.Payload) != "2" || again.Attempts != 0 || !again.Since.Equal(b.now) || again.Target != "a" {
		t.Errorf("replayed job %+v", again)
	}
	n, err = b.Purge(b.ctx, store.DeadQuery{Page: store.Page{Limit: 100}, Kind: "send"})
	check(t, err)
	wantCount(t, "removed", n, 2)
	if st := b.jobStats(t); st.Waiting != 1 || st.Buried != 1 {
		t.Errorf("stats %+v", st)
	}
}

// A replay of what waits already, or is in work, is one round of it, and the newest
// of several that died is the one that counts.
func testDeadKeys(t *testing.T, b *bench) {
	all := store.DeadQuery{Page: store.Page{Limit: 9}}
	bury := func(payload string) {
		t.Helper()
		b.enqueue(t, store.Job{Kind: "send", Key: "lead-1", Payload: []byte(payload)})
		check(t, b.Bury(b.ctx, b.due(t, 1)[0], "never"))
	}
	bury("1")
	bury("2")
	n, err := b.Redo(b.ctx, all)
	check(t, err)
	wantCount(t, "replayed", n, 2)
	job := b.due(t, 1)[0]
	if string(job.Payload) != "2" {
		t.Errorf("replayed %s", job.Payload)
	}
	check(t, b.Bury(b.ctx, job, "never"))
	b.enqueue(t, store.Job{Kind: "send", Key: "lead-1", Payload: []byte("3")})
	job = b.due(t, 1)[0]
	_, err = b.Redo(b.ctx, all) // while another is in work
	check(t, err)
	check(t, b.Done(b.ctx, []store.Job{job}))
	job = b.due(t, 1)[0]
	check(t, b.Done(b.ctx, []store.Job{job}))
	b.due(t, 0)
	if st := b.jobStats(t); st.Waiting != 0 || st.Buried != 0 {
		t.Errorf("stats %+v", st)
	}
}

// Runners that take at once never get one job twice, and together no more of a
// target than are allowed.
func testRunnersAtOnce(t *testing.T, b *bench) {
	const jobs, runners, most = 120, 4, 3
	for i := range jobs {
		b.enqueue(t, store.Job{Kind: "send", Target: key("t%d", i%5)})
	}
	var mu sync.Mutex
	inWork, taken := map[string]int{}, map[int64]int{}
	run := func(ctx context.Context) error {
		for {
			list, err := b.Due(ctx, store.Take{Kind: "send", N: 7, Lease: time.Minute, PerTarget: most})
			if err != nil {
				return err
			}
			mu.Lock()
			for _, j := range list {
				taken[j.ID]++
				if inWork[j.Target]++; inWork[j.Target] > most {
					t.Errorf("%d jobs of %s at once", inWork[j.Target], j.Target)
				}
			}
			rest := jobs - len(taken)
			for _, j := range list { // before the store hears of it
				inWork[j.Target]--
			}
			mu.Unlock()
			if err := b.Done(ctx, list); err != nil {
				return err
			}
			if rest == 0 {
				return nil
			}
		}
	}
	var wg sync.WaitGroup
	for range runners {
		wg.Go(func() {
			if err := run(b.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for id, n := range taken {
		if n != 1 {
			t.Errorf("job %d was taken %d times", id, n)
		}
	}
	wantCount(t, "jobs taken", len(taken), jobs)
}

// A runner that is stalled beyond its lease changes nothing for the one that went
// on, and what the other one holds stays its own.
func testStalledRunner(t *testing.T, b *bench) {
	for range 4 {
		b.enqueue(t, store.Job{Kind: "send", Target: "a"})
	}
	stalled := b.taken(t, 2, "")
	b.now = b.now.Add(2 * time.Minute)
	other := b.taken(t, 2, "")
	wantCount(t, "jobs the other runner gets", len(other), 2)
	if err := b.Done(b.ctx, stalled); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Done of the stalled one: %v", err)
	}
	if err := b.Retry(b.ctx, stalled[0], b.now, "late"); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Retry of the stalled one: %v", err)
	}
	wantCount(t, "jobs beside those of the other runner", len(b.taken(t, 2, "")), 0)
	check(t, b.Done(b.ctx, other))
	wantCount(t, "jobs that are left", len(b.taken(t, 9, "")), 2)
}
