package pipeline

import (
	"context"
	"sync"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// Task is one delivery on its way from the journal to a worker.
type Task struct {
	ID      lead.ID
	Raw     []byte           // the encoded delivery
	Pos     journal.Position // in the journal of the node that pushed it; zero on any other
	Single  bool             // to be worked alone: it was in flight when a process died
	Attempt int              // how often a process died over it
	Ticket  any              // the queue's own note about a task that it handed out; nil for none
}

// Queue hands tasks out to workers. It may lose everything: what it lost is in
// the journal and pushed again. Its methods may be called from any goroutine.
type Queue interface {
	// Push adds tasks. It may block while workers are behind. From the moment it is
	// called the queue holds them. It fails only when ctx ends.
	Push(ctx context.Context, tasks ...Task) error
	// Pull waits for tasks and returns up to n of them, oldest first as far as one
	// node can tell. A task to be worked alone comes alone.
	Pull(ctx context.Context, n int) ([]Task, error)
	// Ack says that tasks are in the store or parked, or that they are given back to
	// their journal. It waits for nobody.
	Ack(ctx context.Context, tasks []Task) error
	// Lost returns which of the ids the queue neither holds nor has handed out. What
	// it cannot find out now is not lost.
	Lost(ctx context.Context, ids []lead.ID) ([]lead.ID, error)
	// Forget says that ids have left this node's journal: nobody asks about them again.
	Forget(ids []lead.ID)
}

// Shared is a queue that hands tasks out to other nodes too.
type Shared interface {
	Queue
	// Heard waits for news and returns the ids of this node that somebody says are
	// stored; an empty list means that all of them should be asked about, because the
	// queue lost much at once. News may be lost and may be wrong: the store decides.
	// It fails only when ctx ends.
	Heard(ctx context.Context) ([]lead.ID, error)
}

// Limits of a queue inside this process; everything beyond waits on disk.
const (
	localEntries = 8192
	localBytes   = 32 << 20
)

// NewQueue returns a queue inside this process. Push waits while it holds a lot.
func NewQueue() Queue {
	return &local{filled: make(chan struct{}, 1), room: make(chan struct{}, 1), held: map[lead.ID]int{}}
}

type local struct {
	mu     sync.Mutex
	tasks  []Task
	held   map[lead.ID]int // how often an id was pushed and is not acknowledged
	count  int             // of tasks in memory: waiting or handed out
	bytes  int
	filled chan struct{}
	room   chan struct{}
}

func (q *local) Push(ctx context.Context, tasks ...Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range tasks {
		q.held[tasks[i].ID]++
	}
	for q.count >= localEntries || q.bytes >= localBytes {
		q.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-q.room:
		}
		q.mu.Lock()
		if err := ctx.Err(); err != nil {
			for i := range tasks {
				q.drop(tasks[i].ID)
			}
			signal(q.room) // for whoever else waits
			return err
		}
	}
	for i := range tasks {
		q.count, q.bytes = q.count+1, q.bytes+len(tasks[i].Raw)
	}
	q.tasks = append(q.tasks, tasks...)
	signal(q.filled)
	signal(q.room)
	return nil
}

// drop takes one pushed copy of an id off.
func (q *local) drop(id lead.ID) {
	if q.held[id]--; q.held[id] <= 0 {
		delete(q.held, id)
	}
}

// signal wakes whoever waits, or the next one who does.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (q *local) Pull(ctx context.Context, n int) ([]Task, error) {
	for {
		if tasks := q.take(n); len(tasks) > 0 {
			return tasks, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.filled:
		}
	}
}

// take returns what is there; a task to be worked alone comes alone.
func (q *local) take(n int) []Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.tasks))
	for i := range n {
		if q.tasks[i].Single {
			n = max(i, 1)
			break
		}
	}
	out := make([]Task, n)
	copy(out, q.tasks)
	clear(q.tasks[:n]) // let go of what was handed out
	if q.tasks = q.tasks[n:]; len(q.tasks) == 0 {
		q.tasks = nil
	} else {
		signal(q.filled)
	}
	return out
}

func (q *local) Ack(_ context.Context, tasks []Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range tasks {
		q.drop(tasks[i].ID)
		q.count, q.bytes = max(0, q.count-1), max(0, q.bytes-len(tasks[i].Raw))
	}
	signal(q.room)
	return nil
}

func (q *local) Lost(_ context.Context, ids []lead.ID) ([]lead.ID, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var lost []lead.ID
	for _, id := range ids {
		if _, ok := q.held[id]; !ok {
			lost = append(lost, id)
		}
	}
	return lost, nil
}

func (q *local) Forget([]lead.ID) {}
