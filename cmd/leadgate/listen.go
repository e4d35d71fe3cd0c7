package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"leadgate/connectors"
)

// reservedFiles is how many of the files a process may have open are kept for the
// journal, the store and blobs: a crowd of connections must not leave them without.
const reservedFiles = 512

// listen listens on an address. Beyond what the limit of open files allows, new
// connections wait in the system's queue until others end; beyond perAddress, those
// of one public address that is no trusted proxy are closed.
func listen(ctx context.Context, address string, perAddress int, trusted []netip.Prefix, log *slog.Logger) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return nil, fmt.Errorf("listening: asking how many files may be open: %w", err)
	}
	if perAddress > 0 {
		ln = &fairListener{Listener: ln, most: perAddress, trusted: trusted, log: log, now: time.Now, open: map[netip.Prefix]int{}}
	}
	return netutil.LimitListener(ln, connections(files.Cur)), nil
}

// connections is how many connections a limit of open files has room for: all but
// the reserved ones, and at least half.
func connections(files uint64) int {
	files = min(files, math.MaxInt32)
	return int(max(files/2, files-min(files, reservedFiles)))
}

// fairListener closes what one public address opens beyond its share, so that
// nobody takes all connections there are. A loopback or private peer, and a trusted
// proxy, may stand for everybody and are not counted.
type fairListener struct {
	net.Listener
	most    int
	trusted []netip.Prefix
	log     *slog.Logger
	now     func() time.Time

	mu     sync.Mutex // guards what follows
	open   map[netip.Prefix]int
	warned time.Time
	closed int // since then
}

// Accept returns the next connection that its address has room for.
func (l *fairListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who, ok := l.visitor(c.RemoteAddr())
		if !ok {
			return c, nil
		}
		if l.enter(who) {
			return &countedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(who) })}, nil
		}
		_ = c.Close() // it has nothing of ours
	}
}

// visitor is what a peer is counted as, when it is: an address, or an IPv6 /64.
func (l *fairListener) visitor(peer net.Addr) (netip.Prefix, bool) {
	ap, err := netip.ParseAddrPort(peer.String())
	if err != nil {
		return netip.Prefix{}, false
	}
	a := ap.Addr().Unmap().WithZone("")
	if !(connectors.Client{Addr: a}).Limited() {
		return netip.Prefix{}, false
	}
	for _, p := range l.trusted {
		if p.Contains(a) {
			return netip.Prefix{}, false
		}
	}
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	who, err := a.Prefix(bits)
	return who, err == nil
}

// enter counts a connection when there is room, and tells the log once a minute
// when there is none. Addresses are people's and stay out of it.
func (l *fairListener) enter(who netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who] < l.most {
		l.open[who]++
		return true
	}
	l.closed++
	if now := l.now(); now.Sub(l.warned) > time.Minute {
		l.log.Warn("closed connections of addresses that had too many", "closed", l.closed, "most", l.most)
		l.warned, l.closed = now, 0
	}
	return false
}

func (l *fairListener) leave(who netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[who]--; l.open[who] == 0 {
		delete(l.open, who)
	}
}

// countedConn gives its place back when it ends.
type countedConn struct {
	net.Conn
	leave func()
}

// Close ends the connection.
func (c *countedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
