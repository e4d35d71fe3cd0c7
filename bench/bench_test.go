package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/bench/gateway"
	"leadgate/internal/services"
)

// TestMain makes this binary the bare server when accept starts it as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == bareName {
		main()
		return
	}
	os.Exit(m.Run())
}

// sample runs a mode and returns its report. A bar that is short is no fault here:
// a sample says nothing about speed. A broken promise is.
func sample(t *testing.T, args ...string) *report {
	t.Helper()
	var out, text bytes.Buffer
	err := run(t.Context(), append(args, "-json"), &out, &text)
	if err != nil && !errors.Is(err, errShort) {
		t.Fatalf("%v: %v\n%s", args, err, &text)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: no report: %v\n%s", args, err, &out)
	}
	for _, b := range r.Bars {
		if !strings.Contains(text.String(), b.String()) {
			t.Errorf("%v: bar %q is not in the text", args, b.Name)
		}
	}
	return &r
}

// bars holds a report's names against those that must be there.
func bars(t *testing.T, r *report, names ...string) {
	t.Helper()
	for _, name := range names {
		if !slices.ContainsFunc(r.Bars, func(b bar) bool { return strings.HasPrefix(b.Name, name) }) {
			t.Errorf("%s: there is no bar %q among %v", r.Mode, name, r.Bars)
		}
	}
}

// number finds a figure of a report, by the keys on the way to it.
func number(t *testing.T, r *report, keys ...string) float64 {
	t.Helper()
	var v any = r.Figures
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	n, ok := v.(float64)
	if !ok {
		t.Errorf("%s: no figure %v in %v", r.Mode, keys, r.Figures)
	}
	return n
}

// verified: a comparison was made, of something, and it found nothing wrong.
func verified(t *testing.T, r *report) {
	t.Helper()
	bars(t, r, "lost", "doubled", "mixed")
	acked, stored := number(t, r, "oracle", "acked"), number(t, r, "oracle", "stored")
	if acked < 1 || acked != stored || number(t, r, "oracle", "doubled") != 0 {
		t.Errorf("%s: %v acknowledged, %v stored", r.Mode, acked, stored)
	}
}

// TestSamples runs a little of each mode with a real gateway.
func TestSamples(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "leadgate")
	if err := gateway.Build(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]func(*testing.T, func(...string) *report){
		"load": loadSample(bin), "accept": acceptSample, "e2e": e2eSample, "raw": rawSample, "costs": costsSample, "start": startSample, "chaos": chaosSample,
		"nodes": nodesSample, "pgraw": pgRawSample, "queue": queueSample, "growth": growthSample,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			check(t, func(args ...string) *report {
				t.Helper()
				if name != "load" {
					args = append(args, "-bin", bin, "-dir", dir)
				}
				if _, ok := modes()[name].(onServers); ok {
					args = append(args, "-postgres", services.Postgres(t).DSN(), "-redis", services.NewRedis(t).URL())
				}
				return sample(t, append([]string{name}, args...)...)
			})
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%d files are left behind", len(left))
			}
		})
	}
}

// loadSample posts to a gateway of the test's, closed and open.
func loadSample(bin string) func(*testing.T, func(...string) *report) {
	return func(t *testing.T, run func(...string) *report) {
		p := &place{bin: bin, dir: t.TempDir()}
		g, err := p.gateway("g")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = g.Close() })
		if _, err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		acks := filepath.Join(p.dir, "acks")
		to := []string{"-url", g.Base + "/in/bar", "-bearer", g.Secret, "-api-token", g.Token, "-for", "300ms"}
		verified(t, run(append(to, "-acks", acks)...))
		r := run(append(to, "-rate", "200", "-run", "fixed")...)
		verified(t, r)
		if n := number(t, r, "oracle", "acked"); n != 60 {
			t.Errorf("%v acknowledged in 300 ms at 200/s", n)
		}
		if text, err := os.ReadFile(acks); err != nil || bytes.Count(text, []byte("\n")) == 0 {
			t.Errorf("acknowledged ids: %q, %v", text, err)
		}
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func acceptSample(t *testing.T, run func(...string) *report) {
	r := run("-pairs", "1", "-leg", "200ms", "-for", "500ms", "-rate", "300", "-conns", "8")
	verified(t, r)
	bars(t, r, "durable accept against the bare handler", "accept p99 at 300/s")
	for _, name := range []string{"bare", "leadgate"} {
		if number(t, r, name, "acked") < 1 || number(t, r, name, "cpu_us_per_request_until_done") < number(t, r, name, "cpu_us_per_request") {
			t.Errorf("%s: %v", name, r.Figures[name])
		}
	}
	if number(t, r, "oracle", "acked") < number(t, r, "leadgate", "acked")+150 {
		t.Error("the open load is not among what was compared")
	}
	if s, _ := r.Figures["file_system"].(string); s == "" {
		t.Error("the file system is not told")
	}
}

func e2eSample(t *testing.T, run func(...string) *report) {
	r := run("-for", "500ms", "-rate", "200", "-conns", "8", "-probes", "40")
	verified(t, r)
	bars(t, r, "post to committed lead", "post to committed p99 at 200/s", "post to committed p99 at half of the maximum", "memory idle", "memory under load")
	if n := number(t, r, "open at 200/s, committed", "followed"); n != 20 {
		t.Errorf("%v of 100 inquiries were followed, every fifth has to be", n)
	}
	if n := number(t, r, "open at 200/s, committed", "histogram_count"); n != 100 {
		t.Errorf("the gateway counts %v of 100", n)
	}
}

