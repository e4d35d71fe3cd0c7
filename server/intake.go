package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
)

// URLToken is the header that carries the secret part of a callback's address to
// Verify, after it was cut out of the path.
const URLToken = connectors.URLToken

// accepting lets only nodes that take deliveries answer. On the others the sender should
// come again: whoever balances the load has sent it to the wrong one.
func (s *Server) accepting(next http.HandlerFunc) http.HandlerFunc {
	if !s.o.NoIntake {
		return next
	}
	return func(w http.ResponseWriter, _ *http.Request) { busy(w, "this node takes no deliveries, others do") }
}

// intake takes a provider's post: body, proof, key, journal, answer.
func (s *Server) intake(w http.ResponseWriter, r *http.Request) {
	src, ok := s.o.Sources.Get(r.PathValue("source"))
	if ok && src.Connector.Serve != nil && mount(src) == "/in/" {
		s.serveSource(w, r, src, "/in/")
		return
	}
	if !ok || src.Connector.Push == nil {
		s.unknown(w, r.PathValue("source"))
		return
	}
	taken, err := s.admit(w, r, src.Connector.BodyLimit)
	defer taken.done()
	taken.full = s.countRefused(src)
	if err != nil {
		if errors.Is(err, lead.ErrFull) {
			taken.refused()
		}
		s.refuse(w, r, err)
		return
	}
	body, err := connectors.ReadBody(w, r, src.Connector.BodyLimit)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	r.Header.Del(URLToken) // only the path says what the token is
	d := connectors.NewDelivery(src.Name, r, r.PathValue("rest"), body, s.now())
	if src.Settings.Text("auth") == "url" {
		var token string
		token, d.Path, _ = strings.Cut(d.Path, "/")
		d.Header = append(d.Header, lead.HeaderField{Name: URLToken, Value: token})
	}
	s.take(w, r, src, &d)
}

// countRefused returns what counts, once, a delivery that there was no room to read.
func (s *Server) countRefused(src *pipeline.Source) func() {
	return sync.OnceFunc(func() { s.o.Metrics.Refused(src.Name) })
}

// unknown answers for a source that is not there. Until the sources were read for
// the first time nobody can say that, and one that cannot be put in force is our fault.
func (s *Server) unknown(w http.ResponseWriter, name string) {
	if s.o.Sources.Unsure(name) {
		busy(w, "the source cannot take anything now")
		return
	}
	fail(w, http.StatusNotFound, "unknown_source", "there is no such source", "")
}

// take leads a delivery that is whole from its proof to its answer.
func (s *Server) take(w http.ResponseWriter, r *http.Request, src *pipeline.Source, d *lead.Delivery) {
	answered, err := s.prove(r.Context(), src, d)
	switch {
	case err != nil:
		s.refuse(w, r, err)
		return
	case answered != nil:
		write(w, *answered)
		return
	}
	src.Connector.Keep(d)
	// It is whole and proven: it is kept even when the sender does not wait for the answer.
	id, err := s.o.Intake.Accept(context.WithoutCancel(r.Context()), *d)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if answer := src.Connector.Push.Answer; answer != nil {
		write(w, answer(d, src.Settings))
		return
	}
	Receipt(w, id)
}

// prove asks the connector about a delivery and gives it its key. It returns an
// answer when the delivery is a test of the address and nothing to keep. A
// connector that panics is our fault, and the sender's reason to come again.
func (s *Server) prove(ctx context.Context, src *pipeline.Source, d *lead.Delivery) (a *connectors.Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "connector panicked", "source", src.Name, "stack", string(debug.Stack()))
			s.o.Metrics.Refused(src.Name)
			a, err = nil, fmt.Errorf("proving delivery: %w: the connector panicked", lead.ErrUnavailable)
		}
	}()
	push := src.Connector.Push
	if push.Handshake != nil {
		if a, ok := push.Handshake(d, src.Settings, s.now()); ok {
			return &a, nil
		}
	}
	if push.Takes != nil && !push.Takes(d, src.Settings) {
		return nil, fmt.Errorf("looking at delivery: %w", connectors.ErrMediaType)
	}
	if err := push.Verify(d, src.Settings, s.now(), s.o.PublicURL+"/in/"+src.Name); err != nil {
		s.o.Metrics.Forged(src.Name)
		return nil, err
	}
	if push.Check != nil {
		if err := push.Check(d, src.Settings); err != nil {
			return nil, err
		}
	}
	if push.Key != nil {
		d.Key = push.Key(d, src.Settings)
	}
	return nil, nil
}

// Receipt is the answer to an accepted post.
func Receipt(w http.ResponseWriter, id lead.ID) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"id":"` + id.String() + `"}`))
}

func write(w http.ResponseWriter, a connectors.Answer) {
	if a.Type != "" {
		w.Header().Set("Content-Type", a.Type)
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = w.Write(a.Body)
}
