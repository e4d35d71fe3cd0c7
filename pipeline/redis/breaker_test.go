package redis

import (
	"errors"
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
		{"three of a hundred are slow", []step{{nil, slow, 1}, well(40), {nil, slow, 1}, well(40), {nil, slow, 1}}, true, "Redis is slow"},
		{"one of a hundred is slow", []step{{nil, slow, 1}, well(99), {nil, slow, 1}, well(99), {nil, slow, 1}}, false, ""},
		{"a final answer", []step{{errors.New("LOADING Redis is loading the dataset in memory"), 0, 1}}, true, "Redis is loading its data from disk"},
		{"one of a script", []step{{errors.New("ERR Error running script: -OOM command not allowed"), 0, 1}}, true, "Redis is out of memory (maxmemory is reached)"},
		{"one about slots", []step{{errors.New("MOVED 1 127.0.0.1:1"), 0, 1}}, true, "this Redis is part of a Cluster; write redis+cluster:// in its address, or wait until its slots have moved"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b breaker
			calls := 0
			b.start(func() { calls++ })
			if !b.open() || b.probe(some, 0) || !b.probe(nil, 0) || b.open() {
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
	b.probe(nil, 0)
	loading := errors.New("LOADING x")
	looks := func() (n int) {
		for n = 1; !b.probe(nil, 0); n++ {
			if b.probe(nil, slow) || b.probe(loading, 0) {
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
