package lead

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Row is one stored row of an inquiry: what an inquiry or an update said. Rows
// are unique by (inquiry, Event).
type Row struct {
	Event  string     `json:"event,omitzero"`
	Kind   UpdateKind `json:"kind,omitzero"` // "" for a row that is an inquiry
	At     time.Time  `json:"at,omitzero"`
	Seq    int64      `json:"seq,omitzero"`
	Says   Inquiry    `json:"says,omitzero"`
	State  string     `json:"state,omitzero"`
	Note   string     `json:"note,omitzero"`
	Source ID         `json:"delivery,omitzero"` // the delivery it came in
}

// InquiryRow makes the row of an inquiry.
func InquiryRow(q Inquiry, delivery ID) Row {
	return Row{Event: q.Event, At: q.At, Seq: q.Seq, Says: q, Source: delivery}
}

// UpdateRow makes the row of an update.
func UpdateRow(u Update, delivery ID) Row {
	return Row{Event: u.Event, Kind: u.Kind, At: u.At, Seq: u.Seq, Says: u.Patch, State: u.State, Note: u.Note, Source: delivery}
}

// Plain reports whether the touch that Fold makes of the row alone says all that
// the row says, so that the touch can stand for it. A call is read anew with every
// row, and what one row resolves to hides what it said.
func (r Row) Plain() bool { return r.Kind == "" && r.Says.Call == nil }

// Fold makes one touch out of all rows of an inquiry. It is a function of the
// set of rows: every order of them, with any of them repeated, gives the same
// touch, so that a call's end may come before its begin and an edit before its
// original. ok is false when no row is an inquiry, that is, when only updates
// of something unknown are there.
func Fold(rows []Row) (t Touch, ok bool) {
	if len(rows) > 1 {
		rows = ordered(rows)
	}
	var edited string
	for i := range rows {
		r := &rows[i]
		switch r.Kind {
		case "":
			if !ok {
				t.Inquiry, t.DeliveryID = base(r.Says), r.Source
			} else {
				overlay(&t.Inquiry, &r.Says)
				overlayLane(&t.Inquiry, &r.Says)
			}
			ok = true
		case UpdateEdit:
			edited, t.EditedAt = r.Says.Text, r.At
		case UpdateDelete:
			t.Deleted = true
		}
	}
	for i := range rows { // what updates say stands over every inquiry row, whatever its time
		r := &rows[i]
		if r.Kind != "" && r.Kind != UpdateDelete {
			says := r.Says
			overlay(&t.Inquiry, &says)
			t.State = strongerState(t.State, r.State)
			take(&t.Note, r.Note)
		}
	}
	if !t.EditedAt.IsZero() && edited != "" {
		t.Text = edited
	}
	if t.Call != nil {
		resolveCall(t.Call, t.Direction)
	}
	if t.Deleted {
		t.Text, t.HTML, t.Subject, t.Attachments, t.Fields, t.Cards, t.Location = "", "", "", nil, nil, nil, nil
	}
	return t, ok
}

// ordered returns rows in their order, each event once: the first in order stands for a
// repeated one, as in a store.
func ordered(rows []Row) []Row {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, compareRows)
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(r Row) bool {
		again := seen[r.Event]
		seen[r.Event] = true
		return again
	})
}

// compareRows orders rows by the provider's time, its sequence number and the
// name of the event. The order is total for rows of one inquiry; at equal names
// the content decides, so that the survivor of a repeated name is always the same.
func compareRows(a, b Row) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Event, b.Event),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Says.Text, b.Says.Text), slices.Compare(a.Source[:], b.Source[:]))
}

// base copies what folding will change in place.
func base(q Inquiry) Inquiry {
	if q.Call != nil {
		c := Call{AgentLeg: true}
		foldCall(&c, q.Call)
		q.Call = &c
	}
	return q
}

