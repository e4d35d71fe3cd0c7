package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

// place is where a mode keeps what it makes, and which gateway it runs.
type place struct {
	parent string // folder to make ours in
	bin    string // of the gateway; built when empty
	dir    string // ours
}

func (p *place) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.parent, "dir", os.TempDir(), "folder to work in; it should be on a real disk")
	fs.StringVar(&p.bin, "bin", "", "gateway to run; without it ./cmd/leadgate is built")
}

// open makes the folder, builds the gateway and says what the disk is like. The
// returned function removes everything.
func (p *place) open(ctx context.Context, r *report) (func(), error) {
	done, err := p.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := p.describe(r); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// prepare is open without a word about the disk.
func (p *place) prepare(ctx context.Context, r *report) (func(), error) {
	dir, err := os.MkdirTemp(p.parent, "leadgate-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	p.dir = dir
	done := func() {
		if err := os.RemoveAll(dir); err != nil {
			r.say("%s stays: %v", dir, err)
		}
	}
	if p.bin == "" {
		p.bin = filepath.Join(dir, "leadgate")
		err = build(ctx, p.bin)
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// build builds the gateway of the module we stand in, as it is shipped.
func build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, "leadgate/cmd/leadgate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the gateway: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (p *place) describe(r *report) error {
	kind, err := proc.FileSystem(p.dir)
	if err != nil {
		return err
	}
	syncs, err := proc.SyncTimes(p.dir, 200)
	if err != nil {
		return err
	}
	r.say("disk: %s, append of 1 KB and fsync p50 %.2f ms, p99 %.2f ms", kind, millis(syncs.Quantile(.5)), millis(syncs.Quantile(.99)))
	r.figure("file_system", kind)
	r.figure("fsync_p50_ms", millis(syncs.Quantile(.5)))
	r.figure("fsync_p99_ms", millis(syncs.Quantile(.99)))
	if kind == "tmpfs" || kind == "ramfs" {
		r.say("disk: this is memory; figures of a durable accept mean nothing here")
	}
	return nil
}

// gateway is a leadgate of ours over a folder of its own.
type gateway struct {
	bin, dir string
	listen   string
	more     []string // options beside those every gateway here gets
	secret   string   // of its source
	oracle.API
	log   *os.File
	child *proc.Child // nil when it does not run
}

const config = `sources:
  - {name: bar, connector: webhook, preset: generic, auth: bearer, secret: %q}
`

// gateway prepares one; start starts it. close has to be called in any case.
func (p *place) gateway(name string) (*gateway, error) {
	g := &gateway{bin: p.bin, dir: filepath.Join(p.dir, name), listen: "127.0.0.1:0", secret: rand.Text(), API: oracle.API{Token: rand.Text()}}
	err := os.MkdirAll(g.data(), 0o700)
	if err == nil {
		err = os.WriteFile(g.path("leadgate.yaml"), fmt.Appendf(nil, config, g.secret), 0o600)
	}
	if err == nil {
		g.log, err = os.OpenFile(g.path("log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("preparing a gateway: %w", err)
	}
	return g, nil
}

func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }
func (g *gateway) data() string            { return g.path("data") }
func (g *gateway) pid() int                { return g.child.PID() }

// launch starts the process and waits for nothing.
func (g *gateway) launch() error {
	if err := os.Remove(filepath.Join(g.data(), "run.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	args := append([]string{"serve", "--config", g.path("leadgate.yaml"), "--data", g.data(), "--listen", g.listen, "--log-level", "warn"}, g.more...)
	var err error
	g.child, err = proc.Start(g.bin, args, []string{"LEADGATE_API_TOKEN=" + g.Token}, g.log)
	return err
}

// readyTime is how long a start may take before it is given up.
const readyTime = time.Minute

// start starts the gateway and returns how long it took until it was ready to
// keep deliveries, asked every millisecond.
func (g *gateway) start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := g.launch(); err != nil {
		return 0, err
	}
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for {
		if g.find() && g.Ready(ctx) == nil {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-g.child.Done():
			return 0, fmt.Errorf("the gateway ended by itself: %s", g.lastWords())
		case <-t.C:
		}
		if time.Since(began) > readyTime {
			return 0, fmt.Errorf("the gateway was not ready after %v: %s", readyTime, g.lastWords())
		}
	}
}

// find reads the address of a gateway that listens.
func (g *gateway) find() bool {
	body, err := os.ReadFile(filepath.Join(g.data(), "run.json"))
	var run struct{ Address string }
	if err != nil || json.Unmarshal(body, &run) != nil {
		return false
	}
	g.Base = run.Address
	return run.Address != ""
}

// lastWords is the end of the gateway's log.
func (g *gateway) lastWords() string {
	body, err := os.ReadFile(g.path("log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(body[max(0, len(body)-600):]))
}

// kill ends the gateway as a crash would.
func (g *gateway) kill() error {
	if g.child == nil {
		return nil
	}
	err := g.child.Kill()
	g.child = nil
	return err
}

// stop ends it as an operator would.
func (g *gateway) stop() error {
	if g.child == nil {
		return nil
	}
	err := g.child.Stop()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, g.lastWords())
	}
	g.child = nil
	return err
}

// close ends what still runs.
func (g *gateway) close() error { return errors.Join(g.kill(), g.log.Close()) }

// poster posts to the gateway's source.
func (g *gateway) poster(conns int) (*load.Poster, error) {
	return load.NewPoster(g.Base+"/in/bar", g.secret, conns)
}

// patience is how long a store may show no progress before it is taken as it is.
const patience = 10 * time.Second

// What counts as quiet: a server that used no more than that much of a processor
// in that long.
const (
	quietSpan  = 250 * time.Millisecond
	quietCPU   = 20 * time.Millisecond
	quietAtEnd = 2 * time.Minute // all of it has to be done by then
)

// quiet waits until want leads are there or the store stands still, no job waits
// and the process rests: until nothing it was given before costs anything any more.
func (g *gateway) quiet(ctx context.Context, want int64) (oracle.Settled, error) {
	s, err := oracle.Settle(ctx, &g.API, want, 20*time.Millisecond, patience)
	for began := time.Now(); err == nil; {
		var stats oracle.Stats
		if stats, err = g.Stats(ctx); err != nil {
			return s, err
		}
		before, errBefore := proc.CPU(g.pid())
		errWait := wait(ctx, quietSpan)
		after, errAfter := proc.CPU(g.pid())
		if err = errors.Join(errBefore, errWait, errAfter); err != nil {
			return s, err
		}
		if stats.Left() == 0 && after-before <= quietCPU {
			return s, nil
		}
		if time.Since(began) > quietAtEnd {
			return s, fmt.Errorf("the gateway does not come to rest: %d leads and jobs wait, %v of processor time in %v", stats.Left(), after-before, quietSpan)
		}
	}
	return s, err
}

// wait waits, or returns why not.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// freePort returns a loopback address nobody listens on now, and below the ports a
// system gives to whoever connects: nobody takes it while its server is dead.
func freePort() (string, error) {
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+mathrand.IntN(18_000)))
		if err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", errors.New("finding a port: none of a hundred is free")
}

// newRun is a name of a run that no other has.
func newRun() string { return strings.ToLower(rand.Text()[:10]) }
