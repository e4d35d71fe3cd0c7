package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"leadgate/bench/load"
)

// costsMode holds the cost of a lead in a small store against that in one that has
// grown: the same fixed load, server CPU from the first post until the last of its
// work is done.
type costsMode struct {
	place
	small, large int64
	conns        int
	rate         float64
	long         time.Duration
}

func (m *costsMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.Int64Var(&m.small, "small", 10_000, "leads in the store when the first cost is taken")
	fs.Int64Var(&m.large, "large", 100_000, "leads in the store when the second is taken")
	fs.IntVar(&m.conns, "conns", 64, "connections")
	fs.Float64Var(&m.rate, "rate", 1000, "inquiries a second while costs are taken")
	fs.DurationVar(&m.long, "for", 10*time.Second, "how long costs are taken")
}

// cost is what one lead takes, on average.
type cost struct {
	cpu   float64 // microseconds
	bytes float64 // by which the store grows
}

func (m *costsMode) run(ctx context.Context, r *report) (err error) {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	t, err := m.trial(ctx, r, "costs", m.conns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var costs []cost
	for _, size := range []int64{m.small, m.large} {
		c, err := m.at(ctx, t, size)
		if err != nil {
			return err
		}
		costs = append(costs, c)
	}
	r.atMost("growth of the cost of a lead, CPU", costs[1].cpu/max(costs[0].cpu, 1), "x", 1.25)
	r.atMost("growth of the cost of a lead, bytes", costs[1].bytes/max(costs[0].bytes, 1), "x", 1.25)
	if err := t.verify(ctx); err != nil {
		return err
	}
	return t.stop()
}

// at brings the store to a size and takes the cost of a lead there.
func (m *costsMode) at(ctx context.Context, t *trial, size int64) (c cost, err error) {
	if err := t.fill(ctx, size); err != nil {
		return c, err
	}
	before, err := t.bytes()
	if err != nil {
		return c, err
	}
	var got *load.Result
	cpu, err := t.spent(func() (err error) {
		if got, err = t.load(ctx, load.Load{For: m.long, Rate: m.rate}); err == nil {
			_, err = t.quiet(ctx)
		}
		return err
	})
	if err != nil {
		return c, err
	}
	after, err := t.bytes()
	if err != nil {
		return c, err
	}
	rss, err := t.rssAnon()
	if err != nil {
		return c, err
	}
	name := fmt.Sprintf("at %d leads", size)
	clean(t.r, name, got)
	n := float64(max(got.Acked, 1))
	c = cost{cpu: float64(cpu.Microseconds()) / n, bytes: float64(after-before) / n}
	t.r.say("%s: %.0f µs of server CPU a lead and %.0f bytes of database, over %d leads at %.0f/s; RssAnon %.0f MB", name, c.cpu, c.bytes, got.Acked, m.rate, megabytes(rss))
	t.r.figure(name, map[string]any{"cpu_us": c.cpu, "bytes": c.bytes, "leads": got.Acked, "rss_anon_bytes": rss})
	return c, nil
}

// fill posts at full speed until that many are acknowledged, and lets the gateway
// come to rest.
func (t *trial) fill(ctx context.Context, size int64) error {
	stop := make(chan struct{})
	var once sync.Once
	heard := func(int64, time.Time) {
		if t.acked.Len() >= size {
			once.Do(func() { close(stop) })
		}
	}
	if t.acked.Len() < size {
		if _, err := t.load(ctx, load.Load{For: 10 * time.Minute, Stop: stop, Heard: heard}); err != nil {
			return err
		}
	}
	s, err := t.quiet(ctx)
	if err == nil && s.Stats.Leads.Total < size {
		err = fmt.Errorf("filling the store: %d inquiries are acknowledged, and it stands still at %d leads", t.acked.Len(), s.Stats.Leads.Total)
	}
	return err
}

// bytes is the size of the database, without its log.
func (t *trial) bytes() (int64, error) {
	st, err := os.Stat(t.storePath())
	if err != nil {
		return 0, fmt.Errorf("measuring the store: %w", err)
	}
	return st.Size(), nil
}

// storePath is where the gateway keeps its leads.
func (t *trial) storePath() string { return filepath.Join(t.g.Data(), "leadgate.db") }
