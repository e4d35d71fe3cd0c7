package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

const (
	storeToken   = "canary-api-token-b55e-stored"
	expiredToken = "canary-api-token-b55e-expired"
)

// TestWhoMayUseWhat asks every route of the table with every kind of token. A
// route that is not in the table of wishes fails.
func TestWhoMayUseWhat(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	now := time.Now()
	for name, tok := range map[string]store.Token{
		"valid":   {Hash: sha256.Sum256([]byte(storeToken)), Created: now, Expires: now.Add(time.Hour)},
		"expired": {Hash: sha256.Sum256([]byte(expiredToken)), Created: now.Add(-2 * time.Hour), Expires: now.Add(-time.Second)},
	} {
		tok.Name = name
		if err := n.store.AddToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
	}
	tokens := []struct {
		name, header string
		good         bool
	}{
		{"none", "", false}, {"empty", "Bearer ", false}, {"wrong", "Bearer " + wrongToken, false}, {"expired", "Bearer " + expiredToken, false},
		{"basic", "Basic " + apiToken, false}, {"bare", apiToken, false}, {"prefix", "Bearer " + apiToken[:len(apiToken)-1], false}, {"two", "Bearer " + apiToken + " x", false},
		{"bootstrap", "Bearer " + apiToken, true}, {"any case", "bearer " + apiToken, true}, {"stored", "Bearer " + storeToken, true},
	}
	for _, r := range n.routes() {
		path := strings.NewReplacer("{id}", lead.NewID().String(), "{name}", strings.Repeat("a", 64), "{source}", "nobody", "{rest...}", "x").Replace(r.path)
		method := r.method
		if method == "" {
			method = "POST"
		}
		for _, tok := range tokens {
			req := httptest.NewRequest(method, path, strings.NewReader("{}"))
			req.RemoteAddr = "203.0.113.9:4711"
			req.Header.Set("Content-Type", "application/json")
			if tok.header != "" {
				req.Header.Set("Authorization", tok.header)
			}
			w := httptest.NewRecorder()
			n.ServeHTTP(w, req)
			if refused := w.Code == http.StatusUnauthorized; refused != (r.access != open && !tok.good) {
				t.Errorf("%s %s with token %s: %d %s", method, path, tok.name, w.Code, w.Body)
			}
			if w.Code == http.StatusUnauthorized && (w.Header().Get("WWW-Authenticate") == "" || !strings.Contains(w.Body.String(), `"unauthorized"`)) {
				t.Errorf("%s %s: 401 without its form: %s", method, path, w.Body)
			}
			if r.access == member && tok.good && w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s may be cached", method, path)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s may be sniffed", method, path)
			}
		}
		req := httptest.NewRequest(method, path, strings.NewReader("{}"))
		req.RemoteAddr = "127.0.0.1:4711"
		w := httptest.NewRecorder()
		if n.ServeHTTP(w, req); (w.Code == http.StatusUnauthorized) != (r.access == member) {
			t.Errorf("%s %s from this machine without a token: %d", method, path, w.Code)
		}
		if wantOpen := !strings.HasPrefix(r.path, "/api/v1/") && r.path != "/healthz" && r.path != "/metrics" || strings.HasSuffix(r.path, "openapi.json"); wantOpen != (r.access == open) {
			t.Errorf("%s has the access %d", r.path, r.access)
		}
	}
}

// downTokens is a store that does not say which tokens there are.
type downTokens struct {
	Store
	asked, hang *atomic.Int64
}

func (d downTokens) Tokens(ctx context.Context) ([]store.Token, error) {
	d.asked.Add(1)
	if d.hang.Load() > 0 {
		<-ctx.Done()
	}
	return nil, fmt.Errorf("%w: down", lead.ErrUnavailable)
}

