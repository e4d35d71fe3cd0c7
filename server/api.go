package server

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

const (
	pageDefault = 50
	pageMost    = 500
	bodyMost    = 256 << 10
	plainMost   = 10 << 20 // of a compressed body that is shown
)

func (s *Server) listLeads(w http.ResponseWriter, r *http.Request) {
	page, err := pageOf(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	v := r.URL.Query()
	q := store.Query{Page: page, Search: v.Get("q"), Stage: v.Get("stage"), Source: v.Get("source"), Status: lead.Status(v.Get("status"))}
	if q.Status != "" && !slices.Contains([]lead.Status{lead.Open, lead.Won, lead.Lost}, q.Status) {
		s.refuse(w, r, &connectors.FieldError{Field: "status", Problem: "must be open, won or lost"})
		return
	}
	if len(q.Search) > 200 {
		s.refuse(w, r, &connectors.FieldError{Field: "q", Problem: "is too long"})
		return
	}
	leads, next, err := s.o.Store.List(r.Context(), q)
	if err != nil {
		s.refuse(w, r, cursorError(err))
		return
	}
	answer(w, http.StatusOK, map[string]any{"leads": leads, "next_cursor": next})
}

func pageOf(r *http.Request) (store.Page, error) {
	p := store.Page{Limit: pageDefault, Cursor: r.URL.Query().Get("cursor")}
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return p, &connectors.FieldError{Field: "limit", Problem: "must be a number from 1 to " + strconv.Itoa(pageMost)}
		}
		p.Limit = min(n, pageMost)
	}
	return p, nil
}

// cursorError names the one part of a page that only the store can judge.
func cursorError(err error) error {
	if errors.Is(err, lead.ErrInvalid) {
		return &connectors.FieldError{Field: "cursor", Problem: "is not a next_cursor of this list"}
	}
	return err
}

// leadWithTimeline is a lead as it is shown alone.
type leadWithTimeline struct {
	lead.Lead
	Timeline []any `json:"timeline"`
}

func (s *Server) getLead(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	l, err := s.o.Store.Lead(r.Context(), id)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	touches, entries, err := s.o.Store.Timeline(r.Context(), l.Number)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, leadWithTimeline{Lead: l, Timeline: timeline(touches, entries)})
}

func (s *Server) patchLead(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	var p store.Patch
	if err := readJSON(w, r, &p); err != nil {
		s.refuse(w, r, err)
		return
	}
	if err := tidy(&p); err != nil {
		s.refuse(w, r, err)
		return
	}
	p.By = "api"
	l, err := s.o.Store.Patch(r.Context(), id, p)
	if err != nil {
		s.refuse(w, r, explained(err, lead.ErrConflict, "the person has another open lead"))
		return
	}
	answer(w, http.StatusOK, l)
}

// readJSON reads a JSON body; what it does not know is an error, so that a
// misspelt name is not silently dropped.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return errMediaType
	}
	body, err := connectors.ReadBody(w, r, bodyMost)
	if err != nil {
		return err
	}
	sent := lead.Delivery{Body: body, Header: lead.Header{{Name: "Content-Encoding", Value: r.Header.Get("Content-Encoding")}}}
	if body, err = connectors.Plain(&sent, bodyMost); err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(strings.ToValidUTF8(string(body), "\uFFFD")))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return invalid("the body is not the JSON this takes: " + jsonProblem(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return invalid("something follows the JSON")
	}
	return nil
}

var errMediaType = errors.New("not JSON")

// jsonProblem names what is wrong without repeating what was sent.
func jsonProblem(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return "field " + typ.Field + " cannot be a " + typ.Value
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "unknown field " + field
	}
	return "syntax"
}

func (s *Server) getReceipt(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	rec, err := s.o.Intake.Receipt(r.Context(), id)
	if errors.Is(err, lead.ErrNotFound) && s.o.Shared {
		// What was accepted and is not stored yet stands in the journal of the node that
		// took it. Where that one cannot be asked, nobody can tell it from what never was.
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusNotFound, "not_stored", "nothing is stored under this id; it may still be under way on the node that took it", "")
		return
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, rec)
}

func (s *Server) getStats(w http.ResponseWriter, r *http.Request) {
	st, err := s.o.Store.Stats(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, st)
}

func (s *Server) listParked(w http.ResponseWriter, r *http.Request) {
	s.listHeld(w, r, s.o.Store.Parked)
}

func (s *Server) listQuarantine(w http.ResponseWriter, r *http.Request) {
	s.listHeld(w, r, s.o.Store.Quarantined)
}

func (s *Server) replay(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	rec, err := s.o.Intake.Replay(r.Context(), id, "api")
	if err != nil {
		s.refuse(w, r, explained(err, lead.ErrInvalid, "it still cannot be taken; it is parked with the new reason"))
		return
	}
	answer(w, http.StatusOK, rec)
}

func (s *Server) releaseInquiry(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	o, err := s.o.Store.Release(r.Context(), id, "api")
	if err != nil {
		s.refuse(w, r, explained(err, lead.ErrConflict, "it is not in quarantine"))
		return
	}
	answer(w, http.StatusOK, o)
}

// shownDelivery is a raw delivery as a human sees it.
type shownDelivery struct {
	ID      lead.ID      `json:"id"`
	Source  string       `json:"source"`
	Key     string       `json:"key,omitzero"`
	At      time.Time    `json:"at"`
	Method  string       `json:"method,omitzero"`
	Path    string       `json:"path,omitzero"`
	Query   string       `json:"query,omitzero"`
	Peer    string       `json:"peer,omitzero"`
	Header  [][2]string  `json:"header,omitzero"`
	Signals lead.Signals `json:"signals,omitzero"`
	Body    string       `json:"body,omitzero"`
	Base64  string       `json:"body_base64,omitzero"` // when it is not text
	Blob    string       `json:"blob,omitzero"`
}

// getDelivery shows what arrived, opened if it came compressed, with the source's
// secrets masked.
func (s *Server) getDelivery(w http.ResponseWriter, r *http.Request) {
	id, err := lead.ParseID(r.PathValue("id"))
	if err != nil {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	d, err := s.o.Store.Raw(r.Context(), id)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	mask := s.masker(d.Source)
	out := shownDelivery{ID: d.ID, Source: d.Source, Key: mask(d.Key), At: d.At, Method: d.Method, Path: mask(d.Path), Query: mask(d.Query), Peer: d.Peer, Signals: d.Signals, Blob: d.Blob}
	for _, f := range d.Header {
		out.Header = append(out.Header, [2]string{f.Name, mask(f.Value)})
	}
	body, err := connectors.Plain(&d, plainMost) // in a compressed one nothing could be masked
	if err == nil || errors.Is(err, connectors.ErrTooLarge) {
		d.Body = body
	}
	if text := mask(string(d.Body)); utf8.ValidString(text) {
		out.Body = text
	} else {
		out.Base64 = base64.StdEncoding.EncodeToString([]byte(text))
	}
	answer(w, http.StatusOK, out)
}

// getFile hands out an attachment or a large body, as a download and nothing else.
func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := s.o.Blobs.Get(r.Context(), name)
	if err != nil {
		if errors.Is(err, lead.ErrInvalid) {
			err = lead.ErrNotFound
		}
		s.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, _ = w.Write(data)
}