func rawSample(t *testing.T, run func(...string) *report) {
	r := run("-pairs", "2", "-for", "300ms", "-conns", "8")
	verified(t, r)
	bars(t, r, "end to end against raw inserts")
	for _, name := range []string{"raw 1", "raw 2"} {
		// A delivery, a person, a lead, an inquiry, the words; an e-mail address and
		// nearly always a phone number.
		leads, rows := number(t, r, name, "leads"), number(t, r, name, "rows")
		if leads < 1 || rows <= 6*leads || rows > 7*leads || number(t, r, name, "bytes") < 1000*leads {
			t.Errorf("%s: %v", name, r.Figures[name])
		}
	}
}

func costsSample(t *testing.T, run func(...string) *report) {
	r := run("-small", "200", "-large", "600", "-rate", "200", "-for", "500ms", "-conns", "8")
	verified(t, r)
	bars(t, r, "growth of the cost of a lead, CPU", "growth of the cost of a lead, bytes")
	if n := number(t, r, "oracle", "stored"); n < 700 {
		t.Errorf("%v leads, 600 were to be there before the last 100 came", n)
	}
}

func startSample(t *testing.T, run func(...string) *report) {
	r := run("-times", "1", "-backlog", "1", "-watch", "500ms")
	bars(t, r, "start to ready, empty", "memory idle", "start to ready over 1 MB of journal", "memory over the backlog", "leads out of the backlog")
}

func chaosSample(t *testing.T, run func(...string) *report) {
	r := run("-rounds", "2", "-rate", "200", "-conns", "8", "-again", "5", "-seed", "4")
	verified(t, r)
	bars(t, r, "receipts that changed", "inquiries never acknowledged")
	if number(t, r, "kills") < 2 {
		t.Error("nothing was killed")
	}
}

func nodesSample(t *testing.T, run func(...string) *report) {
	r := run("-nodes", "1,2", "-for", "500ms", "-rate", "100", "-conns", "8", "-pairs", "1", "-leg", "200ms", "-accept-rate", "200")
	verified(t, r)
	for _, label := range []string{"1 node: ", "2 nodes: "} {
		bars(t, r, label+"post to committed lead", label+"post to committed p99 at 100/s", label+"post to committed p99 at half of the maximum", label+"memory idle", label+"memory under load")
		if n := number(t, r, label+"open at 100/s, committed", "histogram_count"); n != 50 {
			t.Errorf("%sthe nodes count %v of 50", label, n)
		}
		if number(t, r, label+"full load, processor time of a lead", "postgres_us") <= 0 {
			t.Errorf("%sPostgreSQL used nothing", label)
		}
	}
	bars(t, r, "accept: durable accept against the bare handler", "accept: accept p99 at 200/s")
}

func pgRawSample(t *testing.T, run func(...string) *report) {
	r := run("-pairs", "1", "-for", "300ms", "-conns", "8")
	verified(t, r)
	bars(t, r, "end to end against raw inserts of the same rows in PostgreSQL")
	// A delivery, a person, a lead, an inquiry, a name; an e-mail address and nearly
	// always a phone number.
	leads, rows := number(t, r, "raw 1", "leads"), number(t, r, "raw 1", "rows")
	if leads < 1 || rows <= 6*leads || rows > 9*leads || number(t, r, "raw 1", "bytes") < 1000*leads {
		t.Errorf("%v", r.Figures["raw 1"])
	}
	if n := number(t, r, "raw 1", "tables", "deliveries"); n != leads {
		t.Errorf("%v deliveries of %v leads", n, leads)
	}
}

func queueSample(t *testing.T, run func(...string) *report) {
	r := run("-pairs", "1", "-n", "1000")
	if number(t, r, "round 1", "queue_per_second") <= 0 || number(t, r, "round 1", "raw_per_second") <= 0 {
		t.Errorf("%v", r.Figures["round 1"])
	}
}

func growthSample(t *testing.T, run func(...string) *report) {
	r := run("-people", "300,900", "-rate", "100", "-for", "500ms", "-conns", "8", "-lookups", "50")
	verified(t, r)
	bars(t, r, "exact identity look-up p99 at 900 people", "candidate set p99 at 900 people", "growth of the cost of a lead from 300 to 900 people")
	if n := number(t, r, "candidate set at 900", "count"); n != 50 {
		t.Errorf("%v look-ups of 50", n)
	}
}

// TestCrowdIsRemembered: of however many people some are remembered, from all over.
func TestCrowdIsRemembered(t *testing.T) {
	t.Parallel()
	c, err := newCrowd(3)
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	for c.n < 3*metMost {
		c.batch(crowdBatch)
	}
	if n := len(c.met); n < metMost/2 || n >= metMost {
		t.Errorf("%d are remembered", n)
	}
	late := 0
	for i := range c.met {
		if c.met[i].Inquiries[0].Key > "c0030000" {
			late++
		}
	}
	if share := float64(late) / float64(len(c.met)); share < .3 || share > .5 {
		t.Errorf("%.2f of them are of the last two fifths", share)
	}
}

// TestUsage: what cannot be run is refused with the reason.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"fly"}, {"load", "here"}, {"load", "-for", "x"}, {"load"}, {"load", "-verify=false", "-run", "NOT A NAME"}, {"accept", "-dir", "/nowhere/at/all"},
		{"nodes", "-postgres", "postgres://x", "-redis", "redis://x", "-nodes", "0"}, {"growth", "-postgres", "postgres://x", "-redis", "redis://x", "-people", "9,8"}} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out, &out); err == nil || errors.Is(err, errShort) {
			t.Errorf("%q: %v", args, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if err := run(ctx, []string{"start", "-dir", t.TempDir()}, &out, &out); err == nil {
		t.Error("a mode that was interrupted succeeds")
	}
}
