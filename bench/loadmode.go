package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
)

// loadMode posts to a gateway that runs already, wherever it is.
type loadMode struct {
	url, bearer, name string
	conns             int
	long              time.Duration
	rate              float64
	retry, verify     bool
	token, acks       string
}

func (m *loadMode) flags(fs *flag.FlagSet) {
	fs.StringVar(&m.url, "url", "http://127.0.0.1:8080/in/bar", "where to post")
	fs.StringVar(&m.bearer, "bearer", "", "secret of the source")
	fs.IntVar(&m.conns, "conns", 64, "connections")
	fs.DurationVar(&m.long, "for", 10*time.Second, "how long inquiries leave")
	fs.Float64Var(&m.rate, "rate", 0, "inquiries a second, latency from the intended time; 0 sends the next when the last was answered")
	fs.StringVar(&m.name, "run", "", "name of the run, a-z and digits; no two runs of one gateway may share it")
	fs.BoolVar(&m.retry, "retry", false, "send an inquiry again until it is acknowledged")
	fs.BoolVar(&m.verify, "verify", true, "page through the API afterwards and compare")
	fs.StringVar(&m.token, "api-token", "", "token of the API")
	fs.StringVar(&m.acks, "acks", "", "file to write the acknowledged ids to")
}

func (m *loadMode) run(ctx context.Context, r *report) error {
	if m.verify && m.token == "" {
		return errors.New("comparing with the API needs -api-token; -verify=false leaves it out")
	}
	if m.name == "" {
		m.name = newRun()
	}
	people, err := load.NewPeople(m.name)
	if err != nil {
		return err
	}
	poster, err := load.NewPoster(m.url, m.bearer, m.conns)
	if err != nil {
		return err
	}
	defer poster.Close()
	api, before, err := m.api(ctx)
	if err != nil {
		return err
	}
	var acked load.Set
	got, err := load.Load{Send: poster.Send, People: people, Conns: m.conns, For: m.long, Rate: m.rate, Retry: m.retry, Acked: &acked}.Run(ctx)
	if err != nil {
		return err
	}
	sayLoad(r, "run "+m.name, got)
	if err := writeAcks(m.acks, people, &acked); err != nil {
		return err
	}
	r.atLeast("acknowledged", float64(got.Acked), "", 1)
	if api == nil {
		return nil
	}
	if _, err := oracle.Settle(ctx, api, before+got.Acked, 100*time.Millisecond, patience); err != nil {
		return err
	}
	return verify(ctx, r, api, people, &acked)
}

// api returns the gateway's API and how many leads it has, or nil when nothing is
// to be verified.
func (m *loadMode) api(ctx context.Context) (*oracle.API, int64, error) {
	if !m.verify {
		return nil, 0, nil
	}
	u, err := url.Parse(m.url)
	if err != nil {
		return nil, 0, fmt.Errorf("reading address: %w", err)
	}
	api := &oracle.API{Base: u.Scheme + "://" + u.Host, Token: m.token}
	s, err := api.Stats(ctx)
	return api, s.Leads.Total, err
}

// verify compares and says so, as bars that must hold.
func verify(ctx context.Context, r *report, api *oracle.API, people load.People, acked *load.Set) error {
	v, err := oracle.Verify(ctx, api, people, acked)
	if err != nil {
		return err
	}
	r.say("oracle: %s", v)
	r.figure("oracle", v)
	r.none("lost", v.Lost)
	r.none("doubled", v.Doubled)
	r.none("mixed", v.Mixed)
	if v.Acked == 0 {
		return errors.New("nothing was acknowledged: there is nothing to compare")
	}
	return nil
}

// sayLoad prints what a load saw.
func sayLoad(r *report, name string, got *load.Result) {
	r.say("%s: %d acknowledged in %.1f s = %.0f/s, %d bytes each; p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, most %.0f ms; answers %v, %d not settled, %d not sent",
		name, got.Acked, got.Took.Seconds(), got.PerSecond(), got.Sent/max(got.Acked, 1), millis(got.Latency.Quantile(.5)), millis(got.Latency.Quantile(.99)),
		millis(got.Latency.Quantile(.999)), millis(got.Latency.Max()), got.Codes, got.Unsettled, got.Unsent)
	r.figure(name, map[string]any{"acked": got.Acked, "seconds": got.Took.Seconds(), "per_second": got.PerSecond(), "p50_ms": millis(got.Latency.Quantile(.5)),
		"p99_ms": millis(got.Latency.Quantile(.99)), "p999_ms": millis(got.Latency.Quantile(.999)), "codes": got.Codes, "unsettled": got.Unsettled, "unsent": got.Unsent})
}

func writeAcks(path string, people load.People, acked *load.Set) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing acknowledged ids: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for n := range acked.All() {
		fmt.Fprintln(w, people.ID(n))
	}
	return w.Flush()
}
