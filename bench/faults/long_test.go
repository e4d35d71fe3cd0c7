//go:build chaos

package faults

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
	"leadgate/internal/services"
)

var long = flag.Duration("long", 0, "how long a long run lasts; 0 for a sample")

// lasts is how long a long run takes, or its sample.
func lasts(sample time.Duration) time.Duration {
	if *long > 0 {
		return *long
	}
	return sample
}

// TestFlushAndKill empties Redis every second and kills a random node every three
// seconds, under load.
func TestFlushAndKill(t *testing.T) {
	t.Parallel()
	f := several(t)
	f.begin(500)
	f.from = time.Now()
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(f.ctx, lasts(7*time.Second))
	defer cancel()
	flushes, kills := 0, 0
	wg.Go(func() {
		every(ctx, time.Second, func() { f.redis.CLI(t, "FLUSHALL"); flushes++ })
	})
	every(ctx, 3*time.Second, func() {
		i := f.rnd.IntN(len(f.nodes))
		f.kill(i)
		f.start(i)
		kills++
	})
	wg.Wait()
	f.to = time.Now()
	took, err := f.watch.greenAfter(f.to, recovery)
	if err != nil {
		t.Error(err)
	}
	got := f.settle()
	t.Logf("%.0f s, %d nodes: Redis emptied %d times, %d nodes killed; green %.1f s after the last fault", f.to.Sub(f.from).Seconds(), len(f.nodes), flushes, kills, took.Seconds())
	t.Logf("%d acknowledged (%.0f/s), answers %v", got.Acked, got.PerSecond(), got.Codes)
}

