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
	waiting atomic.Int32              // senders whose delivery is not durable yet
	rested  atomic.Pointer[time.Time] // when a rest last ended; nil before the first
}

// While more than crowd senders wait, work goes on for a slice and then rests. It
// always goes on, so that a flood that never ends still becomes leads. A sync
// takes about a millisecond, in which an idle machine sees fewer senders come.
const (
	crowd = 16
	slice = 100 * time.Microsecond
	rest  = 2 * time.Millisecond
)

// Yield rests the caller for a moment when many senders wait and it has worked for
// a while.
func (c *Courtesy) Yield() {
	if c.waiting.Load() <= crowd {
		return
	}
	if last := c.rested.Load(); last != nil && time.Since(*last) < slice {
		return
	}
	time.Sleep(rest)
	now := time.Now()
	c.rested.Store(&now)
}
