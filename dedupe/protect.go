package dedupe

import (
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// silence is how long a phone number may have been silent before it alone says no
// more who calls: carriers give numbers to others after some months.
const silence = 180 * 24 * time.Hour

// protected returns why an e-mail address or a phone number does not lead to a
// candidate who holds it, although no names conflict; "" when it does.
func (t *trial) protected(m *match, h Holding) string {
	phone := h.Key.Kind == lead.IdentityPhone
	several := h.Holders > 1 || h.Key.Several
	switch {
	case m.full:
		return ""
	case (several || h.Key.Fixed) && t.otherName(m):
		return "another name on a value that several may share"
	case several && (phone || t.q.Name != (lead.Name{})) && t.otherValue(m):
		return "another value of the same kind, on one that several share"
	case phone && h.Key.Fixed && normal.CompanyName(t.q.Name) != normal.CompanyName(m.Person.Name) && t.q.Name != (lead.Name{}) && m.Person.Name != (lead.Name{}):
		return "a company's number"
	case phone && !m.Heard.IsZero() && t.q.At.Sub(m.Heard) > silence && (t.q.Name != (lead.Name{}) || len(t.own) > 1) && !t.corroborated(m):
		return "a number that was not heard for long"
	}
	return ""
}

// otherName reports whether what is known of the names is two people's, though it
// would not be enough for a conflict: one word that is neither of the other's, or a
// name that only an address tells.
func (t *trial) otherName(m *match) bool {
	if len(m.faces) == 0 {
		return false
	}
	sender := t.sender.called()
	for _, f := range m.faces {
		if !sender.Stranger(f.called()) {
			return false
		}
	}
	return true
}

// otherValue reports whether the inquiry brings a value of its own of which the
// candidate has another one.
func (t *trial) otherValue(m *match) bool {
	return slices.ContainsFunc(t.own, func(k Key) bool {
		return slices.Contains(m.Person.Holds, k.Group()) && !slices.ContainsFunc(m.Held, func(h Holding) bool { return h.Key.Value == k.Value })
	})
}

// corroborated reports whether something beside one number says that it is the
// same person: another value they hold, or a part of the name.
func (t *trial) corroborated(m *match) bool {
	return len(m.Held) > 1 || m.likeness.names > 0
}

// called is the name somebody gave, else the one their address is made of.
func (f face) called() normal.NameForm {
	if f.Given != "" || f.Family != "" {
		return f.name
	}
	for _, e := range f.Emails {
		if n, ok := normal.NameInAddress(e); ok {
			return normal.FormOf(n)
		}
	}
	return f.name
}
