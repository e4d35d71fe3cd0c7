package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
)

// chaosMode kills a gateway again and again under load. Senders repeat what was not
// acknowledged, as providers do, and some of what was.
type chaosMode struct {
	place
	rounds, conns int
	rate          float64
	again         int
	seed          uint64
}

func (m *chaosMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	fs.IntVar(&m.rounds, "rounds", 50, "kills")
	fs.IntVar(&m.conns, "conns", 32, "connections")
	fs.Float64Var(&m.rate, "rate", 2000, "new inquiries a second")
	fs.IntVar(&m.again, "again", 20, "every n-th acknowledged inquiry is sent once more; 0 for none")
	fs.Uint64Var(&m.seed, "seed", uint64(time.Now().UnixNano()), "of the random times")
}

// earlyKill is how often the process is killed while it still starts: one of so many.
const earlyKill = 8

func (m *chaosMode) run(ctx context.Context, r *report) (err error) {
	done, err := m.open(ctx, r)
	if err != nil {
		return err
	}
	defer done()
	g, err := m.gateway("chaos")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if g.Listen, err = gateway.FreePort(); err != nil { // senders must find it again
		return err
	}
	g.More = []string{"--segment-size", "4MB"} // so that kills meet the change of segments too
	if _, err := g.Start(ctx); err != nil {
		return err
	}
	people, err := load.NewPeople(newRun())
	if err != nil {
		return err
	}
	var acked load.Set
	got, err := m.storm(ctx, r, g, people, &acked)
	if err != nil {
		return err
	}
	sayLoad(r, "senders", got)
	if err := m.settle(ctx, r, g, acked.Len()); err != nil {
		return err
	}
	if err := verify(ctx, r, &g.API, people, &acked); err != nil {
		return err
	}
	r.none("receipts that changed", got.Unlike)
	r.none("inquiries never acknowledged", got.Unsettled)
	return g.Stop()
}

// settle waits until what was acknowledged is stored. What died in a worker's
// hands twice, alone, is parked: that is the promise of the guard, whoever killed
// it, and an operator replays it, as is done here.
func (m *chaosMode) settle(ctx context.Context, r *report, g *gateway.Gateway, want int64) error {
	s, err := oracle.Settle(ctx, &g.API, want, 100*time.Millisecond, patience)
	if err != nil {
		return err
	}
	r.say("settled: %d leads, %d deliveries, %d parked, %d in quarantine", s.Stats.Leads.Total, s.Stats.Deliveries, s.Stats.Parked, s.Stats.Quarantine)
	r.figure("parked", s.Stats.Parked)
	if s.Stats.Parked == 0 {
		return nil
	}
	n, err := g.ReplayParked(ctx)
	r.say("replayed: %d of them", n)
	return err
}

// storm kills and restarts while the senders send, and returns what they saw once
// the last start has answered all of them.
func (m *chaosMode) storm(ctx context.Context, r *report, g *gateway.Gateway, people load.People, acked *load.Set) (*load.Result, error) {
	poster, err := g.Poster(m.conns)
	if err != nil {
		return nil, err
	}
	defer poster.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	type outcome struct {
		r   *load.Result
		err error
	}
	sent := make(chan outcome, 1)
	l := load.Load{Send: poster.Send, People: people, Conns: m.conns, For: time.Duration(m.rounds+1) * (gateway.ReadyTime + 5*time.Second), Rate: m.rate,
		Retry: true, Again: m.again, Stop: stop, Acked: acked}
	go func() { // ends with ctx at the latest
		res, err := l.Run(ctx)
		sent <- outcome{res, err}
	}()
	err = m.kills(ctx, r, g)
	close(stop)
	if err != nil {
		cancel()
	}
	late := time.AfterFunc(gateway.ReadyTime, cancel) // a gateway that answers nobody ends it too
	defer late.Stop()
	o := <-sent
	return o.r, errors.Join(err, o.err)
}

func (m *chaosMode) kills(ctx context.Context, r *report, g *gateway.Gateway) error {
	rnd := rand.New(rand.NewPCG(m.seed, 0))
	var slowest time.Duration
	early := 0
	for i := range m.rounds {
		if err := wait(ctx, 500*time.Millisecond+time.Duration(rnd.Int64N(int64(1500*time.Millisecond)))); err != nil {
			return err
		}
		if err := g.Kill(); err != nil {
			return err
		}
		if rnd.IntN(earlyKill) == 0 {
			early++
			if err := m.killEarly(ctx, g, time.Duration(rnd.Int64N(int64(150*time.Millisecond)))); err != nil {
				return err
			}
		}
		took, err := g.Start(ctx)
		if err != nil {
			return fmt.Errorf("after kill %d: %w", i+1, err)
		}
		slowest = max(slowest, took)
	}
	r.say("chaos: %d kills under load and %d while starting (seed %d); slowest restart to ready %.3f s", m.rounds, early, m.seed, slowest.Seconds())
	r.figure("kills", m.rounds+early)
	r.figure("slowest_restart_s", slowest.Seconds())
	return nil
}

// killEarly starts the gateway and kills it before it can know what hit it.
func (m *chaosMode) killEarly(ctx context.Context, g *gateway.Gateway, after time.Duration) error {
	if err := g.Launch(); err != nil {
		return err
	}
	if err := wait(ctx, after); err != nil {
		return err
	}
	return g.Kill()
}
