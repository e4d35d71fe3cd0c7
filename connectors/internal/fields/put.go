package fields

import (
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
)

// put stores values in the place their name claims. It reports false when there
// is no such place, when it is taken, or when the value does not fit.
func (m *mapper) put(means meaning, texts []string, at place) bool {
	text := texts[0]
	if len(texts) > 1 {
		text = strings.Join(texts, ", ")
	}
	q := &m.q
	switch means.role {
	case none:
		return false
	case roleEmail:
		return m.putIdentities(lead.IdentityEmail, texts, means.sure, looksEmail)
	case rolePhone:
		return m.putIdentities(lead.IdentityPhone, texts, means.sure, looksPhone)
	case roleVisitor:
		return m.identity(lead.IdentityVisitor, text)
	case roleCustomer:
		return m.identity(lead.IdentityCustomer, text)
	case roleConsent, roleOptIn:
		return m.putConsent(means.role, text, at)
	case roleFile:
		return m.putFiles(texts)
	case roleTags:
		q.Tags = append(q.Tags, splitTags(texts)...)
		return true
	case roleTest:
		checked, ok := tick(text)
		q.IsTest = q.IsTest || checked
		return ok
	case roleTime:
		t := timeOf(text)
		if t.IsZero() || !q.At.IsZero() {
			return false
		}
		q.At = t
		return true
	case roleTitle:
		if salutation(text) {
			return fill(&q.Name.Prefix, text)
		}
		return fill(&q.Title, text)
	case roleState:
		if m.state != nil {
			return false
		}
		m.state = &lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: text}
		return true
	case roleClick:
		return m.putClick(means.of, text)
	}
	to, ok := m.slot(means, text)
	return ok && fill(to, text)
}

// fill sets a place that is free.
func fill(to *string, text string) bool {
	if *to != "" {
		return *to == text
	}
	*to = text
	return true
}

// slot returns the place of a role that holds one text, and whether this text fits.
func (m *mapper) slot(means meaning, text string) (to *string, ok bool) {
	q, a := &m.q, &m.q.Attribution
	switch means.role {
	case roleName:
		return &q.Name.Display, true
	case roleGiven:
		return &q.Name.Given, true
	case roleMiddle:
		return &q.Name.Middle, true
	case roleFamily:
		return &q.Name.Family, true
	case rolePrefix:
		return &q.Name.Prefix, true
	case roleUsername:
		return &q.Username, true
	case roleCompany:
		return &q.Company, true
	case rolePosition:
		return &q.Position, true
	case roleSubject:
		return &q.Subject, true
	case roleMessage:
		return &q.Text, true
	case roleStreet:
		return &m.address.Street, true
	case roleNumber:
		return &m.address.Number, true
	case roleLine2:
		return &m.address.Line2, true
	case roleCity:
		return &m.address.City, true
	case rolePostcode:
		return &m.address.Postcode, true
	case roleCountry:
		if code(text, 2) {
			q.Country = firstOf(q.Country, strings.ToUpper(text))
		}
		return &m.address.Country, true
	case rolePage:
		return &a.Page, isURL(text) || strings.HasPrefix(text, "/")
	case roleLanding:
		return &a.Landing, true
	case roleReferrer:
		return &a.Referrer, true
	case roleLocale:
		return &q.Locale, len(text) <= 35 && len(text) >= 2 && strings.IndexByte(text, ' ') < 0
	case roleTimezone:
		return &q.Timezone, true
	case roleAmount:
		return &q.Amount, isDecimal(text)
	case roleCurrency:
		return &q.Currency, code(text, 3)
	case roleUTM:
		return utmSlot(a, means.of), true
	}
	return nil, false
}

func utmSlot(a *lead.Attribution, part string) *string {
	switch part {
	case "source":
		return &a.Source
	case "medium":
		return &a.Medium
	case "campaign":
		return &a.Campaign
	case "term":
		return &a.Term
	}
	return &a.Content
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// putIdentities takes one or several values. Under a name with unknown words the
// value must look like what it is taken for.
func (m *mapper) putIdentities(kind lead.IdentityKind, texts []string, sure bool, looks func(string) bool) bool {
	var values []string
	for _, text := range texts {
		parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
		for i, p := range parts {
			parts[i] = strings.TrimSpace(p)
			if !looks(parts[i]) {
				parts = nil
				break
			}
		}
		switch {
		case len(parts) > 0:
			values = append(values, parts...)
		case sure:
			values = append(values, text)
		default:
			return false
		}
	}
	all := true
	for _, v := range values {
		all = m.identity(kind, v) && all
	}
	return all
}

func (m *mapper) putConsent(r role, text string, at place) bool {
	checked, isTick := tick(text)
	if r == roleOptIn && !isTick {
		return false
	}
	c := lead.Consent{Key: at.path, Label: at.label, Checked: checked || !isTick}
	if !isTick && c.Label == "" {
		c.Label = text // browsers send the text of a box as its value
	}
	m.q.Consents = append(m.q.Consents, c)
	return true
}

func (m *mapper) putFiles(texts []string) bool {
	for _, text := range texts {
		if !isURL(text) {
			return false
		}
	}
	for _, text := range texts {
		m.q.Attachments = append(m.q.Attachments, linkedFile(text))
	}
	return true
}

func (m *mapper) putClick(name, id string) bool {
	a := &m.q.Attribution
	if a.Clicks[name] != "" {
		return a.Clicks[name] == id
	}
	if a.Clicks == nil {
		a.Clicks = map[string]string{}
	}
	a.Clicks[name] = id
	return true
}

func splitTags(texts []string) []string {
	var out []string
	for _, text := range texts {
		for tag := range strings.SplitSeq(text, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				out = append(out, tag)
			}
		}
	}
	return out
}

// timeOf reads a moment: RFC 3339, or seconds or milliseconds since 1970. A time
// without zone says no moment and gives the zero time.
func timeOf(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 1e8 || n >= 1e14:
		return time.Time{}
	case n >= 1e12:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}
