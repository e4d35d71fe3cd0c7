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
	// FormerSecrets returns what Secret returned before the installation's key was
	// rotated, as long as the old key is kept: what comes back may have been made with it.
	FormerSecrets(purpose string) [][]byte
	// State returns what the source keeps, the same on every node.
	State() State
	// Lease waits until no other node or goroutine runs something under this name for
	// this source, and runs f. The context of f ends when that is not sure any more, and
	// what f writes into the State of its Env is refused with lead.ErrConflict once
	// somebody else runs. Names are as keys of State. Lease returns what f returned, or
	// lead.ErrConflict when the lease was lost, and ends with ctx.
	Lease(ctx context.Context, name string, f func(ctx context.Context, env Env) error) error
	// HTTP returns the client for calls to other people's servers. It has limits of
	// time, size and rate, and calls nothing that is not of the public net unless the
	// operator allows it.
	HTTP() HTTP
}

// State keeps small values of one source by key, sealed: cursors, tokens, what a
// provider told us once. Keys are 1 to 100 letters, digits and ._/:@+-. All methods may
// fail with lead.ErrUnavailable.
type State interface {
	// Get returns a value, or lead.ErrNotFound; one whose time is over is not there.
	Get(ctx context.Context, key string) (Value, error)
	// Put writes a value over whatever is there. ttl is how long it is kept, 0 for ever.
	Put(ctx context.Context, key string, data []byte, ttl time.Duration) error
	// Swap writes a value when the one there still has this version, 0 for none at all,
	// and returns the new version; else it is lead.ErrConflict and changes nothing.
	Swap(ctx context.Context, key string, data []byte, ttl time.Duration, version int64) (int64, error)
	// Drop removes a value. That there is none is no error.
	Drop(ctx context.Context, key string) error
}

// StateMost is the largest value State keeps, in bytes.
const StateMost = 64 << 10

// Overlay is the key of the value that stands over the settings: a JSON object of
// settings the connector declares, such as a token that registering gave. Within
// seconds every node hands them out in the Settings of Handshake, Verify and Parse.
const Overlay = "overlay"

// Value is what State returns.
type Value struct {
	Data    []byte
	Version int64     // changes with every write
	Expires time.Time // zero for never
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
