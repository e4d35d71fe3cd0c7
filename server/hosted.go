package server

import (
	"net/http"

	"leadgate/pipeline"
)

// hosted answers for sources that serve their endpoint themselves.
func (s *Server) hosted(prefix string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		src, ok := s.o.Sources.Get(r.PathValue("source"))
		if !ok || src.Connector.Serve == nil || mount(src) != prefix {
			s.unknown(w)
			return
		}
		s.serveSource(w, r, src, prefix)
	}
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

func (s *Server) serveSource(w http.ResponseWriter, r *http.Request, src *pipeline.Source, prefix string) {
	taken, ok := s.admit(w, r, src.Connector.BodyLimit)
	if !ok {
		return
	}
	defer taken.done()
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
