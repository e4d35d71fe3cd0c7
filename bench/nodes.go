package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"leadgate/bench/proc"
)

// nodesMode measures the form of several nodes: the way from a post to a committed
// lead, and the price of a durable accept, with PostgreSQL, Redis, the nodes and the
// generator all on this machine.
type nodesMode struct {
	e2eMode
	servers servers
	counts  string
	accept  acceptMode
	top     int
}

func (m *nodesMode) flags(fs *flag.FlagSet) {
	m.e2eMode.flags(fs)
	m.servers.flags(fs)
	fs.StringVar(&m.counts, "nodes", "1,2,4", "how many nodes, one cluster after the other")
	fs.IntVar(&m.top, "statements", 0, "say which statements of PostgreSQL took the most of the full load, so many of them")
	fs.IntVar(&m.accept.pairs, "pairs", 5, "rounds of the bare handler and one node in turn; 0 leaves that out")
	fs.DurationVar(&m.accept.leg, "leg", 3*time.Second, "how long one of the two is measured at a time")
	fs.Float64Var(&m.accept.rate, "accept-rate", 10_000, "inquiries a second of the open load that the tail of accept is taken from")
}

func (m *nodesMode) shared() *servers { return &m.servers }

// clusters reads how many nodes to start.
func (m *nodesMode) clusters() (list []int, err error) {
	for word := range strings.SplitSeq(m.counts, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 32 {
			return nil, fmt.Errorf("-nodes %q: numbers from 1 to 32 are needed, with commas between", m.counts)
		}
		list = append(list, n)
	}
	return list, nil
}

func (m *nodesMode) run(ctx context.Context, r *report) (err error) {
	list, err := m.clusters()
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
	for _, n := range list {
		label := fmt.Sprintf("%d nodes", n)
		if n == 1 {
			label = "1 node"
		}
		err := m.with(ctx, r, n, label, func(t *trial) error { return m.measure(ctx, t, "PostgreSQL and Redis", 10_000) })
		if err != nil {
			return err
		}
	}
	if m.accept.pairs == 0 {
		return nil
	}
	m.accept.conns, m.accept.openFor = m.conns, m.long
	return m.with(ctx, r, 1, "accept", func(t *trial) error { return m.accept.compare(ctx, t) })
}

// with runs something on a fresh cluster of n nodes.
func (m *nodesMode) with(ctx context.Context, r *report, n int, label string, what func(*trial) error) (err error) {
	sh, err := m.servers.fresh(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sh.drop()) }()
	t, err := m.cluster(ctx, r, strings.ReplaceAll(label, " ", "-"), m.conns, n, sh)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	t.label, t.statements = label, m.top
	if err := what(t); err != nil {
		return err
	}
	return t.stop()
}

// split is who has used the processors.
type split struct{ nodes, postgres, redis, bench time.Duration }

// split reads who has used the processors so far; of an embedded gateway there are no
// servers.
func (t *trial) split() (s split, err error) {
	if s.nodes, err = t.cpu(); err != nil {
		return s, err
	}
	if s.bench, err = proc.CPU(os.Getpid()); err != nil || t.shared == nil {
		return s, err
	}
	if s.postgres, err = proc.TreeCPU(t.shared.postmast); err != nil {
		return s, err
	}
	s.redis, err = proc.CPU(t.shared.redisPID)
	return s, err
}

// since is what was used after an earlier look.
func (s split) since(before split) split {
	return split{nodes: s.nodes - before.nodes, postgres: s.postgres - before.postgres, redis: s.redis - before.redis, bench: s.bench - before.bench}
}

// say prints a split for each of n leads, and how much of the machine it was.
func (s split) say(r *report, name string, n int64, took time.Duration) {
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
	all := s.nodes + s.postgres + s.redis + s.bench
	r.say("%s: processor time of a lead: leadgate %.0f µs, PostgreSQL %.0f, Redis %.0f, generator %.0f; together %.2f processors busy of %d",
		name, each(s.nodes), each(s.postgres), each(s.redis), each(s.bench), all.Seconds()/took.Seconds(), runtime.NumCPU())
	r.figure(name+", processor time of a lead", map[string]any{"leadgate_us": each(s.nodes), "postgres_us": each(s.postgres), "redis_us": each(s.redis), "generator_us": each(s.bench)})
}
