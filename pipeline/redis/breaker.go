package redis

import (
	"context"
	"errors"
	"math/bits"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// breaker decides whether this node works with Redis or by itself. It judges Redis
// and not this process, that may starve on a busy machine: an operation that took long
// only arouses doubt, and a look at Redis tells, from whose time is taken what this
// process was late itself. It opens when three of the last five looks were late or
// three of the last hundred operations failed, and at once when Redis says that it
// will not do. It closes when a probe finds all well; after a short peace it wants
// three such probes.
type breaker struct {
	opened  atomic.Bool
	changed func()        // called when it opens
	doubt   chan struct{} // a look is wanted

	mu     sync.Mutex
	ops    int64
	bad    []strike
	looks  uint8 // the last ones, a bit each: whether it was late
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
	slow       = 250 * time.Millisecond // an answer that takes longer is late
	strikes    = 3
	strikeOps  = 100
	strikeSpan = 10 * time.Second
	lastLooks  = 1<<5 - 1
	shortPeace = 30 * time.Second
)

// start opens the breaker until the first probe.
func (b *breaker) start(changed func()) {
	b.changed, b.doubt = changed, make(chan struct{}, 1)
	b.why, b.since, b.needed = "Redis was not reached yet", time.Now(), 1
	b.opened.Store(true)
}

func (b *breaker) open() bool { return b.opened.Load() }

// observe notes how an operation went.
func (b *breaker) observe(err error, took time.Duration) {
	if errors.Is(err, context.Canceled) { // by whoever wanted to know
		return
	}
	if tardy(err) {
		err, took = nil, max(took, slow)
	}
	if took >= slow {
		signal(b.doubt)
	}
	b.count(err)
}

// count notes whether an operation failed.
func (b *breaker) count(err error) {
	if errors.Is(err, goredis.Nil) {
		err = nil
	}
	b.mu.Lock()
	b.ops++
	if err == nil || b.open() {
		b.mu.Unlock()
		return
	}
	now := time.Now()
	b.bad = append(b.bad, strike{b.ops, now})
	for len(b.bad) > 0 && (b.bad[0].op <= b.ops-strikeOps || now.Sub(b.bad[0].at) > strikeSpan) {
		b.bad = b.bad[1:]
	}
	trip := len(b.bad) >= strikes || final(err)
	if trip {
		b.trip(words(err), now)
	}
	b.mu.Unlock()
	if trip {
		b.changed()
	}
}

// look notes how a look at Redis went, and reports whether the answer was late.
// waited is the time that was not our own.
func (b *breaker) look(err error, waited time.Duration) (late bool) {
	late = waited >= slow
	if err != nil && !tardy(err) {
		b.count(err)
		return late
	}
	b.mu.Lock()
	b.looks <<= 1
	if late {
		b.looks |= 1
	}
	trip := !b.open() && bits.OnesCount8(b.looks&lastLooks) >= strikes
	if trip {
		why := "Redis is slow"
		if err != nil {
			why = words(err)
		}
		b.trip(why, time.Now())
	}
	b.mu.Unlock()
	if trip {
		b.changed()
	}
	return late
}

// trip opens it. The lock is held.
func (b *breaker) trip(why string, now time.Time) {
	b.needed = 1
	if b.trips > 0 && now.Sub(b.since) < shortPeace {
		b.needed = strikes
	}
	b.why, b.bad, b.since = why, nil, now
	b.trips++
	b.opened.Store(true)
}

// probe notes how a heartbeat went, after a look that was late or not, and reports
// whether the breaker closed. waited is the time that was not our own.
func (b *breaker) probe(err error, late bool, waited time.Duration) (closed bool) {
	if !b.open() {
		if !tardy(err) || waited >= slow { // else we were late, not Redis
			b.count(err)
		}
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err != nil:
		b.why = words(err)
		return false
	case late:
		b.why = "Redis is slow"
		return false
	}
	if b.needed--; b.needed > 0 {
		return false
	}
	b.why, b.bad, b.looks, b.since = "", nil, 0, time.Now()
	b.opened.Store(false)
	return true
}

func (b *breaker) state() (open bool, why string, since time.Time, trips int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open(), b.why, b.since, b.trips
}

// tardy reports whether an error only says that time ran out, in Redis or here.
func tardy(err error) bool {
	if err == nil {
		return false
	}
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, goredis.ErrPoolTimeout) ||
		errors.As(err, &timeout) && timeout.Timeout() && !strings.Contains(err.Error(), "dial")
}
