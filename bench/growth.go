package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadgate/bench/hist"
	"leadgate/bench/load"
	"leadgate/store"
	"leadgate/store/postgres"
)

// growthMode holds look-ups and the cost of a lead in PostgreSQL against how many
// people are known.
type growthMode struct {
	place
	servers servers
	people  string
	seed    uint64
	conns   int
	rate    float64
	long    time.Duration
	lookups int
}

func (m *growthMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	m.servers.flags(fs)
	fs.StringVar(&m.people, "people", "10000,100000", "how many people are known when figures are taken, rising; the last may be 1000000, which takes some minutes")
	fs.Uint64Var(&m.seed, "seed", 1, "of the people")
	fs.IntVar(&m.conns, "conns", 64, "connections of the generator")
	fs.Float64Var(&m.rate, "rate", 1000, "inquiries a second while costs are taken")
	fs.DurationVar(&m.long, "for", 12*time.Second, "how long costs are taken, after as long again to warm up")
	fs.IntVar(&m.lookups, "lookups", 10_000, "look-ups of each kind")
}

func (m *growthMode) shared() *servers { return &m.servers }

func (m *growthMode) sizes() (list []int64, err error) {
	for word := range strings.SplitSeq(m.people, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(word), 10, 64)
		if err != nil || n < 1 || len(list) > 0 && n <= list[len(list)-1] {
			return nil, fmt.Errorf("-people %q: rising numbers are needed, with commas between", m.people)
		}
		list = append(list, n)
	}
	return list, nil
}

func (m *growthMode) run(ctx context.Context, r *report) (err error) {
	sizes, err := m.sizes()
	if err != nil {
		return err
	}
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	if err := m.servers.open(ctx, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.servers.close()) }()
	sh, err := m.servers.fresh(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sh.drop()) }()
	t, err := m.cluster(ctx, r, "growth", m.conns, 1, sh)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g := &growing{m: m, t: t}
	if g.crowd, err = newCrowd(m.seed); err != nil {
		return err
	}
	defer g.crowd.stop()
	if err := g.connect(ctx, sh.dsn); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.store.Close(), g.db.Close()) }()
	for _, n := range sizes {
		if err := g.at(ctx, n); err != nil {
			return err
		}
	}
	g.bars(sizes)
	if err := t.verify(ctx); err != nil {
		return err
	}
	return t.stop()
}

// growing is a run of growth.
type growing struct {
	m     *growthMode
	t     *trial
	crowd *crowd
	store *postgres.Store
	db    *sql.DB // the same database, for questions about it

	costs             []price
	exact, candidates *hist.Histogram // at the last size
}

func (g *growing) connect(ctx context.Context, dsn string) (err error) {
	if g.store, err = postgres.Open(ctx, postgres.Options{DSN: dsn}); err != nil {
		return err
	}
	if g.db, err = sql.Open("pgx", dsn); err != nil {
		return errors.Join(errors.New("connecting to PostgreSQL: the address is no URL"), g.store.Close())
	}
	return nil
}

// price is what one lead costs.
type price struct {
	nodes, postgres  float64 // microseconds of processor time
	rows, bytes, wal float64
}

// at brings the store to a size, and takes look-ups and costs there.
func (g *growing) at(ctx context.Context, n int64) error {
	began, known := time.Now(), g.crowd.n+g.t.acked.Len()
	if n > known {
		if err := g.crowd.fill(ctx, g.store, n-known); err != nil {
			return err
		}
	}
	took := time.Since(began)
	stats, err := g.store.Stats(ctx)
	if err != nil {
		return err
	}
	g.t.others = stats.Leads.Total - g.t.acked.Len()
	persons, err := g.number(ctx, `SELECT count(*) FROM persons WHERE merged_into IS NULL`)
	if err != nil {
		return err
	}
	size, err := g.number(ctx, `SELECT pg_database_size(current_database())`)
	if err != nil {
		return err
	}
	g.t.r.say("%d inquiries: filled in %.1f s (%.0f/s, generator, Apply and search index); %.0f persons, %d leads, %.2f GB", n, took.Seconds(),
		float64(max(n-known, 0))/took.Seconds(), persons, stats.Leads.Total, size/(1<<30))
	if _, err := g.db.ExecContext(ctx, `VACUUM (ANALYZE)`); err != nil { // as autovacuum would have, soon
		return fmt.Errorf("bringing statistics up to date: %w", err)
	}
	if err := g.lookups(ctx, n); err != nil {
		return err
	}
	return g.cost(ctx, n)
}

// number asks the database for one.
func (g *growing) number(ctx context.Context, query string) (n float64, err error) {
	if err := g.db.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("asking PostgreSQL: %w", err)
	}
	return n, nil
}

// lookups times questions to a store that rests, one after the other: who holds this
// address or number, and who is the sender of this inquiry, as a worker asks it.
func (g *growing) lookups(ctx context.Context, n int64) (err error) {
	if _, err := g.t.quiet(ctx); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(g.m.seed, uint64(n)))
	if g.exact, err = g.times(ctx, rnd, g.askExact); err != nil {
		return err
	}
	if g.candidates, err = g.times(ctx, rnd, g.askCandidates); err != nil {
		return err
	}
	for _, h := range []struct {
		name string
		*hist.Histogram
	}{{"exact identity look-up", g.exact}, {"candidate set", g.candidates}} {
		g.t.r.say("%d people: %s p50 %.3f ms, p99 %.3f ms, most %.1f ms, of %d", n, h.name, millis(h.Quantile(.5)), millis(h.Quantile(.99)), millis(h.Max()), h.Count())
		g.t.r.figure(fmt.Sprintf("%s at %d", h.name, n), map[string]any{"p50_ms": millis(h.Quantile(.5)), "p99_ms": millis(h.Quantile(.99)), "count": h.Count()})
	}
	return nil
}

