package outgoing

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
)

const connectTimeout = 5 * time.Second

// errBlocked is a connection the guard did not let be made. Waiting does not help.
type errBlocked struct{ reason string }

func (e *errBlocked) Error() string { return e.reason }

// dialing is one try to connect to a host, at any of its addresses, at several at once.
type dialing struct {
	host string

	mu      sync.Mutex
	blocked string // why the first address that must not be connected to must not
	passed  bool   // there was one that may
}

func (d *dialing) judged(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case reason == "":
		d.passed = true
	case d.blocked == "":
		d.blocked = reason
	}
}

// verdict says why none of the addresses may be connected to; "" when one may, or
// when there was none.
func (d *dialing) verdict() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed {
		return ""
	}
	return d.blocked
}

type dialingKey struct{}

// dialer connects to what the guard lets pass.
type dialer struct {
	guard *guard
	net   net.Dialer
}

func newDialer(g *guard, resolver *net.Resolver) *dialer {
	d := &dialer{guard: g}
	d.net = net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second, Resolver: resolver, ControlContext: d.control}
	return d
}

// dial connects to a host. The error is *errBlocked when none of its addresses may be
// connected to.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	try := &dialing{host: hostName(host)}
	conn, err := d.net.DialContext(context.WithValue(ctx, dialingKey{}, try), network, address)
	if err != nil {
		if reason := try.verdict(); reason != "" {
			return nil, &errBlocked{reason}
		}
		return nil, err
	}
	return conn, nil
}

var errNoDialing = errors.New("a connection nobody asked for")

// control is called with the address a socket is about to be connected to: whatever
// the name, the resolver and the redirects made of it, this is where it goes.
func (d *dialer) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	try, ok := ctx.Value(dialingKey{}).(*dialing)
	if !ok {
		return errNoDialing
	}
	reason := "has an address that cannot be read"
	if to, err := netip.ParseAddrPort(address); err == nil && strings.HasPrefix(network, "tcp") {
		reason = d.guard.check(try.host, to)
	}
	try.judged(reason)
	if reason != "" {
		return &errBlocked{reason}
	}
	return nil
}
