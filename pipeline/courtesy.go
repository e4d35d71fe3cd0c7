package pipeline

import (
	"sync/atomic"
	"time"
)

// Courtesy lets senders who wait for an answer go before work on what is safe on
// disk already. The zero value is ready to use.
//
// Accept counts who waits; whatever works in the background calls Yield between
// two small steps, also in the middle of a transaction.
type Courtesy struct {
	waiting atomic.Int32 // senders whose delivery is not durable yet
	crowded atomic.Int64 // when more than crowd of them last waited, in nanoseconds since 1970
	rested  atomic.Int64 // when a rest last ended, likewise
}

// While more than crowd senders wait, or did just now (a sync answers all of them
// together), work goes on for a slice and then rests. It always goes on, so that a
// flood that never ends still becomes leads. A sync takes about a millisecond, in
// which an idle machine sees fewer senders come.
const (
	crowd     = 16
	crowdSpan = 5 * time.Millisecond
	slice     = 100 * time.Microsecond
	rest      = 2 * time.Millisecond
)

// enter notes a sender who waits from now on.
func (c *Courtesy) enter(now time.Time) {
	if c.waiting.Add(1) > crowd {
		c.crowded.Store(now.UnixNano())
	}
}

// leave notes that one has an answer.
func (c *Courtesy) leave() { c.waiting.Add(-1) }

// Yield rests the caller for a moment when many senders wait and it has worked for
// a while.
func (c *Courtesy) Yield() {
	now := time.Now()
	if !within(c.crowded.Load(), now, crowdSpan) || within(c.rested.Load(), now, slice) {
		return
	}
	time.Sleep(rest)
	c.rested.Store(time.Now().UnixNano())
}

// within reports whether something was less than a span ago. A clock that was set
// back says no.
func within(then int64, now time.Time, span time.Duration) bool {
	return uint64(now.UnixNano()-then) < uint64(span)
}
