package pipeline

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"log/slog"
	"net/url"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// Desk makes the Env of sources. It belongs to one node.
type Desk struct {
	Pipeline  *Pipeline
	PublicURL string // of the installation, without slash at the end
	SecretKey []byte // 32 bytes, the installation's
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

func (e *env) Secret(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, e.desk.SecretKey, nil, "leadgate source "+e.src.Name+" "+purpose, 32)
	if err != nil { // only for a length no hash can give
		sum := sha256.Sum256(append([]byte(purpose+"\x00"+e.src.Name+"\x00"), e.desk.SecretKey...))
		return sum[:]
	}
	return key
}
