package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/lead"
)

const testDomain = "leads.example.test"

// freeAddress is one nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// client comes for the domain, wherever it is, and believes the authority alone.
func (a *authority) client(address string) *http.Client {
	return &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: a.roots},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", address)
			}}}
}

// secured waits until a client of the domain is answered.
func (a *authority) secured(t *testing.T, address string) *http.Response {
	t.Helper()
	c := a.client(address)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := c.Get("https://" + testDomain + "/f/contact")
		if err == nil {
			resp.Body.Close()
			return resp
		}
		if time.Now().After(deadline) {
			t.Fatalf("no certificate came: %v", err)
		}
	}
}

// A gateway proves its domain over TLS, over HTTP when that is all the authority takes,
// and is then what it should be. It needs no authority to start again.
func TestCertificatesByACME(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"tls-alpn-01", "http-01"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, kind)
			a.badNonce = 2
			data := filepath.Join(t.TempDir(), "data")
			flags := []string{"--tls-auto", testDomain, "--tls-auto-directory", a.dir, "--tls-auto-ca", a.file, "--tls-auto-email", "ops@example.test", "--api-token", "bootstrap-token-1"}
			clear := ""
			if kind == "http-01" {
				clear = freeAddress(t)
				flags = append(flags, "--tls-auto-http", clear)
			}
			g := startGateway(t, data, flags...)
			a.finds(g.host(), clear)
			resp := a.secured(t, g.host())
			if got := resp.Header.Get("Strict-Transport-Security"); resp.StatusCode != http.StatusOK || !strings.HasPrefix(got, "max-age=31536000") {
				t.Errorf("status %d, HSTS %q", resp.StatusCode, got)
			}
			if !slices.Equal(a.contacts, []string{"mailto:ops@example.test"}) || !slices.Contains(a.proofs, kind) {
				t.Errorf("contacts %v, proofs %v", a.contacts, a.proofs)
			}
			checkHandshakes(t, a, g.host())
			checkTold(t, a, g)
			if clear != "" {
				checkClear(t, clear)
			}
			checkKept(t, filepath.Join(data, "certs"))
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			a.set(func() { a.down = true })
			g = startGateway(t, data, flags...)
			a.secured(t, g.host())
			if n := a.count(); n != 1 {
				t.Errorf("%d certificates were issued", n)
			}
			if log := g.err.String(); strings.Contains(log, "PRIVATE") {
				t.Error("a key is in the log")
			}
		})
	}
}

// checkHandshakes tries what must not be answered.
func checkHandshakes(t *testing.T, a *authority, address string) {
	t.Helper()
	for name, c := range map[string]*tls.Config{
		"another domain": {ServerName: "other.example.test", InsecureSkipVerify: true},                           //nolint:gosec // it must be refused
		"TLS 1.1":        {ServerName: testDomain, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true},       //nolint:gosec // it must be refused
		"a challenge":    {ServerName: testDomain, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}, //nolint:gosec // there is none now
	} {
		if conn, err := tls.Dial("tcp", address, c); err == nil {
			conn.Close()
			t.Errorf("%s: answered", name)
		}
	}
	for _, name := range []string{testDomain, strings.ToUpper(testDomain), ""} {
		conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true}) //nolint:gosec // compared below
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := conn.ConnectionState().PeerCertificates[0].VerifyHostname(testDomain); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		conn.Close()
	}
}

