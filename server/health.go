package server

import (
	_ "embed"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed openapi.json
var openAPI []byte

func (s *Server) getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}

// noRoute answers under /api what no other route takes, in JSON as the rest: 405
// where another method would do, else 404.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range [...]string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		if _, pattern := s.mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL}); pattern != r.Pattern {
			allow = append(allow, method)
		}
	}
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		fail(w, http.StatusMethodNotAllowed, "method", "this address does not take "+r.Method, "")
		return
	}
	fail(w, http.StatusNotFound, "not_found", "there is no such address", "")
}

func (s *Server) livez(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether a delivery would be kept now.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		busy(w, "stopping")
		return
	}
	if err := s.o.Intake.Ready(); err != nil || len(s.o.Sources.All()) == 0 && !s.o.Sources.Complete() {
		busy(w, "deliveries cannot be kept now")
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// health is what /healthz shows.
type health struct {
	Status  string              `json:"status"` // ok or degraded
	Version string              `json:"version"`
	Why     []string            `json:"why"` // what is degraded, in words
	Journal journalHealth       `json:"journal"`
	Flight  int                 `json:"in_flight"`
	Parked  int64               `json:"parked"`
	Held    int64               `json:"quarantine"`
	Jobs    int64               `json:"jobs_buried"`
	Sources map[string]*quietly `json:"sources"`
	Certs   []Certificate       `json:"certificates,omitzero"`
}

type journalHealth struct {
	State    string  `json:"state"`
	Depth    int64   `json:"depth"`
	Bytes    int64   `json:"bytes"`
	AgeS     float64 `json:"age_s"`
	Segments int     `json:"segments"`
	Corrupt  int64   `json:"corrupt"`
}

type quietly struct {
	Kind      string    `json:"kind"`
	LastEvent time.Time `json:"last_event,omitzero"`
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	p := s.o.Intake.Health()
	h := health{Status: "ok", Version: s.o.Version, Why: []string{}, Flight: p.Flight, Sources: map[string]*quietly{}}
	h.Journal = journalHealth{State: string(p.Journal.State), Depth: int64(p.Journal.Depth), Bytes: p.Journal.Bytes, Segments: p.Journal.Segments, Corrupt: int64(p.Journal.Corrupt)}
	if !p.Journal.Oldest.IsZero() && p.Journal.Depth > 0 {
		h.Journal.AgeS = s.now().Sub(p.Journal.Oldest).Seconds()
	}
	if p.Journal.Reason != "" {
		h.Why = append(h.Why, "journal: "+p.Journal.Reason)
	}
	if p.Journal.Corrupt > 0 {
		h.Why = append(h.Why, "journal: damaged records were set aside as .corrupt files")
	}
	if p.Store != "" {
		h.Why = append(h.Why, "the store takes nothing; deliveries wait in the journal")
	}
	if p.Blobs != "" {
		h.Why = append(h.Why, "large bodies cannot be read or kept; their deliveries wait in the journal")
	}
	if p.Queue != "" {
		h.Why = append(h.Why, "redis: "+p.Queue)
	}
	h.Why = append(h.Why, s.o.Registry.Trouble()...)
	if s.o.Trouble != nil {
		h.Why = append(h.Why, s.o.Trouble()...)
	}
	broken := s.o.Sources.Broken()
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		h.Why = append(h.Why, "source "+name+": "+broken[name])
	}
	st, err := s.o.Store.Stats(r.Context())
	if err != nil {
		h.Why = append(h.Why, "the store does not answer")
	}
	for _, t := range st.Jobs.Held {
		if t.Until.IsZero() { // a pause ends by itself
			h.Why = append(h.Why, t.Kind+": "+t.Target+" wants nothing any more; its jobs are given up")
		}
	}
	h.Parked, h.Held, h.Jobs = st.Parked, st.Quarantine, st.Jobs.Buried
	for _, src := range s.o.Sources.All() {
		h.Sources[src.Name] = &quietly{Kind: src.Kind, LastEvent: st.LastEvent[src.Name]}
	}
	if s.o.Certificates != nil {
		h.Certs = s.o.Certificates()
	}
	for _, c := range h.Certs {
		if c.Problem != "" {
			h.Why = append(h.Why, "certificate of "+c.Domain+": "+c.Problem)
		}
	}
	if len(h.Why) > 0 {
		h.Status = "degraded"
	}
	answer(w, http.StatusOK, h)
}

// metrics serves Prometheus metrics.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) { s.o.Metrics.ServeHTTP(w, r) }

// root is the console, or a notice where there is none.
func (s *Server) root(w http.ResponseWriter, r *http.Request) {
	if s.o.Console != nil {
		s.o.Console.ServeHTTP(w, r)
		return
	}
	if r.URL.Path != "/" {
		fail(w, http.StatusNotFound, "not_found", "there is no such page", "")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("leadgate " + s.o.Version + " is running. Its API is described at /api/v1/openapi.json.\n"))
}
