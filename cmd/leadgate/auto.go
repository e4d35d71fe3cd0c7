package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"leadgate/lead"
	"leadgate/server"
)

// auto has certificates from a certificate authority by ACME, one a domain, and keeps
// them in force. Nobody who connects makes it ask the authority: its own loop does, when
// there is none, and again later each time it is refused. What is in force is renewed
// behind it when a third of its time is left, at most 30 days.
type auto struct {
	log     *slog.Logger
	now     func() time.Time
	make    func(domain string) *autocert.Manager
	http    bool          // the challenge is answered on a plain listener too
	patient time.Duration // after the first refusal
	heard   *problems
	local   *tls.Certificate
	names   []string

	mu    sync.Mutex // guards what hosts are made of
	hosts map[string]*autoHost
}

// autoHost is one domain.
type autoHost struct {
	name    string
	manager *autocert.Manager
	plain   http.Handler // answers the challenge; nil without
	issued  bool
	fails   int
	next    time.Time // when the authority may be asked again
	problem string    // why there is none
}

// firstPatience and mostPatience bound how long a refusal is sat out. Authorities count
// failures by the hour.
const (
	firstPatience = 2 * time.Minute
	mostPatience  = 6 * time.Hour
)

// newAuto prepares certificates for the domains of the options and takes into use what
// is kept of them.
func newAuto(ctx context.Context, o *Options, log *slog.Logger) (*auto, error) {
	heard := &problems{log: log}
	client, err := o.acmeHTTP(heard)
	if err != nil {
		return nil, err
	}
	cache, err := newCertFolder(filepath.Join(o.Data, "certs"))
	if err != nil {
		return nil, err
	}
	a := &auto{log: log, now: time.Now, patient: firstPatience, heard: heard, names: o.TLSAuto, http: o.challengeAddress() != "", hosts: map[string]*autoHost{}}
	a.make = func(domain string) *autocert.Manager {
		return &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: cache, HostPolicy: autocert.HostWhitelist(domain), Email: o.TLSAutoEmail,
			Client: &acme.Client{DirectoryURL: o.acmeDirectory(), HTTPClient: client, UserAgent: "leadgate/" + version(), RetryBackoff: acmeRetry}}
	}
	if a.local, err = localCertificate(a.now()); err != nil {
		return nil, err
	}
	for _, name := range a.names {
		a.hosts[name] = &autoHost{name: name}
		a.renew(a.hosts[name])
		if valid(ctx, cache, name, a.now()) {
			_ = a.try(ctx, a.hosts[name]) // run tries again
		}
	}
	return a, nil
}

// acmeRetry asks the authority again after an error that may pass, and leaves a limit
// it set to the loop.
func acmeRetry(n int, _ *http.Request, resp *http.Response) time.Duration {
	if n > 3 || resp != nil && resp.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return time.Duration(n) * time.Second
}

// valid reports whether a certificate is kept that needs no new one.
func valid(ctx context.Context, cache autocert.Cache, name string, now time.Time) bool {
	data, err := cache.Get(ctx, name)
	if err != nil {
		return false
	}
	pair, err := tls.X509KeyPair(data, data)
	return err == nil && now.Before(pair.Leaf.NotAfter) && pair.Leaf.VerifyHostname(name) == nil
}

// renew gives a domain a manager that has not failed yet.
func (a *auto) renew(h *autoHost) {
	h.manager = a.make(h.name)
	if a.http {
		h.plain = h.manager.HTTPHandler(http.NotFoundHandler())
	}
}

