package connectortest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// Env is a connectors.Env that keeps in memory what it is given. It is safe for
// concurrent use. The zero value is not usable; see [NewEnv].
type Env struct {
	source connectors.Source
	url    string
	log    *slog.Logger

	mu       sync.Mutex
	now      time.Time
	fail     error
	limit    func(client string, soft, hard int) connectors.Limit
	accepted []lead.Delivery
	clients  []string

	state state
	turns turns
	http  connectors.HTTP
}

// NewEnv returns the Env of a source at publicURL, whose clock stands at 2026-01-01
// until it is set, whose log goes to log (nil for nowhere), whose limits are never
// reached, and whose HTTP client reaches nobody until it is set.
func NewEnv(source connectors.Source, publicURL string, log io.Writer) *Env {
	if log == nil {
		log = io.Discard
	}
	handler := slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
	return &Env{source: source, url: publicURL, log: slog.New(handler), now: defaultNow(), http: nobody{}}
}

// SetNow sets the clock.
func (e *Env) SetNow(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = now
}

// FailWith makes Accept keep nothing and return err, until it is called with nil.
func (e *Env) FailWith(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = err
}

// LimitBy makes f the answer of Limit; nil means that no limit is ever reached.
func (e *Env) LimitBy(f func(client string, soft, hard int) connectors.Limit) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.limit = f
}

// CallWith makes h the client for calls to other people's servers.
func (e *Env) CallWith(h connectors.HTTP) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.http = h
}

// Accepted returns what was accepted, in order. A key that came again is there again.
func (e *Env) Accepted() []lead.Delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.accepted)
}

// Clients returns whom Limit was asked about, in order.
func (e *Env) Clients() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.clients)
}

// Source implements connectors.Env.
func (e *Env) Source() connectors.Source { return e.source }

// PublicURL implements connectors.Env.
func (e *Env) PublicURL() string { return e.url }

// Log implements connectors.Env.
func (e *Env) Log() *slog.Logger { return e.log }

// Now implements connectors.Env.
func (e *Env) Now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// Accept implements connectors.Env.
func (e *Env) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	if err := ctx.Err(); err != nil {
		return lead.ID{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return lead.ID{}, e.fail
	}
	if d.ID = lead.DeriveID(d.Source, d.Key); d.Key == "" {
		// Numbered, so that a golden is answered the same each time.
		d.ID = lead.DeriveID(d.Source, fmt.Sprintf("unnamed\x00%d", len(e.accepted)))
	}
	e.accepted = append(e.accepted, clone(d))
	return d.ID, nil
}

// Limit implements connectors.Env.
func (e *Env) Limit(client string, soft, hard int) connectors.Limit {
	e.mu.Lock()
	f := e.limit
	e.clients = append(e.clients, client)
	e.mu.Unlock()
	if f == nil {
		return connectors.Within
	}
	return f(client, soft, hard)
}

// Secret implements connectors.Env.
func (e *Env) Secret(purpose string) []byte {
	sum := sha256.Sum256([]byte("secret of " + e.source.Name + " for " + purpose))
	return sum[:]
}

// FormerSecrets implements connectors.Env: no key was ever rotated.
func (e *Env) FormerSecrets(string) [][]byte { return nil }

// HTTP implements connectors.Env.
func (e *Env) HTTP() connectors.HTTP {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.http
}

// nobody is the client of a net without anybody in it.
type nobody struct{}

func (nobody) Do(r *http.Request) (*http.Response, error) {
	return nil, &lead.RemoteError{Host: r.URL.Hostname(), Reason: "is not there in a test", Class: lead.ErrUnavailable}
}

var _ connectors.Env = (*Env)(nil)
