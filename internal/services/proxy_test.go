package services

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// by returns a Redis as it is reached by an address.
func by(t *testing.T, address string) *RedisServer {
	t.Helper()
	s, err := redisAt(address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProxy(t *testing.T) {
	t.Parallel()
	server := Redis(t)
	p := NewProxy(t, server.Addr())
	s := by(t, p.URL(t, server.URL()))
	if got := s.CLI(t, "PING"); got != "PONG" {
		t.Fatalf("got %q", got)
	}
	p.Slow(t, 150*time.Millisecond)
	if start := time.Now(); s.CLI(t, "PING") != "PONG" || time.Since(start) < 140*time.Millisecond {
		t.Error("Slow is quick")
	}
	p.Heal(t)
	if start := time.Now(); s.CLI(t, "PING") != "PONG" || time.Since(start) > 140*time.Millisecond {
		t.Error("what is healed is slow")
	}
	p.Silent(t)
	answered := make(chan error, 1)
	go func() { _, err := s.Try("PING"); answered <- err }()
	select {
	case err := <-answered:
		t.Errorf("Silent answers: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	p.Heal(t)
	if err := <-answered; err == nil {
		t.Error("what was lost is answered")
	}
	p.Reset(t)
	if _, err := s.Try("PING"); err == nil {
		t.Error("Reset answers")
	}
	p.Heal(t)
	p.Down(t)
	if _, err := s.Try("PING"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Down: %v", err)
	}
	p.Up(t)
	if got := s.CLI(t, "PING"); got != "PONG" {
		t.Errorf("got %q after Up", got)
	}
}

// TestTap cuts a PostgreSQL connection when its commit is done and nobody knows.
func TestTap(t *testing.T) {
	t.Parallel()
	d := Postgres(t).Database(t)
	d.SQL(t, "CREATE TABLE x (n int)")
	tap := NewTap(t, Postgres(t).dsn.Host)
	through := tap.URL(t, d.DSN())
	var heard atomic.Int32
	tap.When(Server, Committed, func() Verdict { heard.Add(1); return Drop })
	if _, err := query(through, "BEGIN;\nINSERT INTO x VALUES (1);\nCOMMIT"); err == nil || heard.Load() != 1 {
		t.Errorf("the commit was heard of %d times: %v", heard.Load(), err)
	}
	if got := d.SQL(t, "SELECT count(*) FROM x"); got != "1" {
		t.Errorf("%s rows", got)
	}
	tap.When(Server, Committed, nil)
	tap.When(Client, "COMMIT", func() Verdict { return Drop })
	if _, err := query(through, "BEGIN;\nINSERT INTO x VALUES (2);\nCOMMIT"); err == nil {
		t.Error("a lost commit is fine")
	}
	tap.When(Client, "COMMIT", func() Verdict { return Pass })
	if _, err := query(through, "BEGIN;\nINSERT INTO x VALUES (3);\nCOMMIT"); err != nil {
		t.Error(err)
	}
	if got := d.SQL(t, "SELECT sum(n) FROM x"); got != "4" {
		t.Errorf("rows sum up to %s", got)
	}
}

// TestTapHearsPieces hands a text over byte by byte.
func TestTapHearsPieces(t *testing.T) {
	t.Parallel()
	server := Redis(t)
	tap := NewTap(t, server.Addr())
	var heard atomic.Int32
	tap.When(Client, "needle", func() Verdict { heard.Add(1); return Pass })
	s := by(t, tap.URL(t, server.URL()))
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, b := range "ECHO needle-needl-needle\r\n" {
		if _, err := io.WriteString(c, string(b)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	buf := make([]byte, 200)
	if n, err := c.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "-NOAUTH") {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if heard.Load() != 2 {
		t.Errorf("heard %d times", heard.Load())
	}
	tap.Cut()
	if _, err := c.Read(buf); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a cut connection reads on: %v", err)
	}
}
