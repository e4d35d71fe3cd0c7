// Package gateway runs a leadgate as it is shipped, in a process and over a folder
// of its own, with one source «bar» that takes posts with a bearer token.
package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

// Build builds the gateway of the module we stand in, as it is shipped.
func Build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", to, "leadgate/cmd/leadgate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the gateway: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// Gateway is a leadgate over a folder of its own.
type Gateway struct {
	Listen  string   // address to listen on; New says any
	More    []string // options beside those every gateway here gets
	Env     []string // environment beside this process's own, as NAME=value
	Secret  string   // of its source bar
	Sources []string // more sources, each a mapping in YAML as it stands behind a dash
	oracle.API
	bin, dir string
	log      *os.File
	child    *proc.Child // nil when it does not run
}

const config = `sources:
  - {name: bar, connector: webhook, preset: generic, auth: bearer, secret: %q}
`

// New prepares a program at bin over a folder; Start starts it. Close has to be
// called in any case.
func New(bin, dir string) (*Gateway, error) {
	g := &Gateway{bin: bin, dir: dir, Listen: "127.0.0.1:0", Secret: rand.Text(), API: oracle.API{Token: rand.Text()}}
	err := os.MkdirAll(g.Data(), 0o700)
	if err == nil {
		g.log, err = os.OpenFile(g.Path("log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("preparing a gateway: %w", err)
	}
	return g, nil
}

// Path is a file in the gateway's folder, which holds its data, its configuration
// and its log.
func (g *Gateway) Path(name string) string { return filepath.Join(g.dir, name) }

// Data is the gateway's data folder.
func (g *Gateway) Data() string { return g.Path("data") }

// Running reports whether it was started and not ended by us.
func (g *Gateway) Running() bool { return g.child != nil }

// PID is the id of the running process.
func (g *Gateway) PID() int { return g.child.PID() }

// Signal sends the running process a signal.
func (g *Gateway) Signal(sig syscall.Signal) error { return syscall.Kill(g.PID(), sig) }

// Launch starts the process and waits for nothing.
func (g *Gateway) Launch() error {
	if err := os.Remove(filepath.Join(g.Data(), "run.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	if err := g.configure(); err != nil {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	args := append([]string{"serve", "--config", g.Path("leadgate.yaml"), "--data", g.Data(), "--listen", g.Listen, "--log-level", "warn"}, g.More...)
	var err error
	g.child, err = proc.Start(g.bin, args, append([]string{"LEADGATE_API_TOKEN=" + g.Token}, g.Env...), g.log)
	return err
}

// configure writes the configuration file.
func (g *Gateway) configure() error {
	text := fmt.Appendf(nil, config, g.Secret)
	for _, more := range g.Sources {
		text = fmt.Appendf(text, "  - %s\n", more)
	}
	return os.WriteFile(g.Path("leadgate.yaml"), text, 0o600)
}

// Command runs another subcommand with the options this gateway is started with, and
// returns what it said.
func (g *Gateway) Command(ctx context.Context, args ...string) (string, error) {
	if err := g.configure(); err != nil {
		return "", fmt.Errorf("running %s: %w", args[0], err)
	}
	args = slices.Concat(args, []string{"--config", g.Path("leadgate.yaml"), "--data", g.Data(), "--log-level", "warn"}, g.More)
	cmd := exec.CommandContext(ctx, g.bin, args...)
	cmd.Env = slices.Concat(os.Environ(), []string{"LEADGATE_API_TOKEN=" + g.Token}, g.Env)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ReadyTime is how long a start may take before it is given up.
const ReadyTime = time.Minute

// Start starts the gateway and returns how long it took until it was ready to
// keep deliveries, asked every millisecond.
func (g *Gateway) Start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := g.Launch(); err != nil {
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
			return 0, fmt.Errorf("the gateway ended by itself: %s", g.LastWords())
		case <-t.C:
		}
		if time.Since(began) > ReadyTime {
			return 0, fmt.Errorf("the gateway was not ready after %v: %s", ReadyTime, g.LastWords())
		}
	}
}

// find reads the address of a gateway that listens.
func (g *Gateway) find() bool {
	body, err := os.ReadFile(filepath.Join(g.Data(), "run.json"))
	var run struct{ Address string }
	if err != nil || json.Unmarshal(body, &run) != nil {
		return false
	}
	g.Base = run.Address
	return run.Address != ""
}

// LastWords is the end of the gateway's log.
func (g *Gateway) LastWords() string {
	body, err := os.ReadFile(g.Path("log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(body[max(0, len(body)-600):]))
}

// Kill ends the gateway as a crash would.
func (g *Gateway) Kill() error {
	if g.child == nil {
		return nil
	}
	err := g.child.Kill()
	g.child = nil
	return err
}

// Stop ends it as an operator would.
func (g *Gateway) Stop() error {
	if g.child == nil {
		return nil
	}
	err := g.child.Stop()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, g.LastWords())
	}
	g.child = nil
	return err
}

// Close ends what still runs.
func (g *Gateway) Close() error { return errors.Join(g.Kill(), g.log.Close()) }

// Poster posts to the gateway's source.
func (g *Gateway) Poster(conns int) (*load.Poster, error) {
	return load.NewPoster(g.Base+"/in/bar", g.Secret, conns)
}

// FreePort returns a loopback address nobody listens on now, and below the ports a
// system gives to whoever connects: nobody takes it while its server is dead.
func FreePort() (string, error) {
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+mathrand.IntN(18_000)))
		if err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", errors.New("finding a port: none of a hundred is free")
}
