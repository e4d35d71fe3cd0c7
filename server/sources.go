package server

import (
	"net/http"

	"leadgate/pipeline"
)

func (s *Server) listSources(w http.ResponseWriter, r *http.Request) {
	list, err := s.o.Registry.List(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"sources": list})
}

func (s *Server) createSource(w http.ResponseWriter, r *http.Request) {
	var n pipeline.NewSource
	if err := readJSON(w, r, &n); err != nil {
		s.refuse(w, r, err)
		return
	}
	made, err := s.o.Registry.Create(r.Context(), n)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusCreated, made)
}

func (s *Server) patchSource(w http.ResponseWriter, r *http.Request) {
	var p pipeline.SourcePatch
	if err := readJSON(w, r, &p); err != nil {
		s.refuse(w, r, err)
		return
	}
	changed, err := s.o.Registry.Change(r.Context(), r.PathValue("source"), p)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, changed)
}