// run has what is missing issued, until ctx ends.
func (a *auto) run(ctx context.Context) {
	for {
		next := a.now().Add(time.Hour)
		for _, name := range a.names {
			h := a.host(name)
			if h == nil || h.issued {
				continue
			}
			if at := h.next; at.After(a.now()) {
				next = earlier(next, at)
				continue
			}
			if err := a.try(ctx, h); err != nil {
				next = earlier(next, a.host(name).next)
			}
			if ctx.Err() != nil {
				return
			}
		}
		t := time.NewTimer(max(next.Sub(a.now()), 10*time.Millisecond))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// host returns a copy of what is known of a domain, or nil.
func (a *auto) host(name string) *autoHost {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.hosts[name]
	if h == nil {
		return nil
	}
	c := *h
	return &c
}

// try asks for a domain's certificate and notes what came of it. The library gives up
// by itself after five minutes; a stop does not wait for it.
func (a *auto) try(ctx context.Context, h *autoHost) error {
	a.heard.forget()
	done := make(chan error, 1)
	go func() {
		_, err := h.manager.GetCertificate(helloOf(h.name))
		done <- err
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := a.hosts[h.name]
	if err == nil {
		kept.issued, kept.fails, kept.problem = true, 0, ""
		a.log.InfoContext(ctx, "certificate in force", "domain", h.name)
		return nil
	}
	wait := min(a.patient<<min(kept.fails, 10), mostPatience)
	if limit, ok := acme.RateLimit(err); ok {
		wait = max(wait, min(limit, 24*time.Hour))
	}
	wait += rand.N(wait/10 + 1)
	kept.fails, kept.next, kept.problem = kept.fails+1, a.now().Add(wait), clip(cmp.Or(a.heard.last(), err.Error()), 300)
	a.renew(kept) // one that failed would only repeat it
	a.log.ErrorContext(ctx, "no certificate", "domain", h.name, "err", err, "heard", a.heard.last(), "again", wait.Round(time.Second))
	return err
}

// helloOf is what a client of today would begin with: keys are ECDSA.
func helloOf(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// get is what a handshake is answered with. Whoever names no domain gets the first.
func (a *auto) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if name == localName {
		return a.local, nil
	}
	h := a.host(cmp.Or(name, a.names[0]))
	switch {
	case h == nil:
		return nil, errors.New("choosing certificate: none of this gateway's domains")
	case len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acme.ALPNProto:
		return h.manager.GetCertificate(hello)
	case !h.issued:
		return nil, errors.New("choosing certificate: it was not issued yet")
	}
	return h.manager.GetCertificate(helloOf(h.name))
}

func (a *auto) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.get, NextProtos: []string{"http/1.1", acme.ALPNProto}}
}

// certificates tells health and metrics of every domain.
func (a *auto) certificates() []server.Certificate {
	var out []server.Certificate
	for _, name := range a.names {
		h := a.host(name)
		c := server.Certificate{Domain: name, Problem: h.problem}
		if h.issued {
			if pair, err := h.manager.GetCertificate(helloOf(name)); err == nil {
				c = fileCertificate(name, pair.Leaf, a.now())
			}
		}
		out = append(out, c)
	}
	return out
}

// fileCertificate tells of a certificate, and that it should have been renewed when a
// sixth of its time is left: half of what renewing had.
func fileCertificate(name string, leaf *x509.Certificate, now time.Time) server.Certificate {
	c := server.Certificate{Domain: name, NotAfter: leaf.NotAfter}
	if left := leaf.NotAfter.Sub(now); left <= 0 {
		c.Problem = "it has expired"
	} else if left < min(leaf.NotAfter.Sub(leaf.NotBefore)/6, 15*24*time.Hour) {
		c.Problem = "it ends soon and was not renewed"
	}
	return c
}

// plain is all that is answered in clear: the challenge, and where to go.
func (a *auto) plain(public string) http.Handler {
	port := ""
	if u, err := url.Parse(public); err == nil && u.Port() != "" && u.Port() != "443" {
		port = ":" + u.Port()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			name = host
		}
		h := a.host(strings.ToLower(strings.TrimSuffix(name, ".")))
		switch {
		case h == nil:
			http.NotFound(w, r)
		case strings.HasPrefix(r.URL.Path, "/.well-known/acme-challenge/"):
			c := r.Clone(r.Context())
			c.Host = h.name
			h.plain.ServeHTTP(w, c)
		default:
			w.Header().Set("Connection", "close")
			http.Redirect(w, r, "https://"+h.name+port+r.URL.RequestURI(), http.StatusPermanentRedirect)
		}
	})
}

