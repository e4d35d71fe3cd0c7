package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// loadOnly sends a load to a gateway that runs already.
func loadOnly(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	url, bearer := fs.String("url", "", "where to post"), fs.String("bearer", "", "secret of the source")
	conns, dur := fs.Int("conns", 64, "connections"), fs.Duration("for", 10*time.Second, "how long")
	rate, name := fs.Float64("rate", 0, "a second; 0 for as fast as answers come"), fs.String("run", "r1", "name of the run, its own for each")
	api, token := fs.String("api", "", "address of the API, to verify"), fs.String("token", "", "API token")
	if err := fs.Parse(args); err != nil {
		return err
	}
	people, err := load.NewPeople(*name)
	if err != nil {
		return err
	}
	posts, err := load.NewPoster(*url, *bearer, *conns)
	if err != nil {
		return err
	}
	defer posts.Close()
	acked := &load.Set{}
	r, err := load.Load{Send: posts.Send, People: people, Conns: *conns, For: *dur, Rate: *rate, Retry: true, Acked: acked}.Run(ctx)
	if err != nil {
		return err
	}
	show(out, "load", r)
	if *api == "" {
		return nil
	}
	a := &oracle.API{Base: *api, Token: *token}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		rep, err := oracle.Verify(ctx, a, people, acked)
		if err != nil {
			return err
		}
		if rep.OK() || time.Now().After(deadline) {
			fmt.Fprintln(out, rep)
			if !rep.OK() {
				return errors.New("acknowledged inquiries are not leads")
			}
			return nil
		}
	}
}

func show(out io.Writer, what string, r *load.Result) {
	fmt.Fprintf(out, "%-12s %8d acknowledged, %7.0f/s, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, codes %v\n", what, r.Acked, rps(r),
		ms(r.Latency.Quantile(.5)), ms(r.Latency.Quantile(.99)), ms(r.Latency.Quantile(.999)), r.Codes)
}

func rps(r *load.Result) float64 { return float64(r.Acked) / r.Took.Seconds() }

// measured is one turn of a load with what its server spent.
type measured struct {
	rps, cpu float64 // requests a second; microseconds of CPU a request
	p99      time.Duration
}

func turn(ctx context.Context, out io.Writer, what string, pid int, l load.Load) (measured, error) {
	before, err := proc.CPU(pid)
	if err != nil {
		return measured{}, err
	}
	r, err := l.Run(ctx)
	if err != nil {
		return measured{}, err
	}
	after, err := proc.CPU(pid)
	if err != nil {
		return measured{}, err
	}
	show(out, what, r)
	return measured{rps(r), float64((after - before).Microseconds()) / float64(max(r.Acked, 1)), r.Latency.Quantile(.99)}, nil
}

// accept measures durable accept against the bare handler in rounds of bare,
// gateway, gateway, bare. The backlog of a turn is worked off before the next one
// begins, so that neither side pays for it.
func accept(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("accept", flag.ContinueOnError)
	rounds, dur := fs.Int("pairs", 5, "rounds"), fs.Duration("for", 3*time.Second, "length of a turn")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return withGateway(ctx, func(g *gateway, dir string) error {
		child, bareposts, err := startBare(ctx)
		if err != nil {
			return err
		}
		defer child.Kill()
		if err := disk(out, dir); err != nil {
			return err
		}
		var total int64
		var ratios, cpuG, cpuB []float64
		for round := range *rounds {
			var got [2][]float64
			for n, side := range []int{0, 1, 1, 0} {
				people, err := load.NewPeople(fmt.Sprintf("a%dx%d", round, n))
				if err != nil {
					return err
				}
				l := load.Load{Send: bareposts.Send, People: people, Conns: 64, For: *dur}
				pid, name := child.PID(), "bare"
				if side == 1 {
					l.Send, pid, name = g.posts.Send, g.PID(), "gateway"
					l.Acked = &load.Set{}
				}
				m, err := turn(ctx, out, name, pid, l)
				if err != nil {
					return err
				}
				got[side] = append(got[side], m.rps)
				if side == 0 {
					cpuB = append(cpuB, m.cpu)
					continue
				}
				cpuG = append(cpuG, m.cpu)
				total += int64(m.rps * dur.Seconds() / 2) // well below what was sent; settled fully below
				if err := g.drained(ctx); err != nil {
					return err
				}
			}
			ratios = append(ratios, (got[1][0]+got[1][1])/(got[0][0]+got[0][1]))
		}
		people, err := load.NewPeople("tail")
		if err != nil {
			return err
		}
		tail, err := turn(ctx, out, "10,000/s", g.PID(), load.Load{Send: g.posts.Send, People: people, Conns: 256, For: *dur, Rate: 10_000})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "CPU a request: bare %.1f µs, gateway %.1f µs (with the work on its leads meanwhile)\n", median(cpuB), median(cpuG))
		bar(out, "durable accept / bare handler", median(ratios), 0.5, true, " ×")
		bar(out, "p99 of accept at 10,000/s", ms(tail.p99), 10, false, " ms")
		return nil
	})
}

// drained waits until the journal is worked off.
func (g *gateway) drained(ctx context.Context) error {
	for last, same := int64(-1), 0; same < 3; time.Sleep(300 * time.Millisecond) {
		s, err := g.api.Stats(ctx)
		if err != nil {
			return err
		}
		if s.Leads.Total == last {
			same++
		} else {
			last, same = s.Leads.Total, 0
		}
	}
	return nil
}

func disk(out io.Writer, dir string) error {
	kind, err := proc.FileSystem(dir)
	if err != nil {
		return err
	}
	h, err := proc.SyncTimes(dir, 200)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "disk: %s, a synced append of 1 KB takes p50 %.2f ms, p99 %.2f ms\n", kind, ms(h.Quantile(.5)), ms(h.Quantile(.99)))
	return nil
}

