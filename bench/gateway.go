package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"leadgate/bench/gateway"
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

// folder is where modes make theirs.
func (p *place) folder() string { return p.parent }

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
		err = gateway.Build(ctx, p.bin)
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
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

// gateway prepares one over a folder of its own; its Close has to be called.
func (p *place) gateway(name string) (*gateway.Gateway, error) {
	return gateway.New(p.bin, filepath.Join(p.dir, name))
}

// patience is how long a store may show no progress before it is taken as it is.
const patience = 10 * time.Second

// wait waits, or returns why not.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// newRun is a name of a run that no other has.
func newRun() string { return strings.ToLower(rand.Text()[:10]) }