// A store that is down keeps nobody out who has the bootstrap token, and is not
// asked for every wrong one.
func TestTokensWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	d := downTokens{asked: &atomic.Int64{}, hang: &atomic.Int64{}}
	n := start(t, nodeOptions{store: func(s Store) Store { d.Store = s; return d }})
	for range 10 {
		if r := n.send("GET", "/api/v1/stats", "", "Authorization", "Bearer "+wrongToken); r.status != 401 {
			t.Fatalf("answered %d", r.status)
		}
	}
	if got := d.asked.Load(); got != 1 {
		t.Errorf("the store was asked %d times", got)
	}
	d.hang.Store(1)
	n.tokens.mu.Lock()
	n.tokens.asked = time.Time{}
	n.tokens.mu.Unlock()
	slow := make(chan int, 1)
	go func() { slow <- n.send("GET", "/api/v1/stats", "", "Authorization", "Bearer "+wrongToken).status }()
	n.waitFor("the question to the store", func() bool { return d.asked.Load() == 2 })
	begin := time.Now()
	n.api("GET", "/api/v1/stats", "", 200)
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the bootstrap token waited %v for a store that hangs", took)
	}
	if status := <-slow; status != 401 {
		t.Errorf("answered %d", status)
	}
}

// Tokens that were read stay good while the store is down; their end is kept.
func TestTokensOutliveTheStore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	var tok tokens
	r := httptest.NewRequest("GET", "/", nil)
	up := listTokens{list: []store.Token{{Hash: sha256.Sum256([]byte("a")), Expires: now.Add(time.Minute)}, {Hash: sha256.Sum256([]byte("b"))}}}
	down := listTokens{err: errors.New("down")}
	for i, c := range []struct {
		given string
		s     Store
		after time.Duration
		want  bool
	}{
		{"a", up, 0, true}, {"b", up, 0, true}, {"c", up, 0, false}, {"a", down, 10 * time.Second, true}, {"a", down, time.Minute, false},
		{"b", down, time.Hour, true}, {"b", listTokens{}, time.Hour + time.Second, true}, {"b", listTokens{}, time.Hour + 6*time.Second, false}, // revoked
	} {
		if got := tok.valid(r, c.given, c.s, now.Add(c.after)); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

type listTokens struct {
	Store
	list []store.Token
	err  error
}

func (l listTokens) Tokens(context.Context) ([]store.Token, error) { return l.list, l.err }

func TestClientBehindProxies(t *testing.T) {
	t.Parallel()
	s := &Server{o: Options{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8:aa::/48")}}}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
		named      bool
	}{
		{"direct", "203.0.113.5:1", nil, "203.0.113.5", false},
		{"direct liar", "203.0.113.5:1", []string{"198.51.100.1"}, "203.0.113.5", false},
		{"loopback that is not trusted", "[::1]:1", []string{"198.51.100.1"}, "::1", false},
		{"direct liar as loopback", "203.0.113.5:1", []string{"127.0.0.1"}, "203.0.113.5", false},
		{"proxy", "10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1", true},
		{"proxy, no word", "10.0.0.1:1", nil, "10.0.0.1", false},
		{"proxy, empty", "10.0.0.1:1", []string{""}, "10.0.0.1", false},
		{"liar before proxy", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1", true},
		{"liar as a trusted one", "10.0.0.1:1", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1", true},
		{"two proxies", "10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1", true},
		{"two proxies and a liar", "10.0.0.1:1", []string{"127.0.0.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1", true},
		{"several headers", "10.0.0.1:1", []string{"1.1.1.1", "198.51.100.1", "10.0.0.2"}, "198.51.100.1", true},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3", false},
		{"with a port", "10.0.0.1:1", []string{"198.51.100.8:4711"}, "198.51.100.8", true},
		{"IPv6 with a port", "10.0.0.1:1", []string{"[2001:db8:1:2::5]:443"}, "2001:db8:1:2::5", true},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:db8:1:2::5]"}, "2001:db8:1:2::5", true},
		{"two proxies with ports", "10.0.0.1:1", []string{"198.51.100.8:4711, 10.0.0.2:80"}, "198.51.100.8", true},
		{"half a bracket", "10.0.0.1:1", []string{"[2001:db8::5"}, "10.0.0.1", false},
		{"garbage", "10.0.0.1:1", []string{"garbage"}, "10.0.0.1", false},
		{"garbage before", "10.0.0.1:1", []string{"garbage, 198.51.100.1"}, "198.51.100.1", true},
		{"garbage after", "10.0.0.1:1", []string{"198.51.100.1, garbage"}, "10.0.0.1", false},
		{"garbage before a proxy", "10.0.0.1:1", []string{"garbage, 10.0.0.2"}, "10.0.0.2", false},
		{"header injection", "10.0.0.1:1", []string{"198.51.100.1\" onload=x"}, "10.0.0.1", false},
		{"IPv6", "[2001:db8:aa::1]:1", []string{"2001:db8::7"}, "2001:db8::7", true},
		{"IPv6 direct", "[2001:db8::9]:1", []string{"2001:db8::7"}, "2001:db8::9", false},
		{"IPv4 in IPv6 peer", "[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, "198.51.100.1", true},
		{"IPv4 in IPv6 client", "10.0.0.1:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1", true},
		{"IPv4 in IPv6 trusted", "10.0.0.1:1", []string{"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1", true},
		{"zone", "[fe80::1%eth0]:1", nil, "fe80::1", false},
		{"zone of a liar", "10.0.0.1:1", []string{"fe80::1%eth0"}, "fe80::1", true},
		{"no port", "203.0.113.5", nil, "203.0.113.5", false},
		{"socket", "@", []string{"198.51.100.1"}, "invalid IP", false},
	} {
		r := httptest.NewRequest("POST", "/in/x", nil)
		r.RemoteAddr = c.peer
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		got := s.client(r)
		if got.Addr.String() != c.want || got.Named != c.named {
			t.Errorf("%s: %s named=%v, want %s named=%v", c.name, got.Addr, got.Named, c.want, c.named)
		}
		if got.Proxy != s.trusted(got.Addr) || got.Proxy && got.Limited() {
			t.Errorf("%s: %+v, limited=%v", c.name, got, got.Limited())
		}
	}
	r := httptest.NewRequest("POST", "/in/x", nil)
	r.RemoteAddr = "10.0.0.1:1"
	r.Header.Set("X-Forwarded-For", strings.Repeat("10.0.0.2,", 1500)+"10.0.0.2")
	if c := s.client(r); c.Named || c.Limited() {
		t.Errorf("a long chain of proxies: %v", c)
	}
}

// Forwarded (RFC 7239) says the same in more words, where X-Forwarded-For is not written.
func TestClientInForwarded(t *testing.T) {
	t.Parallel()
	s := &Server{o: Options{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}}}
	for _, c := range []struct {
		forwarded []string
		want      string
		limited   bool
	}{
		{[]string{"for=198.51.100.1"}, "198.51.100.1", true},
		{[]string{`For="198.51.100.1:4711";proto=https;by=10.0.0.1`}, "198.51.100.1", true},
		{[]string{`proto=https; for="[2001:db8:cafe::17]:4711" ;host="a,b;c"`}, "2001:db8:cafe::17", true},
		{[]string{"for=6.6.6.6, for=198.51.100.1, for=10.0.0.2"}, "198.51.100.1", true},
		{[]string{"for=198.51.100.1", "for=10.0.0.2;proto=http"}, "198.51.100.1", true},
		{[]string{`for=", for=198.51.100.1`}, "198.51.100.1", true}, // a quote left open
		{[]string{`for=198.51.100.1;host="x, for=6.6.6.6"`}, "198.51.100.1", true},
		{[]string{`for=198.51.100.1;host="x\", for=6.6.6.6"`}, "198.51.100.1", true},
		{[]string{"for=unknown"}, "10.0.0.1", false},
		{[]string{"for=_hidden, for=10.0.0.2"}, "10.0.0.2", false},
		{[]string{"proto=https"}, "10.0.0.1", false},
		{[]string{"for=192.0.2.7"}, "192.0.2.7", false}, // a public proxy of ours, and nobody behind it
		{[]string{""}, "10.0.0.1", false},
	} {
		r := httptest.NewRequest("POST", "/in/x", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header["Forwarded"] = c.forwarded
		if got := s.client(r); got.Addr.String() != c.want || got.Limited() != c.limited {
			t.Errorf("%q: %+v, limited=%v", c.forwarded, got, got.Limited())
		}
		r.RemoteAddr = "203.0.113.1:1"
		if got := s.client(r); got.Addr.String() != "203.0.113.1" {
			t.Errorf("%q from anybody: %+v", c.forwarded, got)
		}
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("X-Forwarded-For", "198.51.100.99")
		if got := s.client(r); got.Addr.String() != "198.51.100.99" {
			t.Errorf("%q beside X-Forwarded-For: %+v", c.forwarded, got)
		}
	}
}

// What a delivery says of its peer is what the trusted proxies say.
func TestDeliveryNamesItsPeer(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	id := n.deliver(person("peer"), "X-Forwarded-For", "198.51.100.7", "X-Forwarded-For", "::ffff:203.0.113.8")
	n.stored(id)
	if d := decode[shownDelivery](t, n.api("GET", "/api/v1/deliveries/"+id, "", 200)); d.Peer != "203.0.113.8" {
		t.Errorf("peer is %q", d.Peer)
	}
}

// Health and metrics are for who sits at the machine, or has a token.
func TestInspectionIsForLoopback(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	for _, c := range []struct {
		peer   string
		header []string
		want   int
	}{
		{"127.0.0.1:1", nil, 200},
		{"[::1]:1", nil, 200},
		{"[::ffff:127.0.0.1]:1", nil, 200},
		{"203.0.113.5:1", nil, 401},
		{"10.0.0.5:1", nil, 401},
		{"203.0.113.5:1", []string{"X-Forwarded-For", "127.0.0.1"}, 401},
		{"127.0.0.1:1", []string{"X-Forwarded-For", "203.0.113.5"}, 401}, // a proxy nobody configured
		{"127.0.0.1:1", []string{"X-Real-IP", "203.0.113.5"}, 401},
		{"127.0.0.1:1", []string{"Forwarded", "for=203.0.113.5"}, 401},
		{"127.0.0.1:1", []string{"Via", "1.1 proxy"}, 401},
		{"127.0.0.2:1", []string{"X-Forwarded-For", "127.0.0.1"}, 401},
		{"127.0.0.2:1", []string{"X-Forwarded-For", "garbage"}, 401},
		{"203.0.113.5:1", []string{"Authorization", "Bearer " + apiToken}, 200},
		{"203.0.113.5:1", []string{"Authorization", "Bearer " + wrongToken}, 401},
		{"@", nil, 401},
	} {
		for _, path := range []string{"/healthz", "/metrics"} {
			r := httptest.NewRequest("GET", path, nil)
			r.RemoteAddr = c.peer
			for i := 0; i < len(c.header); i += 2 {
				r.Header.Set(c.header[i], c.header[i+1])
			}
			w := httptest.NewRecorder()
			n.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s from %s with %.40q: %d", path, c.peer, c.header, w.Code)
			}
		}
	}
}

func FuzzClient(f *testing.F) {
	for _, seed := range []string{"", "1.2.3.4", "10.0.0.1, 1.2.3.4", "::1,,", "fe80::1%x", ",\x00,", "10.0.0.2,10.0.0.3"} {
		f.Add("10.0.0.1:1", seed)
	}
	s := &Server{o: Options{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = peer
		alone := s.client(r)
		r.Header["X-Forwarded-For"] = []string{forwarded}
		c := s.client(r)
		if !s.trusted(alone.Addr) && c != alone {
			t.Errorf("%q made %v of %v", forwarded, c, alone)
		}
		r.Header["X-Forwarded-For"] = []string{forwarded, "198.51.100.1"} // what the proxy itself adds
		if c := s.client(r); s.trusted(alone.Addr) && c != (connectors.Client{Addr: netip.MustParseAddr("198.51.100.1"), Named: true}) {
			t.Errorf("%q hides the client: %v", forwarded, c)
		}
	})
}
