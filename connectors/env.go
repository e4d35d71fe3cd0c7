package connectors

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"leadgate/lead"
)

// Source is one configured place inquiries come from.
type Source struct {
	Name     string // its id for ever
	Title    string
	Kind     string // of its connector
	Region   string // ISO 3166-1 alpha-2; how phone numbers without country code are read
	Settings Settings
}

// Env is all a connector sees of leadgate. It belongs to one source; a connector
// must not keep it beyond the handler or loop it was made for.
type Env interface {
	// Source returns the source this Env belongs to.
	Source() Source
	// PublicURL returns the address under which the world reaches this source, without slash at the end.
	PublicURL() string
	// Log returns a logger that names the source. People's data and secrets stay out of it.
	Log() *slog.Logger
	// Now returns the current time.
	Now() time.Time
	// Accept returns nil only when the delivery survives a power cut, and the id of
	// its receipt. lead.ErrFull and lead.ErrUnavailable mean that it was not kept and
	// the sender should try again.
	Accept(ctx context.Context, d lead.Delivery) (lead.ID, error)
	// Limit counts one event of a client and says which of its limits it passed.
	// The limit is an average over a minute with a burst of the same size.
	Limit(client string, soft, hard int) Limit
	// Secret returns a 32-byte key that belongs to this source and purpose: the same
	// after a restart and on every node, and never stored.
	Secret(purpose string) []byte
	// HTTP returns the client for calls to other people's servers. It has limits of
	// time, size and rate, and calls nothing that is not of the public net unless the
	// operator allows it.
	HTTP() HTTP
}

// HTTP calls other people's servers.
type HTTP interface {
	// Do asks, and returns an answer with a status of 2xx whose body the caller
	// closes. Every other outcome, and every error of reading the body, is a
	// *lead.RemoteError. A GET follows few redirects, others none.
	Do(r *http.Request) (*http.Response, error)
}

// Limit is the answer of Env.Limit.
type Limit int

// The answers, in order of severity.
const (
	Within Limit = iota
	Soft         // take it, and treat it with suspicion
	Hard         // refuse it
)
