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
	Raw     []byte // the encoded delivery
	Pos     journal.Position
	Single  bool // to be worked alone: it was in flight when a process died
	Attempt int  // how often a process died over it
}

// Queue hands tasks out to workers. It may lose everything: what it lost is in
// the journal and pushed again.
type Queue interface {
	// Push adds tasks. It may block while workers are behind.
	Push(ctx context.Context, tasks ...Task) error
	// Pull waits for tasks and returns up to n of them, oldest first.
	Pull(ctx context.Context, n int) ([]Task, error)
	// Ack says that tasks are in the store or parked.
	Ack(ctx context.Context, tasks []Task) error
	// Lost returns which of the ids the queue neither holds nor has handed out.
	Lost(ctx context.Context, ids []lead.ID) ([]lead.ID, error)
}

// NewQueue returns a queue inside this process.
func NewQueue() Queue { return &local{filled: make(chan struct{}, 1), held: map[lead.ID]struct{}{}} }

type local struct {
	mu     sync.Mutex
	tasks  []Task
	held   map[lead.ID]struct{} // pushed and not acknowledged
	filled chan struct{}
}

func (q *local) Push(_ context.Context, tasks ...Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range tasks {
		q.held[t.ID] = struct{}{}
	}
	q.tasks = append(q.tasks, tasks...)
	q.wake()
	return nil
}

func (q *local) wake() {
	select {
	case q.filled <- struct{}{}:
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
		q.wake()
	}
	return out
}

func (q *local) Ack(_ context.Context, tasks []Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range tasks {
		delete(q.held, t.ID)
	}
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
