package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"leadgate/console"
)

// demoCmd runs a gateway with a sample site. It knows its own flags only: neither the
// environment nor a configuration file says where it keeps its data.
type demoCmd struct {
	Listen string `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data   string `help:"Keep the data in this folder. Default: a folder that is removed at the end." placeholder:"DIR"`
}

// Run serves until it is stopped. The pages are open to whoever reaches the
// address, which the rule for --listen keeps to this machine.
func (c *demoCmd) Run(in *common, file *configFile) (err error) {
	o := &Options{Listen: c.Listen, Data: c.Data, JournalQuota: "1GB", DiskFloor: "128MB", SegmentSize: "16MB", LogLevel: "warn", LogFormat: "text", Roles: "accept,work,run"}
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "leadgate-demo-"); err != nil {
			return fmt.Errorf("making a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Data)) }()
	}
	plain := &configFile{getenv: func(string) string { return "" }}
	ready := func(g *gateway) {
		fmt.Fprintf(in.stdout, "The sample site with its form:  %s/\nThe newest leads:               %s/leads\nThe form by itself:             %s/f/contact\n\nPost a lead from a shell:\n\n%s\n\nStop with Ctrl-C.\n", g.base, g.base, g.base, curl(g.base))
	}
	return serve(in.ctx, in.program, o, plain, ready, func(g *gateway) http.Handler { return demoSite(in.ctx, g) })
}

func curl(base string) string {
	return "  curl -H 'Content-Type: application/json' -d '{\"name\":\"Ana Belo\",\"email\":\"ana@example.org\",\"phone\":\"+351 912 345 678\",\"message\":\"Two windows, please\"}' " + base + "/f/contact"
}

// demoSite is what stands under / in the demo.
func demoSite(ctx context.Context, g *gateway) http.Handler {
	mux := http.NewServeMux()
	leads, err := console.Newest(g.store, time.Now)
	if err == nil {
		var site http.Handler
		if site, err = console.Page("demo.html", map[string]string{"Base": g.base, "Curl": curl(g.base)}); err == nil {
			mux.Handle("GET /{$}", site)
			mux.Handle("GET /leads", leads)
			mux.HandleFunc("GET /console.css", console.Style)
			return mux
		}
	}
	g.log.ErrorContext(ctx, "preparing the pages", "err", err)
	return http.NotFoundHandler()
}