// overlay brings what next says into q: filled values replace, lists are joined.
func overlay(q, next *Inquiry) {
	for _, p := range [...]struct {
		to   *string
		from string
	}{
		{&q.Origin, next.Origin}, {&q.Channel, next.Channel}, {&q.Account, next.Account}, {&q.Thread, next.Thread}, {&q.Username, next.Username},
		{&q.Company, next.Company}, {&q.Position, next.Position}, {&q.Locale, next.Locale}, {&q.Country, next.Country}, {&q.Timezone, next.Timezone},
		{&q.Avatar, next.Avatar}, {&q.BirthDate, next.BirthDate}, {&q.Title, next.Title}, {&q.Subject, next.Subject}, {&q.Text, next.Text}, {&q.HTML, next.HTML},
		{&q.Amount, next.Amount}, {&q.Currency, next.Currency}, {(*string)(&q.Kind), string(next.Kind)}, {(*string)(&q.Direction), string(next.Direction)},
	} {
		take(p.to, p.from)
	}
	if next.Name != (Name{}) {
		q.Name = next.Name
	}
	q.At = earlier(q.At, next.At) // an inquiry began when its first row says
	q.Received = earlier(q.Received, next.Received)
	q.Identities = union(q.Identities, next.Identities, func(i Identity) [3]string { return [3]string{string(i.Kind), i.Scope, i.Value} })
	q.Attachments = joinAttachments(q.Attachments, next.Attachments)
	q.Cards = append(slices.Clip(q.Cards), next.Cards...)
	q.Tags = union(q.Tags, next.Tags, func(s string) string { return s })
	q.Fields = replaceBy(q.Fields, next.Fields, func(f Field) string { return f.Key })
	q.Consents = replaceBy(q.Consents, next.Consents, func(c Consent) string { return c.Key })
	overlayAttribution(&q.Attribution, &next.Attribution)
	if next.Address != nil {
		q.Address = next.Address
	}
	if next.Location != nil {
		q.Location = next.Location
	}
	if next.Reply != nil && (q.Reply == nil || !next.Reply.Until.Before(q.Reply.Until)) {
		q.Reply = next.Reply
	}
	if next.Call != nil {
		if q.Call == nil {
			q.Call = &Call{AgentLeg: true}
		}
		foldCall(q.Call, next.Call)
	}
	if next.Complete != "" && (q.Complete == "" || q.Complete == CompletionPending) {
		q.Complete = next.Complete
	}
	q.IsTest = q.IsTest || next.IsTest
}

// overlayLane lets the row that allows most lead the way: one that makes a lead
// says that there is somebody, and what belongs to a timeline was not written by a
// machine. Only rows of inquiries name a lane; an update never leads one anywhere.
func overlayLane(q, next *Inquiry) {
	if allows(next.Lane) > allows(q.Lane) {
		q.Lane, q.Reason = next.Lane, next.Reason
	}
}

func allows(l Lane) int {
	switch l {
	case LaneQuarantine:
		return 0
	case LaneTimeline:
		return 1
	}
	return 2
}

func overlayAttribution(a, next *Attribution) {
	take(&a.Source, next.Source)
	take(&a.Medium, next.Medium)
	take(&a.Campaign, next.Campaign)
	take(&a.Term, next.Term)
	take(&a.Content, next.Content)
	take(&a.Page, next.Page)
	take(&a.Landing, next.Landing)
	take(&a.Referrer, next.Referrer)
	take(&a.Platform, next.Platform)
	a.Clicks, a.Ad = joinMaps(a.Clicks, next.Clicks), joinMaps(a.Ad, next.Ad)
	a.Organic = a.Organic || next.Organic
}

// stateOrder lists the states of a sent message; a later one is never taken back.
const stateOrder = "queued sending unsure sent delivered read failed"

func strongerState(a, b string) string {
	if b != "" && strings.Index(stateOrder, b) > strings.Index(stateOrder, a) || a == "" {
		return b
	}
	return a
}

func take(to *string, from string) {
	if from != "" {
		*to = from
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// union appends what is not there yet, told apart by key. The inputs stay as they are.
func union[T any, K comparable](have, add []T, key func(T) K) []T {
	have = slices.Clip(have)
	for _, v := range add {
		if !slices.ContainsFunc(have, func(h T) bool { return key(h) == key(v) }) {
			have = append(have, v)
		}
	}
	return have
}

// joinAttachments joins by the provider's id of a file, so that a file named
// first and fetched later is one. Files without an id are the same when place or
// content and name are.
func joinAttachments(have, add []Attachment) []Attachment {
	same := func(a, b *Attachment) bool {
		if a.Ref != "" || b.Ref != "" {
			return a.Ref == b.Ref
		}
		return cmp.Or(a.URL, a.SHA256) == cmp.Or(b.URL, b.SHA256) && a.Name == b.Name
	}
	have = slices.Clone(have)
	for _, a := range add {
		i := slices.IndexFunc(have, func(h Attachment) bool { return same(&h, &a) })
		if i < 0 {
			have = append(have, a)
			continue
		}
		h := &have[i]
		take(&h.Kind, a.Kind)
		take(&h.Name, a.Name)
		take(&h.Type, a.Type)
		take(&h.SHA256, a.SHA256)
		take(&h.Blob, a.Blob)
		take(&h.URL, a.URL)
		h.Size, h.Expires, h.Auth = max(h.Size, a.Size), later(h.Expires, a.Expires), h.Auth || a.Auth
	}
	return have
}

// replaceBy is union, but a later value with the same key replaces the earlier.
func replaceBy[T any](have, add []T, key func(T) string) []T {
	if len(add) == 0 {
		return have
	}
	have = slices.Clone(have)
	for _, v := range add {
		if i := slices.IndexFunc(have, func(h T) bool { return key(h) == key(v) }); i >= 0 {
			have[i] = v
		} else {
			have = append(have, v)
		}
	}
	return have
}

func joinMaps(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	out := make(map[string]string, len(a)+len(b))
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}
