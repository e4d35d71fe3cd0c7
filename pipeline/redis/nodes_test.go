package redis

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/queuetest"
)

// pullAll pulls until it has n different deliveries.
func pullAll(t *testing.T, n *Node, want int) map[lead.ID]pipeline.Task {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out := map[lead.ID]pipeline.Task{}
	for len(out) < want {
		tasks, err := n.Pull(ctx, 100)
		if err != nil {
			t.Fatalf("Pull after %d of %d: %v", len(out), want, err)
		}
		for _, x := range tasks {
			out[x.ID] = x
		}
	}
	return out
}

func push(t *testing.T, n *Node, tasks ...pipeline.Task) {
	t.Helper()
	if err := n.Push(t.Context(), tasks...); err != nil {
		t.Fatal(err)
	}
}

// TestDeath: what a node held that dies is worked by others within ten seconds, and
// the dead leave nothing behind. It is worked in company: a death leaves as much as a
// node reads ahead, and one by one that would keep everything else waiting.
func TestDeath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		end    func(t *testing.T, n *Node)
		within time.Duration
	}{
		{"killed", func(_ *testing.T, n *Node) { vanish(n) }, 8 * time.Second},
		{"stopped in order", func(t *testing.T, n *Node) {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}, 3 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := services.Redis(t)
			owner := closed(t, open(t, r.URL(), Options{}))
			first := closed(t, open(t, r.URL(), Options{Work: true}))
			tasks := queuetest.Tasks(40, 100)
			push(t, owner, tasks...)
			pullAll(t, first, len(tasks))
			second := closed(t, open(t, r.URL(), Options{Work: true}))
			time.Sleep(1200 * time.Millisecond) // the living are not robbed
			if n := second.fetched.Load(); n > 0 {
				t.Fatalf("%d tasks were taken from a living worker", n)
			}
			start := time.Now()
			tc.end(t, first)
			got := pullAll(t, second, len(tasks))
			if took := time.Since(start); took > tc.within {
				t.Errorf("it took %v", took)
			}
			for _, x := range got {
				if x.Single || x.Attempt != 0 {
					t.Errorf("single %v, attempt %d", x.Single, x.Attempt)
				}
				if err := second.Ack(t.Context(), []pipeline.Task{x}); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "empty streams without the dead", func() bool {
				st := second.State()
				return st.Entries == 0 && st.Pending == 0 && st.Consumers == 0 && st.Unacked == 0
			})
			if lost, _ := owner.Lost(t.Context(), idsOf(tasks)); len(lost) != len(tasks) {
				t.Errorf("%d of %d have ended", len(lost), len(tasks))
			}
			for i := range second.keys {
				for _, key := range []string{second.keys[i].tries} {
					if r.CLI(t, "EXISTS", key) != "0" {
						t.Errorf("%s stays behind", key)
					}
				}
			}
		})
	}
}

// vanish ends a node as kill -9 does, for all that Redis sees of it.
func vanish(n *Node) {
	n.closing.Store(true)
	n.cancel()
	_ = n.main.Close()
	if n.readers != nil {
		_ = n.readers.Close()
	}
	n.wg.Wait()
}

