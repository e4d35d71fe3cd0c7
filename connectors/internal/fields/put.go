package fields

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"leadgate/lead"
)

// put stores values in the place their name claims. It reports false when there
// is no such place, when it is taken, or when the value does not fit. Of several
// values for a place that holds one, the first that fits gets it and the others
// stay a field.
func (m *mapper) put(means meaning, texts []string, at place) bool {
	text := strings.Join(texts, ", ")
	q := &m.q
	switch means.role {
	case none:
		return false
	case roleEmail:
		return m.putIdentities(lead.IdentityEmail, texts, at, looksEmail)
	case rolePhone:
		return m.putIdentities(lead.IdentityPhone, texts, at, looksPhone)
	case roleVisitor:
		return m.identity(lead.IdentityVisitor, text)
	case roleCustomer:
		return m.identity(lead.IdentityCustomer, text)
	case roleConsent, roleOptIn:
		return m.putConsent(means, text, at)
	case roleFile:
		return m.putFiles(texts, at)
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
	case roleState:
		m.states = append(m.states, lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: text})
		return true
	case roleTotal:
		if m.total != nil || !isDecimal(text) {
			return false
		}
		m.total = &lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: text}
		return true
	case roleDial, roleCountry:
		if isDial(text) {
			m.dial = firstOf(m.dial, text)
			return false
		}
	case roleBorn:
		if q.BirthDate == "" && looksBorn(text) {
			q.BirthDate = text
		}
		return false // an answer like others, too
	case roleClick:
		return m.putClick(means.of, text)
	case roleMessage:
		return fill(&q.Text, strings.Join(texts, "\n"))
	case roleSubject, roleCompany, rolePosition:
		texts = []string{text}
	}
	return m.putFirst(means, texts, at)
}

// putFirst fills a place that holds one text.
func (m *mapper) putFirst(means meaning, texts []string, at place) bool {
	if n := m.q.Name; means.role >= roleName && means.role <= rolePrefix && at.read.another && !m.another && n != (lead.Name{}) {
		return false // of a second person
	}
	for i, text := range texts {
		to, ok := m.slot(means, text, at)
		if !ok {
			continue
		}
		if !fill(to, text) {
			return false
		}
		m.another = m.another || means.role >= roleName && means.role <= rolePrefix && at.read.another
		if len(texts) > 1 {
			rest := append(texts[:i:i], texts[i+1:]...)
			m.keep(lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: strings.Join(rest, ", ")})
		}
		return true
	}
	return false
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
func (m *mapper) slot(means meaning, text string, at place) (to *string, ok bool) {
	q, a := &m.q, &m.q.Attribution
	switch means.role {
	case roleName:
		return &q.Name.Display, canName(text)
	case roleGiven:
		return &q.Name.Given, canName(text)
	case roleMiddle:
		return &q.Name.Middle, canName(text)
	case roleFamily:
		return &q.Name.Family, canName(text)
	case roleInfix:
		return &m.infix, canName(text)
	case rolePrefix:
		return &q.Name.Prefix, true
	case roleTitle:
		if salutation(text) {
			return &q.Name.Prefix, true
		}
		return &q.Title, true
	case roleUsername:
		return &q.Username, true
	case roleCompany:
		return &q.Company, true
	case rolePosition:
		return &q.Position, true
	case roleSubject:
		return &q.Subject, true
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
	return m.addressSlot(means.role, text, at)
}

// addressSlot is slot for the parts of an address.
func (m *mapper) addressSlot(r role, text string, at place) (to *string, ok bool) {
	a := &m.address
	switch r {
	case roleStreet:
		to = &a.Street
	case roleNumber:
		to = &a.Number
	case roleLine2:
		to = &a.Line2
	case roleCity:
		to = &a.City
	case rolePostcode:
		to = &a.Postcode
	case roleCountry:
		if code(text, 2) && m.sameAddress(at) {
			m.q.Country = firstOf(m.q.Country, regionOf(text))
		}
		to = &a.Country
	default:
		return nil, false
	}
	return to, m.sameAddress(at)
}

// sameAddress reports whether a part belongs to the one address an inquiry has:
// parts of two are never mixed.
func (m *mapper) sameAddress(at place) bool {
	if m.address == (lead.Address{}) {
		m.group, m.parent = at.group, parent(at.path)
	}
	return m.group == at.group
}

// parent is the path of what holds a member.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// canName reports whether a text can be somebody's name: it has a letter, and is
// no address, number or page.
func canName(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLetter) && countDigits(text) < 4 && !looksEmail(text) && !isURL(text)
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
// value must look like what it is taken for. Who gets a delivery is the person
// only where nobody else is.
func (m *mapper) putIdentities(kind lead.IdentityKind, texts []string, at place, looks func(string) bool) bool {
	var values []string
	for _, text := range texts {
		if tag, rest, ok := strings.Cut(text, ":"); ok && len(tag) < 8 && looks(strings.TrimSpace(rest)) {
			text = strings.TrimSpace(rest) // p:+351…, mailto:…
		}
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
		case at.read.unknown == 0 && at.read.around&(wEmail|wPhone) == 0 && !isDial(text) && (kind != lead.IdentityPhone || countDigits(text) > 4):
			values = append(values, text)
		default:
			return false
		}
	}
	if at.read.words&wShip != 0 && m.own|len(m.q.Identities) != 0 {
		return m.known(kind, values)
	}
	all := true
	for _, v := range values {
		all = m.identity(kind, v) && all
	}
	return all
}

// known reports whether the person has all of these identities already.
func (m *mapper) known(kind lead.IdentityKind, values []string) bool {
	found := 0
	for _, v := range values {
		for _, id := range m.q.Identities {
			if id.Kind == kind && id.Value == v {
				found++
			}
		}
	}
	return found == len(values)
}

// putConsent takes a box. Under a name that only speaks of terms, or of other
// things too, the value must be a tick or say yes itself.
func (m *mapper) putConsent(means meaning, text string, at place) bool {
	checked, isTick := tick(text)
	says := !isTick && agrees(text)
	if (means.role == roleOptIn || !means.sure) && !isTick && !says {
		return false
	}
	c := lead.Consent{Key: at.path, Label: at.label, Checked: checked || !isTick}
	if !isTick && c.Label == "" {
		c.Label = text // browsers send the text of a box as its value
	}
	m.q.Consents = append(m.q.Consents, c)
	return true
}

func (m *mapper) putFiles(texts []string, at place) bool {
	for _, text := range texts {
		if !isURL(text) {
			return false
		}
	}
	for _, text := range texts {
		m.file(linkedFile(text), at)
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

// timeOf reads a moment: RFC 3339 and its relatives, or seconds or milliseconds
// since 1970. A time without zone says no moment and gives the zero time.
func timeOf(text string) time.Time {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 MST", time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, text); err == nil && (!strings.Contains(layout, "MST") || strings.HasSuffix(text, "UTC") || strings.HasSuffix(text, "GMT")) {
			return t.UTC()
		}
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
