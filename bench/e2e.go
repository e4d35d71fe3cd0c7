package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

// e2eMode measures the way from a post to a committed lead on embedded defaults.
type e2eMode struct {
	place
	long   time.Duration
	conns  int
	rate   float64
	probes float64
}

func (m *e2eMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.DurationVar(&m.long, "for", 10*time.Second, "how long inquiries leave, in each of the three loads")
	fs.IntVar(&m.conns, "conns", 64, "connections")
	fs.Float64Var(&m.rate, "rate", 1000, "inquiries a second of the first load at a fixed rate; the second has half of the maximum")
	fs.Float64Var(&m.probes, "probes", 40, "inquiries a second that are followed to their commit")
}

func (m *e2eMode) run(ctx context.Context, r *report) (err error) {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	t, err := m.trial(ctx, r, "e2e", m.conns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := m.measure(ctx, t, "embedded", 8000); err != nil {
		return err
	}
	return t.stop()
}

// measure takes what was started through all loads, with an eye on its memory, and
// compares what is stored.
func (m *e2eMode) measure(ctx context.Context, t *trial, form string, goal float64) error {
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	idle, err := t.rssAnon()
	if err != nil {
		return err
	}
	var watches []*proc.Watch
	for _, g := range t.nodes {
		watches = append(watches, proc.WatchMemory(g.PID()))
	}
	err = m.loads(ctx, t, form, goal)
	var most []float64 // of each node, megabytes
	samples := 0
	for _, w := range watches {
		peak, all := w.Stop()
		most, samples = append(most, math.Round(megabytes(peak))), samples+len(all)
	}
	if err != nil {
		return err
	}
	t.r.say("memory: %.1f MB RssAnon idle (of several nodes, the most), at most %v MB in %d samples under load", megabytes(idle), most, samples)
	t.r.atMost(t.title("memory idle"), megabytes(idle), "MB RssAnon", 60)
	t.r.atMost(t.title("memory under load"), slices.Max(most), "MB RssAnon", 300)
	return t.verify(ctx)
}

// loads takes the gateway to its limit and then through both fixed rates.
func (m *e2eMode) loads(ctx context.Context, t *trial, form string, goal float64) error {
	d, err := t.dash(ctx, m.long)
	if err != nil {
		return err
	}
	t.r.figure(t.title("leads_per_second"), d.committed)
	t.r.atLeast(t.title(fmt.Sprintf("post to committed lead, %s (goal %.0f)", form, goal)), d.committed, "leads/s", 5000)
	if err := m.latency(ctx, t, fmt.Sprintf("%.0f/s", m.rate), m.rate, 20); err != nil {
		return err
	}
	half := max(1, math.Floor(d.committed/2))
	return m.latency(ctx, t, fmt.Sprintf("half of the maximum (%.0f/s)", half), half, 50)
}

// storedSeconds is the gateway's own clock, for all inquiries: from when it had
// read a post to after the commit. What the post waited before that is not in it.
const storedSeconds = "leadgate_stored_seconds"

// latency loads a gateway that rests at a fixed rate and holds the p99 of
// post → committed against the bar. Judged is what the probe saw, which counts
// from the intended send; the gateway's histogram stands beside it.
func (m *e2eMode) latency(ctx context.Context, t *trial, speed string, rate, most float64) error {
	if _, err := t.quiet(ctx); err != nil {
		return err
	}
	before, err := t.histogram(ctx, storedSeconds)
	if err != nil {
		return err
	}
	p := newProbe(ctx, t.g.API, t.people, int64(rate/max(m.probes, 1)))
	got, err := t.load(ctx, load.Load{For: m.long, Rate: rate, Heard: p.heard})
	seen, errProbe := p.done()
	if err := errors.Join(err, errProbe); err != nil {
		return err
	}
	if _, err := oracle.Settle(ctx, &t.g.API, t.want(), 50*time.Millisecond, patience); err != nil {
		return err
	}
	own, err := t.histogram(ctx, storedSeconds)
	if err != nil {
		return err
	}
	if own, err = own.Since(before); err != nil {
		return err
	}
	name := t.title("open at " + speed)
	sayLoad(t.r, name, got)
	clean(t.r, name, got)
	t.r.say("%s: intended send → committed p50 %.2f ms, p99 %.2f ms, most %.1f ms, by the receipts of %d", name,
		millis(seen.Quantile(.5)), millis(seen.Quantile(.99)), millis(seen.Max()), seen.Count())
	sayOwn(t.r, name, own)
	if p.denied > 0 {
		t.r.say("%s: %d times a receipt was not found though its post was acknowledged", name, p.denied)
	}
	t.r.figure(name+", committed", map[string]any{"p50_ms": millis(seen.Quantile(.5)), "p99_ms": millis(seen.Quantile(.99)), "followed": seen.Count(), "histogram_count": own.Count()})
	if seen.Count() == 0 || int64(own.Count()) < got.Acked {
		return fmt.Errorf("%s: %d acknowledged, %d followed, and the gateway's histogram knows of %.0f", name, got.Acked, seen.Count(), own.Count())
	}
	t.r.atMost(t.title("post to committed p99 at "+speed), millis(seen.Quantile(.99)), "ms", most)
	return nil
}

// sayOwn prints what the gateway says of itself.
func sayOwn(r *report, name string, b oracle.Buckets) {
	p50, _, _ := b.Quantile(.5)
	p99, low, high := b.Quantile(.99)
	r.say("%s: read → committed p50 %.2f ms, p99 %.2f ms (between %.2f and %.2f), of all %.0f, by %s", name, p50*1e3, p99*1e3, low*1e3, high*1e3, b.Count(), storedSeconds)
}