// TestPoison: a delivery that ends every process which touches it, the third time in
// company, is alone from then on and counts its victims, so that it is parked after
// the fourth; one that was given back is not blamed.
func TestPoison(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	owner := closed(t, open(t, r.URL(), Options{}))
	task := queuetest.Task(50)
	push(t, owner, task)
	for death, want := range []struct {
		single  bool
		attempt int
	}{{false, 0}, {false, 0}, {false, 0}, {true, 1}, {true, 2}} {
		n := closed(t, open(t, r.URL(), Options{Work: true}))
		x := pullAll(t, n, 1)[task.ID]
		if x.Single != want.single || x.Attempt != want.attempt {
			t.Errorf("after %d deaths: single %v, attempt %d, want %v, %d", death, x.Single, x.Attempt, want.single, want.attempt)
		}
		vanish(n)
	}
	n := closed(t, open(t, r.URL(), Options{Work: true}))
	if x := pullAll(t, n, 1)[task.ID]; !x.Single || x.Attempt != 3 {
		t.Errorf("attempt %d, want 3", x.Attempt)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = closed(t, open(t, r.URL(), Options{Work: true}))
	x := pullAll(t, n, 1)[task.ID]
	if x.Single {
		t.Error("who was given back is no suspect")
	}
}

// holderEnv makes this test binary a node that pulls and never finishes.
const holderEnv = "LEADGATE_TEST_HOLDER"

// hold is that node: it says how much it has, and waits for its end.
func hold(url string) int {
	target, prefix, _ := strings.Cut(url, " ")
	n, err := Open(context.Background(), target, Options{Work: true, Prefix: prefix, Name: "holder"})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for {
		tasks, err := n.Pull(context.Background(), 1000)
		if err != nil {
			return 1
		}
		fmt.Println(len(tasks))
	}
}

// TestStoppedConsumer stops a real worker process with SIGSTOP: others take over
// what it held, and when it goes on it does no harm.
func TestStoppedConsumer(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	o := Options{Work: true, Prefix: prefix(t)}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holderEnv+"="+r.URL()+" "+o.Prefix)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	owner := closed(t, open(t, r.URL(), Options{Prefix: o.Prefix}))
	tasks := queuetest.Tasks(30, 100)
	push(t, owner, tasks...)
	for lines, held := bufio.NewScanner(out), 0; held < len(tasks) && lines.Scan(); {
		var n int
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			t.Fatalf("the worker says %q", lines.Text())
		}
		held += n
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := closed(t, open(t, r.URL(), o))
	start := time.Now()
	got := pullAll(t, other, len(tasks))
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, x := range got {
		if err := other.Ack(t.Context(), []pipeline.Task{x}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "empty streams", func() bool { return other.State().Entries == 0 && other.State().Unacked == 0 })
}

// TestSite runs several nodes over every form of Redis, with a death, an orderly
// stop and a start again over the same journal under load.
func TestSite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"standalone", func(t testing.TB) string { return services.Redis(t).URL() }},
		{"cluster", func(t testing.TB) string { return clusterURL(services.Cluster(t)) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tc.url(t))
			s.store.lag = 3 * time.Millisecond
			a, b, c, d := s.join(false, ""), s.join(true, ""), s.join(true, ""), s.join(true, "")
			for _, m := range []*member{a, b, c, d} {
				closed(t, m.redis)
			}
			ctx, cancel := context.WithCancel(context.Background())
			load := s.load(ctx, time.Millisecond, a, b)
			short, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer stop()
			s.load(short, time.Millisecond, c).Wait()
			c.vanish()
			d.stop()
			e := s.join(true, c.dir)
			time.Sleep(500 * time.Millisecond)
			cancel()
			load.Wait()
			s.settled(10*time.Second, a, b, e)
			s.empty(a, b, e)
		})
	}
}

// TestSentinelFailover kills the primary under load.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	set := services.NewSentinel(t)
	s := newSite(t, sentinelURL(set))
	a, b := s.join(true, ""), s.join(true, "")
	closed(t, a.redis)
	closed(t, b.redis)
	ctx, cancel := context.WithCancel(context.Background())
	load := s.load(ctx, time.Millisecond, a, b)
	time.Sleep(200 * time.Millisecond)
	set.Servers()[0].Kill(t)
	eventually(t, "work without Redis", func() bool { return a.redis.State().Open })
	closed(t, a.redis)
	closed(t, b.redis)
	time.Sleep(200 * time.Millisecond)
	cancel()
	load.Wait()
	s.settled(10*time.Second, a, b)
	s.empty(a, b)
}

// TestLocalWork: what only this node can work never goes to Redis, and a node
// without the work role works it all the same.
func TestLocalWork(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{}))
	d := lead.Delivery{ID: lead.NewID(), Source: "src", Blob: "b1"}
	raw, _ := d.AppendBinary(nil)
	suspect, common := queuetest.Task(10), queuetest.Task(10)
	suspect.Single = true
	push(t, n, pipeline.Task{ID: d.ID, Raw: raw}, suspect, common)
	got := pullAll(t, n, 2)
	if _, there := got[common.ID]; there {
		t.Error("a node without the work role pulled from Redis")
	}
	entries := 0
	for i := range n.keys {
		if r.CLI(t, "XLEN", n.keys[i].stream) != "0" {
			entries++
		}
	}
	if entries != 1 {
		t.Errorf("%d entries in Redis, want 1", entries)
	}
}

// TestStrangers: what others write into the streams harms nobody and stays nowhere.
func TestStrangers(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{Work: true}))
	for i, what := range [][]string{{"d", "x"}, {"o", "me"}, {"d", "\x01short"}, {"nothing", ""}, {"o", "", "d", "\x01"}} {
		r.CLI(t, append([]string{"XADD", n.keys[i].stream, "*"}, what...)...)
	}
	task := queuetest.Task(10)
	push(t, n, task)
	x := pullAll(t, n, 1)[task.ID]
	if err := n.Ack(t.Context(), []pipeline.Task{x}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "empty streams", func() bool { return n.State().Entries == 0 })
}