func withGateway(ctx context.Context, use func(*gateway, string) error) (err error) {
	dir, err := os.MkdirTemp("", "leadgate-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	exe, err := build(ctx, dir)
	if err != nil {
		return err
	}
	g, err := startGateway(ctx, exe, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	return use(g, dir)
}

// endToEnd measures from post to committed lead.
func endToEnd(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("e2e", flag.ContinueOnError)
	dur := fs.Duration("for", 10*time.Second, "length of each load")
	if err := fs.Parse(args); err != nil {
		return err
	}
	return withGateway(ctx, func(g *gateway, dir string) error {
		if err := disk(out, dir); err != nil {
			return err
		}
		idle, err := proc.RSSAnon(g.PID())
		if err != nil {
			return err
		}
		watch := proc.WatchMemory(g.PID())
		people, err := load.NewPeople("most")
		if err != nil {
			return err
		}
		acked := &load.Set{}
		r, err := load.Load{Send: g.posts.Send, People: people, Conns: 64, For: *dur, Acked: acked}.Run(ctx)
		if err != nil {
			return err
		}
		show(out, "most", r)
		took, err := g.settle(ctx, r.Acked)
		if err != nil {
			return err
		}
		most := float64(r.Acked) / (r.Took + took).Seconds()
		peak, _ := watch.Stop()
		rep, err := oracle.Verify(ctx, &g.api, people, acked)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, rep)
		total := r.Acked
		var tails []float64
		for i, rate := range []float64{1000, most / 2} {
			p99, n, err := g.stored(ctx, out, fmt.Sprintf("rate%d", i), rate, *dur, total)
			if err != nil {
				return err
			}
			tails, total = append(tails, p99), n
		}
		bar(out, "committed leads a second", most, 5000, true, "/s")
		bar(out, "post to committed, p99 at 1,000/s", tails[0], 20, false, " ms")
		bar(out, "post to committed, p99 at half of the most", tails[1], 50, false, " ms")
		bar(out, "memory idle", float64(idle)/(1<<20), 60, false, " MB")
		bar(out, "memory under full load", float64(peak)/(1<<20), 300, false, " MB")
		return nil
	})
}

// stored sends at a rate and reads post-to-committed off the gateway's own histogram.
func (g *gateway) stored(ctx context.Context, out io.Writer, name string, rate float64, dur time.Duration, had int64) (p99 float64, total int64, err error) {
	people, err := load.NewPeople(name)
	if err != nil {
		return 0, 0, err
	}
	before, err := g.api.Histogram(ctx, "leadgate_stored_seconds")
	if err != nil {
		return 0, 0, err
	}
	r, err := load.Load{Send: g.posts.Send, People: people, Conns: 64, For: dur, Rate: rate}.Run(ctx)
	if err != nil {
		return 0, 0, err
	}
	show(out, fmt.Sprintf("%.0f/s", rate), r)
	if _, err := g.settle(ctx, had+r.Acked); err != nil {
		return 0, 0, err
	}
	after, err := g.api.Histogram(ctx, "leadgate_stored_seconds")
	if err != nil {
		return 0, 0, err
	}
	b, err := after.Since(before)
	if err != nil {
		return 0, 0, err
	}
	p50, _, _ := b.Quantile(.5)
	p99, low, high := b.Quantile(.99)
	fmt.Fprintf(out, "             post to committed: p50 %.1f ms, p99 %.1f ms (between %.1f and %.1f), by the gateway's histogram\n", p50*1000, p99*1000, low*1000, high*1000)
	return p99 * 1000, had + r.Acked, nil
}

// starts measures start to ready, with nothing and with a journal of 1 GB.
func starts(ctx context.Context, _ []string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "leadgate-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	exe, err := build(ctx, dir)
	if err != nil {
		return err
	}
	var empty []float64
	for i := range 5 {
		g, err := startGateway(ctx, exe, filepath.Join(dir, fmt.Sprint("empty", i)))
		if err != nil {
			return err
		}
		empty = append(empty, g.took.Seconds())
		if err := g.stop(); err != nil {
			return err
		}
	}
	data := filepath.Join(dir, "full")
	n, err := fill(data)
	if err != nil {
		return err
	}
	g, err := startGateway(ctx, exe, data)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "journal of 1 GB: %d entries, ready after %.3f s\n", n, g.took.Seconds())
	bar(out, "start to ready, empty", median(empty), 0.5, false, " s")
	bar(out, "start to ready, 1 GB of journal", g.took.Seconds(), 2, false, " s")
	return g.Kill()
}

// fill makes a journal of 1 GB of deliveries.
func fill(data string) (n int, err error) {
	j, err := journal.Open(journal.Options{Dir: filepath.Join(data, "journal")})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	people, err := load.NewPeople("full")
	if err != nil {
		return 0, err
	}
	errs := make(chan error, 64)
	const each = 1 << 30 / 64 / (48 << 10)
	for w := range 64 {
		go func() {
			for i := range each {
				d := lead.Delivery{Source: "bar", At: time.Now(), Method: "POST", Header: lead.Header{{Name: "Content-Type", Value: "application/json"}}}
				d.ID = lead.DeriveID("full", fmt.Sprint(w, "-", i))
				d.Body = append(people.Append(nil, int64(w*each+i)), make([]byte, 47<<10)...)
				raw, err := d.AppendBinary(nil)
				if err == nil {
					err = j.Append(context.Background(), d.ID, raw)
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 64 {
		err = errors.Join(err, <-errs)
	}
	return 64 * each, err
}
