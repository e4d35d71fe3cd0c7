package outgoing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/lead"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What must never be read in an error. Every test asks with these.
const (
	pathSecret   = "canary-path-4d1f"
	querySecret  = "canary-query-a07c"
	headerSecret = "canary-header-9b3e"
	bodySecret   = "canary-body-55d2"
	answerSecret = "canary-answer-e8f1"
)

// peer is a server on loopback that counts who comes.
type peer struct {
	*httptest.Server
	hits atomic.Int64
}

func serve(t testing.TB, h http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// addr is where the server listens.
func (p *peer) addr() string { return p.Listener.Addr().String() }

func client(t testing.TB, o Options, p Policy, peers ...*peer) *Client {
	t.Helper()
	for _, peer := range peers {
		o.Allow = append(o.Allow, allow(t, peer.addr())...)
	}
	p.Plain = true
	c := New(o).With(p)
	t.Cleanup(c.Close)
	return c
}

// get asks with secrets everywhere and returns the answer's body.
func get(t testing.TB, c *Client, method, address string) (string, error) {
	t.Helper()
	return getIn(t.Context(), t, c, method, address)
}

func getIn(ctx context.Context, t testing.TB, c *Client, method, address string) (string, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(bodySecret)
	}
	r, err := http.NewRequestWithContext(ctx, method, address+"/"+pathSecret+"?token="+querySecret, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+headerSecret)
	r.Header.Set("Cookie", "session="+headerSecret)
	r.Header.Set("X-Api-Key", headerSecret)
	r.Header.Set("Referer", "https://example.org/"+headerSecret)
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// wantError checks the class, the words and the silence of an error.
func wantError(t testing.TB, err, class error, words string) *lead.RemoteError {
	t.Helper()
	remote, ok := errors.AsType[*lead.RemoteError](err)
	if !ok {
		t.Fatalf("error %v, want a lead.RemoteError with %q", err, words)
	}
	if !errors.Is(err, class) || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want %v with %q", err, class, words)
	}
	for e := error(remote); e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %s %q", e, e, e, e); strings.Contains(text, "canary") || strings.Contains(text, "?token") {
			t.Errorf("the error tells a secret: %s", text)
		}
	}
	return remote
}

// resolver answers with the addresses of each look-up in turn, the last ones for ever.
func resolver(t testing.TB, lookups ...[]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveNames(conn, lookups)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
