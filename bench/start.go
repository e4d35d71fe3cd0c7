package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/proc"
	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// startMode measures the time from exec to ready.
type startMode struct {
	place
	times   int
	backlog int64 // megabytes
	watch   time.Duration
}

func (m *startMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.IntVar(&m.times, "times", 5, "starts over an empty folder")
	fs.Int64Var(&m.backlog, "backlog", 1024, "megabytes of journal to start over; 0 leaves that out")
	fs.DurationVar(&m.watch, "watch", 3*time.Second, "how long a gateway over a backlog runs, and its memory is looked at")
}

// backlogStarts is how often a backlog is started over; every start is killed
// before it has worked off much of it.
const backlogStarts = 3

func (m *startMode) run(ctx context.Context, r *report) error {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	if err := m.empty(ctx, r); err != nil {
		return err
	}
	if m.backlog <= 0 {
		return nil
	}
	return m.full(ctx, r)
}

// empty starts over fresh folders and looks at the memory of an idle gateway.
func (m *startMode) empty(ctx context.Context, r *report) error {
	var took []float64
	var idle int64
	for i := range m.times {
		t, rss, err := m.once(ctx, i)
		if err != nil {
			return err
		}
		took, idle = append(took, t.Seconds()), max(idle, rss)
	}
	r.say("empty: ready after %.3f s (median of %.3f), idle at %.1f MB RssAnon (most of them)", median(took), took, megabytes(idle))
	r.figure("empty_s", took)
	r.atMost("start to ready, empty", median(took), "s", 0.5)
	r.atMost("memory idle", megabytes(idle), "MB RssAnon", 60)
	return nil
}

func (m *startMode) once(ctx context.Context, i int) (took time.Duration, rss int64, err error) {
	g, err := m.gateway(fmt.Sprintf("empty-%d", i))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if took, err = g.Start(ctx); err != nil {
		return 0, 0, err
	}
	if err := wait(ctx, time.Second); err != nil {
		return 0, 0, err
	}
	if rss, err = proc.RSSAnon(g.PID()); err != nil {
		return 0, 0, err
	}
	return took, rss, g.Stop()
}

// full starts over a journal that holds much that the store does not know.
func (m *startMode) full(ctx context.Context, r *report) (err error) {
	g, err := m.gateway("backlog")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	began := time.Now()
	n, err := fill(ctx, filepath.Join(g.Data(), "journal"), m.backlog<<20)
	if err != nil {
		return err
	}
	r.say("backlog: %d deliveries, %d MB, written in %.1f s (they are in the page cache)", n, m.backlog, time.Since(began).Seconds())
	var took []float64
	var most, leads int64
	for range backlogStarts {
		t, err := g.Start(ctx)
		if err != nil {
			return err
		}
		took = append(took, t.Seconds())
		w := proc.WatchMemory(g.PID())
		err = wait(ctx, m.watch)
		peak, _ := w.Stop()
		s, errStats := g.Stats(ctx)
		if err := errors.Join(err, errStats, g.Kill()); err != nil {
			return err
		}
		most, leads = max(most, peak), s.Leads.Total
	}
	r.say("backlog: ready after %.3f s (median of %.3f); at most %.0f MB RssAnon in the %v after it; %d leads so far", median(took), took, megabytes(most), m.watch, leads)
	r.figure("backlog_s", took)
	r.atMost(fmt.Sprintf("start to ready over %d MB of journal", m.backlog), median(took), "s", 2)
	r.atMost("memory over the backlog", megabytes(most), "MB RssAnon", 300)
	r.atLeast("leads out of the backlog", float64(leads), "", 1)
	return nil
}

// fill appends deliveries as the gateway would have until that many bytes are
// there, and returns how many there are.
func fill(ctx context.Context, dir string, bytes int64) (n int64, err error) {
	j, err := journal.Open(journal.Options{Dir: dir, Quota: 1 << 40})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	people, err := load.NewPeople(newRun())
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, written, kept atomic.Int64
	var wg sync.WaitGroup
	for range 256 { // they share syncs
		wg.Go(func() {
			var buf []byte
			for written.Load() < bytes && ctx.Err() == nil {
				d := delivery(people, next.Add(1))
				buf, _ = d.AppendBinary(buf[:0]) // never fails, says its comment
				if err := j.Append(ctx, d.ID, buf); err != nil {
					cancel(err)
					return
				}
				written.Add(int64(len(buf)))
				kept.Add(1)
			}
		})
	}
	wg.Wait()
	return kept.Load(), context.Cause(ctx)
}

// delivery is inquiry n as the gateway keeps it when it is posted.
func delivery(p load.People, n int64) lead.Delivery {
	key := p.ID(n)
	return lead.Delivery{ID: lead.DeriveID("bar", key), Source: "bar", Key: key, At: time.Now().UTC().Truncate(time.Microsecond), Method: "POST", Peer: "127.0.0.1",
		Header: lead.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "Go-http-client/1.1"}}, Body: p.Append(nil, n)}
}
