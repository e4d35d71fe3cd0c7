package outgoing

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
)

// Whatever an address is written as, loopback is not reached through it.
func TestFormsOfAddresses(t *testing.T) {
	t.Parallel()
	victim := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(victim.addr())
	// The port is open for somebody else, so that nothing but the address is in the way.
	c := client(t, Options{Allow: allow(t, "192.168.255.254:"+port), Resolver: resolver(t, []string{"127.0.0.1"})}, Media())
	for host, words := range map[string]string{
		"127.0.0.1": "not", "localhost": "not", "LOCALHOST.": "not", "[::1]": "not", "[::]": "closed", "0.0.0.0": "closed", "[::ffff:127.0.0.1]": "not",
		"[::ffff:7f00:1]": "not", "[::127.0.0.1]": "not", "127.1": "no name", "2130706433": "no name", "0x7f000001": "no name", "0x7f.0.0.1": "no name", "0177.0.0.1": "no name",
		"127.0.0.0x1": "no name", "00127.0.0.1": "no name", "[64:ff9b::7f00:1]": "not", "[fe80::1%25lo]": "no name", "１２７.０.０.１": "no name", "127。0。0。1": "no name",
	} {
		_, err := get(t, c, "GET", "http://"+host+":"+port)
		if remote := wantError(t, err, lead.ErrPermanent, words); remote.Sent {
			t.Errorf("%s: something was sent", host)
		}
	}
	if victim.hits.Load() != 0 {
		t.Errorf("loopback was reached %d times", victim.hits.Load())
	}
}

// twoPeers are servers on one port of two addresses.
func twoPeers(t *testing.T, first, second string) (port string, a, b *peer) {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", first+":0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		m, err := net.Listen("tcp", second+":"+port)
		if err != nil {
			_ = l.Close()
			continue
		}
		list := [2]*peer{{}, {}}
		for i, l := range []net.Listener{l, m} {
			p := list[i]
			p.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				p.hits.Add(1)
				w.Header().Set("Connection", "close")
			})}}
			p.Start()
			t.Cleanup(p.Close)
		}
		return port, list[0], list[1]
	}
	t.Fatal("no port is free on both")
	return "", nil, nil
}

// A name that is somewhere else the next time leads to where it may only.
func TestRebinding(t *testing.T) {
	t.Parallel()
	port, good, victim := twoPeers(t, "127.0.0.2", "127.0.0.1")
	c := client(t, Options{Resolver: resolver(t, []string{"127.0.0.2"}, []string{"127.0.0.1"}, []string{"127.0.0.1", "127.0.0.2"}, []string{"169.254.169.254"})}, Media(), good)
	address := "http://rebind.test:" + port
	if _, err := get(t, c, "GET", address); err != nil {
		t.Fatal(err)
	}
	_, err := get(t, c, "GET", address)
	if remote := wantError(t, err, lead.ErrPermanent, "rebind.test:"+port+": has a port that is not allowed"); remote.Sent || remote.After != 0 {
		t.Errorf("error %+v", remote)
	}
	if _, err := get(t, c, "GET", address); err != nil { // of two addresses one may be called
		t.Error(err)
	}
	_, err = get(t, c, "GET", address)
	wantError(t, err, lead.ErrPermanent, "closed to everybody")
	if good.hits.Load() != 2 || victim.hits.Load() != 0 {
		t.Errorf("%d calls of the one and %d of the other", good.hits.Load(), victim.hits.Load())
	}
}

// Who is allowed by name may be anywhere but where credentials are handed out.
func TestAllowedName(t *testing.T) {
	t.Parallel()
	p := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(p.addr())
	c := client(t, Options{Allow: allow(t, "crm.test:"+port), Resolver: resolver(t, []string{"127.0.0.1"})}, Media())
	if _, err := get(t, c, "GET", "http://CRM.test.:"+port); err != nil {
		t.Error(err)
	}
	_, err := get(t, c, "GET", "http://other.test:"+port)
	wantError(t, err, lead.ErrPermanent, "not allowed")
}

