package storetest

import (
	"errors"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// due leases what is due of one kind for a minute and checks how much it is.
func (b *bench) due(t *testing.T, want int) []store.Job {
	t.Helper()
	jobs, err := b.Due(b.ctx, store.Take{Kind: "send", N: 10, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != want {
		t.Fatalf("due: %+v, want %d jobs", jobs, want)
	}
	return jobs
}

func (b *bench) enqueue(t *testing.T, j store.Job) {
	t.Helper()
	if err := b.Enqueue(b.ctx, j); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Jobs are leased, given back, buried and never lost.
func testOutbox(t *testing.T, b *bench) {
	b.enqueue(t, store.Job{Kind: "send", Key: "lead-1", Payload: []byte("x")})
	b.enqueue(t, store.Job{Kind: "call", Key: "lead-1"}) // another kind is another's to do
	jobs := b.due(t, 1)
	if jobs[0].Kind != "send" || string(jobs[0].Payload) != "x" {
		t.Fatalf("due: %+v", jobs)
	}
	b.due(t, 0) // while it is leased
	b.now = b.now.Add(2 * time.Minute)
	jobs = b.due(t, 1) // after the lease
	check(t, b.Retry(b.ctx, jobs[0], b.now.Add(time.Minute), "not now"))
	b.due(t, 0) // before its time
	b.now = b.now.Add(2 * time.Minute)
	again := b.due(t, 1)
	if again[0].Attempts != 1 {
		t.Fatalf("job given back: %+v", again)
	}
	check(t, b.Done(b.ctx, again))
	for range 2 {
		b.enqueue(t, store.Job{Kind: "send", Key: "one", Payload: []byte("x"), Due: b.now.Add(time.Hour)})
	}
	b.now = b.now.Add(2 * time.Hour)
	nightly := b.due(t, 1)
	check(t, b.Bury(b.ctx, nightly[0], "never"))
	b.now = b.now.Add(time.Hour)
	b.due(t, 0)
}

// What happens while a job is being done is done after it, whatever becomes of the
// job; what waits already is enough for any number of events.
func testJobsComeAgain(t *testing.T, b *bench) {
	job := func(payload string) store.Job {
		return store.Job{Kind: "send", Key: "lead-1", Payload: []byte(payload)}
	}
	for what, settle := range map[string]func(store.Job) error{
		"done":  func(j store.Job) error { return b.Done(b.ctx, []store.Job{j}) },
		"retry": func(j store.Job) error { return b.Retry(b.ctx, j, b.now, "not now") },
		"bury":  func(j store.Job) error { return b.Bury(b.ctx, j, "never") },
		"lapse": func(store.Job) error { b.now = b.now.Add(time.Hour); return nil },
	} {
		b.enqueue(t, job("first"))
		first := b.due(t, 1)[0]
		b.enqueue(t, job("second"))
		b.enqueue(t, job("third"))
		b.due(t, 0) // two of a kind are not done at once
		check(t, settle(first))
		second := b.due(t, 1)[0]
		if string(second.Payload) != "third" || second.Kind != "send" || second.Key != "lead-1" {
			t.Errorf("%s: the second round is %+v", what, second)
		}
		if what != "retry" && second.Attempts != 0 {
			t.Errorf("%s: the second round counts %d attempts of the first", what, second.Attempts)
		}
		check(t, b.Done(b.ctx, []store.Job{second}))
		b.now = b.now.Add(time.Hour)
		b.due(t, 0)
	}
	b.enqueue(t, job("now"))
	now := b.due(t, 1)
	later := job("later")
	later.Due = b.now.Add(time.Minute)
	b.enqueue(t, later)
	check(t, b.Done(b.ctx, now))
	b.due(t, 0) // it has a time of its own
	b.now = b.now.Add(2 * time.Minute)
	b.due(t, 1)
}

// Who comes back after the lease is over changes nothing for the next one.
func testLostLease(t *testing.T, b *bench) {
	b.enqueue(t, store.Job{Kind: "send", Key: "lead-1"})
	late := b.due(t, 1)[0]
	b.now = b.now.Add(time.Minute)
	next := b.due(t, 1)[0]
	if next.Attempts != 0 || !next.Lease.After(late.Lease) {
		t.Errorf("leased again: %+v after %+v", next, late)
	}
	for what, err := range map[string]error{
		"Done":  b.Done(b.ctx, []store.Job{late}),
		"Retry": b.Retry(b.ctx, late, b.now, "not now"),
		"Bury":  b.Bury(b.ctx, late, "never"),
	} {
		if !errors.Is(err, lead.ErrConflict) {
			t.Errorf("%s with a lease that is over: %v, want ErrConflict", what, err)
		}
	}
	b.due(t, 0) // it is still in the next one's hands
	b.enqueue(t, store.Job{Kind: "send", Key: "lead-2"})
	other := b.due(t, 1)[0]
	if err := b.Done(b.ctx, []store.Job{late, next, other}); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Done of three: %v, want ErrConflict for one", err)
	}
	b.now = b.now.Add(time.Hour)
	b.due(t, 0) // the other two are done all the same
	if err := b.Done(b.ctx, []store.Job{next}); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Done twice: %v, want ErrConflict", err)
	}
}

// Stats tell how many jobs wait and how many were given up.
func testJobCounts(t *testing.T, b *bench) {
	want := func(waiting, buried int64) {
		t.Helper()
		st, err := b.Store.Stats(b.ctx)
		if err != nil || st.Jobs.Waiting != waiting || st.Jobs.Buried != buried {
			t.Errorf("jobs %+v, %v, want %d waiting and %d buried", st.Jobs, err, waiting, buried)
		}
	}
	want(0, 0)
	for _, key := range []string{"a", "b", "c", "", "", "c"} {
		b.enqueue(t, store.Job{Kind: "send", Key: key})
	}
	want(5, 0)
	jobs := b.due(t, 5)
	want(5, 0)
	check(t, b.Done(b.ctx, jobs[3:]))
	want(3, 0)
	b.enqueue(t, store.Job{Kind: "send", Key: "a"})
	b.enqueue(t, store.Job{Kind: "send", Key: "b"})
	want(3, 0)
	check(t, b.Done(b.ctx, jobs[:1])) // once more
	check(t, b.Bury(b.ctx, jobs[1], "never"))
	check(t, b.Retry(b.ctx, jobs[2], b.now, "not now"))
	want(3, 1)
	check(t, b.Done(b.ctx, b.due(t, 3)))
	want(0, 1)
}
