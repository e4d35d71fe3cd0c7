package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/bench/proc"
)

const secret = "bench-secret-0123456789"

const configuration = `sources:
  - {name: bar, connector: webhook, preset: generic, auth: bearer, secret: ` + secret + `}
`

// build builds the gateway as it is shipped.
func build(ctx context.Context, dir string) (string, error) {
	exe := filepath.Join(dir, "leadgate")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", exe, "./cmd/leadgate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return exe, nil
}

// gateway is a running gateway with an empty or given data folder.
type gateway struct {
	*proc.Child
	api   oracle.API
	took  time.Duration // from start to ready
	log   bytes.Buffer
	posts *load.Poster
}

func startGateway(ctx context.Context, exe, data string) (*gateway, error) {
	config := filepath.Join(filepath.Dir(exe), "bench.yaml")
	if err := os.WriteFile(config, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(data, "run.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	g := &gateway{}
	begin := time.Now()
	var err error
	if g.Child, err = proc.Start(exe, []string{"serve", "--config", config, "--data", data, "--listen", "127.0.0.1:0"}, nil, &g.log); err != nil {
		return nil, err
	}
	for {
		var r struct{ Address, Token string }
		body, err := os.ReadFile(filepath.Join(data, "run.json"))
		if err == nil && json.Unmarshal(body, &r) == nil {
			g.api = oracle.API{Base: r.Address, Token: r.Token}
			if g.api.Ready(ctx) == nil {
				break
			}
		}
		select {
		case <-g.Done():
			return nil, fmt.Errorf("the gateway ended: %s", g.log.String())
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), g.Kill())
		case <-time.After(time.Millisecond):
		}
	}
	g.took = time.Since(begin)
	g.posts, err = load.NewPoster(g.api.Base+"/in/bar", secret, 64)
	return g, err
}

func (g *gateway) stop() error {
	g.posts.Close()
	return g.Stop()
}

// settle waits until the gateway has that many leads, and says how long it took.
func (g *gateway) settle(ctx context.Context, leads int64) (time.Duration, error) {
	begin := time.Now()
	for {
		s, err := g.api.Stats(ctx)
		if err != nil {
			return 0, err
		}
		if s.Leads.Total >= leads {
			took := time.Since(begin)
			return took, g.indexed(ctx)
		}
		if time.Since(begin) > 5*time.Minute {
			return 0, fmt.Errorf("%d of %d leads after five minutes", s.Leads.Total, leads)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// indexed waits until the jobs are done that a load left behind, so that the next
// measurement does not pay for them.
func (g *gateway) indexed(ctx context.Context) error {
	for begin := time.Now(); time.Since(begin) < 2*time.Minute; time.Sleep(100 * time.Millisecond) {
		s, err := g.api.Stats(ctx)
		if err != nil || s.Jobs.Waiting == 0 {
			return err
		}
	}
	return errors.New("jobs are left after two minutes")
}

// startBare runs the bare handler in a process of its own.
func startBare(ctx context.Context) (*proc.Child, *load.Poster, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		return nil, nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	child, err := proc.Start(exe, []string{"bare", address}, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	posts, err := load.NewPoster("http://"+address+"/", "", 64)
	for err == nil {
		if posts.Send(ctx, []byte("{}")).OK() {
			return child, posts, nil
		}
		if err = ctx.Err(); err == nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
	return nil, nil, errors.Join(err, child.Kill())
}
