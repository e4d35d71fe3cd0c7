package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"
)

// rawMode holds the whole way from a post to a lead against what the database does
// with the same rows and nothing else to do.
type rawMode struct {
	place
	pairs, conns int
	long         time.Duration
}

func (m *rawMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.IntVar(&m.pairs, "pairs", 3, "rounds of a fresh gateway and of raw inserts of what it stored")
	fs.IntVar(&m.conns, "conns", 64, "connections")
	fs.DurationVar(&m.long, "for", 8*time.Second, "how long inquiries leave in a round")
}

func (m *rawMode) run(ctx context.Context, r *report) error {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	var rates, ratios []float64
	for i := range m.pairs {
		rate, ratio, err := m.pair(ctx, r, i)
		if err != nil {
			return err
		}
		rates, ratios = append(rates, rate), append(ratios, ratio)
	}
	r.figure("leads_per_second", rates)
	r.figure("ratios", ratios)
	r.say("%d rounds: %.0f leads/s committed (median), ratios %.3f", m.pairs, median(rates), ratios)
	r.atLeast("end to end against raw inserts of the same rows", median(ratios), "x", 0.6)
	return nil
}

// pair lets a fresh gateway store as much as it can and then inserts the very same
// rows. Judged is equal work: until the search index has the leads too, against
// inserts that fill it. The commit alone stands beside it.
func (m *rawMode) pair(ctx context.Context, r *report, i int) (rate, ratio float64, err error) {
	t, d, err := m.store(ctx, r, i)
	if err != nil {
		return 0, 0, err
	}
	full, err := copyRows(ctx, t.storePath(), filepath.Join(t.g.Path(""), "raw.db"), d.leads, true)
	if err != nil {
		return 0, 0, err
	}
	hot, err := copyRows(ctx, t.storePath(), filepath.Join(t.g.Path(""), "raw-hot.db"), d.leads, false)
	if err != nil {
		return 0, 0, err
	}
	n := float64(d.leads)
	all, commit := n/full.took.Seconds(), n/hot.took.Seconds()
	ratio = d.searchable / all
	r.say("raw: the same %d rows, %d bytes of values (%.1f rows, %.0f bytes a lead), %d leads a transaction, same indexes and settings: %.0f leads/s with the search index, %.0f without",
		full.rows, full.bytes, float64(full.rows)/n, float64(full.bytes)/n, rawBatch, all, commit)
	r.say("round %d: until searchable %.0f/s of %.0f/s, ratio %.3f; until committed %.0f/s of %.0f/s, %.3f", i+1, d.searchable, all, ratio, d.committed, commit, d.committed/commit)
	r.figure(fmt.Sprintf("raw %d", i+1), map[string]any{"leads": d.leads, "rows": full.rows, "bytes": full.bytes, "per_second": all, "per_second_without_index": commit})
	return d.committed, ratio, nil
}

// store is the gateway's half of a pair. It is verified and stopped, so that the
// other half has the machine for itself.
func (m *rawMode) store(ctx context.Context, r *report, i int) (t *trial, d dash, err error) {
	if t, err = m.trial(ctx, r, fmt.Sprintf("raw-%d", i), m.conns); err != nil {
		return nil, d, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if d, err = t.dash(ctx, m.long); err != nil {
		return nil, d, err
	}
	if err := t.verify(ctx); err != nil {
		return nil, d, err
	}
	return t, d, t.stop()
}
