package fields

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"leadgate/lead"
)

// finish settles what only the whole tree tells.
func (m *mapper) finish() {
	for _, kind := range [...]lead.IdentityKind{lead.IdentityEmail, lead.IdentityPhone} {
		m.adopt(kind)
	}
	m.settleName()
	if m.address != (lead.Address{}) {
		m.q.Address = &m.address
		m.q.Country = firstOf(m.q.Country, regionOf(m.address.Country))
	}
	for _, state := range m.states {
		if m.q.Address != nil && m.address.State == "" && parent(state.Key) == m.parent {
			m.address.State = state.Value
		} else {
			m.keep(state)
		}
	}
	if m.total != nil {
		if m.q.Currency != "" && m.q.Amount == "" {
			m.q.Amount = m.total.Value
		} else {
			m.keep(*m.total)
		}
	}
	m.settlePhones()
	m.settleText()
	for _, page := range [...]string{m.q.Attribution.Page, m.q.Attribution.Landing, m.q.Attribution.Referrer} {
		FromURL(&m.q.Attribution, page)
	}
}

// settleName tells a name in full from a part of it: what is called only a name
// is the given name beside a family name (Nome, Cognome) and the family name
// beside a given one (Nom, Prénom), unless it holds the other.
func (m *mapper) settleName() {
	n := &m.q.Name
	if m.infix != "" {
		if n.Family != "" {
			n.Family = m.infix + " " + n.Family
		} else {
			n.Middle = strings.TrimSpace(n.Middle + " " + m.infix)
		}
	}
	if n.Display == "" || n.Given == "" && n.Family == "" {
		return
	}
	holds := func(part string) bool {
		return part != "" && strings.Contains(strings.ToLower(n.Display), strings.ToLower(part))
	}
	switch {
	case holds(n.Given) || holds(n.Family):
	case n.Given == "":
		n.Given, n.Display = n.Display, ""
	case n.Family == "":
		n.Family, n.Display = n.Display, ""
	default:
		m.keep(lead.Field{Key: "name", Value: n.Display})
		n.Display = ""
	}
}

// prose is a free text that may be what the person has to say.
type prose struct {
	text string
	rank int // 2 under a name that speaks of a message, 1 under any other
}

// notProse are the words of names whose values are texts, and nobody's message.
const notProse = wOther | wName | wGiven | wFamily | wTitle | wCompany | wPosition | wSubject | wAddress | wStreet | wCity | wState | wCountry | wPage | wLanding | wReferrer |
	wURL | wID | wConsent | wOptIn | wFile | wTags | wUser | wShortAd | wTime | wLocale | wTimezone | wShip | wBill

// consider notes a text that may be the message if no field turns out to be.
func (m *mapper) consider(text string, at place) {
	spoken := at.read.words&(wMessage|wHelp) != 0 || textarea(at.kind)
	words := len(strings.Fields(text))
	switch {
	case isURL(text) || strings.HasPrefix(text, "Mozilla/") || text[0] == '{' || text[0] == '[' || !strings.ContainsFunc(text, unicode.IsLetter):
	case spoken && (words > 2 || strings.ContainsRune(text, '\n') || textarea(at.kind)):
		m.prose = append(m.prose, prose{text, 2})
	case at.read.words&notProse == 0 && utf8.RuneCountInString(text) >= 20 && (words > 3 || strings.ContainsRune(text, '\n')):
		m.prose = append(m.prose, prose{text, 1})
	case at.read.words&notProse == 0 && utf8.RuneCountInString(text) >= 20 && strings.ContainsFunc(text, unspacedLetter):
		m.prose = append(m.prose, prose{text, 1})
	}
}

// textarea reports whether the type of a question asks for several lines.
func textarea(kind string) bool {
	kind = strings.ToLower(kind)
	for _, of := range [...]string{"textarea", "long_text", "longtext", "long text", "paragraph", "multi_line", "multiline"} {
		if strings.Contains(kind, of) {
			return true
		}
	}
	return false
}

func unspacedLetter(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// settleText makes the longest free text the message when nothing else is. It
// stays a field too: the answer keeps its question. A summary of the other
// answers, which some senders add, is none.
func (m *mapper) settleText() {
	if m.q.Text != "" {
		return
	}
	best := prose{}
	for _, p := range m.prose {
		if p.rank > best.rank || p.rank == best.rank && len(p.text) > len(best.text) {
			if !m.summary(p.text) {
				best = p
			}
		}
	}
	m.q.Text = best.text
}

func (m *mapper) summary(text string) bool {
	if strings.Count(text, ":") < 2 {
		return false
	}
	for _, id := range m.q.Identities {
		if strings.Contains(text, id.Value) || id.Raw != "" && strings.Contains(text, id.Raw) {
			return true
		}
	}
	return false
}
