package outgoing

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
)

// A server that switches to another protocol, which nobody asked for, and then says
// nothing holds no call: what follows such an answer is bound to no context.
func TestSwitchedProtocol(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 1)
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			gone <- struct{}{}
		}
	})
	c := client(t, Options{}, quick(), p)
	ended := make(chan error, 1)
	go func() {
		_, err := get(t, c, "GET", p.URL)
		ended <- err
	}()
	select {
	case err := <-ended:
		wantError(t, err, lead.ErrUnavailable, "answers 101")
	case <-time.After(5 * time.Second):
		p.CloseClientConnections()
		t.Fatal("the call does not end")
	}
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("the connection is left open")
	}
	if n := c.underWay(p.addr()); n != 0 {
		t.Errorf("%d calls are under way", n)
	}
}

// relay passes bytes on to a server, and can stop doing so for the connections it has:
// no byte comes through any more, and nobody closes.
type relay struct {
	net.Listener
	to string

	mu    sync.Mutex
	mute  chan struct{} // closed: the connections up to now are dead
	conns []net.Conn
	made  int
}

func newRelay(t *testing.T, to string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, to: to, mute: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.mu.Lock()
			r.conns, r.made = append(r.conns, in, out), r.made+1
			mute := r.mute
			r.mu.Unlock()
			wg.Go(func() { pass(out, in, mute) })
			wg.Go(func() { pass(in, out, mute) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		for _, c := range r.conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		wg.Wait()
	})
	return r
}

func pass(to, from net.Conn, mute chan struct{}) {
	in := bufio.NewReader(from)
	b := make([]byte, 4096)
	for {
		n, err := in.Read(b)
		select {
		case <-mute: // swallowed, an end too
			if err == nil {
				continue
			}
			return
		default:
		}
		if _, e := to.Write(b[:n]); err != nil || e != nil {
			_ = to.Close()
			return
		}
	}
}

// kill lets every connection there is die without a word.
func (r *relay) kill() (made int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.mute)
	r.mute = make(chan struct{})
	return r.made
}

// A connection that died without a word costs the calls that are on it, and no later
// ones: HTTP/2 would go on with it for as long as the kernel repeats its packets.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	r := newRelay(t, server.Listener.Addr().String())
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := client(t, Options{Roots: roots, Allow: allow(t, r.Addr().String())}, Media())
	address := "https://" + r.Addr().String()
	if text, err := get(t, c, "GET", address); err != nil || text != "HTTP/2.0" {
		t.Fatal(text, err)
	}
	before := r.kill()
	_, err := get(t, c, "GET", address)
	wantError(t, err, lead.ErrUnavailable, "broke the connection")
	if text, err := get(t, c, "GET", address); err != nil || text != "HTTP/2.0" {
		t.Errorf("after a connection died: %q, %v", text, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == before {
		t.Error("the dead connection is still in use")
	}
}

// However an address is written, it is one target with one set of limits.
func TestOneTargetHasOneName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://Example.org":                   "example.org",
		"https://example.org.:443":              "example.org",
		"https://example.org:0443":              "example.org",
		"https://example.org:08443":             "example.org:8443",
		"http://example.org:00080":              "example.org",
		"https://[2606:4700:0:0:0:0:0:1111]":    "[2606:4700::1111]",
		"https://[2606:4700::0.0.17.17]:443":    "[2606:4700::1111]",
		"https://[::ffff:93.184.215.14]:8443":   "93.184.215.14:8443",
		"https://93.184.215.14":                 "93.184.215.14",
		"https://example.org:99999":             "example.org",
		"https://" + answerSecret + "%20.org:1": "?",
	} {
		u, err := url.Parse(address)
		if err != nil {
			continue // what cannot be read has no name at all
		}
		if got := label(u); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
}

// A call from before a target was left alone says nothing about the one that finds out.
func TestLateCallLeavesProbeAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ts := made(8, &now)
	late, no := ts.enter(t.Context(), "a")
	if no != nil {
		t.Fatal(no)
	}
	rest := time.Duration(0)
	for range failuresOpen {
		leave, no := ts.enter(t.Context(), "a")
		if no != nil {
			t.Fatal(no)
		}
		rest = leave(failed, 0)
	}
	now = now.Add(rest)
	probe, no := ts.enter(t.Context(), "a")
	if no != nil {
		t.Fatal(no)
	}
	late(undecided, 0)
	if _, no := ts.enter(t.Context(), "a"); no == nil {
		t.Error("two calls find out at once")
	}
	if rest := probe(failed, 0); rest > 2*openShortest {
		t.Errorf("one probe failed, and it is left alone for %v", rest)
	}
}

// Whatever an operator opens, no form of address leads to what is closed.
func TestClosedWithinNetworks(t *testing.T) {
	t.Parallel()
	open := newGuard(allow(t, "0.0.0.0/0", "::/0"))
	for _, a := range []string{
		"64:ff9b:1::a9fe:a9fe",           // a /96 within the local translators' network
		"64:ff9b:1:a9fe:a9:fe00::",       // RFC 6052 for a /48
		"64:ff9b:1:a9:fe:a9fe::",         // for a /56
		"64:ff9b:1:0:a9:fea9:fe00:0",     // for a /64
		"64:ff9b:1:a9fe:a9:fe00:808:808", // and whatever stands behind it
		"fd00:42::42",                    // metadata of Scaleway
	} {
		if got := open.check("h", netip.AddrPortFrom(netip.MustParseAddr(a), 80)); got == "" {
			t.Errorf("%s is opened", a)
		}
	}
	if got := open.check("h", netip.MustParseAddrPort("[64:ff9b:1::5db8:d70e]:80")); got != "" {
		t.Errorf("a translator the operator opened %s", got)
	}
}

// A caller who left before its call was made is told so.
func TestLeftBeforeTheCall(t *testing.T) {
	t.Parallel()
	p := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := client(t, Options{PerTarget: 1}, quick(), p)
	go func() { _, _ = get(t, c, "GET", p.URL) }()
	eventually(t, "a call", func() bool { return c.underWay(p.addr()) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := getIn(ctx, t, c, "GET", p.URL)
	wantError(t, err, context.Canceled, "was not waited for")
	eventually(t, "the place", func() bool { return c.underWay(p.addr()) == 0 })
}
