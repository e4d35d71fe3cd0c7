package server

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
)

// problem is the body of every error.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitzero"`
}

func fail(w http.ResponseWriter, status int, code, message, field string) {
	answer(w, status, problem{Code: code, Message: message, Field: field})
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the answer could not be written"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left has nothing to be told
}

// busy says that nothing was kept and when to try again, spread over a minute.
func busy(w http.ResponseWriter, message string) {
	retryLater(w.Header())
	fail(w, http.StatusServiceUnavailable, "unavailable", message, "")
}

func retryLater(h http.Header) { h.Set("Retry-After", strconv.Itoa(30+rand.IntN(60))) }

// refuse answers an error by its class. What is our fault is never the sender's,
// and its text stays in the log.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, context.Canceled): // no status would be 200, and who closed only one way still reads it
		busy(w, "not possible now, try again")
	case errors.Is(err, connectors.ErrCut):
		w.Header().Set("Connection", "close")
		fail(w, http.StatusBadRequest, "incomplete", "the body ended before its end", "")
	case errors.Is(err, connectors.ErrSlow):
		w.Header().Set("Connection", "close")
		fail(w, http.StatusRequestTimeout, "too_slow", "the body took too long", "")
	case errors.Is(err, errMediaType):
		fail(w, http.StatusUnsupportedMediaType, "unsupported_type", "send application/json", "")
	case errors.Is(err, connectors.ErrMediaType):
		fail(w, http.StatusUnsupportedMediaType, "unsupported_type", "send JSON or a form", "")
	case errors.Is(err, connectors.ErrTooLarge):
		w.Header().Set("Connection", "close")
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body is larger than this source takes", "")
	case errors.Is(err, connectors.ErrEncoding):
		fail(w, http.StatusUnsupportedMediaType, "unsupported_encoding", "send the body plain or with gzip", "")
	case errors.Is(err, connectors.ErrForged):
		fail(w, http.StatusUnauthorized, "unauthorized", "the proof of origin is missing or wrong", "")
	case errors.Is(err, lead.ErrInvalid):
		message, field := told(err, "what was sent cannot be taken")
		fail(w, http.StatusUnprocessableEntity, "invalid", message, field)
	case errors.Is(err, lead.ErrNotFound):
		fail(w, http.StatusNotFound, "not_found", "there is no such thing", "")
	case errors.Is(err, lead.ErrConflict):
		message, field := told(err, "it is not in a state for this")
		fail(w, http.StatusConflict, "conflict", message, field)
	case errors.Is(err, lead.ErrFull), errors.Is(err, lead.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		s.log.WarnContext(r.Context(), "not served now", "path", pathWithoutToken(r), "err", err)
		busy(w, "not possible now, try again")
	default:
		s.log.ErrorContext(r.Context(), "request failed", "path", pathWithoutToken(r), "err", err)
		busy(w, "not possible now, try again")
	}
}

// invalid is a refusal that is about all of what was sent.
func invalid(text string) error { return &lead.Refusal{Class: lead.ErrInvalid, Text: text} }

// explained says what an error of a class means where it happened; others stay as they are.
func explained(err, class error, text string) error {
	if _, ok := errors.AsType[*lead.Refusal](err); ok || !errors.Is(err, class) {
		return err
	}
	return &lead.Refusal{Class: class, Text: text}
}

// told returns what an error says to its causer, and which field it is about.
// Only texts made for callers leave the gateway; the rest of an error names files,
// statements and people.
func told(err error, otherwise string) (message, field string) {
	if f, ok := errors.AsType[*connectors.FieldError](err); ok {
		return f.Error(), f.Field
	}
	if r, ok := errors.AsType[*lead.Refusal](err); ok && r.Field != "" {
		return r.Field + " " + r.Text, r.Field
	} else if ok {
		return r.Text, ""
	}
	return otherwise, ""
}

// pathWithoutToken is what a log may hold of a path: what follows a source may be
// its secret.
func pathWithoutToken(r *http.Request) string {
	before, _, _ := strings.Cut(r.Pattern, "{source}")
	return before + r.PathValue("source")
}
