package services

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Tap is a way to a server that hears what is said on it and can act at a byte: the
// moment in which a commit is done and nobody knows yet, for example.
type Tap struct {
	upstream string
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	rules map[Side]*rule
}

// Side is who speaks.
type Side int

// The sides of a connection.
const (
	Client Side = iota
	Server
)

// rule is what a Tap waits for, and what it does then.
type rule struct {
	text []byte
	do   func() Verdict
}

// Verdict is what a Tap does with the bytes it was waiting for.
type Verdict int

// Verdicts: Pass hands the bytes on, Drop cuts the connection before they are, so
// that the other side never learns of them.
const (
	Pass Verdict = iota
	Drop
)

// Committed is how a PostgreSQL says that a transaction is committed, on the wire.
const Committed = "C\x00\x00\x00\x0bCOMMIT\x00"

// NewTap opens a way to host:port for one test.
func NewTap(t testing.TB, upstream string) *Tap {
	t.Helper()
	var l net.Listener
	var err error
	for range attempts {
		var port int
		if port, err = freePort(); err != nil {
			break
		}
		if l, err = net.Listen("tcp", address(port)); err == nil {
			break
		}
	}
	check(t, err)
	p := &Tap{upstream: upstream, listener: l, conns: map[net.Conn]bool{}, rules: map[Side]*rule{}}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.Cut()
		p.wg.Wait()
	})
	return p
}

// URL is the address of a server, by this way.
func (p *Tap) URL(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("no URL") // it holds a password
	}
	u.Host = p.listener.Addr().String()
	return u.String()
}

// When calls do each time a side says a text, before the other hears it. do may take
// its time; the connection waits. Nil ends it.
func (p *Tap) When(side Side, text string, do func() Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rules[side] = nil; do != nil {
		p.rules[side] = &rule{text: []byte(text), do: do}
	}
}

// Cut resets every connection there is.
func (p *Tap) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset and no farewell
	}
	_ = c.Close()
}

func (p *Tap) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.DialTimeout("tcp", p.upstream, time.Second)
		if err != nil {
			reset(client)
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(Client, server, client) })
		p.wg.Go(func() { p.copy(Server, client, server) })
	}
}

// copy hands on what one side says until somebody closes.
func (p *Tap) copy(side Side, to, from net.Conn) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, from)
		_, _ = from.Close(), to.Close()
	}()
	buf := make([]byte, 32<<10)
	var before []byte // end of what was handed on, for a text in two pieces
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.mu.Lock()
			r := p.rules[side]
			p.mu.Unlock()
			if r != nil {
				heard := append(before, buf[:n]...)
				if bytes.Contains(heard, r.text) {
					heard = heard[bytes.LastIndex(heard, r.text)+len(r.text):]
					if r.do() == Drop {
						reset(from)
						reset(to)
						return
					}
				}
				before = append(before[:0], heard[max(0, len(heard)-len(r.text)+1):]...)
			}
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
