package pipeline

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// Desk makes the Env of sources. It belongs to one node.
type Desk struct {
	Pipeline  *Pipeline
	PublicURL string      // of the installation, without slash at the end
	Vault     *Vault      // the installation's keys
	State     store.State // sealed before it goes there
	Leases    *Leaser
	Limits    *Limits
	HTTP      connectors.HTTP // calls other people's servers
	Log       *slog.Logger
	Now       func() time.Time
}

// Env returns what a connector sees of leadgate for one source. mount is the
// path the source is served under, such as /f/contact.
func (d *Desk) Env(src *Source, mount string) connectors.Env {
	return &env{desk: d, src: src, mount: mount}
}

type env struct {
	desk  *Desk
	src   *Source
	mount string
	held  *store.Lease // what it writes, it writes under this lease; nil for none
}

func (e *env) Source() connectors.Source { return e.src.Source }

func (e *env) PublicURL() string {
	u, err := url.JoinPath(e.desk.PublicURL, e.mount)
	if err != nil {
		return e.mount
	}
	return u
}

func (e *env) Log() *slog.Logger { return e.desk.Log.With("source", e.src.Name) }

func (e *env) HTTP() connectors.HTTP { return e.desk.HTTP }

func (e *env) Now() time.Time { return e.desk.Now() }

func (e *env) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	d.Source = e.src.Name
	return e.desk.Pipeline.Accept(ctx, d)
}

func (e *env) Limit(client string, soft, hard int) connectors.Limit {
	return e.desk.Limits.Count(e.src.Name+"\x00"+client, soft, hard, e.desk.Now())
}

// Secret implements connectors.Env: it is derived from the key that seals.
func (e *env) Secret(purpose string) []byte { return e.secrets(purpose)[0] }

// FormerSecrets implements connectors.Env.
func (e *env) FormerSecrets(purpose string) [][]byte { return e.secrets(purpose)[1:] }

func (e *env) secrets(purpose string) [][]byte {
	return e.desk.Vault.Ring().Derive("leadgate source " + e.src.Name + " " + purpose)
}