// TestBackPressure: a full Redis makes Push wait, and nobody else; after a long time
// the node works by itself.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t, "maxmemory 4mb")
	s := newSite(t, r.URL())
	a := s.join(false, "")
	closed(t, a.redis)
	s.store.lag = time.Millisecond
	for range 80 {
		a.accept(60 << 10)
	}
	eventually(t, "a full Redis", func() bool { return a.redis.State().Full })
	if open, mem := a.redis.State().Open, a.redis.State().Memory; open || mem > 1 {
		t.Errorf("open %v, %.2f of the memory is used: Push did not stop in time", open, mem)
	}
	if !strings.Contains(a.redis.State().String(), "no room") {
		t.Errorf("the state says %q", a.redis.State())
	}
	b := s.join(true, "")
	s.settled(10*time.Second, a)
	s.empty(a, b)
	// Nobody works: the node does, in the end.
	b.stop()
	for range 80 {
		a.accept(60 << 10)
	}
	s.settledLocally(patience+10*time.Second, a)
}

// settledLocally waits until a node alone has done what it could not push.
func (s *site) settledLocally(limit time.Duration, m *member) {
	s.t.Helper()
	for start := time.Now(); time.Since(start) < limit; time.Sleep(20 * time.Millisecond) {
		if own, _ := m.redis.refs.size(); s.missing() == own && own < 80 {
			return
		}
	}
	s.t.Errorf("%d wait, %#v", s.missing(), m.redis.State())
}

// TestHints: what another node stored leaves the journal long before the sweep.
func TestHints(t *testing.T) {
	t.Parallel()
	s := newSite(t, services.Redis(t).URL())
	a, b := s.join(false, ""), s.join(true, "")
	closed(t, a.redis)
	closed(t, b.redis)
	time.Sleep(300 * time.Millisecond) // both listen
	var took []time.Duration
	for range 5 {
		start := time.Now()
		a.accept(100)
		eventually(t, "the end of it", func() bool { return a.journal.Stats().Depth == 0 })
		took = append(took, time.Since(start))
	}
	if m := slices.Min(took); m > time.Second {
		t.Errorf("it took %v, the sweep's time", took)
	}
}

// TestClusterNodeDown stops one of three primaries under load: the nodes work by
// themselves until it is back.
func TestClusterNodeDown(t *testing.T) {
	t.Parallel()
	c := services.NewCluster(t)
	s := newSite(t, clusterURL(c))
	a, b := s.join(true, ""), s.join(true, "")
	closed(t, a.redis)
	closed(t, b.redis)
	ctx, cancel := context.WithCancel(context.Background())
	load := s.load(ctx, 2*time.Millisecond, a, b)
	time.Sleep(200 * time.Millisecond)
	c.Nodes()[0].Kill(t)
	eventually(t, "work without Redis", func() bool { return a.redis.State().Open && b.redis.State().Open })
	s.store.mu.Lock()
	before := len(s.store.stored)
	s.store.mu.Unlock()
	time.Sleep(time.Second)
	if now, _ := s.store.count(); now <= before {
		t.Error("nothing is worked while a part of the Cluster is down")
	}
	c.Nodes()[0].Start(t)
	closed(t, a.redis)
	closed(t, b.redis)
	cancel()
	load.Wait()
	s.settled(10*time.Second, a, b)
	s.empty(a, b)
}

// TestMemory: what docs/operations.md says that a delivery takes in Redis.
func TestMemory(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	n := closed(t, open(t, r.URL(), Options{}))
	total := 0
	for range 40 {
		tasks := queuetest.Tasks(16, 1000)
		for i := range tasks {
			total += len(tasks[i].Raw)
		}
		push(t, n, tasks...)
	}
	took := 0
	for i := range n.keys {
		var bytes int
		if _, err := fmt.Sscan(r.CLI(t, "MEMORY", "USAGE", n.keys[i].stream, "SAMPLES", "0"), &bytes); err != nil {
			t.Fatal(err)
		}
		took += bytes
	}
	if more := float64(took)/float64(total) - 1; more > 0.35 {
		t.Errorf("%.0f %% more than their size, docs say a third", 100*more)
	} else {
		t.Logf("%.0f %% more than their size of %d", 100*more, total/640)
	}
}
