package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/proc"
)

// acceptMode compares a durable accept with a handler that keeps nothing.
type acceptMode struct {
	place
	pairs, conns int
	leg, openFor time.Duration
	rate         float64
}

func (m *acceptMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.IntVar(&m.pairs, "pairs", 5, "rounds")
	fs.IntVar(&m.conns, "conns", 64, "connections")
	fs.DurationVar(&m.leg, "leg", 3*time.Second, "how long one of the two is measured at a time")
	fs.DurationVar(&m.openFor, "for", 10*time.Second, "how long the open load lasts")
	fs.Float64Var(&m.rate, "rate", 10_000, "inquiries a second of the open load")
}

func (m *acceptMode) run(ctx context.Context, r *report) (err error) {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	t, err := m.trial(ctx, r, "accept", m.conns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := m.compare(ctx, t); err != nil {
		return err
	}
	return t.stop()
}

// compare holds what was started against a bare handler, and then looks at its tail.
func (m *acceptMode) compare(ctx context.Context, t *trial) (err error) {
	child, base, err := startBare()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, child.Kill()) }()
	plain, err := load.NewPoster(base, "", m.conns)
	if err != nil {
		return err
	}
	defer plain.Close()
	ours, err := t.posters()
	if err != nil {
		return err
	}
	defer ours.Close()
	c := &contest{m: m, t: t}
	c.plain = subject{name: "bare", send: plain.Send, cpu: func() (time.Duration, error) { return proc.CPU(child.PID()) },
		rss: func() (int64, error) { return proc.RSSAnon(child.PID()) }}
	c.ours = subject{name: "leadgate", send: ours.Send, cpu: t.cpu, rss: t.rssAnon, acked: &t.acked}
	if err := c.rounds(ctx); err != nil {
		return err
	}
	if err := c.tail(ctx); err != nil {
		return err
	}
	return t.verify(ctx)
}

// contest is a run of accept.
type contest struct {
	m           *acceptMode
	t           *trial
	plain, ours subject
}

// subject is one of the two that are compared.
type subject struct {
	name  string
	send  load.Sender
	cpu   func() (time.Duration, error) // used so far
	rss   func() (int64, error)
	acked *load.Set // nil when nothing is kept
	total usage
}

// usage is what a subject did and used in its turns; a warm-up is none of them.
type usage struct {
	acked, sent int64
	cpu, rest   time.Duration // while it was loaded, and afterwards until it was quiet
	drain       time.Duration // how long that took
	p50, p99    []float64     // of each turn, milliseconds
	unclean     *load.Result  // the last turn that was not answered cleanly
}

// rounds runs bare, A, B, B, A as often as asked for: A is the bare handler, B is
// leadgate. The first turn of a round warms the machine up and counts for nobody;
// leadgate gets none, so that a warm-up can only cost it.
func (c *contest) rounds(ctx context.Context) error {
	var ratios, steady []float64
	for i := range c.m.pairs {
		var rate [5]float64
		for n, s := range []*subject{&c.plain, &c.plain, &c.ours, &c.ours, &c.plain} {
			var err error
			if rate[n], err = c.turn(ctx, s, n > 0); err != nil {
				return err
			}
		}
		a, b := (rate[1]+rate[4])/2, (rate[2]+rate[3])/2
		ratios, steady = append(ratios, b/a), append(steady, rate[1]/rate[4])
		c.t.r.say("round %d: bare %.0f/s (%.0f and %.0f, warm-up %.0f), leadgate %.0f/s (%.0f and %.0f), ratio %.3f", i+1, a, rate[1], rate[4], rate[0], b, rate[2], rate[3], b/a)
	}
	for _, s := range []*subject{&c.plain, &c.ours} {
		if err := c.say(s); err != nil {
			return err
		}
	}
	r := c.t.r
	r.say("bare before against bare after: %.3f; the ratios mean no more than this is steady", steady)
	r.figure(c.t.title("ratios"), ratios)
	r.figure(c.t.title("bare_before_against_after"), steady)
	r.atLeast(c.t.title("durable accept against the bare handler"), median(ratios), "x", 0.5)
	return nil
}