// checkTold wants health and metrics to tell of the certificate.
func checkTold(t *testing.T, a *authority, g *gatewayUnderTest) {
	t.Helper()
	r, ok := running(g.dir)
	if !ok {
		t.Fatal("this machine's commands do not reach the gateway")
	}
	ask := func(path string) []byte {
		req, err := http.NewRequest(http.MethodGet, g.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.client(5 * time.Second).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	var h struct {
		Certificates []struct {
			Domain   string
			NotAfter time.Time `json:"not_after"`
			Problem  string
		}
	}
	if err := json.Unmarshal(ask("/healthz"), &h); err != nil || len(h.Certificates) != 1 || h.Certificates[0].Domain != testDomain || h.Certificates[0].Problem != "" ||
		time.Until(h.Certificates[0].NotAfter) < a.lifetime/2 {
		t.Errorf("health %+v, %v", h, err)
	}
	if m := string(ask("/metrics")); !strings.Contains(m, `leadgate_certificate_expires_seconds{domain="`+testDomain+`"} 3`) {
		t.Error("metrics do not tell when the certificate ends")
	}
	bad := r
	bad.Pin = strings.Repeat("00", 32)
	if _, err := bad.client(time.Second).Get(g.url + "/livez"); err == nil {
		t.Error("somebody else's certificate is taken for the gateway's")
	}
}

// checkClear wants nothing but the challenge and the way to TLS in clear.
func checkClear(t *testing.T, address string) {
	t.Helper()
	c := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, tc := range []struct {
		method, host, path string
		status             int
		to                 string
	}{
		{"GET", testDomain, "/f/contact?a=b", http.StatusPermanentRedirect, "https://" + testDomain + "/f/contact?a=b"},
		{"GET", testDomain + ":80", "//evil.example/x", http.StatusPermanentRedirect, "https://" + testDomain + "//evil.example/x"},
		{"POST", testDomain, "/f/contact", http.StatusPermanentRedirect, "https://" + testDomain + "/f/contact"},
		{"GET", "evil.example", "/", http.StatusNotFound, ""},
		{"GET", "", "/livez", http.StatusNotFound, ""},
		{"GET", testDomain, "/.well-known/acme-challenge/none", http.StatusNotFound, ""},
		{"GET", "evil.example", "/.well-known/acme-challenge/none", http.StatusNotFound, ""},
	} {
		req, err := http.NewRequest(tc.method, "http://"+address+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.host != "" {
			req.Host = tc.host
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); resp.StatusCode != tc.status || got != tc.to {
			t.Errorf("%s %s %s: %d %q, want %d %q", tc.method, tc.host, tc.path, resp.StatusCode, got, tc.status, tc.to)
		}
	}
}

// checkKept wants the certificate and the account in private files.
func checkKept(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		if !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil || n < 2 {
		t.Errorf("%d files, %v", n, err)
	}
}

// secure serves certificates of an authority without the rest of a gateway.
func secure(t *testing.T, a *authority, patience time.Duration) (*auto, string) {
	t.Helper()
	o := &Options{Data: t.TempDir(), Listen: "127.0.0.1:0", TLSAuto: []string{testDomain}, TLSAutoDirectory: a.dir, TLSAutoCA: a.file}
	if err := o.checkAuto(); err != nil {
		t.Fatal(err)
	}
	c, err := newAuto(t.Context(), o, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	c.patient = patience
	ln, err := net.Listen("tcp", o.Listen)
	if err != nil {
		t.Fatal(err)
	}
	hs := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), ReadHeaderTimeout: time.Second}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = hs.Serve(tls.NewListener(ln, c.config())) })
	wg.Go(func() { c.run(ctx) })
	t.Cleanup(func() { stop(); _ = hs.Close(); wg.Wait() })
	return c, ln.Addr().String()
}

// A refusal is sat out for as long as the authority says, is told in its own words, and
// visitors do not make it ask again.
func TestAuthorityRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "tls-alpn-01")
	var asked atomic.Int32
	limit := func(w http.ResponseWriter) {
		asked.Add(1)
		w.Header().Set("Retry-After", "2")
		problem(w, http.StatusTooManyRequests, "rateLimited", "too many certificates for this week")
	}
	a.refusals = append(a.refusals, limit, func(w http.ResponseWriter) {
		asked.Add(1)
		problem(w, http.StatusForbidden, "rejectedIdentifier", "not this domain")
	})
	began := time.Now()
	c, address := secure(t, a, 200*time.Millisecond)
	a.finds(address, "")
	told := func() string { return c.certificates()[0].Problem }
	for deadline := time.Now().Add(10 * time.Second); told() == ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("health does not tell")
		}
	}
	if got := told(); !strings.Contains(got, "too many certificates") {
		t.Errorf("health says %q", got)
	}
	for range 20 {
		if _, err := a.client(address).Get("https://" + testDomain); err == nil {
			t.Fatal("answered without a certificate")
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("it asked %d times", n)
	}
	a.secured(t, address)
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("the limit was sat out for %v", took)
	}
	if n := asked.Load(); n != 2 || told() != "" {
		t.Errorf("refused %d times, then %q", n, told())
	}
}

// A domain that cannot be proven is told with the authority's reason.
func TestDomainCannotBeProven(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "tls-alpn-01")
	c, _ := secure(t, a, time.Minute)
	a.finds(freeAddress(t), "") // somebody else's address: nobody listens there
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := c.certificates()[0]
		if got.Problem == "" && time.Now().Before(deadline) {
			continue
		}
		if got.Problem != "tls-alpn-01: no handshake" || !got.NotAfter.IsZero() {
			t.Errorf("health says %+v", got)
		}
		return
	}
}

