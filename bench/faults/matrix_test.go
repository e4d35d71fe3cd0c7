package faults

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"leadgate/bench/load"
	"leadgate/internal/services"
)

// row is a row of the fault matrix of the design.
type row struct {
	name  string // number in the matrix, and what breaks
	quick bool   // runs in make test
	calm  bool   // senders notice nothing: 2xx only, none slow
	form  form
	fault func(f *field)

	words  []string // what /healthz says of it: one of these, in small letters
	metric string   // a metric that changes by it
	steady string   // what /healthz says hardly again once the fault is over: a node does not waver
}

// form is what a row stands on.
type form struct {
	embedded    bool // one node on embedded defaults
	ownPostgres bool // the row breaks PostgreSQL
	tapped      bool // a Tap between node 0 and PostgreSQL
	bouncer     bool // node 1 reaches PostgreSQL through PgBouncer
	sentinel    bool
	cluster     bool
	sources     []string
}

// field is a site with what it stands on, for one row.
type field struct {
	*site
	rnd      *rand.Rand
	postgres *services.PostgresServer
	database *services.Database
	redis    *services.RedisServer
	sentinel *services.SentinelSet
	cluster  *services.ClusterSet
	store    []*services.Proxy // node i's way to PostgreSQL
	queue    []*services.Proxy // node i's way to Redis, where it has one address
	tap      *services.Tap

	from, to time.Time // of the fault
}

// recovery is how long nodes may take to be green again. The sample of make test shares
// the machine with all other tests, and waits longer.
const (
	recovery  = 10 * time.Second
	leisurely = time.Minute
)

// slowest is what a sender may wait while something else is broken.
const slowest = 1500 * time.Millisecond

func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, r := range slices.Concat(embeddedRows(), postgresRows(), redisRows(), nodeRows()) {
		if !r.quick && !chaos() && !*rows {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.play(t)
		})
	}
}

// play runs one row.
func (r *row) play(t *testing.T) {
	f := newField(t, r.form)
	f.begin(pick(100.0, 1000))
	f.from = time.Now()
	r.fault(f)
	if f.to.IsZero() {
		f.to = time.Now()
	}
	took, err := f.watch.greenAfter(f.to, pick(leisurely, recovery))
	if err != nil {
		t.Error(err)
	}
	got := f.settle()
	if err := f.watch.shown(f.from, f.to.Add(time.Second), r.words, r.metric); err != nil {
		t.Error(err)
	}
	if n := f.watch.relapses(f.to, r.steady); r.steady != "" && n > len(f.nodes) {
		t.Errorf("after the fault the nodes said %d times anew that something is wrong with %q", n, r.steady)
	}
	t.Logf("fault of %.1f s, green after %.1f s on a machine that takes %.1f times as long as alone; %d acknowledged, answers %v, p99 %v, slowest %v", f.to.Sub(f.from).Seconds(), took.Seconds(), f.watch.stretch(f.from),
		got.Acked, got.Codes, got.Latency.Quantile(.99).Round(time.Microsecond), got.Latency.Max().Round(time.Millisecond))
	if r.calm {
		f.calm(got)
	}
}

// calm checks that no sender noticed.
func (f *field) calm(got *load.Result) {
	f.Helper()
	for code, n := range got.Codes {
		if code/100 != 2 {
			f.Errorf("%d answers of status %d", n, code)
		}
	}
	if most := got.Latency.Max(); chaos() && most > slowest && f.watch.stretch(f.from) == 1 { // else it waited for somebody else
		f.Errorf("a sender waited %v", most)
	}
}

// lasting begins a fault, lets it last and ends it.
func (f *field) lasting(d time.Duration, begin, end func()) {
	f.Helper()
	f.from = time.Now()
	begin()
	f.wait(d)
	end()
	f.to = time.Now()
}

// random is a time up to d.
func (f *field) random(d time.Duration) time.Duration { return time.Duration(f.rnd.Int64N(int64(d))) }

// newField starts what a row stands on: two nodes over PostgreSQL and Redis, each
// with ways of its own to both, or one embedded node.
func newField(t *testing.T, form form) *field {
	t.Helper()
	random := *seed
	if random == 0 {
		random = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", random)
	f := &field{rnd: rand.New(rand.NewPCG(random, 0))}
	if form.embedded {
		f.site = newSite(t, 1, func(int) []string { return nil }, form.sources...)
		return f
	}
	f.serve(t, form)
	f.site = newSite(t, 2, func(i int) []string { return f.options(t, i, form) }, form.sources...)
	return f
}

// serve starts the servers of a row.
func (f *field) serve(t *testing.T, form form) {
	t.Helper()
	if f.postgres = services.Postgres(t); form.ownPostgres {
		f.postgres = services.NewPostgres(t)
	}
	f.database = f.postgres.Database(t)
	switch {
	case form.sentinel:
		f.sentinel = services.NewSentinel(t)
	case form.cluster:
		f.cluster = services.NewCluster(t)
	default:
		f.redis = services.NewRedis(t)
	}
}

// options are how node i reaches the servers.
func (f *field) options(t *testing.T, i int, form form) []string {
	t.Helper()
	dsn, url := f.database.DSN(), ""
	more := []string{}
	switch {
	case form.tapped && i == 0:
		f.tap = services.NewTap(t, f.postgres.Addr())
		f.store, dsn = append(f.store, nil), f.tap.URL(t, dsn)
	case form.bouncer && i == 1:
		more = append(more, "--store-migrate", dsn)
		f.store, dsn = append(f.store, nil), f.database.Bouncer(t)
	default:
		p := services.NewProxy(t, f.postgres.Addr())
		f.store, dsn = append(f.store, p), p.URL(t, dsn)
	}
	switch {
	case form.sentinel:
		url = f.sentinel.URL()
	case form.cluster:
		url = f.cluster.URL()
	default:
		p := services.NewProxy(t, f.redis.Addr())
		f.queue, url = append(f.queue, p), p.URL(t, f.redis.URL())
	}
	return append(more, "--store", dsn, "--redis", url)
}
