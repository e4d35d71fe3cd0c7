package redis

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	some := errors.New("some error")
	type step struct {
		err  error
		took time.Duration
		n    int
	}
	well := func(n int) step { return step{n: n} }
	for _, tc := range []struct {
		name  string
		steps []step
		open  bool
		why   string
	}{
		{"all is well", []step{well(1000), {goredis.Nil, 0, 10}}, false, ""},
		{"two errors", []step{{some, 0, 2}}, false, ""},
		{"three errors", []step{{some, 0, 3}}, true, "some error"},
		{"three errors among many", []step{{some, 0, 1}, well(60), {some, 0, 1}, well(60), {some, 0, 1}, well(60)}, false, ""},
		{"slow operations are only doubt", []step{{nil, 10 * slow, 100}}, false, ""},
		{"and so is time that ran out", []step{{context.DeadlineExceeded, slow, 30}, {goredis.ErrPoolTimeout, 0, 30}, {os.ErrDeadlineExceeded, slow, 30}}, false, ""},
		{"who asked is gone", []step{{context.Canceled, 0, 100}}, false, ""},
		{"a final answer", []step{{errors.New("LOADING Redis is loading the dataset in memory"), 0, 1}}, true, "Redis is loading its data from disk"},
		{"one of a script", []step{{errors.New("ERR Error running script: -OOM command not allowed"), 0, 1}}, true, "Redis is out of memory (maxmemory is reached)"},
		{"one about slots", []step{{errors.New("MOVED 1 127.0.0.1:1"), 0, 1}}, true, "this Redis is part of a Cluster; write redis+cluster:// in its address, or wait until its slots have moved"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b breaker
			calls := 0
			b.start(func() { calls++ })
			if !b.open() || b.probe(some, false, 0) || !b.probe(nil, false, 0) || b.open() {
				t.Fatal("it starts open, until all is well")
			}
			for _, s := range tc.steps {
				for range s.n {
					b.observe(s.err, s.took)
				}
			}
			open, why, _, trips := b.state()
			if open != tc.open || why != tc.why || (trips == 1) != tc.open || (calls == 1) != tc.open {
				t.Errorf("open %v, why %q, %d trips, %d calls", open, why, trips, calls)
			}
		})
	}
}

// TestBreakerPeace: one that opened again after a short peace wants three good looks.
func TestBreakerPeace(t *testing.T) {
	t.Parallel()
	var b breaker
	b.start(func() {})
	b.probe(nil, false, 0)
	loading := errors.New("LOADING x")
	looks := func() (n int) {
		for n = 1; !b.probe(nil, false, 0); n++ {
			if b.probe(nil, true, 0) || b.probe(loading, false, 0) {
				t.Fatal("it closed after a bad look")
			}
		}
		return n
	}
	for i, want := range []int{1, 3, 3} {
		b.observe(loading, 0)
		if got := looks(); got != want {
			t.Errorf("opening %d: %d good looks, want %d", i+1, got, want)
		}
	}
	b.observe(loading, 0)
	if b.observe(loading, 0); b.trips != 4 {
		t.Errorf("%d trips, want 4: it was open", b.trips)
	}
}

// TestBreakerLooks: looks tell whether Redis is slow, and doubt asks for one.
func TestBreakerLooks(t *testing.T) {
	t.Parallel()
	const late, fine = slow, slow - 1
	ranOut := context.DeadlineExceeded
	type look struct {
		err    error
		waited time.Duration
	}
	for _, tc := range []struct {
		name  string
		looks []look
		why   string // "" when it stays closed
	}{
		{"two late ones", []look{{nil, late}, {nil, late}, {nil, fine}, {nil, fine}, {nil, fine}, {nil, late}, {nil, late}}, ""},
		{"three late ones of five", []look{{nil, late}, {nil, fine}, {nil, late}, {nil, fine}, {nil, late}}, "Redis is slow"},
		{"no answer", []look{{ranOut, late}, {ranOut, late}, {ranOut, late}}, "Redis does not answer in time"},
		{"we were late", []look{{ranOut, fine}, {ranOut, 0}, {ranOut, fine}, {ranOut, 0}}, ""},
		{"connections break", []look{{io.EOF, 0}, {io.EOF, 0}, {io.EOF, 0}}, "Redis closed the connection"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b breaker
			calls := 0
			b.start(func() { calls++ })
			b.look(nil, late)
			b.look(nil, late)
			b.probe(nil, false, 0) // closed again: what was before is forgotten
			for _, l := range tc.looks {
				if got := b.look(l.err, l.waited); got != (l.waited >= slow) {
					t.Errorf("late %v after %v", got, l.waited)
				}
			}
			open, why, _, _ := b.state()
			if why != tc.why || open != (why != "") || (calls == 1) != open {
				t.Errorf("open %v, why %q, %d calls", open, why, calls)
			}
		})
	}
	var b breaker
	b.start(func() {})
	b.observe(nil, slow-1)
	if len(b.doubt) != 0 {
		t.Error("doubt without a reason")
	}
	if b.observe(nil, slow); len(b.doubt) != 1 {
		t.Error("a slow operation arouses no doubt")
	}
}

// TestBreakerHeartbeats: a Redis that answers looks and does no work opens it, too.
func TestBreakerHeartbeats(t *testing.T) {
	t.Parallel()
	var b breaker
	b.start(func() {})
	b.probe(nil, false, 0)
	for range 10 * strikes {
		b.probe(context.DeadlineExceeded, false, slow-1) // we were late
	}
	if b.open() {
		t.Error("it opened because this process starves")
	}
	for range strikes {
		b.probe(context.DeadlineExceeded, false, slow)
	}
	if open, why, _, _ := b.state(); !open || why != "Redis does not answer in time" {
		t.Errorf("open %v, why %q", open, why)
	}
}
