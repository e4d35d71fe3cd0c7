package normal

import (
	"cmp"
	"strings"

	"leadgate/lead"
)

// The limits of identities. Values are counted in characters.
const (
	maxIdentities = 20
	maxValue      = 320
	maxRaw        = 320
)

const (
	weakNotAnEmail = "not an e-mail address"
	weakNotAPhone  = "not a phone number"
)

// IdentityKey returns what two identities are compared by: email:<key>,
// phone:<E.164>, or <kind>:<scope>:<value>. ok is false for what is no identity:
// weak, empty, or an address or number that cannot be read.
func IdentityKey(i lead.Identity) (key string, ok bool) {
	if i.Weak != "" || i.Value == "" {
		return "", false
	}
	switch i.Kind {
	case lead.IdentityEmail:
		e, err := bareEmail(i.Value)
		if err != nil || e.Weak != "" {
			return "", false
		}
		return "email:" + e.Key, true
	case lead.IdentityPhone:
		n, err := Phone(i.Value, "")
		if err != nil || n.Weak != "" || n.E164 == "" {
			return "", false
		}
		return "phone:" + n.E164, true
	}
	return string(i.Kind) + ":" + scopeText.Replace(i.Scope) + ":" + i.Value, true
}

// scopeText keeps scopes and values apart in a key.
var scopeText = strings.NewReplacer("%", "%25", ":", "%3A")

// identities brings a list of identities into canonical form: each once, the
// stronger proof kept, several numbers in one value taken apart.
func identities(in []lead.Identity, region string) []lead.Identity {
	out := in[:0:0]
	if len(in) > 0 {
		out = make([]lead.Identity, 0, len(in))
	}
	for _, i := range in {
		i.Kind, i.Scope, i.Weak = lead.IdentityKind(Line(string(i.Kind), 40)), Line(i.Scope, maxValue), Line(i.Weak, maxReason)
		switch i.Kind {
		case lead.IdentityEmail:
			out = addIdentity(out, emailIdentity(i))
		case lead.IdentityPhone:
			out = addPhones(out, i, region)
		default:
			out = addIdentity(out, otherIdentity(i))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func emailIdentity(i lead.Identity) lead.Identity {
	text := Line(i.Value, maxValue)
	e, err := bareEmail(text)
	if err != nil {
		return withValue(i, text, weakNotAnEmail)
	}
	return withValue(i, e.Address, e.Weak)
}

// addPhones adds every number of a value; what holds none is kept as weak.
func addPhones(out []lead.Identity, i lead.Identity, region string) []lead.Identity {
	if n, ok := canonicalPhone(i.Value); ok {
		return addIdentity(out, withValue(i, n.E164, n.Weak))
	}
	text := phoneLine(i.Value)
	numbers := Phones(text, region)
	if len(numbers) == 0 {
		return addIdentity(out, withValue(i, text, weakNotAPhone))
	}
	for _, n := range numbers {
		value := cmp.Or(n.E164, n.National)
		if value == "" {
			value = text
		}
		out = addIdentity(out, withValue(i, value, n.Weak))
	}
	return out
}

// phoneLine is a value as it is kept when it is no number. It is what numbers are
// read from, so that reading the kept value again finds the same. Numbers that
// stood on lines of their own stay apart.
func phoneLine(s string) string { return Line(lineEnds.Replace(Text(s)), maxValue) }

var lineEnds = strings.NewReplacer("\n", "; ", "\t", "; ")

// otherIdentity takes an id as its provider writes it.
func otherIdentity(i lead.Identity) lead.Identity {
	value, weak := Line(i.Value, maxValue), ""
	if i.Kind == lead.IdentityVisitor || i.Kind == lead.IdentityCustomer {
		if strings.Trim(value, "0-") == "" || blockedIDs()[strings.ToLower(value)] {
			weak = weakPlaceholder
		}
	}
	return withValue(i, value, weak)
}

// blockedIDs are what broken integrations send in place of an id.
var blockedIDs = words(`-1 null nil none undefined nan anonymous unknown guest n/a na false true visitor user test`)

// withValue sets the canonical value and the reason, and keeps what was written.
// A reason that is there already stays.
func withValue(i lead.Identity, value, weak string) lead.Identity {
	if i.Raw == "" && i.Value != value {
		i.Raw = i.Value
	}
	if i.Raw = Line(i.Raw, maxRaw); i.Raw == value {
		i.Raw = ""
	}
	i.Value, i.Weak = value, cmp.Or(i.Weak, weak)
	return i
}

// addIdentity adds what is not there yet.
func addIdentity(list []lead.Identity, i lead.Identity) []lead.Identity {
	if i.Value == "" {
		return list
	}
	for n := range list {
		have := &list[n]
		if have.Kind == i.Kind && have.Scope == i.Scope && have.Value == i.Value {
			if proofRank(i.Proof) > proofRank(have.Proof) {
				have.Proof = i.Proof
			}
			return list
		}
	}
	if len(list) == maxIdentities {
		return list
	}
	return append(list, i)
}

func proofRank(p lead.Proof) int {
	switch p {
	case lead.ProofProvider:
		return 3
	case lead.ProofSelf:
		return 2
	case lead.ProofForm:
		return 1
	}
	return 0
}
