package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

// trial is one gateway on its way through loads, with the people it heard of.
type trial struct {
	r      *report
	g      *gateway.Gateway
	people load.People
	conns  int
	next   int64
	acked  load.Set
}

// trial starts a gateway over a folder of its own. close has to be called.
func (p *place) trial(ctx context.Context, r *report, name string, conns int) (*trial, error) {
	people, err := load.NewPeople(newRun())
	if err != nil {
		return nil, err
	}
	g, err := p.gateway(name)
	if err != nil {
		return nil, err
	}
	if _, err := g.Start(ctx); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return &trial{r: r, g: g, people: people, conns: conns}, nil
}

func (t *trial) close() error { return t.g.Close() }

// load sends a load of new people over new connections.
func (t *trial) load(ctx context.Context, l load.Load) (*load.Result, error) {
	poster, err := t.g.Poster(t.conns)
	if err != nil {
		return nil, err
	}
	defer poster.Close()
	l.Send, l.People, l.First, l.Conns, l.Acked = poster.Send, t.people, t.next, t.conns, &t.acked
	got, err := l.Run(ctx)
	if err != nil {
		return nil, err
	}
	t.next = got.Next
	return got, ctx.Err()
}

// quiet waits until nothing of what was posted costs anything any more.
func (t *trial) quiet(ctx context.Context) (oracle.Settled, error) {
	return quiet(ctx, t.g, t.acked.Len())
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
}

// dash takes a fresh gateway to its limit: it posts as fast as answers come and
// waits until all of it is leads, and found by a search.
func (t *trial) dash(ctx context.Context, long time.Duration) (d dash, err error) {
	const batches = "leadgate_batch_deliveries"
	before, err := t.g.Histogram(ctx, batches)
	if err != nil {
		return d, err
	}
	began := time.Now()
	got, err := t.load(ctx, load.Load{For: long})
	if err != nil {
		return d, err
	}
	s, err := oracle.Settle(ctx, &t.g.API, t.acked.Len(), 20*time.Millisecond, patience)
	if err != nil {
		return d, err
	}
	done, waiting, err := t.indexed(ctx)
	if err != nil {
		return d, err
	}
	after, err := t.g.Histogram(ctx, batches)
	if err != nil {
		return d, err
	}
	if after, err = after.Since(before); err != nil {
		return d, err
	}
	took := s.At.Sub(began)
	d = dash{leads: s.Stats.Leads.Total, committed: float64(s.Stats.Leads.Total) / took.Seconds(), searchable: float64(s.Stats.Leads.Total) / done.Sub(began).Seconds()}
	sayLoad(t.r, "post", got)
	t.r.say("stored: %d of %d acknowledged are leads after %.1f s (%.1f s of them after the last post) = %.0f/s; %.0f deliveries a transaction; searchable %.1f s later (%d leads and jobs wait) = %.0f/s",
		d.leads, got.Acked, took.Seconds(), (took - got.Took).Seconds(), d.committed, after.Mean(), done.Sub(s.At).Seconds(), waiting, d.searchable)
	clean(t.r, "full load", got)
	if !s.All {
		t.r.none("acknowledged in the full load and no lead", got.Acked-d.leads)
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

// spent returns the processor time the gateway used while something ran.
func (t *trial) spent(what func() error) (time.Duration, error) {
	before, err := proc.CPU(t.g.PID())
	if err != nil {
		return 0, err
	}
	if err := what(); err != nil {
		return 0, err
	}
	after, err := proc.CPU(t.g.PID())
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
