package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"leadgate/connectors"
	"leadgate/store"
)

// guarded lets a request through to its route when whoever asks may use it.
func (s *Server) guarded(r route) http.Handler {
	switch r.access {
	case open:
		return r.handler
	case inspected:
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if c := connectors.ClientOf(req); c.Addr.IsLoopback() && !c.Named && !forwarded(req) {
				r.handler(w, req)
				return
			}
			s.withToken(w, req, r.handler)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { s.withToken(w, req, r.handler) })
}

// forwarded reports whether a proxy passed the request on. Behind one that is not
// configured as trusted, everybody comes from loopback.
func forwarded(r *http.Request) bool {
	for _, name := range [...]string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

func (s *Server) withToken(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || given == "" || !s.tokens.valid(r, given, s.o.Store, s.now()) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="leadgate"`)
		fail(w, http.StatusUnauthorized, "unauthorized", "a valid API token is needed", "")
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	next(w, r)
}

// tokens knows the hashes of the tokens that open the API. Those of the store are
// read again every few seconds; while the store is down the last ones count.
type tokens struct {
	fixed  [][32]byte
	mu     sync.Mutex // guards what follows
	stored []store.Token
	asked  time.Time // when the store was last asked, with or without success
}

const (
	tokensFresh    = 5 * time.Second
	tokensPatience = 2 * time.Second
)

func (t *tokens) configure(list []string) {
	for _, v := range list {
		if v != "" {
			t.fixed = append(t.fixed, sha256.Sum256([]byte(v)))
		}
	}
}

// valid compares hashes in constant time and looks at every token of a kind, so
// that the time says nothing about which one was close.
func (t *tokens) valid(r *http.Request, given string, s Store, now time.Time) bool {
	hash := sha256.Sum256([]byte(given))
	ok := 0
	for i := range t.fixed {
		ok |= subtle.ConstantTimeCompare(hash[:], t.fixed[i][:])
	}
	if ok == 1 { // a store that hangs must not keep the operator out
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.asked).Abs() > tokensFresh {
		t.asked = now
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), tokensPatience)
		defer cancel()
		if list, err := s.Tokens(ctx); err == nil {
			t.stored = list
		}
	}
	for i := range t.stored {
		if end := t.stored[i].Expires; end.IsZero() || now.Before(end) {
			ok |= subtle.ConstantTimeCompare(hash[:], t.stored[i].Hash[:])
		}
	}
	return ok == 1
}
