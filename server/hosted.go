package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"leadgate/lead"
	"leadgate/pipeline"
)

// hosted answers for sources that serve their endpoint themselves.
func (s *Server) hosted(prefix string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		src, ok := s.o.Sources.Get(r.PathValue("source"))
		if !ok || src.Connector.Serve == nil || mount(src) != prefix {
			s.noForm(w, r)
			return
		}
		s.serveSource(w, r, src, prefix)
	}
}

// noForm answers for a form that is not there: a script of any page may read why,
// and a person gets a page.
func (s *Server) noForm(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if mode := r.Header.Get("Sec-Fetch-Mode"); !strings.Contains(r.Header.Get("Accept"), "text/html") || mode != "" && mode != "navigate" {
		s.unknown(w, r.PathValue("source"))
		return
	}
	status, text := http.StatusNotFound, "There is no form here."
	if s.o.Sources.Unsure(r.PathValue("source")) {
		status, text = http.StatusServiceUnavailable, "This is not possible now. Please try again in a minute."
		retryLater(h)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n<p>%[1]s</p>\n", text)
}

// mount is where a connector that serves itself stands.
func mount(src *pipeline.Source) string {
	switch src.Connector.Kind {
	case "form":
		return "/f/"
	case "chat":
		return "/w/"
	}
	return "/in/"
}

// mounted is a handler with the source it was made for: a source that changed gets a new one.
type mounted struct {
	src     *pipeline.Source
	handler http.Handler
}

// serveSource lets a source answer for itself, in its own language and to the pages
// it knows, also when there is no room for the body or when it is too large: then
// reading the body says so.
func (s *Server) serveSource(w http.ResponseWriter, r *http.Request, src *pipeline.Source, prefix string) {
	limit := src.Connector.BodyLimit
	taken, err := s.admit(w, r, limit)
	defer taken.done()
	taken.full = s.countRefused(src)
	if errors.Is(err, lead.ErrFull) {
		r.Body, r.ContentLength = refusedBody{err, taken.full}, -1
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	v, _ := s.mounted.Load(src.Name)
	m, _ := v.(mounted)
	if m.src != src {
		made, err := src.Connector.Serve(s.o.Envs.Env(src, prefix+src.Name))
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		m = mounted{src: src, handler: http.StripPrefix(prefix+src.Name, rooted(made))}
		s.mounted.Store(src.Name, m)
	}
	m.handler.ServeHTTP(w, r)
}

// refusedBody is a body nobody may read now.
type refusedBody struct {
	err  error
	full func()
}

func (b refusedBody) Read([]byte) (int, error) {
	b.full()
	return 0, b.err
}

// Close leaves the connection to the server, which closes it when too much is unread.
func (b refusedBody) Close() error { return nil }

// rooted makes the address without a slash at its end the same as with one.
func rooted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			u := *r.URL
			u.Path = "/"
			r = r.WithContext(r.Context())
			r.URL = &u
		}
		h.ServeHTTP(w, r)
	})
}
