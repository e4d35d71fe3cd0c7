package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

// trial is a gateway on its way through loads, with the people it heard of: one
// process, or several nodes that share a store and a queue.
type trial struct {
	r      *report
	label  string             // of its bars, among those of others in one report; "" for none
	g      *gateway.Gateway   // the first node; any of them answers
	nodes  []*gateway.Gateway // all of them
	shared *shared            // nil for an embedded one
	people load.People
	conns  int
	next   int64
	acked  load.Set
	others int64 // leads of somebody else

	statements int // how many statements of PostgreSQL a dash tells about
}

// want is how many leads there are once all that was acknowledged is stored.
func (t *trial) want() int64 { return t.acked.Len() + t.others }

// trial starts a gateway over a folder of its own. close has to be called.
func (p *place) trial(ctx context.Context, r *report, name string, conns int) (*trial, error) {
	return p.cluster(ctx, r, name, conns, 1, nil)
}

// cluster starts n nodes over what they share, each with a folder of its own. close
// has to be called.
func (p *place) cluster(ctx context.Context, r *report, name string, conns, n int, sh *shared) (t *trial, err error) {
	t = &trial{r: r, shared: sh, conns: conns}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.people, err = load.NewPeople(newRun()); err != nil {
		return nil, err
	}
	for i := range n {
		g, err := p.gateway(fmt.Sprintf("%s-%d", name, i))
		if err != nil {
			return nil, err
		}
		if i > 0 { // one gateway, wherever one knocks
			g.Secret, g.Token = t.g.Secret, t.g.Token
		} else {
			t.g = g
		}
		t.nodes = append(t.nodes, g)
		if sh != nil {
			g.Env = sh.env()
		}
		if _, err := g.Start(ctx); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// title is the name of a bar of this trial.
func (t *trial) title(name string) string {
	if t.label == "" {
		return name
	}
	return t.label + ": " + name
}

// close ends what still runs.
func (t *trial) close() error {
	var errs []error
	for _, g := range t.nodes {
		errs = append(errs, g.Close())
	}
	return errors.Join(errs...)
}

// stop ends all nodes as an operator would, one after the other.
func (t *trial) stop() error {
	var errs []error
	for _, g := range t.nodes {
		errs = append(errs, g.Stop())
	}
	return errors.Join(errs...)
}

// posters post to the nodes in turn.
type posters struct {
	list []*load.Poster
	turn atomic.Uint64
}

func (t *trial) posters() (*posters, error) {
	p := &posters{}
	for _, g := range t.nodes {
		one, err := g.Poster(t.conns)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.list = append(p.list, one)
	}
	return p, nil
}

// Send posts to the next node.
func (p *posters) Send(ctx context.Context, body []byte) load.Answer {
	return p.list[p.turn.Add(1)%uint64(len(p.list))].Send(ctx, body)
}

// Close lets the connections go.
func (p *posters) Close() {
	for _, one := range p.list {
		one.Close()
	}
}

// load sends a load of new people over new connections, to all nodes in turn.
func (t *trial) load(ctx context.Context, l load.Load) (*load.Result, error) {
	to, err := t.posters()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	l.Send, l.People, l.First, l.Conns, l.Acked = to.Send, t.people, t.next, t.conns, &t.acked
	got, err := l.Run(ctx)
	if err != nil {
		return nil, err
	}
	t.next = got.Next
	return got, ctx.Err()
}

// histogram adds up what the nodes say.
func (t *trial) histogram(ctx context.Context, name string) (sum oracle.Buckets, err error) {
	for i, g := range t.nodes {
		one, err := g.Histogram(ctx, name)
		if err != nil {
			return sum, err
		}
		if i == 0 {
			sum = one
		} else if sum, err = sum.Plus(one); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// quiet waits until nothing of what was posted costs anything any more.
func (t *trial) quiet(ctx context.Context) (oracle.Settled, error) {
	return t.rest(ctx, t.want())
}

// What counts as quiet: servers that used no more than that much of a processor each
// in that long.
const (
	quietSpan  = 250 * time.Millisecond
	quietCPU   = 20 * time.Millisecond
	quietAtEnd = 2 * time.Minute // all of it has to be done by then
)

// rest waits until want leads are there or the store stands still, no job waits and
// the processes rest: until nothing they were given before costs anything any more.
func (t *trial) rest(ctx context.Context, want int64) (oracle.Settled, error) {
	s, err := oracle.Settle(ctx, &t.g.API, want, 20*time.Millisecond, patience)
	for began := time.Now(); err == nil; {
		var stats oracle.Stats
		if stats, err = t.g.Stats(ctx); err != nil {
			return s, err
		}
		used, err := t.spent(func() error { return wait(ctx, quietSpan) })
		if err != nil {
			return s, err
		}
		if stats.Left() == 0 && used <= quietCPU*time.Duration(len(t.nodes)) {
			return s, nil
		}
		if time.Since(began) > quietAtEnd {
			return s, fmt.Errorf("the gateway does not come to rest: %d leads and jobs wait, %v of processor time in %v", stats.Left(), used, quietSpan)
		}
	}
	return s, err
}

// verify compares with the API; the gateway should be quiet.
func (t *trial) verify(ctx context.Context) error {
	return verify(ctx, t.r, &t.g.API, t.people, &t.acked)
}

// dash is what a closed load at full speed came to.
type dash struct {
	leads      int64
	committed  float64 // leads a second from the first post to the last commit
	searchable float64 // the same, until the search index has them too
	batch      float64 // deliveries a transaction, on average
}

// dash takes a fresh gateway to its limit: it posts as fast as answers come and
// waits until all of it is leads, and found by a search.
func (t *trial) dash(ctx context.Context, long time.Duration) (d dash, err error) {
	const batches = "leadgate_batch_deliveries"
	before, err := t.histogram(ctx, batches)
	if err != nil {
		return d, err
	}
	if t.statements > 0 {
		if err := t.shared.forget(ctx); err != nil {
			return d, err
		}
	}
	used, err := t.split()
	if err != nil {
		return d, err
	}
	began := time.Now()
	got, err := t.load(ctx, load.Load{For: long})
	if err != nil {
		return d, err
	}
	s, err := oracle.Settle(ctx, &t.g.API, t.want(), 20*time.Millisecond, patience)
	if err != nil {
		return d, err
	}
	done, waiting, err := t.indexed(ctx)
	if err != nil {
		return d, err
	}
	now, err := t.split()
	if err != nil {
		return d, err
	}
	after, err := t.histogram(ctx, batches)
	if err != nil {
		return d, err
	}
	if after, err = after.Since(before); err != nil {
		return d, err
	}
	took := s.At.Sub(began)
	d = dash{batch: after.Mean(), leads: s.Stats.Leads.Total, committed: float64(s.Stats.Leads.Total) / took.Seconds(), searchable: float64(s.Stats.Leads.Total) / done.Sub(began).Seconds()}
	sayLoad(t.r, t.title("post"), got)
	t.r.say("stored: %d of %d acknowledged are leads after %.1f s (%.1f s of them after the last post) = %.0f/s; %.0f deliveries a transaction; searchable %.1f s later (%d leads and jobs wait) = %.0f/s",
		d.leads, got.Acked, took.Seconds(), (took - got.Took).Seconds(), d.committed, after.Mean(), done.Sub(s.At).Seconds(), waiting, d.searchable)
	now.since(used).say(t.r, t.title("full load"), d.leads, done.Sub(began))
	if t.statements > 0 {
		if err := t.shared.servers.statements(ctx, t.r, t.title("full load"), t.statements, d.leads); err != nil {
			return d, err
		}
	}
	clean(t.r, t.title("full load"), got)
	if !s.All {
		t.r.none(t.title("acknowledged in the full load and no lead"), got.Acked-d.leads)
	}
	return d, nil
}

// indexed waits until the search index has caught up and returns when it had.
func (t *trial) indexed(ctx context.Context) (at time.Time, waiting int64, err error) {
	for began := time.Now(); ; {
		s, err := t.g.Stats(ctx)
		at = time.Now()
		if err != nil || s.Left() == 0 || at.Sub(began) > quietAtEnd {
			return at, s.Left(), err
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return at, s.Left(), err
		}
	}
}

// cpu returns the processor time the nodes used so far.
func (t *trial) cpu() (total time.Duration, err error) {
	for _, g := range t.nodes {
		one, err := proc.CPU(g.PID())
		if err != nil {
			return 0, err
		}
		total += one
	}
	return total, nil
}

// rssAnon returns the memory of the node that holds the most.
func (t *trial) rssAnon() (most int64, err error) {
	for _, g := range t.nodes {
		one, err := proc.RSSAnon(g.PID())
		if err != nil {
			return 0, err
		}
		most = max(most, one)
	}
	return most, nil
}

// spent returns the processor time the nodes used while something ran.
func (t *trial) spent(what func() error) (time.Duration, error) {
	before, err := t.cpu()
	if err != nil {
		return 0, err
	}
	if err := what(); err != nil {
		return 0, err
	}
	after, err := t.cpu()
	return after - before, err
}

// clean adds a bar when not every inquiry of a load was sent and acknowledged at
// the first try. That is no promise broken, but figures without them flatter.
func clean(r *report, name string, got *load.Result) {
	if got.Clean() == nil {
		return
	}
	bad := got.Unsent + got.Unsettled
	r.Bars = append(r.Bars, bar{Name: fmt.Sprintf("%s: not acknowledged at once", name), Figure: float64(max(bad, 1)), Most: true})
}
