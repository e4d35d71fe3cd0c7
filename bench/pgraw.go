package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"time"

	"leadgate/bench/proc"
	"leadgate/store/postgres"
)

// pgRawMode holds the way from a post to a lead in PostgreSQL against what PostgreSQL
// does with the same rows and nothing else to do.
type pgRawMode struct {
	place
	servers             servers
	pairs, conns, nodes int
	writers             int
	long                time.Duration
	rates, ratios       []float64 // of the rounds
}

func (m *pgRawMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	m.servers.flags(fs)
	fs.IntVar(&m.pairs, "pairs", 5, "rounds of a fresh cluster and of raw inserts of what it stored")
	fs.IntVar(&m.nodes, "nodes", 1, "nodes of the cluster")
	fs.IntVar(&m.writers, "writers", 2, "connections that insert at once on the raw side")
	fs.IntVar(&m.conns, "conns", 64, "connections of the generator")
	fs.DurationVar(&m.long, "for", 8*time.Second, "how long inquiries leave in a round")
}

func (m *pgRawMode) shared() *servers { return &m.servers }

func (m *pgRawMode) run(ctx context.Context, r *report) (err error) {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	if err := m.servers.open(ctx, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.servers.close()) }()
	for i := range m.pairs {
		if err := m.pair(ctx, r, i); err != nil {
			return err
		}
	}
	r.figure("leads_per_second", m.rates)
	r.figure("ratios", m.ratios)
	r.say("%d rounds: %.0f leads/s committed (median), ratios %.3f", m.pairs, median(m.rates), m.ratios)
	r.atLeast("end to end against raw inserts of the same rows in PostgreSQL", median(m.ratios), "x", 0.6)
	return nil
}

// pair lets a fresh cluster store as much as it can and then inserts the very same
// rows. Judged is equal work: until the search index has the leads too, against
// inserts that fill it.
func (m *pgRawMode) pair(ctx context.Context, r *report, i int) (err error) {
	from, err := m.servers.fresh(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.drop()) }()
	d, err := m.store(ctx, r, i, from)
	if err != nil {
		return err
	}
	to, err := m.servers.fresh(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.drop()) }()
	batch := int64(max(1, math.Round(d.batch)))
	res, err := m.raw(ctx, from, to, max(1, d.leads/batch))
	if err != nil {
		return err
	}
	n := float64(d.leads)
	all := n / res.took.Seconds()
	m.rates, m.ratios = append(m.rates, d.committed), append(m.ratios, d.searchable/all)
	r.say("raw: the same %d rows, %d bytes of values (%.1f rows, %.0f bytes a lead), %d leads a transaction on %d connections, same indexes and settings: %.0f leads/s; PostgreSQL %.0f µs a lead, the inserting client %.0f",
		res.rows, res.bytes, float64(res.rows)/n, float64(res.bytes)/n, batch, m.writers, all, float64(res.server.Microseconds())/n, float64(res.client.Microseconds())/n)
	r.say("raw: rows of a lead: %s", res.most(d.leads))
	r.say("round %d: until searchable %.0f/s of %.0f/s, ratio %.3f; until committed %.0f/s, %.3f", i+1, d.searchable, all, d.searchable/all, d.committed, d.committed/all)
	r.figure(fmt.Sprintf("raw %d", i+1), map[string]any{"leads": d.leads, "rows": res.rows, "bytes": res.bytes, "batch": batch, "per_second": all,
		"postgres_us": float64(res.server.Microseconds()) / n, "tables": res.tables})
	return nil
}

// store is the cluster's half of a pair. It is verified and stopped, so that the other
// half has the machine for itself.
func (m *pgRawMode) store(ctx context.Context, r *report, i int, sh *shared) (d dash, err error) {
	t, err := m.cluster(ctx, r, fmt.Sprintf("raw-%d", i), m.conns, m.nodes, sh)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if d, err = t.dash(ctx, m.long); err != nil {
		return d, err
	}
	if err := t.verify(ctx); err != nil {
		return d, err
	}
	return d, t.stop()
}

// raw makes the schema as the store's own migrations do, reads the rows and inserts them.
func (m *pgRawMode) raw(ctx context.Context, from, to *shared, batches int64) (res pgResult, err error) {
	s, err := postgres.Open(ctx, postgres.Options{DSN: to.dsn})
	if err != nil {
		return res, err
	}
	if err := s.Close(); err != nil {
		return res, err
	}
	tables, err := readTables(ctx, from.dsn, to.dsn)
	if err != nil {
		return res, err
	}
	if _, err := m.servers.db.ExecContext(ctx, `CHECKPOINT`); err != nil { // none of what the other side wrote is paid for here
		return res, fmt.Errorf("beginning at rest: %w", err)
	}
	before, err := m.used()
	if err != nil {
		return res, err
	}
	res, err = insertTables(ctx, to.dsn, tables, int(batches), m.writers)
	if err != nil {
		return res, err
	}
	after, err := m.used()
	res.server, res.client = after.postgres-before.postgres, after.bench-before.bench
	return res, err
}

// used is what PostgreSQL and this program used of the processors so far.
func (m *pgRawMode) used() (s split, err error) {
	if s.postgres, err = proc.TreeCPU(m.servers.postmast); err != nil {
		return s, err
	}
	s.bench, err = proc.CPU(os.Getpid())
	return s, err
}
