package pipeline

import (
	"sync"
	"time"

	"leadgate/connectors"
)

// Limits count events of clients, in memory of this node. Their number is
// bounded: when there are too many clients, the ones that were quiet longest are
// forgotten, which can only make a limit milder.
//
// Several nodes share limits behind the request: whoever carries them between the
// nodes takes what was counted here with Drain and brings what is counted on all
// with Adopt. Until then each counts for itself.
type Limits struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
	shared  bool            // somebody drains
	unsent  map[string]bool // clients with events that the other nodes have not heard of
}

type bucket struct {
	level  float64 // events that count now; it drains with time
	rate   float64 // how many drain in a second
	at     time.Time
	unsent int // events that the other nodes have not heard of
}

// Counted is what was counted of one client on this node.
type Counted struct {
	Client string
	Events int
	Rate   float64 // how many events drain in a second
}

// limitClients bounds how many clients are remembered.
const limitClients = 100_000

// NewLimits returns empty limits.
func NewLimits() *Limits {
	return &Limits{buckets: map[string]*bucket{}, unsent: map[string]bool{}}
}

// Drain returns what was counted since it was taken last, of at most n clients. The
// first call says that the limits are shared from now on.
func (l *Limits) Drain(n int) []Counted {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared = true
	out := make([]Counted, 0, min(n, len(l.unsent)))
	for client := range l.unsent {
		if len(out) == n {
			break
		}
		delete(l.unsent, client)
		if b := l.buckets[client]; b != nil && b.unsent > 0 {
			out = append(out, Counted{Client: client, Events: b.unsent, Rate: b.rate})
			b.unsent = 0
		}
	}
	return out
}

// Adopt sets how full a client's limit is on all nodes together, what Drain took
// included. A level below what this node knows by itself stays unheard: whoever
// lost its memory makes no limit milder.
func (l *Limits) Adopt(client string, level float64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[client]
	if b == nil {
		return
	}
	b.drain(now)
	b.level = max(b.level, level+float64(b.unsent))
}

// drain takes off what has drained since the last time.
func (b *bucket) drain(now time.Time) {
	if past := now.Sub(b.at).Seconds(); past > 0 {
		b.level = max(0, b.level-past*b.rate)
		b.at = now
	}
}

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
	b.drain(now)
	if hard > 0 && b.level+1 > float64(hard) {
		return connectors.Hard // not counted: who is refused does not wait longer for it
	}
	b.level++
	if b.unsent++; l.shared {
		l.unsent[client] = true
	}
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
