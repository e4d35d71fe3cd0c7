package main

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// peers is a listener that is dialled by the addresses of a list, one after the other.
type peers struct {
	net.Listener
	from   []string
	closed []string
}

type peer struct {
	net.Conn
	of   *peers
	addr string
}

func (p *peers) Accept() (net.Conn, error) {
	if len(p.from) == 0 {
		return nil, net.ErrClosed
	}
	c := &peer{of: p, addr: p.from[0]}
	p.from = p.from[1:]
	return c, nil
}

func (c *peer) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.addr)) }
func (c *peer) Close() error         { c.of.closed = append(c.of.closed, c.addr); return nil }

// One public address has its share of connections and no more; whoever may stand
// for everybody has no share.
func TestOneAddressHasItsShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		peers  []string
		closed int
	}{
		{"one address", []string{"203.0.113.1:1", "203.0.113.1:2", "203.0.113.1:3", "203.0.113.1:4"}, 2},
		{"two addresses", []string{"203.0.113.1:1", "203.0.113.1:2", "203.0.113.2:1", "203.0.113.2:2"}, 0},
		{"one IPv6 network", []string{"[2001:db8:1:2::1]:1", "[2001:db8:1:2::2]:1", "[2001:db8:1:2:ffff::3]:1"}, 1},
		{"IPv6 networks", []string{"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", "[2001:db8:1:4::1]:1"}, 0},
		{"IPv4 in IPv6", []string{"[::ffff:203.0.113.1]:1", "203.0.113.1:2", "203.0.113.1:3"}, 1},
		{"loopback", []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "[::1]:1", "[::1]:2", "[::1]:3"}, 0},
		{"private", []string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "192.168.0.1:1", "192.168.0.1:2", "192.168.0.1:3"}, 0},
		{"trusted proxy", []string{"198.51.100.1:1", "198.51.100.1:2", "198.51.100.1:3"}, 0},
	} {
		var log bytes.Buffer
		from := &peers{from: c.peers}
		l := &fairListener{Listener: from, most: 2, trusted: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, log: slog.New(slog.NewTextHandler(&log, nil)),
			now: func() time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) }, open: map[netip.Prefix]int{}}
		var open []net.Conn
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			open = append(open, conn)
		}
		if len(from.closed) != c.closed || len(open) != len(c.peers)-c.closed {
			t.Errorf("%s: closed %v", c.name, from.closed)
		}
		if told := strings.Count(log.String(), "too many"); told != min(c.closed, 1) || strings.Contains(log.String(), "203.0") {
			t.Errorf("%s: the log says %s", c.name, log.String())
		}
		for _, conn := range open {
			for range 2 { // a connection gives its place back once
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		if len(l.open) != 0 {
			t.Errorf("%s: %v stay counted", c.name, l.open)
		}
	}
}

// The place of a connection that ended is free again.
func TestSharesAreGivenBack(t *testing.T) {
	t.Parallel()
	from := &peers{from: []string{"203.0.113.1:1", "203.0.113.1:2"}}
	l := &fairListener{Listener: from, most: 1, log: slog.New(slog.DiscardHandler), now: time.Now, open: map[netip.Prefix]int{}}
	for range 2 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