// A redirect is judged like everything else, and leads no secret to another host.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var seen http.Header
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() })
	var to string
	status := http.StatusFound
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/end") {
			seen = r.Header.Clone()
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	})
	c := client(t, Options{}, Media(), first, other)
	for _, tc := range []struct{ to, words string }{
		{"http://169.254.169.254/latest/meta-data/" + answerSecret, "169.254.169.254: has an address that is closed"}, {"http://127.0.0.1:1/", "not allowed"}, {"http://[::1]/", "not public"},
		{"http://user:" + answerSecret + "@example.org/", "name or password"}, {"file:///etc/passwd", "neither"}, {"gopher://example.org/", "neither"}, {"http://%zz/", "no address"},
	} {
		to = tc.to
		_, err := get(t, c, "GET", first.URL)
		wantError(t, err, lead.ErrPermanent, tc.words)
	}
	to = "/again"
	_, err := get(t, c, "GET", first.URL)
	wantError(t, err, lead.ErrUnavailable, "redirects too often 302")
	for _, to = range []string{other.URL + "/x", "/end"} {
		seen = nil
		if _, err := get(t, c, "GET", first.URL); err != nil {
			t.Fatal(err)
		}
		kept := strings.Contains(seen.Get("Authorization")+seen.Get("Cookie")+seen.Get("X-Api-Key"), headerSecret)
		if kept != (to == "/end") || seen.Get("Referer") != "" || seen.Get("User-Agent") != "leadgate" {
			t.Errorf("to %s: %v", to, seen)
		}
	}
	for _, hook := range []*Client{c, c.With(Policy{Answer: 1, Timeout: time.Second, Plain: true})} {
		for status = range map[int]bool{301: true, 307: true, 308: true} {
			seen = nil
			_, err := get(t, hook, "POST", first.URL)
			if wantError(t, err, lead.ErrUnavailable, "answers 30"); seen != nil {
				t.Error("a post was redirected")
			}
		}
	}
}

// Nothing leads from encryption to none, and nothing without encryption is called
// unless it is asked for.
func TestEncryption(t *testing.T) {
	t.Parallel()
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	secure := &peer{}
	secure.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("spoken was %s", r.Proto)
		}
		w.Header().Set("Location", plain.URL)
		if strings.HasPrefix(r.URL.Path, "/down") {
			w.WriteHeader(http.StatusFound)
		}
	}))
	secure.EnableHTTP2, secure.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	c := client(t, Options{}, Media(), plain, secure)
	_, err := get(t, c, "GET", secure.URL)
	wantError(t, err, lead.ErrUnavailable, "certificate that is not trusted")
	_, err = get(t, c, "GET", strings.Replace(plain.URL, "http:", "https:", 1))
	wantError(t, err, lead.ErrUnavailable, "does not speak TLS")
	roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c = client(t, Options{Roots: roots}, Media(), plain, secure)
	if _, err := get(t, c, "GET", secure.URL); err != nil {
		t.Error(err)
	}
	_, err = get(t, c, "GET", secure.URL+"/down")
	wantError(t, err, lead.ErrPermanent, "redirects to where there is no encryption 302")
	_, err = get(t, c.With(Media()), "GET", plain.URL)
	wantError(t, err, lead.ErrPermanent, "without encryption")
	if plain.hits.Load() != 0 {
		t.Error("the one without encryption was called")
	}
}

// A proxy of the environment sees nothing.
func TestNoProxy(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	c := client(t, Options{Resolver: resolver(t, []string{"127.0.0.1"})}, Media(), proxy)
	_, err := get(t, c, "GET", "http://example.test")
	wantError(t, err, lead.ErrPermanent, "not public")
	if proxy.hits.Load() != 0 {
		t.Error("the proxy was asked")
	}
}
