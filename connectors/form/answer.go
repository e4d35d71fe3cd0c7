package form

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// refusal is why a post is not taken. Its code picks the message, in the form's language.
type refusal struct {
	status int
	code   string
	field  string // name of the field it is about
	label  string // of that field, as the person reads it
	retry  int    // seconds
}

// Seconds a sender is told to wait: a minute empties the bucket of the hard
// limit; a node that cannot keep posts now gets them back spread over a minute.
const (
	retryFlood  = 60
	retryDown   = 30
	retrySpread = 60
)

// refuse tells what an error of reading or checking a post means for its sender.
// What is not the sender's fault never sounds like it.
func (h *handler) refuse(err error) refusal {
	var bad *answerError
	switch {
	case errors.Is(err, connectors.ErrTooLarge):
		return refusal{status: http.StatusRequestEntityTooLarge, code: "too_large"}
	case errors.Is(err, connectors.ErrEncoding), errors.Is(err, connectors.ErrMediaType):
		return refusal{status: http.StatusUnsupportedMediaType, code: "media_type"}
	case errors.Is(err, connectors.ErrCut):
		return refusal{status: http.StatusBadRequest, code: "incomplete"}
	case errors.Is(err, connectors.ErrSlow):
		return refusal{status: http.StatusRequestTimeout, code: "too_slow"}
	case errors.As(err, &bad):
		return refusal{status: http.StatusUnprocessableEntity, code: bad.problem, field: bad.field, label: bad.label}
	case errors.Is(err, lead.ErrInvalid):
		return refusal{status: http.StatusUnprocessableEntity, code: "syntax"}
	}
	return refusal{status: http.StatusServiceUnavailable, code: "unavailable", retry: retryDown + h.jitter(retrySpread+1)}
}

// fail answers a refused request: a page for a person, JSON for a program.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, f refusal) {
	switch f.status {
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // what is left of the body is not read
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retry))
	}
	message := h.pages.message(f)
	if wantsPage(r) {
		h.pages.problem(w, f.status, message)
		return
	}
	writeJSON(w, f.status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Field   string `json:"field,omitzero"`
	}{f.code, message, f.field})
}

// done answers a kept post.
func (h *handler) done(w http.ResponseWriter, r *http.Request, receipt lead.ID) {
	switch {
	case !wantsPage(r):
		writeJSON(w, http.StatusOK, struct {
			ID string `json:"id"`
		}{receipt.String()})
	case h.cfg.redirect != "":
		w.Header().Set("Location", h.cfg.redirect)
		w.WriteHeader(http.StatusSeeOther)
	default:
		h.pages.thanks(w)
	}
}

// failAnswers answers a post whose answers must be mended. To a person who filled
// in our own page it shows the form again as it was filled in, under the same
// submission id, so that nothing has to be typed twice.
func (h *handler) failAnswers(w http.ResponseWriter, r *http.Request, f refusal, posted fields.Tree) {
	if !wantsPage(r) || !h.fromOwnPage(r) {
		h.fail(w, r, f)
		return
	}
	root := posted.Root
	h.pages.form(w, f.status, drawing{
		submission: cmp.Or(root.Get(fieldSubmission).Text, lead.NewID().String()),
		token:      cmp.Or(root.Get(fieldToken).Text, h.tokens.issue(h.env.Now())),
		referrer:   root.Get("referrer").Text,
		posted:     posted, bad: f,
	})
}
