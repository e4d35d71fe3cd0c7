package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"leadgate/pipeline"
	"leadgate/server"
)

// serveCmd runs the gateway.
type serveCmd struct{ Options }

// Times of a stop: how long answers ask their clients to go, and how long the
// last requests may take.
const (
	drainTime    = time.Second
	shutdownTime = 10 * time.Second
)

// memoryTarget is what the collector tries to stay under; it works harder only near it.
const (
	memoryTarget = 180 << 20
	gcPercent    = 300 // what is alive is small; collecting it less often leaves more to answers
)

func (c *serveCmd) Run(in *common, file *configFile) error {
	return serve(in.ctx, in.program, &c.Options, file, func(g *gateway) {
		fmt.Fprintf(in.stdout, "leadgate %s is listening on %s, keeping its data in %s\n", version(), g.base, c.Data)
		for _, s := range g.sources.All() {
			fmt.Fprintf(in.stdout, "  source %-12s %-8s %s\n", s.Name, s.Kind, g.base+g.address(s))
		}
		if c.APIToken == "" {
			fmt.Fprintf(in.stdout, "make an API token with: leadgate token add NAME --data %s\n", c.Data)
		}
	})
}

// gateway is a node that listens.
type gateway struct {
	*node
	base         string // address of this server
	token        string // opens the API for this machine's own commands
	server       *server.Server
	tls          *tls.Config                 // nil in clear
	certificates func() []server.Certificate // nil in clear
	auto         *auto                       // nil unless certificates are had by ACME
	others       *beside                     // nil when there can be none
	plain        net.Listener                // where its challenge is answered in clear; nil for nowhere
}

// address is where a source is reached.
func (g *gateway) address(s *pipeline.Source) string {
	if s.Kind == "form" {
		return "/f/" + s.Name
	}
	return "/in/" + s.Name
}

// serve opens a node, serves until ctx ends, and stops so that no answer is cut
// and nothing accepted is lost. ready is called when the gateway listens.
func serve(ctx context.Context, p *program, o *Options, file *configFile, ready func(*gateway), console ...func(*gateway) http.Handler) (err error) {
	trusted, err := o.network()
	if err != nil {
		return err
	}
	calls, err := o.outgoing()
	if err != nil {
		return err
	}
	defer calls.Close()
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryTarget)
	metrics := server.NewMetrics()
	n, err := openNode(ctx, o, file, p.stderr, metrics, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	ln, err := listen(ctx, o.Listen, o.Connections, trusted, n.log)
	if err != nil {
		return err
	}
	g := &gateway{node: n, token: rand.Text(), base: "http://" + ln.Addr().String()}
	defer g.deafen(ln)
	if err := g.secure(ctx, ln, trusted); err != nil {
		return err
	}
	if o.PublicURL == "" {
		o.PublicURL = g.base
	}
	desk := &pipeline.Desk{Pipeline: n.pipeline, PublicURL: o.PublicURL, Vault: n.vault, State: n.store, Leases: n.leases,
		Limits: n.limits, HTTP: calls, Log: n.log, Now: time.Now}
	so := server.Options{Intake: n.pipeline, Store: n.store, Blobs: n.blobs, Sources: n.sources, Registry: n.registry, Shared: o.manyNodes(), Envs: desk, Metrics: metrics, PublicURL: o.PublicURL,
		Region: o.Region, Trusted: trusted, Tokens: []string{o.APIToken, g.token}, Version: version(), Log: n.log, Now: time.Now, NoIntake: !n.roles.Accept}
	if o.sharedStore() {
		g.others = n.beside()
		so.Trouble = g.others.Trouble
	}
	for _, c := range console {
		so.Console = c(g)
	}
	if g.certificates != nil {
		so.Certificates = g.certificates
		if err := metrics.WatchCertificates(g.certificates, time.Now); err != nil {
			return err
		}
	}
	g.server = server.New(so)
	if err := metrics.Watch(n.pipeline, n.store, n.sources, time.Now); err != nil {
		return err
	}
	if err := g.writeRunFile(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(g.runFile())) }()
	ready(g)
	return g.run(ctx, ln)
}

// run serves and works until ctx ends or one of both fails.
func (g *gateway) run(ctx context.Context, ln net.Listener) error {
	hs := g.server.HTTP()
	if g.tls != nil {
		hs.Handler = hsts(hs.Handler)
		ln = tls.NewListener(ln, g.tls)
	}
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var wg sync.WaitGroup
	collector := g.collector()
	wg.Go(func() { collector.Run(working) })
	failed := make(chan error, 3)
	clear := g.servePlain(working, &wg, failed)
	worked := g.work(working, &wg, failed)
	wg.Go(func() {
		if err := hs.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving: %w", err)
		}
	})
	var err error
	select {
	case <-ctx.Done():
		g.log.InfoContext(ctx, "stopping")
		g.server.Drain()
		time.Sleep(drainTime)
	case err = <-failed:
		g.log.ErrorContext(ctx, "stopping", "err", err)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if stop := hs.Shutdown(end); stop != nil {
		err = errors.Join(err, hs.Close())
	}
	err = errors.Join(err, clear())
	stopWork()
	wg.Wait()
	g.leave(end)
	return errors.Join(err, dropSame(<-worked, err))
}

// work runs what works beside the server until ctx ends. worked hears how the pipeline
// ended, failed what ends the gateway.
func (g *gateway) work(ctx context.Context, wg *sync.WaitGroup, failed chan<- error) (worked chan error) {
	worked = make(chan error, 1)
	wg.Go(func() {
		err := g.pipeline.Run(ctx)
		worked <- err
		if err != nil {
			failed <- err
		}
	})
	wg.Go(func() {
		if err := g.await(ctx); err != nil {
			failed <- err
		}
	})
	wg.Go(func() { g.registry.Run(ctx) })
	if g.others != nil {
		wg.Go(func() { g.others.run(ctx) })
	}
	return worked
}

// deafen closes what listens, if a start that failed left it open.
func (g *gateway) deafen(ln net.Listener) {
	_ = ln.Close()
	if g.plain != nil {
		_ = g.plain.Close()
	}
}

// leave tells the other nodes not to wait for this one.
func (g *gateway) leave(end context.Context) {
	if g.store.There() {
		if leave := g.vault.Leave(end, g.store); leave != nil { // it is forgotten by itself in a minute
			g.log.WarnContext(end, "taking leave of the other nodes", "err", leave)
		}
	}
}

// dropSame returns nil for an error that is reported already.
func dropSame(err, reported error) error {
	if err != nil && reported != nil && errors.Is(reported, err) {
		return nil
	}
	return err
}

// version is the version this was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return "0.1.0-dev"
}
