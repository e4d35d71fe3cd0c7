package outgoing

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Of the calls to one target.
const (
	failuresOpen = 5               // in a row, until it is left alone
	openShortest = time.Second     // it is left alone for; doubles each time a probe fails
	openLongest  = 5 * time.Minute // but for what it asks for
	pauseLongest = time.Hour       // of what it asks for; the caller's jobs may wait longer
	waitingMost  = 256             // for a place; more are told to come back
	targetsKept  = 4096
)

// outcome is what a call says about its target.
type outcome int

const (
	answered  outcome = iota // it works, whatever it answered
	failed                   // it does not
	undecided                // the caller left, or the call was never made
)

// refusal says why a call to a target is not made now, and when it may be.
type refusal struct {
	reason string
	after  time.Duration
}

// target is one server others than we own: a host with a port.
type target struct {
	slots    chan struct{} // one in it is one call under way
	waiting  int           // calls that wait for a slot
	next     time.Time     // when the rate lets the next call go
	failures int           // in a row
	opened   int           // times in a row it was left alone
	until    time.Time     // it is left alone until then
	probing  bool          // one call finds out whether it works again
	used     time.Time
}

// targets are all that were called lately.
type targets struct {
	now   func() time.Time
	slots int
	every time.Duration // between two calls of a target, on average
	burst int           // calls that may go at once after a rest

	mu  sync.Mutex
	all map[string]*target
}

// enter waits until a call to a target may go, and returns what ends it: to be called
// once, with what the call said of the target and how long it asks to be left alone.
// What ends it returns for how long the target is left alone from now on.
func (ts *targets) enter(ctx context.Context, name string) (leave func(outcome, time.Duration) time.Duration, no *refusal) {
	ts.mu.Lock()
	t := ts.find(name)
	if no = t.shut(ts.now()); no == nil && t.waiting >= waitingMost {
		no = &refusal{"has too many calls that wait", openShortest}
	}
	if no != nil {
		ts.mu.Unlock()
		return nil, no
	}
	t.waiting++
	ts.mu.Unlock()

	got := false
	select {
	case t.slots <- struct{}{}:
		got = true
	case <-ctx.Done():
	}

	ts.mu.Lock()
	t.waiting--
	rest, probe := time.Duration(0), false
	switch {
	case !got:
		no = &refusal{"has too many calls under way", openShortest}
	default:
		now := ts.now()
		if no = t.shut(now); no == nil { // it may have failed the others meanwhile
			rest, no = ts.reserve(ctx, t, now)
		}
		if no == nil {
			probe = t.failures >= failuresOpen
			t.probing = probe
		}
	}
	ts.mu.Unlock()
	if no != nil {
		if got {
			<-t.slots
		}
		return nil, no
	}
	leave = func(o outcome, after time.Duration) time.Duration { return ts.leave(t, probe, o, after) }
	if !sleep(ctx, rest) {
		leave(undecided, 0)
		return nil, &refusal{"has too many calls a second", ts.every}
	}
	return leave, nil
}

// shut says why a target is left alone now.
func (t *target) shut(now time.Time) *refusal {
	switch {
	case now.Before(t.until):
		return &refusal{"is left alone for a while", t.until.Sub(now)}
	case t.probing:
		return &refusal{"is being tried by another call", openShortest}
	}
	return nil
}

// reserve takes the next turn of a target's rate, and says how far away it is. One
// that is beyond the call's time is not taken.
func (ts *targets) reserve(ctx context.Context, t *target, now time.Time) (time.Duration, *refusal) {
	at := t.next
	if oldest := now.Add(-time.Duration(ts.burst-1) * ts.every); at.Before(oldest) {
		at = oldest
	}
	rest := max(0, at.Sub(now))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= rest {
		return 0, &refusal{"has too many calls a second", rest}
	}
	t.next = at.Add(ts.every)
	return rest, nil
}

// leave ends a call, and returns for how long its target is left alone. A call from
// before it was left alone does not end the probe.
func (ts *targets) leave(t *target, probed bool, o outcome, after time.Duration) time.Duration {
	<-t.slots
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now := ts.now()
	t.used = now
	t.probing = t.probing && !probed
	switch o {
	case answered:
		t.failures, t.opened = 0, 0
	case failed:
		t.failures++
		if t.failures >= failuresOpen && (probed || !now.Before(t.until)) {
			step := min(openShortest<<min(t.opened, 16), openLongest)
			t.rest(now, step/2+rand.N(step/2+1))
			t.opened++
		}
	case undecided:
	}
	if after > 0 {
		t.rest(now, min(after, pauseLongest))
	}
	return max(0, t.until.Sub(now))
}

func (t *target) rest(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(t.until) {
		t.until = until
	}
}

// find returns a target, and forgets the one that was used longest ago when there are
// too many. Call it with the lock held.
func (ts *targets) find(name string) *target {
	now := ts.now()
	t := ts.all[name]
	if t == nil {
		if len(ts.all) >= targetsKept {
			ts.forget()
		}
		t = &target{slots: make(chan struct{}, ts.slots)}
		ts.all[name] = t
	}
	t.used = now
	return t
}

// forget drops the idle target that was used longest ago, of a few that chance names.
func (ts *targets) forget() {
	oldest, seen := "", 0
	for name, t := range ts.all { // in no order
		if t.waiting > 0 || len(t.slots) > 0 {
			continue
		}
		if oldest == "" || t.used.Before(ts.all[oldest].used) {
			oldest = name
		}
		if seen++; seen >= 64 {
			break
		}
	}
	delete(ts.all, oldest)
}

// sleep waits, and reports false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
