package redis

import (
	"fmt"
	"time"
)

// State is how work with Redis stands, for /healthz and metrics. It is what was
// seen at the last look, at most about a second ago.
type State struct {
	Open      bool      // this node works by itself
	Why       string    // it does, in words; "" when it does not
	Since     time.Time // of this
	Opened    int64     // how often the breaker opened since the start, the start not counted
	Full      bool      // Redis has no room, and this node's deliveries wait in its journal or are worked here
	Entries   int64     // in all streams, each of up to 64 deliveries
	Pending   int64     // of them, in the hands of workers
	Consumers int       // other nodes that have pulled and are alive
	Memory    float64   // used, of maxmemory; 0 when that is not limited
	Unacked   int       // entries that ended here and Redis has not heard of
	Own       int       // deliveries of this node that are in a queue
	OwnBytes  int       // of them, in Redis
}

// State returns how work with Redis stands.
func (n *Node) State() State {
	var s State
	s.Open, s.Why, s.Since, s.Opened = n.breaker.state()
	h := &n.health
	h.mu.Lock()
	s.Entries, s.Pending, s.Consumers, s.Memory = h.length, h.pending, h.others, h.memory
	h.mu.Unlock()
	s.Full = n.full.Load() != 0
	s.Unacked = n.acks.waiting()
	s.Own, s.OwnBytes = n.refs.size()
	return s
}

// String says the state in one line that an engineer understands.
func (s State) String() string {
	switch {
	case s.Open:
		return fmt.Sprintf("this node works without Redis since %s: %s", s.Since.UTC().Format(time.RFC3339), s.Why)
	case s.Full:
		return fmt.Sprintf("Redis has no room: %d entries wait there, %.0f %% of its memory is used; deliveries wait in the journal", s.Entries, 100*s.Memory)
	}
	return "ok"
}