// turn loads one of both for a while, lets it come to rest, and returns the
// acknowledged a second. A backlog that is worked off, or indexed, in the next
// turn would be paid for by the other one.
func (c *contest) turn(ctx context.Context, s *subject, counts bool) (float64, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	got, err := load.Load{Send: s.send, People: c.t.people, First: c.t.next, Conns: c.m.conns, For: c.m.leg, Acked: s.acked}.Run(ctx)
	if err != nil {
		return 0, err
	}
	c.t.next = got.Next
	ended := time.Now()
	loaded, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if err := c.drained(ctx, s); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if u := &s.total; counts {
		u.acked, u.sent = u.acked+got.Acked, u.sent+got.Sent
		u.cpu, u.rest, u.drain = u.cpu+loaded-before, u.rest+after-loaded, u.drain+time.Since(ended)
		u.p50, u.p99 = append(u.p50, millis(got.Latency.Quantile(.5))), append(u.p99, millis(got.Latency.Quantile(.99)))
		if got.Clean() != nil {
			u.unclean = got
		}
	}
	return got.PerSecond(), ctx.Err()
}

// drained waits until a subject has nothing left to do.
func (c *contest) drained(ctx context.Context, s *subject) error {
	if s.acked == nil {
		return nil
	}
	got, err := c.t.quiet(ctx)
	if err == nil && !got.All {
		err = fmt.Errorf("%d inquiries are acknowledged, and the store stands still at %d leads", s.acked.Len(), got.Stats.Leads.Total)
	}
	return err
}

// say prints what a subject used.
func (c *contest) say(s *subject) error {
	u, n, r := s.total, float64(max(s.total.acked, 1)), c.t.r
	rss, err := s.rss()
	if err != nil {
		return err
	}
	loaded, all := float64(u.cpu.Microseconds())/n, float64((u.cpu+u.rest).Microseconds())/n
	r.say("%s: server CPU %.1f µs a request while loaded, %.1f µs until all of it was done (%.1f s after a turn); p50 %.2f ms, p99 %.2f ms (medians of %d turns); bodies of %.0f bytes; RssAnon %.0f MB",
		s.name, loaded, all, u.drain.Seconds()/float64(max(len(u.p50), 1)), median(u.p50), median(u.p99), len(u.p50), float64(u.sent)/n, megabytes(rss))
	r.figure(c.t.title(s.name), map[string]any{"acked": u.acked, "cpu_us_per_request": loaded, "cpu_us_per_request_until_done": all, "p50_ms": median(u.p50), "p99_ms": median(u.p99), "rss_anon_bytes": rss})
	if u.unclean != nil {
		clean(r, s.name, u.unclean)
	}
	return nil
}

// tail loads leadgate at a fixed rate, each request charged from when it was meant
// to leave.
func (c *contest) tail(ctx context.Context) error {
	var got *load.Result
	cpu, err := c.t.spent(func() (err error) {
		got, err = c.t.load(ctx, load.Load{For: c.m.openFor, Rate: c.m.rate})
		return err
	})
	if err != nil {
		return err
	}
	name := c.t.title(fmt.Sprintf("open at %.0f/s", c.m.rate))
	sayLoad(c.t.r, name, got)
	clean(c.t.r, name, got)
	c.t.r.say("%s: server CPU %.1f µs a request while loaded", name, float64(cpu.Microseconds())/float64(max(got.Acked, 1)))
	c.t.r.atMost(c.t.title(fmt.Sprintf("accept p99 at %.0f/s", c.m.rate)), millis(got.Latency.Quantile(.99)), "ms", 10)
	return c.drained(ctx, &c.ours)
}
