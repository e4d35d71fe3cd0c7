package redis

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"leadgate/internal/services"
)

// TestAnyFaults breaks Redis, the store and nodes at random, from a printed seed:
// what was accepted is stored in the end, whatever happened. LEADGATE_CHAOS makes it
// that many times as long, LEADGATE_SEED repeats one.
func TestAnyFaults(t *testing.T) {
	t.Parallel()
	seed, err := strconv.ParseUint(os.Getenv("LEADGATE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	times, err := strconv.Atoi(os.Getenv("LEADGATE_CHAOS"))
	if err != nil {
		times = 1
	}
	t.Logf("LEADGATE_SEED=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	r := services.NewRedis(t)
	p := services.NewProxy(t, r.Addr())
	s := newSite(t, p.URL(t, r.URL()))
	s.store.lag = 2 * time.Millisecond
	members := []*member{s.join(true, ""), s.join(true, ""), s.join(false, "")}
	ctx, cancel := context.WithCancel(context.Background())
	load := s.load(ctx, 2*time.Millisecond, members[0], members[2])
	faults := []func(){
		func() { r.CLI(t, "FLUSHALL") },
		func() { r.CLI(t, "XTRIM", s.key(rnd.IntN(streams)), "MAXLEN", "0") },
		func() { r.Kill(t); r.Start(t) },
		func() { r.Pause(t); time.Sleep(700 * time.Millisecond); r.Resume(t) },
		func() { p.Down(t); p.Up(t) },
		func() { p.Slow(t, 300*time.Millisecond); time.Sleep(500 * time.Millisecond); p.Heal(t) },
		func() { p.Reset(t); time.Sleep(100 * time.Millisecond); p.Heal(t) },
		func() {
			s.store.down.Store(true)
			time.Sleep(400 * time.Millisecond)
			s.store.down.Store(false)
		},
		func() { members[1].vanish(); members[1] = s.join(true, members[1].dir) },
		func() { members[1].stop(); members[1] = s.join(true, members[1].dir) },
	}
	for range 15 * times {
		faults[rnd.IntN(len(faults))]()
		time.Sleep(time.Duration(rnd.Int64N(int64(300 * time.Millisecond))))
	}
	cancel()
	load.Wait()
	s.settled(10*time.Second, members...)
	s.empty(members...)
}

// TestStoreDown: while the store is down nothing is pushed again and again, and
// afterwards all is stored once.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := newSite(t, r.URL())
	a, b := s.join(true, ""), s.join(true, "")
	closed(t, a.redis)
	closed(t, b.redis)
	s.store.down.Store(true)
	for range 300 {
		a.accept(100)
		b.accept(100)
	}
	time.Sleep(6 * time.Second) // three sweeps and more
	s.store.down.Store(false)
	s.settled(30*time.Second, a, b) // workers come back with a jitter of their own
	s.empty(a, b)
	if n, times := s.store.count(); times != n {
		t.Errorf("%d deliveries were stored %d times", n, times)
	}
	added := 0
	for i := range streams {
		for line := range lines(r.CLI(t, "XINFO", "STREAM", s.key(i))) {
			if line.name == "entries-added" {
				added += line.value
			}
		}
	}
	if added > len(s.accepted) {
		t.Errorf("%d deliveries were pushed in %d entries", len(s.accepted), added)
	}
}
