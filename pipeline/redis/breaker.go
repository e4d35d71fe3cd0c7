package redis

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// breaker decides whether this node works with Redis or by itself. It opens when
// three of the last hundred operations failed or took too long, and at once when
// Redis says that it will not do. It closes when a probe finds all well; after a
// short peace it wants three such probes.
type breaker struct {
	opened  atomic.Bool
	changed func() // called when it opens

	mu     sync.Mutex
	ops    int64
	bad    []strike
	why    string
	since  time.Time // of the state it is in
	needed int       // good probes until it closes
	trips  int64     // how often it opened
}

type strike struct {
	op int64
	at time.Time
}

// Limits of the breaker.
const (
	slow       = 250 * time.Millisecond // longer than this for more than one operation in a hundred is too slow
	strikes    = 3
	strikeOps  = 100
	strikeSpan = 10 * time.Second
	shortPeace = 30 * time.Second
)

// start opens the breaker until the first probe.
func (b *breaker) start(changed func()) {
	b.changed, b.why, b.since, b.needed = changed, "Redis was not reached yet", time.Now(), 1
	b.opened.Store(true)
}

func (b *breaker) open() bool { return b.opened.Load() }

// observe notes how an operation went.
func (b *breaker) observe(err error, took time.Duration) {
	if errors.Is(err, goredis.Nil) {
		err = nil
	}
	b.mu.Lock()
	b.ops++
	if err == nil && took < slow || b.open() {
		b.mu.Unlock()
		return
	}
	now := time.Now()
	b.bad = append(b.bad, strike{b.ops, now})
	for len(b.bad) > 0 && (b.bad[0].op <= b.ops-strikeOps || now.Sub(b.bad[0].at) > strikeSpan) {
		b.bad = b.bad[1:]
	}
	trip := len(b.bad) >= strikes || err != nil && final(err)
	if trip {
		b.trip(err, now)
	}
	b.mu.Unlock()
	if trip {
		b.changed()
	}
}

// trip opens it. The lock is held.
func (b *breaker) trip(err error, now time.Time) {
	b.needed = 1
	if b.trips > 0 && now.Sub(b.since) < shortPeace {
		b.needed = strikes
	}
	b.why = "Redis is slow"
	if err != nil {
		b.why = words(err)
	}
	b.bad, b.since = nil, now
	b.trips++
	b.opened.Store(true)
}

// probe notes how a look at Redis went, and reports whether the breaker closed.
func (b *breaker) probe(err error, took time.Duration) (closed bool) {
	if !b.open() {
		b.observe(err, took)
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err != nil:
		b.why = words(err)
		b.needed = max(b.needed, 1)
		return false
	case took >= slow:
		b.why = "Redis is slow"
		return false
	}
	if b.needed--; b.needed > 0 {
		return false
	}
	b.why, b.bad, b.since = "", nil, time.Now()
	b.opened.Store(false)
	return true
}

func (b *breaker) state() (open bool, why string, since time.Time, trips int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open(), b.why, b.since, b.trips
}
