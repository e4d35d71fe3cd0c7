package faults

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
)

var (
	long = flag.Duration("long", 0, "how long the long runs last; 0 for a sample")
	seed = flag.Uint64("seed", 1, "of random times and choices; 0 for one of its own, which is printed")
	rate = flag.Float64("rate", 0, "new inquiries a second; 0 for what each run says")
)

// chaos asks for every row, longer.
func chaos() bool { return os.Getenv("LEADGATE_CHAOS") != "" }

// pick chooses the size of a sample or of a long run.
func pick[T any](short, long T) T {
	if chaos() {
		return long
	}
	return short
}

// The program under test, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "leadgate-faults-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "leadgate")
	return bin, gateway.Build(context.Background(), bin)
})

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if bin, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(status)
}

// site is an installation under load.
type site struct {
	*testing.T
	ctx       context.Context
	nodes     []*gateway.Gateway
	apis      []*oracle.API // of the nodes, at addresses that outlive a restart
	people    load.People
	acked     load.Set
	next      int64 // first inquiry not sent yet
	ways      []*load.Poster
	turn      atomic.Int64
	watch     *watch
	lookEvery time.Duration // how often the watch asks

	stop   chan struct{} // ends the load
	loaded chan *load.Result
}

// newSite starts nodes that are configured alike. options are those of node i; the
// data folders are on the disk of the tests.
func newSite(t *testing.T, nodes int, options func(i int) []string, sources ...string) *site {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	people, err := load.NewPeople(strings.ToLower(rand.Text()[:10]))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, ctx: t.Context(), people: people, lookEvery: askEvery}
	dir := t.TempDir()
	key := hex.EncodeToString([]byte(rand.Text() + rand.Text())[:32])
	for i := range nodes {
		g, err := gateway.New(bin, filepath.Join(dir, fmt.Sprint("node", i)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Logf("node %d said: %s", i, g.LastWords())
			}
		})
		if i > 0 {
			g.Secret, g.Token = s.nodes[0].Secret, s.nodes[0].Token
		}
		g.Sources = sources
		if g.Listen, err = gateway.FreePort(); err != nil {
			t.Fatal(err)
		}
		g.More = append([]string{"--segment-size", "4MB", "--secret-key", key}, options(i)...)
		s.nodes = append(s.nodes, g)
		s.apis = append(s.apis, &oracle.API{Base: "http://" + g.Listen, Token: g.Token})
	}
	s.each(func(i int, g *gateway.Gateway) error { _, err := g.Start(s.ctx); return err })
	return s
}

// each does something to all nodes at once.
func (s *site) each(do func(i int, g *gateway.Gateway) error) {
	s.Helper()
	errs := make([]error, len(s.nodes))
	var wg sync.WaitGroup
	for i, g := range s.nodes {
		wg.Go(func() { errs[i] = do(i, g) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			s.Fatalf("node %d: %v", i, err)
		}
	}
}

// post sends as a load balancer does, to each node in turn. Who is not answered
// tries again and meets the next one.
func (s *site) post(ctx context.Context, body []byte) load.Answer {
	return s.ways[s.turn.Add(1)%int64(len(s.ways))].Send(ctx, body)
}

// connect opens the ways to the nodes.
func (s *site) connect() {
	s.Helper()
	for i, g := range s.nodes {
		to := "http://" + g.Listen + "/in/bar"
		if i > 0 {
			s.ways = append(s.ways, s.ways[0].At(to))
			continue
		}
		p, err := load.NewPoster(to, g.Secret, senders)
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(p.Close)
		s.ways = append(s.ways, p)
	}
}

// senders is how many inquiries are under way at once, at most.
const senders = 16

// load is what is sent in a time, at a fixed rate.
func (s *site) load(perSecond float64, d time.Duration) load.Load {
	if *rate > 0 {
		perSecond = *rate
	}
	return load.Load{Send: s.post, People: s.people, First: s.next, Conns: senders, For: d, Rate: perSecond, Retry: true, Again: 20, Acked: &s.acked}
}

// burst sends for a time and returns what the senders saw.
func (s *site) burst(perSecond float64, d time.Duration) *load.Result {
	s.Helper()
	r, err := s.load(perSecond, d).Run(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	s.next = r.Next
	return r
}

// begin starts a load that lasts until settle, and the watch over the nodes.
func (s *site) begin(perSecond float64) {
	s.Helper()
	s.connect()
	s.stop, s.loaded = make(chan struct{}), make(chan *load.Result, 1)
	l := s.load(perSecond, 12*time.Hour)
	l.Stop = s.stop
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.ctx))
	s.Cleanup(cancel)
	go func() { // ends with ctx at the latest
		r, err := l.Run(ctx)
		if err != nil {
			s.Error(err)
		}
		s.loaded <- r
	}()
	s.watch = watchNodes(s.T, s.apis, s.lookEvery)
	s.wait(time.Second)
}