// hsts tells browsers to come by TLS only, for a year.
func hsts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// checkAuto refuses what cannot work, in words that say what would.
func (o *Options) checkAuto() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", lead.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if len(o.TLSAuto) == 0 {
		for flag, value := range map[string]string{"http": o.TLSAutoHTTP, "email": o.TLSAutoEmail, "directory": o.TLSAutoDirectory, "ca": o.TLSAutoCA} {
			if value != "" {
				return refuse("--tls-auto-%s does nothing without --tls-auto DOMAIN", flag)
			}
		}
		return nil
	}
	if o.TLSCert != "" || o.TLSKey != "" {
		return refuse("--tls-auto makes the certificate, --tls-cert brings one: give one of them")
	}
	for i, name := range o.TLSAuto {
		name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
		if !domainName.MatchString(name) || len(name) > 253 {
			return refuse("--tls-auto takes full domain names such as leads.example.com, not %q: no address, no wildcard, no port, and international names as xn--", name)
		}
		if slices.Contains(o.TLSAuto[:i], name) {
			return refuse("--tls-auto names %s twice", name)
		}
		o.TLSAuto[i] = name
	}
	if _, _, err := net.SplitHostPort(o.challengeAddress()); o.challengeAddress() != "" && err != nil {
		return refuse("--tls-auto-http is HOST:PORT, or off when only TLS reaches this machine")
	}
	if o.challengeAddress() == o.Listen {
		return refuse("--tls-auto-http and --listen are the same address: one speaks in clear, the other TLS")
	}
	if u, err := url.Parse(o.acmeDirectory()); err != nil || u.Scheme != "https" || u.Host == "" {
		return refuse("--tls-auto-directory must be an https address")
	}
	if o.TLSAutoEmail != "" && (strings.Count(o.TLSAutoEmail, "@") != 1 || strings.ContainsAny(o.TLSAutoEmail, " \t,<>")) {
		return refuse("--tls-auto-email must be one address such as ops@example.com")
	}
	u, err := url.Parse(o.PublicURL)
	if o.PublicURL != "" && (err != nil || u.Scheme != "https" || !slices.Contains(o.TLSAuto, strings.ToLower(u.Hostname()))) {
		return refuse("--public-url must be https and one of the domains of --tls-auto: it is the address that has a certificate")
	}
	return nil
}

// challengeAddress is where the challenge is answered in clear, "" for nowhere: beside
// a public listener that is port 80, beside one on loopback only what was asked for.
func (o *Options) challengeAddress() string {
	switch {
	case o.TLSAutoHTTP == "off" || o.TLSAutoHTTP == "" && o.loopback():
		return ""
	case o.TLSAutoHTTP == "":
		return ":80"
	}
	return o.TLSAutoHTTP
}

// acmeDirectory is the authority that is asked.
func (o *Options) acmeDirectory() string {
	return cmp.Or(o.TLSAutoDirectory, autocert.DefaultACMEDirectory)
}

// acmeHTTP is the client that speaks to the authority, which may be one of the
// operator's own with a root of its own.
func (o *Options) acmeHTTP(heard *problems) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if o.TLSAutoCA != "" {
		body, err := os.ReadFile(o.TLSAutoCA)
		if err != nil {
			return nil, fmt.Errorf("reading --tls-auto-ca: %w", err)
		}
		if !roots.AppendCertsFromPEM(body) {
			return nil, fmt.Errorf("%w: --tls-auto-ca holds no certificate (PEM)", lead.ErrInvalid)
		}
	}
	heard.next = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second}
	return &http.Client{Transport: heard, Timeout: 30 * time.Second}, nil
}
