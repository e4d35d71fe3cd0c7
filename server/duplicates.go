package server

import (
	"cmp"
	"net/http"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// shownPair are two persons that may be one.
type shownPair struct {
	A      shownSide `json:"a"`
	B      shownSide `json:"b"`
	Score  float64   `json:"score,omitzero"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// shownSide is a person's newest lead, with what is known of the person.
type shownSide struct {
	ID      lead.ID       `json:"id"`
	Number  int64         `json:"number"`
	Title   string        `json:"title"`
	Status  lead.Status   `json:"status"`
	Name    string        `json:"name"`
	Company string        `json:"company,omitzero"`
	Emails  []string      `json:"emails"`
	Phones  []string      `json:"phones"`
	Handles []lead.Handle `json:"handles,omitzero"`
	HeardAt time.Time     `json:"heard_at,omitzero"`
}

func showSide(s *store.Side) shownSide {
	l := &s.Lead
	return shownSide{ID: l.ID, Number: l.Number, Title: l.Title, Status: l.Status, Name: cmp.Or(s.Person.Name.String(), l.Name),
		Company: cmp.Or(s.Person.Company, l.Company), Emails: l.Emails, Phones: l.Phones, Handles: l.Handles, HeardAt: s.Heard}
}

func (s *Server) listDuplicates(w http.ResponseWriter, r *http.Request) {
	page, err := pageOf(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	pairs, next, err := s.o.Store.Duplicates(r.Context(), page)
	if err != nil {
		s.refuse(w, r, cursorError(err))
		return
	}
	out := make([]shownPair, len(pairs))
	for i := range pairs {
		p := &pairs[i]
		out[i] = shownPair{A: showSide(&p.A), B: showSide(&p.B), Score: p.Score, Reason: p.Reason, At: p.At}
	}
	answer(w, http.StatusOK, map[string]any{"pairs": out, "next_cursor": next})
}

// leadPair names two leads.
type leadPair struct {
	A string `json:"a"`
	B string `json:"b"`
}

// readPair reads which two leads a request is about.
func readPair(w http.ResponseWriter, r *http.Request) (a, b lead.ID, err error) {
	var p leadPair
	if err := readJSON(w, r, &p); err != nil {
		return a, b, err
	}
	for _, f := range [...]struct {
		name, text string
		to         *lead.ID
	}{{"a", p.A, &a}, {"b", p.B, &b}} {
		if *f.to, err = lead.ParseID(f.text); err != nil {
			return a, b, &connectors.FieldError{Field: f.name, Problem: "must be the id of a lead"}
		}
	}
	return a, b, nil
}

// mergeLeads says that the persons of two leads are one.
func (s *Server) mergeLeads(w http.ResponseWriter, r *http.Request) {
	a, b, err := readPair(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	l, err := s.o.Store.Merge(r.Context(), a, b, "api")
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, l)
}

// keepApart says that the persons of two leads are not the same.
func (s *Server) keepApart(w http.ResponseWriter, r *http.Request) {
	a, b, err := readPair(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if err := s.o.Store.NotSame(r.Context(), a, b, "api"); err != nil {
		s.refuse(w, r, err)
		return
	}
	leads := make([]lead.Lead, 2)
	for i, id := range [...]lead.ID{a, b} {
		if leads[i], err = s.o.Store.Lead(r.Context(), id); err != nil {
			s.refuse(w, r, err)
			return
		}
	}
	answer(w, http.StatusOK, map[string]any{"leads": leads})
}

// unmergeLead undoes a merge of the lead, or the one that took it away.
func (s *Server) unmergeLead(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	leads, err := s.o.Store.Unmerge(r.Context(), id, "api")
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"leads": leads})
}