// wait lets time pass under load.
func (s *site) wait(d time.Duration) {
	s.Helper()
	select {
	case <-s.ctx.Done():
		s.Fatal(s.ctx.Err())
	case <-time.After(d):
	}
}

// patience is how long the store may show no progress before what it has is all.
const patience = 15 * time.Second

// settle ends the load, waits until all of it is stored and compares: everything
// acknowledged is there, once, and every node shows the same.
func (s *site) settle() *load.Result {
	s.Helper()
	close(s.stop)
	var r *load.Result
	select {
	case r = <-s.loaded:
	case <-time.After(time.Minute):
		s.Fatal("the load does not end: somebody is never answered")
	}
	s.watch.end()
	if r == nil {
		s.FailNow()
	}
	if r.Unsettled > 0 || r.Unlike > 0 {
		s.Errorf("%d inquiries never acknowledged, %d with two receipts", r.Unsettled, r.Unlike)
	}
	s.compare()
	return r
}

// compare holds what was acknowledged against every node's leads.
func (s *site) compare() {
	s.Helper()
	api := s.apis[0]
	if _, err := oracle.Settle(s.ctx, api, s.acked.Len(), 50*time.Millisecond, patience); err != nil {
		s.Fatal(err)
	}
	if n, err := api.ReplayParked(s.ctx); err != nil {
		s.Error(err)
	} else if n > 0 { // what died in a worker's hands twice; an operator does this
		s.Logf("%d parked deliveries were replayed", n)
		if _, err := oracle.Settle(s.ctx, api, s.acked.Len(), 50*time.Millisecond, patience); err != nil {
			s.Fatal(err)
		}
	}
	var first map[int64]string
	for i, api := range s.apis {
		report, err := oracle.Verify(s.ctx, api, s.people, &s.acked)
		if err != nil {
			s.Fatal(err)
		}
		if !report.OK() {
			s.Errorf("node %d: %s", i, report)
		}
		shown := map[int64]string{}
		for l, err := range api.Leads(s.ctx) {
			if err != nil {
				s.Fatal(err)
			}
			shown[l.Number] = fmt.Sprint(l.Emails, l.Touches)
		}
		if i == 0 {
			s.Log(report)
			first = shown
		} else if fmt.Sprint(first) != fmt.Sprint(shown) {
			s.Errorf("node %d shows other leads than node 0", i)
		}
	}
}

// kill ends a node as a crash would; start starts it again.
func (s *site) kill(i int) {
	s.Helper()
	if err := s.nodes[i].Kill(); err != nil {
		s.Fatal(err)
	}
}

func (s *site) start(i int) {
	s.Helper()
	if _, err := s.nodes[i].Start(s.ctx); err != nil {
		s.Fatalf("node %d: %v", i, err)
	}
}

// takes reports whether the program's help tells of something.
func takes(t *testing.T, what string, help ...string) bool {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(bin, help...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(out), what)
}