// times asks as often as it was said, a tenth more to warm up.
func (g *growing) times(ctx context.Context, rnd *rand.Rand, ask func(context.Context, *store.Item) (bool, error)) (*hist.Histogram, error) {
	h := &hist.Histogram{}
	for i := 0; h.Count() < int64(g.m.lookups); i++ {
		it := g.crowd.met[rnd.IntN(len(g.crowd.met))]
		start := time.Now()
		asked, err := ask(ctx, &it)
		if err != nil {
			return nil, err
		}
		if asked && i >= g.m.lookups/10 {
			h.Record(time.Since(start))
		}
		if i > 100*g.m.lookups {
			return nil, errors.New("looking up: nobody of the crowd can be asked for")
		}
	}
	return h, nil
}

// askExact asks who holds an address or a number, and has to find them.
func (g *growing) askExact(ctx context.Context, it *store.Item) (bool, error) {
	key := strong(it)
	if key == nil {
		return false, nil
	}
	found, err := g.store.Persons(ctx, key)
	if err == nil && len(found) == 0 {
		err = errors.New("looking up: nobody holds a value that somebody left")
	}
	return true, err
}

// askCandidates has the store load all it would need to decide about an inquiry:
// whether it is known, who holds its values, who resembles the sender, their persons
// and leads. The delivery is known, so that nothing is written.
func (g *growing) askCandidates(ctx context.Context, it *store.Item) (bool, error) {
	receipts, err := g.store.Apply(ctx, []store.Item{*it})
	if err == nil && receipts[0].Verdict != "duplicate" {
		err = fmt.Errorf("looking up: a delivery that was stored is %s", receipts[0].Verdict)
	}
	return true, err
}

// statsTime is after how long PostgreSQL lets a session that rests tell its counts.
const statsTime = 11 * time.Second

// did is what the database has done so far.
type did struct{ rows, bytes, wal float64 }

// tally waits until sessions that rest have told what they did, at most statsTime.
func (g *growing) tally(ctx context.Context) (t did, err error) {
	if err := wait(ctx, min(statsTime, g.m.long)); err != nil {
		return t, err
	}
	for _, q := range []struct {
		to    *float64
		query string
	}{
		{&t.rows, `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables`},
		{&t.bytes, `SELECT pg_database_size(current_database())`},
		{&t.wal, `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn`},
	} {
		if *q.to, err = g.number(ctx, q.query); err != nil {
			return t, err
		}
	}
	return t, nil
}

// cost takes what one lead costs, of people nobody knows: once to warm up, since after
// a checkpoint PostgreSQL logs every page whole when it changes first, and once for the
// figures.
func (g *growing) cost(ctx context.Context, n int64) error {
	name := fmt.Sprintf("at %d people", n)
	for _, counts := range []bool{false, true} {
		before, err := g.tally(ctx)
		if err != nil {
			return err
		}
		used, err := g.t.split()
		if err != nil {
			return err
		}
		began := time.Now()
		got, err := g.t.load(ctx, load.Load{For: g.m.long, Rate: g.m.rate})
		if err != nil {
			return err
		}
		if _, err := g.t.quiet(ctx); err != nil {
			return err
		}
		took := time.Since(began)
		now, err := g.t.split()
		if err != nil {
			return err
		}
		after, err := g.tally(ctx)
		if err != nil {
			return err
		}
		if counts {
			clean(g.t.r, name, got)
			g.charge(name, got.Acked, now.since(used), did{after.rows - before.rows, after.bytes - before.bytes, after.wal - before.wal}, took)
		}
	}
	return nil
}

// charge notes and prints costs.
func (g *growing) charge(name string, leads int64, used split, has did, took time.Duration) {
	n := float64(max(leads, 1))
	p := price{nodes: float64(used.nodes.Microseconds()) / n, postgres: float64(used.postgres.Microseconds()) / n, rows: has.rows / n, bytes: has.bytes / n, wal: has.wal / n}
	g.costs = append(g.costs, p)
	used.say(g.t.r, name, leads, took)
	g.t.r.say("%s: a lead is %.1f rows written or changed, %.0f bytes of database, %.0f bytes of log; %d leads at %.0f/s", name, p.rows, p.bytes, p.wal, leads, g.m.rate)
	g.t.r.figure(name, map[string]any{"leadgate_us": p.nodes, "postgres_us": p.postgres, "rows": p.rows, "bytes": p.bytes, "wal_bytes": p.wal, "leads": leads})
}

// bars holds the last size against the design, and against the first size.
func (g *growing) bars(sizes []int64) {
	r, last := g.t.r, slices.Max(sizes)
	r.atMost(fmt.Sprintf("exact identity look-up p99 at %d people", last), millis(g.exact.Quantile(.99)), "ms", 1)
	r.atMost(fmt.Sprintf("candidate set p99 at %d people", last), millis(g.candidates.Quantile(.99)), "ms", 3)
	if len(sizes) < 2 {
		return
	}
	a, b := g.costs[0], g.costs[len(g.costs)-1]
	name := fmt.Sprintf("growth of the cost of a lead from %d to %d people, ", sizes[0], last)
	r.atMost(name+"CPU of leadgate and PostgreSQL", (b.nodes+b.postgres)/max(a.nodes+a.postgres, 1), "x", 1.25)
	r.atMost(name+"bytes", b.bytes/max(a.bytes, 1), "x", 1.25)
	r.atMost(name+"rows", b.rows/max(a.rows, 1), "x", 1.25)
}