// Certificates are renewed while clients come, and none is turned away.
func TestRenewalUnderLoad(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "tls-alpn-01")
	a.lifetime = 4 * time.Second
	_, address := secure(t, a, time.Minute)
	a.finds(address, "")
	a.secured(t, address)
	ctx, stop := context.WithTimeout(t.Context(), 8*time.Second)
	defer stop()
	var wg sync.WaitGroup
	var served atomic.Int64
	var mu sync.Mutex
	serials := map[string]bool{}
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: testDomain, RootCAs: a.roots})
				if err != nil {
					t.Errorf("turned away: %v", err)
					return
				}
				served.Add(1)
				mu.Lock()
				serials[conn.ConnectionState().PeerCertificates[0].SerialNumber.String()] = true
				mu.Unlock()
				conn.Close()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	if len(serials) < 3 {
		t.Errorf("%d handshakes saw %d certificates", served.Load(), len(serials))
	}
	t.Logf("%d handshakes saw %d certificates", served.Load(), len(serials))
}

// What cannot work is refused before anything starts, in words.
func TestAutoOptions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ flags, want string }{
		{"--tls-auto leads.example.com --listen :443", ""},
		{"--tls-auto Leads.Example.com.,www.example.com --listen :443 --public-url https://www.example.com", ""},
		{"--tls-auto xn--mller-kva.example --listen :443 --tls-auto-http off", ""},
		{"--tls-auto 192.0.2.1 --listen :443", "full domain names"},
		{"--tls-auto localhost --listen :443", "full domain names"},
		{"--tls-auto *.example.com --listen :443", "no wildcard"},
		{"--tls-auto https://example.com --listen :443", "full domain names"},
		{"--tls-auto example.com:443 --listen :443", "no port"},
		{"--tls-auto müller.example --listen :443", "xn--"},
		{"--tls-auto example.com,EXAMPLE.com --listen :443", "twice"},
		{"--tls-auto example.com --tls-cert a --tls-key b --listen :443", "give one of them"},
		{"--tls-auto-email ops@example.com", "does nothing without --tls-auto"},
		{"--tls-auto-http :80", "does nothing without --tls-auto"},
		{"--tls-auto example.com --listen :80", "same address"},
		{"--tls-auto example.com --listen :443 --tls-auto-http 80", "HOST:PORT"},
		{"--tls-auto example.com --listen :443 --tls-auto-directory http://ca.example", "https address"},
		{"--tls-auto example.com --listen :443 --tls-auto-email nobody", "one address"},
		{"--tls-auto example.com --listen :443 --public-url http://example.com", "must be https and one of the domains"},
		{"--tls-auto example.com --listen :443 --public-url https://other.example", "must be https and one of the domains"},
	} {
		out, err := command(t, nil, append([]string{"check", "--data", t.TempDir()}, strings.Fields(tc.flags)...)...)
		line := ""
		for l := range strings.Lines(out) {
			if strings.Contains(l, "network") {
				line = l
			}
		}
		if tc.want == "" && (err != nil || !strings.HasPrefix(line, "ok")) || tc.want != "" && (!strings.HasPrefix(line, "FAIL") || !strings.Contains(line, tc.want)) {
			t.Errorf("%s: %q %v, want %q", tc.flags, line, err, tc.want)
		}
	}
	o := &Options{Listen: ":443"}
	if got := o.challengeAddress(); got != ":80" {
		t.Errorf("beside a public listener the challenge is answered on %q", got)
	}
	if o.Listen = "127.0.0.1:8443"; o.challengeAddress() != "" {
		t.Error("beside a listener of this machine port 80 is opened")
	}
}

// Names that an authority makes up never leave the folder.
func TestCertFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "certs")
	c, err := newCertFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"leads.example.com", "leads.example.com+token", "../../outside", "/etc/passwd", ".hidden", "a\x00b", strings.Repeat("x", 300), ""} {
		body := fmt.Appendf(nil, "body %d", i)
		if err := c.Put(t.Context(), name, body); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got, err := c.Get(t.Context(), name); err != nil || string(got) != string(body) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 8 {
		t.Errorf("%d files, %v", len(list), err)
	}
	if err := errors.Join(c.Delete(t.Context(), ".hidden"), c.Delete(t.Context(), ".hidden")); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), ".hidden"); err == nil || errors.Is(err, lead.ErrInvalid) {
		t.Errorf("a name that is gone: %v", err)
	}
}
