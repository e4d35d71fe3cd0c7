// Package server is leadgate's HTTP face: every route, limits, proofs of who
// asks, and answers. It holds no business rule.
//
// All routes stand in routes.go. Guarantees: a body is capped before it is read, a
// delivery is proven before it is looked into and durable before it is
// acknowledged; what is our fault is 503 with Retry-After and never 4xx; no answer
// holds a secret, an expected signature or an internal error text.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// Intake is what the server asks of the pipeline.
type Intake interface {
	Accept(ctx context.Context, d lead.Delivery) (lead.ID, error)
	Enter(ctx context.Context, q lead.Inquiry, by, region string) (store.Receipt, error)
	Replay(ctx context.Context, id lead.ID, by string) (store.Receipt, error)
	Receipt(ctx context.Context, id lead.ID) (store.Receipt, error)
	Ready() error
	Health() pipeline.Health
}

// Store is what the server asks of the store.
type Store interface {
	store.Leads
	store.Desk
	store.Graveyard
	Duplicates(ctx context.Context, p store.Page) ([]store.Pair, string, error)
	Merge(ctx context.Context, a, b lead.ID, by string) (lead.Lead, error)
	NotSame(ctx context.Context, a, b lead.ID, by string) error
	Unmerge(ctx context.Context, id lead.ID, by string) ([]lead.Lead, error)
	Raw(ctx context.Context, id lead.ID) (lead.Delivery, error)
	Tokens(ctx context.Context) ([]store.Token, error)
}

// Blobs reads large bodies and files.
type Blobs interface {
	Get(ctx context.Context, name string) ([]byte, error)
}

// Envs makes what a connector sees of leadgate.
type Envs interface {
	Env(src *pipeline.Source, mount string) connectors.Env
}

// Registry lists and changes sources, and says what is wrong with them all.
type Registry interface {
	List(ctx context.Context) ([]pipeline.ShownSource, error)
	Create(ctx context.Context, n pipeline.NewSource) (pipeline.ShownSource, error)
	Change(ctx context.Context, name string, p pipeline.SourcePatch) (pipeline.ShownSource, error)
	Trouble() []string
}

// Options are what a server is made of.
type Options struct {
	Intake    Intake
	Store     Store
	Blobs     Blobs
	Sources   *pipeline.Sources
	Registry  Registry
	Shared    bool // other nodes work over the same store
	Envs      Envs
	Metrics   *Metrics
	PublicURL string
	Region    string         // of leads entered by hand
	Trusted   []netip.Prefix // proxies whose X-Forwarded-For or Forwarded counts
	NoIntake  bool           // this node takes no deliveries: others do
	Tokens    []string       // that open the API beside those in the store: the bootstrap and the local one
	// Certificates are those the gateway answers with; nil for none.
	Certificates func() []Certificate
	Trouble      func() []string // what else is wrong, in words; nil for nothing
	Console      http.Handler    // what is under /; nil for a plain notice
	Version      string
	Log          *slog.Logger
	Now          func() time.Time
}

// Server answers requests. Make it with New.
type Server struct {
	o        Options
	log      *slog.Logger
	now      func() time.Time
	mux      *http.ServeMux
	tokens   tokens
	mounted  sync.Map // source name → mounted, of sources that serve themselves
	flight   atomic.Int64
	bytes    atomic.Int64
	draining atomic.Bool
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{o: o, log: o.Log, now: o.Now, mux: http.NewServeMux()}
	s.tokens.configure(o.Tokens)
	for _, r := range s.routes() {
		s.mux.Handle(r.pattern(), s.guarded(r))
	}
	return s
}

// Drain lets every answer from now on ask its client to close the connection, so
// that a shutdown cuts no request in two. Readiness ends with it.
func (s *Server) Drain() { s.draining.Store(true) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if s.draining.Load() {
		h.Set("Connection", "close")
	}
	ctx := connectors.WithClient(r.Context(), s.client(r))
	s.mux.ServeHTTP(w, r.WithContext(ctx))
}

// HTTP returns the http.Server with the time limits of every connection: a
// header in 5 s, a body in 15 s (longer for a large one, as long as it comes), an
// answer in 60 s, and 60 s until the next request.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       bodyPatience,
		WriteTimeout:      answerPatience,
		IdleTimeout:       idlePatience,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
