package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

func (s *Server) listHeld(w http.ResponseWriter, r *http.Request, list func(context.Context, store.Page) ([]store.Held, string, error)) {
	page, err := pageOf(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	items, next, err := list(r.Context(), page)
	if err != nil {
		s.refuse(w, r, cursorError(err))
		return
	}
	masks := map[string]func(string) string{}
	for i := range items {
		source := items[i].Source
		if masks[source] == nil {
			masks[source] = s.masker(source)
		}
		items[i].Preview = masks[source](items[i].Preview)
	}
	answer(w, http.StatusOK, map[string]any{"items": items, "next_cursor": next})
}

// shownTouch is a touch as the API shows it.
type shownTouch struct {
	ID          lead.ID           `json:"id"`
	Kind        lead.Kind         `json:"kind"`
	Channel     string            `json:"channel,omitzero"`
	Direction   lead.Direction    `json:"direction"`
	At          time.Time         `json:"at"`
	Source      string            `json:"source,omitzero"`
	Thread      string            `json:"thread,omitzero"`
	Subject     string            `json:"subject,omitzero"`
	Text        string            `json:"text,omitzero"`
	From        shownSender       `json:"from"`
	Fields      []lead.Field      `json:"fields,omitzero"`
	Attachments []lead.Attachment `json:"attachments"`
	Consents    []lead.Consent    `json:"consents,omitzero"`
	Attribution lead.Attribution  `json:"attribution,omitzero"`
	Call        *lead.Call        `json:"call,omitzero"`
	State       string            `json:"state,omitzero"`
	ReplyUntil  time.Time         `json:"reply_until,omitzero"`
	Verdict     lead.Verdict      `json:"verdict"`
	Reason      string            `json:"reason,omitzero"`
	Score       float64           `json:"score,omitzero"`
	DeliveryID  lead.ID           `json:"delivery_id"`
	By          string            `json:"by,omitzero"`
	EditedAt    time.Time         `json:"edited_at,omitzero"`
	Deleted     bool              `json:"deleted,omitzero"`
}

type shownSender struct {
	Name   string `json:"name,omitzero"`
	Email  string `json:"email,omitzero"`
	Phone  string `json:"phone,omitzero"`
	Handle string `json:"handle,omitzero"`
}

func showTouch(t *lead.Touch) shownTouch {
	out := shownTouch{ID: t.ID, Kind: t.Kind, Channel: t.Channel, Direction: cmp.Or(t.Direction, lead.In), At: touchTime(t), Source: t.Source, Thread: t.Thread,
		Subject: t.Subject, Text: t.Text, Fields: t.Fields, Attachments: t.Attachments, Consents: t.Consents, Attribution: t.Attribution, Call: t.Call,
		State: t.State, Verdict: t.Verdict, Reason: t.Reason, Score: t.Score, DeliveryID: t.DeliveryID, By: t.By, EditedAt: t.EditedAt, Deleted: t.Deleted}
	if out.Attachments == nil {
		out.Attachments = []lead.Attachment{}
	}
	if t.Reply != nil {
		out.ReplyUntil = t.Reply.Until
	}
	out.From.Name = t.Name.String()
	for _, id := range t.Identities {
		switch id.Kind {
		case lead.IdentityEmail:
			out.From.Email = cmp.Or(out.From.Email, id.Value)
		case lead.IdentityPhone:
			out.From.Phone = cmp.Or(out.From.Phone, id.Value)
		case lead.IdentityVisitor:
		default:
			out.From.Handle = cmp.Or(out.From.Handle, id.Value)
		}
	}
	return out
}

func touchTime(t *lead.Touch) time.Time {
	if t.At.IsZero() {
		return t.Received
	}
	return t.At
}

// timeline joins touches and entries, oldest first.
func timeline(touches []lead.Touch, entries []lead.Entry) []any {
	type line struct {
		at time.Time
		id lead.ID
		v  any
	}
	lines := make([]line, 0, len(touches)+len(entries))
	for i := range touches {
		t := showTouch(&touches[i])
		lines = append(lines, line{at: t.At, id: t.ID, v: t})
	}
	for _, e := range entries {
		lines = append(lines, line{at: e.At, id: e.ID, v: e})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Or(a.at.Compare(b.at), slices.Compare(a.id[:], b.id[:])) })
	out := make([]any, len(lines))
	for i := range lines {
		out[i] = lines[i].v
	}
	return out
}
