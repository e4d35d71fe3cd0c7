package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// Of dead jobs that one request replays or removes.
const (
	jobChunk = 500    // in one transaction
	jobMost  = 50_000 // in all
)

// deadQuery reads which dead jobs a request is about.
func deadQuery(r *http.Request) (store.DeadQuery, error) {
	v := r.URL.Query()
	page, err := pageOf(r)
	q := store.DeadQuery{Page: page, Kind: v.Get("kind"), Target: v.Get("target"), Cause: v.Get("cause")}
	if err != nil {
		return q, err
	}
	if text := v.Get("before"); text != "" {
		if q.Before, err = time.Parse(time.RFC3339, text); err != nil {
			return q, &connectors.FieldError{Field: "before", Problem: "must be a time such as 2026-01-31T00:00:00Z"}
		}
	}
	return q, nil
}

func (s *Server) listDeadJobs(w http.ResponseWriter, r *http.Request) {
	q, err := deadQuery(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	jobs, next, err := s.o.Store.Dead(r.Context(), q)
	if err != nil {
		s.refuse(w, r, cursorError(err))
		return
	}
	answer(w, http.StatusOK, map[string]any{"jobs": jobs, "next_cursor": next})
}

// removeDeadJobs forgets dead jobs of a kind.
func (s *Server) removeDeadJobs(w http.ResponseWriter, r *http.Request) {
	q, err := deadQuery(r)
	if err == nil && q.Kind == "" {
		err = errNoKind()
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	q.Page = store.Page{}
	n, err := s.eachDead(r.Context(), q, s.o.Store.Purge)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]int{"removed": n})
}

// replayJob enqueues one dead job anew.
func (s *Server) replayJob(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		s.refuse(w, r, lead.ErrNotFound)
		return
	}
	n, err := s.o.Store.Redo(r.Context(), store.DeadQuery{Page: store.Page{Limit: 1}, ID: id})
	if err == nil && n == 0 {
		err = lead.ErrNotFound
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]int{"replayed": n})
}

// deadJobs says which dead jobs are meant; target and cause may be empty for any.
type deadJobs struct {
	Kind   string `json:"kind"`
	Target string `json:"target"`
	Cause  string `json:"cause"`
}

// replayJobs enqueues all dead jobs of a kind anew.
func (s *Server) replayJobs(w http.ResponseWriter, r *http.Request) {
	var which deadJobs
	err := readJSON(w, r, &which)
	if err == nil && which.Kind == "" {
		err = errNoKind()
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	n, err := s.eachDead(r.Context(), store.DeadQuery{Kind: which.Kind, Target: which.Target, Cause: which.Cause}, s.o.Store.Redo)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]int{"replayed": n})
}

func errNoKind() error {
	return &connectors.FieldError{Field: "kind", Problem: "must say which kind of job is meant"}
}

// eachDead does something with the dead jobs of now, a transaction at a time, and
// returns how many there were. One that dies again meanwhile is left alone.
func (s *Server) eachDead(ctx context.Context, q store.DeadQuery, do func(context.Context, store.DeadQuery) (int, error)) (int, error) {
	if now := s.now(); q.Before.IsZero() || q.Before.After(now) {
		q.Before = now
	}
	q.Limit = jobChunk
	for all := 0; ; {
		n, err := do(ctx, q)
		if all += n; err != nil || n < jobChunk || all >= jobMost {
			return all, err
		}
	}
}
