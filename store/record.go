package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
)

// leadRecord is what an engine keeps of a lead beside its columns.
type leadRecord struct {
	Title       string            `json:"title,omitzero"`
	Origin      string            `json:"origin,omitzero"`
	Name        string            `json:"name,omitzero"`
	Company     string            `json:"company,omitzero"`
	Emails      []string          `json:"emails,omitempty"`
	Phones      []string          `json:"phones,omitempty"`
	Handles     []lead.Handle     `json:"handles,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Amount      string            `json:"amount,omitzero"`
	Currency    string            `json:"currency,omitzero"`
	Owner       string            `json:"owner,omitzero"`
	Returning   bool              `json:"returning,omitzero"`
	Anonymous   bool              `json:"anonymous,omitzero"`
	IsTest      bool              `json:"is_test,omitzero"`
	CloseReason string            `json:"close_reason,omitzero"`
	First       lead.Attribution  `json:"first,omitzero"`
	Last        *lead.Attribution `json:"last,omitzero"` // nil when it is the first
}

// EncodeLead returns what an engine keeps of a lead beside its columns.
func EncodeLead(l *lead.Lead) ([]byte, error) {
	r := leadRecord{Title: l.Title, Origin: l.Origin, Name: l.Name, Company: l.Company, Emails: l.Emails, Phones: l.Phones, Handles: l.Handles,
		Fields: l.Fields, Tags: l.Tags, Amount: l.Amount, Currency: l.Currency, Owner: l.Owner, Returning: l.Returning, Anonymous: l.Anonymous,
		IsTest: l.IsTest, CloseReason: l.CloseReason, First: l.Attribution.First}
	if l.Touches > 1 || !sameAttribution(l.Attribution.First, l.Attribution.Last) {
		r.Last = &l.Attribution.Last
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%w: encoding lead: %w", lead.ErrPermanent, err)
	}
	return b, nil
}

// DecodeLead brings what EncodeLead kept into a lead whose columns are filled.
func DecodeLead(data []byte, l *lead.Lead) error {
	var r leadRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("%w: decoding lead: %w", lead.ErrPermanent, err)
	}
	l.Title, l.Origin, l.Name, l.Company, l.Emails, l.Phones, l.Handles = r.Title, r.Origin, r.Name, r.Company, r.Emails, r.Phones, r.Handles
	l.Fields, l.Tags, l.Amount, l.Currency, l.Owner, l.Returning = r.Fields, r.Tags, r.Amount, r.Currency, r.Owner, r.Returning
	l.Anonymous, l.IsTest, l.CloseReason = r.Anonymous, r.IsTest, r.CloseReason
	l.Attribution = lead.FirstLast{First: r.First, Last: r.First}
	if r.Last != nil {
		l.Attribution.Last = *r.Last
	}
	if l.Emails == nil {
		l.Emails = []string{}
	}
	if l.Phones == nil {
		l.Phones = []string{}
	}
	return nil
}

// EncodeTouch returns what an engine keeps of a touch beside its columns.
func EncodeTouch(t *lead.Touch) ([]byte, error) {
	kept := *t
	kept.ID, kept.DeliveryID, kept.Verdict = lead.ID{}, lead.ID{}, ""
	b, err := json.Marshal(&kept)
	if err != nil {
		return nil, fmt.Errorf("%w: encoding touch: %w", lead.ErrPermanent, err)
	}
	return b, nil
}

// Decode reads JSON an engine stored; what names it in errors. What cannot be read
// now can never be read: the error is permanent.
func Decode(what string, data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: reading stored %s: %w", lead.ErrPermanent, what, err)
	}
	return nil
}

// Preview is a line that lets a human recognise an inquiry.
func Preview(t *lead.Touch) string {
	parts := []string{t.Name.String()}
	for _, id := range t.Identities {
		parts = append(parts, id.Value)
	}
	parts = append(parts, t.Subject, t.Text)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return cut(strings.Join(strings.Fields(strings.Join(parts, " · ")), " "), 200)
}

// Apply brings a patch into a lead and returns what to write into its timeline.
// The stage must be one of stages; a closed stage that asks for a reason needs one.
func (p *Patch) Apply(l *lead.Lead, stages []lead.Stage, now time.Time) ([]lead.Entry, error) {
	var entries []lead.Entry
	note := func(kind, text string) {
		entries = append(entries, lead.Entry{ID: lead.NewID(), Kind: kind, At: now, By: p.By, Text: text})
	}
	if p.Reason != nil {
		l.CloseReason = *p.Reason
	}
	if p.Stage != nil && *p.Stage != l.Stage {
		i := slices.IndexFunc(stages, func(s lead.Stage) bool { return s.ID == *p.Stage })
		if i < 0 {
			return nil, &lead.Refusal{Class: lead.ErrInvalid, Field: "stage", Text: "is not the id of a stage"}
		}
		if stages[i].Meaning == lead.Open || l.Status != lead.Open && l.Status != stages[i].Meaning && p.Reason == nil {
			l.CloseReason = "" // it was the reason of what is over
		}
		if stages[i].Ask && l.CloseReason == "" {
			return nil, &lead.Refusal{Class: lead.ErrInvalid, Field: "close_reason", Text: "is asked for by this stage"}
		}
		note("stage", l.Stage+" → "+*p.Stage)
		l.Stage, l.Status = *p.Stage, stages[i].Meaning
	}
	for _, f := range [...]struct {
		name string
		to   *string
		from *string
	}{{"title", &l.Title, p.Title}, {"name", &l.Name, p.Name}, {"company", &l.Company, p.Company}, {"owner", &l.Owner, p.Owner}, {"amount", &l.Amount, p.Amount}, {"currency", &l.Currency, p.Currency}} {
		if f.from != nil && *f.from != *f.to {
			note("edit", f.name)
			*f.to = cut(*f.from, maxFieldRunes)
		}
	}
	if p.Tags != nil {
		note("edit", "tags")
		l.Tags = *p.Tags
	}
	for k, v := range p.Fields {
		note("edit", "field "+k)
		if v == nil {
			delete(l.Fields, k)
			continue
		}
		if l.Fields == nil {
			l.Fields = map[string]string{}
		}
		l.Fields[k] = cut(*v, maxFieldRunes)
	}
	if len(entries) > 0 {
		l.UpdatedAt = now
	}
	return entries, nil
}

// PreviewBody is a line that lets a human recognise a delivery nobody could read.
func PreviewBody(body []byte) string {
	if len(body) > 600 {
		body = body[:600]
	}
	return cut(strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(string(body), "\x00", " "), "\uFFFD")), " "), 200)
}
