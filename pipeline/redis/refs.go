package redis

import (
	"sync"

	"leadgate/lead"
	"leadgate/pipeline"
)

// refs knows of each delivery that this node pushed and that has not left its
// journal where the queue has it.
type refs struct {
	mu     sync.Mutex
	byID   map[lead.ID]*entry
	here   *entry // the local queue
	moving *entry // on its way into one of the queues
	bytes  int    // of this node's deliveries that lie in Redis
}

// entry is one entry of a stream that this node wrote.
type entry struct {
	stream int
	id     string // "" for the two that are none
	inc    string // of the stream, before it was written
	bytes  int
	left   int  // how many of its deliveries still point here
	moved  bool // some of them are worked from elsewhere now
}

func newRefs() refs {
	return refs{byID: map[lead.ID]*entry{}, here: &entry{}, moving: &entry{}}
}

// begin notes that tasks are on their way, and returns the entries in Redis that
// nobody needs any more.
func (r *refs) begin(tasks []pipeline.Task) (idle []*entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range tasks {
		old := r.byID[tasks[i].ID]
		r.byID[tasks[i].ID] = r.moving
		r.moving.left++
		if old != nil && r.leave(old, true) {
			idle = append(idle, old)
		}
	}
	return idle
}

// put notes that tasks have arrived in an entry. What was worked and forgotten
// before that stays forgotten.
func (r *refs) put(tasks []pipeline.Task, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range tasks {
		if r.byID[tasks[i].ID] == r.moving {
			r.byID[tasks[i].ID] = e
			r.moving.left--
			e.left++
		}
	}
	if e.id != "" && e.left > 0 {
		r.bytes += e.bytes
	}
}

// leave takes one delivery off an entry and reports whether the entry has to be
// taken out of Redis: nobody needs it, and its worker may not have been the one who
// stored it. The lock is held.
func (r *refs) leave(e *entry, moved bool) bool {
	e.left--
	e.moved = e.moved || moved
	if e.id == "" || e.left > 0 {
		return false
	}
	r.bytes -= e.bytes
	return e.moved
}

// forget drops deliveries and returns the entries in Redis that nobody needs any more.
func (r *refs) forget(ids []lead.ID) (idle []*entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if e := r.byID[id]; e != nil {
			delete(r.byID, id)
			if r.leave(e, false) {
				idle = append(idle, e)
			}
		}
	}
	return idle
}

// find sorts ids by where they are: lost for those nowhere, here for those in the
// local queue, there for those in Redis.
func (r *refs) find(ids []lead.ID) (lost, here []lead.ID, there map[*entry][]lead.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	there = map[*entry][]lead.ID{}
	for _, id := range ids {
		switch e := r.byID[id]; e {
		case nil:
			lost = append(lost, id)
		case r.here:
			here = append(here, id)
		case r.moving:
		default:
			there[e] = append(there[e], id)
		}
	}
	return lost, here, there
}

func (r *refs) size() (deliveries, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID), r.bytes
}
