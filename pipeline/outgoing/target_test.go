package outgoing

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// made are targets whose clock is the test's.
func made(slots int, now *time.Time) *targets {
	return &targets{now: func() time.Time { return *now }, slots: slots, every: time.Microsecond, burst: 100, all: map[string]*target{}}
}

// A target that fails is left alone, longer each time one call finds out that it
// still does, and used again when one finds that it does not.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ts := made(8, &now)
	try := func(o outcome) time.Duration {
		t.Helper()
		leave, no := ts.enter(t.Context(), "a")
		if no != nil {
			t.Fatalf("not called: %+v", no)
		}
		return leave(o, 0)
	}
	for range failuresOpen - 1 {
		if rest := try(failed); rest != 0 {
			t.Fatalf("left alone for %v too early", rest)
		}
	}
	last := time.Duration(0)
	for step := openShortest; step <= openLongest; step *= 2 {
		rest := try(failed)
		if rest < step/2 || rest > step {
			t.Errorf("left alone for %v, want up to %v", rest, step)
		}
		if _, no := ts.enter(t.Context(), "a"); no == nil || no.after != rest {
			t.Fatalf("called while it is left alone: %+v", no)
		}
		if leave, no := ts.enter(t.Context(), "b"); no != nil {
			t.Fatalf("another one is not called: %+v", no)
		} else {
			leave(answered, 0)
		}
		now = now.Add(rest)
		last = rest
	}
	leave, no := ts.enter(t.Context(), "a")
	if no != nil {
		t.Fatal(no)
	}
	if _, no := ts.enter(t.Context(), "a"); no == nil {
		t.Error("two calls find out at once")
	}
	leave(undecided, 0)
	if rest := try(failed); rest < last/2 {
		t.Errorf("left alone for %v", rest)
	}
	now = now.Add(openLongest)
	if rest := try(answered); rest != 0 {
		t.Errorf("left alone for %v though it answers", rest)
	}
	if rest := try(failed); rest != 0 {
		t.Errorf("left alone for %v after one failure", rest)
	}
}

// A pause that was asked for stands, whatever others hear meanwhile.
func TestPause(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ts := made(8, &now)
	a, _ := ts.enter(t.Context(), "a")
	b, _ := ts.enter(t.Context(), "a")
	if rest := a(answered, time.Minute); rest != time.Minute {
		t.Errorf("left alone for %v", rest)
	}
	if rest := b(answered, time.Second); rest != time.Minute {
		t.Errorf("left alone for %v", rest)
	}
	now = now.Add(time.Minute)
	leave, no := ts.enter(t.Context(), "a")
	if no != nil {
		t.Fatal(no)
	}
	if rest := leave(answered, 1000*time.Hour); rest != pauseLongest {
		t.Errorf("left alone for %v", rest)
	}
}

// However many targets there are, few are remembered, and none that is in use is forgotten.
func TestTargetsAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ts := made(1, &now)
	leave, _ := ts.enter(t.Context(), "kept")
	for i := range targetsKept * 2 {
		now = now.Add(time.Millisecond)
		l, no := ts.enter(t.Context(), fmt.Sprint(i))
		if no != nil {
			t.Fatal(no)
		}
		l(answered, 0)
	}
	if ts.all["kept"] == nil || len(ts.all) > targetsKept+1 {
		t.Errorf("%d targets are remembered", len(ts.all))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, no := ts.enter(ctx, "kept"); no == nil {
		t.Error("a second call at once")
	}
	leave(answered, 0)
}
