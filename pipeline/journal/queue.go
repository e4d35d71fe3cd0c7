package journal

import (
	"context"
	"fmt"
	"sync"

	"leadgate/lead"
)

// What one write takes at most, and what may wait for it in bytes.
const (
	batchRecords = 512
	batchBytes   = 1 << 20
	waitingBytes = 64 << 20
)

// batch is what is written with one call and synced with one. Whoever appended to
// it waits for done and then reads err.
type batch struct {
	buf  []byte
	n    int
	done chan struct{}
	err  error
}

// queue holds the batches not yet taken by the writer. Records are encoded right
// into the last of them, under a lock held for one copy of the payload.
type queue struct {
	mu      sync.Mutex
	work    sync.Cond // a batch, a request or the end is there
	batches []*batch
	free    [][]byte // buffers to use again
	waiting int      // appends not answered yet
	bytes   int      // their records
	tend    bool     // the writer is asked to look after its segment
	closed  error    // why nothing is taken any more

	maxWaiting int
	maxBytes   int // of a batch, unless one record alone is larger
}

func newQueue(maxWaiting, maxBytes int) *queue {
	q := &queue{maxWaiting: maxWaiting, maxBytes: maxBytes}
	q.work.L = &q.mu
	return q
}

// add encodes a record into the last batch and returns that batch.
func (q *queue) add(id lead.ID, at int64, payload []byte) (*batch, error) {
	size := headerSize + len(payload)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed != nil {
		return nil, q.closed
	}
	if q.waiting >= q.maxWaiting || q.bytes+size > waitingBytes {
		return nil, fmt.Errorf("appending: %w: %d appends are waiting for the disk", lead.ErrFull, q.waiting)
	}
	b := q.open(size)
	b.buf = appendRecord(b.buf, kindEntry, id, at, payload)
	b.n++
	q.waiting++
	q.bytes += size
	if b.n == 1 {
		q.work.Signal()
	}
	return b, nil
}

// open returns a batch with room for size more bytes.
func (q *queue) open(size int) *batch {
	if n := len(q.batches); n > 0 {
		if b := q.batches[n-1]; b.n < batchRecords && len(b.buf)+size <= q.maxBytes {
			return b
		}
	}
	b := &batch{done: make(chan struct{})}
	if n := len(q.free); n > 0 {
		b.buf, q.free = q.free[n-1][:0], q.free[:n-1]
	}
	q.batches = append(q.batches, b)
	return b
}

// take waits for the next batch. It returns nil and true when the writer should
// look after its segment, nil and false when the queue is closed and empty.
func (q *queue) take() (*batch, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if len(q.batches) > 0 {
			b := q.batches[0]
			n := copy(q.batches, q.batches[1:])
			q.batches[n] = nil
			q.batches = q.batches[:n]
			return b, true
		}
		if q.closed != nil {
			return nil, false
		}
		if q.tend {
			q.tend = false
			return nil, true
		}
		q.work.Wait()
	}
}

// finish answers everyone who waits for a batch and takes its buffer back.
func (q *queue) finish(b *batch, err error) {
	buf := b.buf
	b.buf, b.err = nil, err
	q.mu.Lock()
	q.waiting -= b.n
	q.bytes -= len(buf)
	if cap(buf) <= 2*batchBytes && len(q.free) < 4 {
		q.free = append(q.free, buf)
	}
	q.mu.Unlock()
	close(b.done)
}

// ask makes the writer look after its segment when it has nothing better to do.
func (q *queue) ask() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tend = true
	q.work.Signal()
}

// close lets nothing in any more; what is queued is still written.
func (q *queue) close(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed == nil {
		q.closed = why
	}
	q.work.Signal()
}

// Append keeps a payload under an id. It returns nil only when the record survives
// a power cut; any other answer means that it may or may not. The payload may be
// changed once Append has returned.
//
// Errors: lead.ErrFull when the quota, the free space, the number of waiting
// appends or a limit of the system leaves no room; lead.ErrUnavailable when the
// disk answers errors, the journal is closed, or ctx ends first;
// lead.ErrInvalid when the payload is longer than [MaxPayload].
func (j *Journal) Append(ctx context.Context, id lead.ID, payload []byte) error {
	if len(payload) > MaxPayload {
		return fmt.Errorf("appending: %w: %d bytes are more than %d", lead.ErrInvalid, len(payload), MaxPayload)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("appending: %w: %w", lead.ErrUnavailable, err)
	}
	b, err := j.queue.add(id, j.now().UnixMicro(), payload)
	if err != nil {
		return err
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the disk: %w: %w", lead.ErrUnavailable, ctx.Err())
	}
}