// every does something at each tick until ctx ends.
func every(ctx context.Context, d time.Duration, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// TestPostgresStopped stops PostgreSQL under load: senders hear 2xx all the while,
// everything is stored afterwards, and nothing was pushed over and over meanwhile.
func TestPostgresStopped(t *testing.T) {
	t.Parallel()
	f := newField(t, form{ownPostgres: true})
	f.begin(500)
	f.lasting(lasts(5*time.Second), func() { f.postgres.Stop(t, services.Fast) }, func() { f.postgres.Start(t) })
	took, err := f.watch.greenAfter(f.to, recovery+f.to.Sub(f.from)/2) // the backlog of the outage comes first
	if err != nil {
		t.Error(err)
	}
	got := f.settle()
	f.calm(got)
	if err := f.watch.shown(f.from, f.to, storeWords(), "leadgate_store_up"); err != nil {
		t.Error(err)
	}
	pushes := calls(f.redis.CLI(t, "INFO", "commandstats"), "xadd")
	if pushes > got.Acked+100 {
		t.Errorf("%d pushes of %d deliveries: a storm", pushes, got.Acked)
	}
	t.Logf("PostgreSQL was stopped for %.0f s; green %.1f s after; %d acknowledged (%.0f/s), answers %v, p99 %v; %d pushes to Redis", f.to.Sub(f.from).Seconds(), took.Seconds(),
		got.Acked, got.PerSecond(), got.Codes, got.Latency.Quantile(.99).Round(time.Microsecond), pushes)
}

// calls reads how often a command was called out of INFO commandstats.
func calls(info, command string) (n int64) {
	_, rest, _ := strings.Cut(info, "cmdstat_"+command+":calls=")
	_, _ = fmt.Sscanf(rest, "%d", &n)
	return n
}

// TestRedisStopped compares what senders wait with Redis and without, in turn.
func TestRedisStopped(t *testing.T) {
	t.Parallel()
	f := newField(t, form{})
	f.connect()
	leg, rounds := lasts(2*time.Second), pick(1, 3)
	var with, without []float64
	f.burst(500, time.Second) // warm
	for range rounds {
		with = append(with, p99(f.burst(500, leg)))
		f.redis.Kill(t)
		without = append(without, p99(f.burst(500, leg)))
		f.redis.Start(t)
		f.wait(2 * time.Second)
	}
	f.compare()
	slices.Sort(with)
	slices.Sort(without)
	before, meanwhile := with[len(with)/2], without[len(without)/2]
	t.Logf("p99 of accept, median of %d legs of %v: %.2f ms with Redis, %.2f ms without", rounds, leg, before, meanwhile)
	if most := 2*before + 10; *long > 0 && meanwhile > most {
		t.Errorf("p99 without Redis is %.2f ms, more than %.2f", meanwhile, most)
	}
}

// p99 is what the slowest of a hundred waited, in milliseconds.
func p99(r *load.Result) float64 { return r.Latency.Quantile(.99).Seconds() * 1000 }

// Row 40: under a light load with faults now and then, nothing grows but the store.
func TestSoak(t *testing.T) {
	t.Parallel()
	f := newField(t, form{ownPostgres: true})
	f.lookEvery = 2 * time.Second
	f.begin(200)
	ctx, cancel := context.WithTimeout(f.ctx, lasts(3*time.Second))
	defer cancel()
	used := make([]usage, len(f.nodes))
	var wg sync.WaitGroup
	for i, g := range f.nodes {
		wg.Go(func() { used[i].watch(ctx, g, f.apis[i]) })
	}
	every(ctx, 20*time.Second, f.mishap)
	wg.Wait()
	f.to = time.Now()
	if _, err := f.watch.greenAfter(f.to, recovery); err != nil {
		t.Error(err)
	}
	got := f.settle()
	t.Logf("%v at %.0f/s: %d acknowledged, answers %v", lasts(3*time.Second), got.PerSecond(), got.Acked, got.Codes)
	for i := range used {
		used[i].judge(t, i)
	}
}

// mishap breaks something that does not end a node.
func (f *field) mishap() {
	switch f.rnd.IntN(4) {
	case 0:
		f.redis.CLI(f, "FLUSHALL")
	case 1:
		f.redis.Kill(f)
		time.Sleep(time.Second)
		f.redis.Start(f)
	case 2:
		f.postgres.Restart(f, services.Immediate)
	default:
		p := f.queue[f.rnd.IntN(len(f.queue))]
		p.Silent(f)
		time.Sleep(2 * time.Second)
		p.Heal(f)
	}
}

// usage is what a process held over time.
type usage struct {
	hours                        []float64 // since the start
	rss, heap, files, goroutines []float64
}

func (u *usage) watch(ctx context.Context, g *gateway.Gateway, api *oracle.API) {
	start := time.Now()
	every(ctx, min(time.Second, lasts(time.Second)/10), func() {
		m, err := api.Metrics(ctx)
		rss, errRSS := proc.RSSAnon(g.PID())
		if err != nil || errRSS != nil {
			return
		}
		u.hours = append(u.hours, time.Since(start).Hours())
		u.rss = append(u.rss, float64(rss)/(1<<20))
		u.heap = append(u.heap, m["go_memstats_heap_alloc_bytes"]/(1<<20))
		u.files = append(u.files, m["process_open_fds"])
		u.goroutines = append(u.goroutines, m["go_goroutines"])
	})
}

// judge prints slopes once everything is warm, and fails when a long run shows one
// that is no noise: one that is too large even if it is two standard errors less.
func (u *usage) judge(t *testing.T, node int) {
	t.Helper()
	warm := len(u.hours) / 4
	for _, c := range []struct {
		name   string
		values []float64
		most   float64 // growth an hour that is noise
	}{{"RSS in MB", u.rss, 30}, {"live heap in MB", u.heap, 10}, {"open files", u.files, 20}, {"goroutines", u.goroutines, 40}} {
		x, y := medians(u.hours[warm:], 12), medians(c.values[warm:], 12)
		if len(y) < 3 {
			t.Errorf("node %d: too few samples of %s", node, c.name)
			continue
		}
		mean, perHour, give := slope(x, y)
		t.Logf("node %d: %s %.1f on average, at most %.1f, %+.2f ± %.2f an hour", node, c.name, mean, slices.Max(c.values), perHour, give)
		if *long >= 10*time.Minute && perHour-2*give > c.most {
			t.Errorf("node %d: %s grow by %.1f ± %.1f an hour", node, c.name, perHour, give)
		}
	}
}

// medians are those of n spans of equal length: what swings from second to second,
// as memory does between two collections, says nothing of growth.
func medians(values []float64, n int) (out []float64) {
	for span := range slices.Chunk(values, max(1, len(values)/n)) {
		out = append(out, slices.Sorted(slices.Values(span))[len(span)/2])
	}
	return out
}

// slope fits a line by least squares; give is the standard error of by.
func slope(x, y []float64) (mean, by, give float64) {
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
		sxx, sxy = sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	n := float64(len(x))
	d := sxx - sx*sx/n
	if mean = sy / n; d <= 0 {
		return mean, 0, 0
	}
	by = (sxy - sx*sy/n) / d
	rest := 0.0
	for i := range x {
		off := y[i] - mean - by*(x[i]-sx/n)
		rest += off * off
	}
	return mean, by, math.Sqrt(rest / max(1, n-2) / d)
}

func TestSlope(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	var x, y []float64
	for i := range 1000 {
		x, y = append(x, float64(i)/100), append(y, 7+3*float64(i)/100+rnd.Float64()-.5)
	}
	if mean, by, give := slope(medians(x, 20), medians(y, 20)); by < 2.9 || by > 3.1 || mean < 21 || mean > 23 || give <= 0 || give > .1 {
		t.Errorf("mean %v, slope %v ± %v", mean, by, give)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	const info = "# Commandstats\r\ncmdstat_xadd:calls=42,usec=7\r\ncmdstat_ping:calls=1,usec=1"
	if calls(info, "xadd") != 42 || calls(info, "ping") != 1 || calls(info, "set") != 0 {
		t.Error("calls are misread")
	}
}
