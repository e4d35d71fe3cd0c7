package redis

import (
	"context"
	"os"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Times of a look.
const (
	lookTimeout = 2 * slow
	lookPace    = 20 * time.Millisecond // between two looks that are wanted
	knockEvery  = 5 * time.Millisecond
)

// look asks Redis for the least there is, on a connection of its own, and tells the
// breaker. It reports whether the answer was late. The first question may have to
// connect: when it is late, another one counts.
func (n *Node) look(ctx context.Context) (late bool, err error) {
	var waited time.Duration
	for range 2 {
		waited = fair(func() {
			one, cancel := context.WithTimeout(ctx, lookTimeout)
			defer cancel()
			err = eachMaster(one, n.lookout, func(ctx context.Context, c *goredis.Client) error { return c.Ping(ctx).Err() })
		})
		if err != nil || waited < slow {
			break
		}
	}
	if n.closing.Load() || ctx.Err() != nil {
		return false, ctx.Err()
	}
	if late = n.breaker.look(err, waited); late {
		signal(n.breaker.doubt) // three of them open it
	}
	return late, err
}

// fair returns how long f took, less the time by which this process was late itself
// meanwhile. What f waits for is on the network, and to be woken takes long when the
// processor has much to do. So something of our own waits for a pipe beside it: by how
// much that is late does not count.
func fair(f func()) time.Duration {
	start := time.Now()
	r, w, err := os.Pipe()
	if err != nil {
		f()
		return time.Since(start)
	}
	m := meter{due: start}
	heard := make(chan struct{}, 1)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // ends when the pipe is closed
		for b := make([]byte, 1); ; signal(heard) {
			if _, err := r.Read(b); err != nil {
				return
			}
			m.came()
		}
	})
	wg.Go(func() {
		defer w.Close()
		knock(w, heard, stop)
	})
	f()
	end := time.Now()
	own := m.late(end)
	close(stop)
	wg.Wait()
	_ = r.Close()
	return max(0, end.Sub(start)-own)
}

// knock writes a byte and waits until it was heard, again and again.
func knock(w *os.File, heard, stop <-chan struct{}) {
	for {
		if _, err := w.Write([]byte{0}); err != nil {
			return
		}
		select {
		case <-stop:
			return
		case <-heard:
		}
		t := time.NewTimer(knockEvery)
		select {
		case <-stop:
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// meter sums up by how much knocks are late.
type meter struct {
	mu  sync.Mutex
	due time.Time // of the next one
	sum time.Duration
}

func (m *meter) came() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sum += max(0, now.Sub(m.due))
	m.due = now.Add(knockEvery)
}

// late returns by how much until a time.
func (m *meter) late(until time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum + max(0, until.Sub(m.due))
}
