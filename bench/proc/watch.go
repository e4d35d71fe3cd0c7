package proc

import (
	"context"
	"sync"
	"time"
)

// Watch samples a process's anonymous memory until it is stopped.
type Watch struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	most   int64
	all    []int64
}

// WatchMemory starts sampling, every 100 ms.
func WatchMemory(pid int) *Watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watch{cancel: cancel}
	w.wg.Go(func() {
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for {
			if n, err := RSSAnon(pid); err == nil { // it may have ended, as the caller knows
				w.add(n)
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	})
	return w
}

func (w *Watch) add(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = max(w.most, n)
	w.all = append(w.all, n)
}

// Stop ends the sampling and returns the most bytes seen and all samples, in order.
func (w *Watch) Stop() (most int64, all []int64) {
	w.cancel()
	w.wg.Wait()
	return w.most, w.all
}
