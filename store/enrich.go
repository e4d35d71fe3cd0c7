package store

import (
	"cmp"
	"slices"
	"strings"

	"leadgate/lead"
)

// Limits of what a lead shows; its touches keep everything.
const (
	maxValues     = 20   // e-mails, phones or handles of a lead
	maxFields     = 200  // fields of a lead
	maxFieldRunes = 1000 // of one field's value
	maxTitle      = 120
)

// enrich brings what an inquiry tells into its lead: what is empty is filled,
// lists grow, what people entered stays.
func enrich(l *lead.Lead, q *lead.Inquiry) {
	if name := q.Name.String(); name != "" && (l.Name == "" || !strings.Contains(l.Name, " ") && strings.Contains(name, " ") && strings.HasPrefix(name, l.Name)) {
		l.Name = name
	}
	l.Company = cmp.Or(l.Company, q.Company)
	for _, id := range q.Identities {
		addIdentity(l, id)
	}
	for _, f := range q.Fields {
		if _, ok := l.Fields[f.Key]; !ok && len(l.Fields) < maxFields {
			if l.Fields == nil {
				l.Fields = map[string]string{}
			}
			l.Fields[f.Key] = cut(f.Value, maxFieldRunes)
		}
	}
	for _, t := range q.Tags {
		if !slices.Contains(l.Tags, t) && len(l.Tags) < maxValues {
			l.Tags = append(l.Tags, t)
		}
	}
	if l.Amount == "" {
		l.Amount, l.Currency = q.Amount, q.Currency
	}
	l.Title = cmp.Or(l.Title, cut(cmp.Or(q.Title, q.Subject), maxTitle))
	if l.Title == "" {
		l.Title = title(l, q)
	}
	if !q.Attribution.IsZero() {
		if l.Attribution.First.IsZero() {
			l.Attribution.First = q.Attribution
		}
		l.Attribution.Last = q.Attribution
	}
	if q.Received.After(l.UpdatedAt) {
		l.UpdatedAt = q.Received
	}
}

func addIdentity(l *lead.Lead, id lead.Identity) {
	switch id.Kind {
	case lead.IdentityEmail:
		if !slices.Contains(l.Emails, id.Value) && len(l.Emails) < maxValues {
			l.Emails = append(l.Emails, id.Value)
		}
	case lead.IdentityPhone:
		if !slices.Contains(l.Phones, id.Value) && len(l.Phones) < maxValues {
			l.Phones = append(l.Phones, id.Value)
		}
	case lead.IdentityVisitor:
	default:
		h := lead.Handle{Type: string(id.Kind), Value: id.Value, Scope: id.Scope}
		if !slices.Contains(l.Handles, h) && len(l.Handles) < maxValues {
			l.Handles = append(l.Handles, h)
		}
	}
}

// title makes a title out of what is there, for an inquiry without subject.
func title(l *lead.Lead, q *lead.Inquiry) string {
	who := l.Name
	for _, alt := range [...][]string{l.Emails, l.Phones} {
		if who == "" && len(alt) > 0 {
			who = alt[0]
		}
	}
	what := cmp.Or(string(q.Kind), "inquiry")
	if who == "" {
		return strings.ToUpper(what[:1]) + what[1:]
	}
	return cut(strings.ToUpper(what[:1])+what[1:]+" from "+who, maxTitle)
}

// cut shortens a text to n runes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return strings.TrimSpace(s[:i])
		}
		n--
	}
	return s
}
