package redis

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/internal/services"
)

// TestSlowProbe: an idle node whose Redis answers late works by itself, says why, and
// comes back.
func TestSlowProbe(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	p := services.NewProxy(t, r.Addr())
	n := closed(t, open(t, p.URL(t, r.URL()), Options{Work: true}))
	if said := n.Trouble(); said != "" {
		t.Errorf("all is well, and it says %q", said)
	}
	p.Slow(t, slow+50*time.Millisecond)
	eventually(t, "work without Redis", func() bool { return n.State().Open })
	if n.Trouble() == "" {
		t.Error("it does not say why")
	}
	p.Heal(t)
	closed(t, n)
}

// TestPausedWrites: a Redis that answers and takes no writes is none to work with.
func TestPausedWrites(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	n := closed(t, open(t, r.URL(), Options{Work: true}))
	r.CLI(t, "CLIENT", "PAUSE", "60000", "WRITE")
	eventually(t, "work without Redis", func() bool { return n.State().Open })
	r.CLI(t, "CLIENT", "UNPAUSE")
	closed(t, n)
}

// TestFair: the time by which this process is late is not the network's.
func TestFair(t *testing.T) {
	t.Parallel()
	if took := fair(func() { time.Sleep(2 * slow) }); took < slow {
		t.Errorf("waiting for %v took %v", 2*slow, took)
	}
}

// TestStarved: a node whose process has far more to do than its processors can works
// with Redis all the while. It is counted how often the breaker opens.
func TestStarved(t *testing.T) { // not parallel: it starves every test beside it
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{Work: true}))
	var spinning sync.WaitGroup
	var stop atomic.Bool
	for range 100 * runtime.GOMAXPROCS(0) {
		spinning.Go(func() {
			for !stop.Load() {
			}
		})
	}
	slowest := time.Duration(0)
	for start := time.Now(); time.Since(start) < 4*time.Second; {
		ask := time.Now()
		_ = n.Present(context.Background(), "topic")
		slowest = max(slowest, time.Since(ask))
	}
	stop.Store(true)
	spinning.Wait()
	t.Logf("the slowest question took %v", slowest)
	if slowest < slow {
		t.Log("the process did not starve: this machine is too good")
	}
	if st := n.State(); st.Opened > 0 {
		t.Errorf("it opened %d times: %s", st.Opened, st.Why)
	}
}
