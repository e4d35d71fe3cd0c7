package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"leadgate/internal/services"
	"leadgate/store"
)

// A start that fails lets its addresses go.
func TestFailedStartClosesItsListener(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "run.json", "x"), 0o700); err != nil { // it cannot be written
		t.Fatal(err)
	}
	if out, err := command(t, nil, "serve", "--data", data, "--listen", address); err == nil {
		t.Fatalf("it started: %s", out)
	}
	if ln, err = net.Listen("tcp", address); err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
}

// Who only replays hands no work out: Redis is not asked.
func TestReplayWithoutRedis(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			_ = c.Close()
		}
	}()
	o := Options{Store: services.Postgres(t).Database(t).DSN(), SecretKey: strings.Repeat("ab", 32), Data: t.TempDir()}
	if err := makeStore(t.Context(), &o, func(store.Store) error { return nil }); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, nil, "replay", "--all", "--data", o.Data, "--store", o.Store, "--secret-key", o.SecretKey, "--redis", "redis://"+ln.Addr().String())
	if err != nil || !strings.Contains(out, "0 replayed") {
		t.Errorf("%v: %s", err, out)
	}
	_ = ln.Close()
	<-done
	if n := asked.Load(); n > 0 {
		t.Errorf("Redis was asked %d times", n)
	}
}
