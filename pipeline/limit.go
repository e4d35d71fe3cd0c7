package pipeline

import (
	"sync"
	"time"

	"leadgate/connectors"
)

// Limits count events of clients, in memory of this node. Their number is
// bounded: when there are too many clients, the ones that were quiet longest are
// forgotten, which can only make a limit milder.
type Limits struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	level float64 // events that count now; it drains with time
	rate  float64 // how many drain in a second
	at    time.Time
}

// limitClients bounds how many clients are remembered.
const limitClients = 100_000

// NewLimits returns empty limits.
func NewLimits() *Limits { return &Limits{buckets: map[string]*bucket{}} }

// Count counts one event and says which limit its client has passed. soft and
// hard are events a minute, with a burst of the same size; 0 stands for no limit.
func (l *Limits) Count(client string, soft, hard int, now time.Time) connectors.Limit {
	if soft <= 0 && hard <= 0 {
		return connectors.Within
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b := l.buckets[client]
	if b == nil {
		b = &bucket{at: now}
		l.buckets[client] = b
	}
	// Draining at the soft rate lets a client that keeps within it never pass it.
	b.rate = float64(max(soft, 1)) / 60
	if past := now.Sub(b.at).Seconds(); past > 0 {
		b.level = max(0, b.level-past*b.rate)
		b.at = now
	}
	if hard > 0 && b.level+1 > float64(hard) {
		return connectors.Hard // not counted: who is refused does not wait longer for it
	}
	b.level++
	if soft > 0 && b.level > float64(soft) {
		return connectors.Soft
	}
	return connectors.Within
}

// sweep forgets clients whose events have drained, once a minute or when there
// are too many.
func (l *Limits) sweep(now time.Time) {
	full := len(l.buckets) >= limitClients
	if !full && now.Sub(l.swept).Abs() < time.Minute {
		return
	}
	l.swept = now
	for k, b := range l.buckets {
		if b.level-now.Sub(b.at).Seconds()*b.rate <= 0 {
			delete(l.buckets, k)
		}
	}
	for k := range l.buckets {
		if len(l.buckets) < limitClients {
			break
		}
		delete(l.buckets, k)
	}
}
