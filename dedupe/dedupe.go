// Package dedupe decides who an inquiry is from and which persons are one.
//
// It is pure: values in, decision out. The store loads the persons that hold any
// of an inquiry's keys, under lock, and those who resemble its sender, and asks
// [Decide]; the same code answers at intake, at replay and for files. Guarantees: a
// value with a conflicting name never merges strangers, nor does a conversation that
// several people write in; nobody is reached by a chain of likenesses; a decision
// never depends on the order of the candidates, and gives its reason in words without
// personal data, and the bits of evidence it rests on.
//
// Keys point at persons by themselves (dedupe.go), with the protection of protect.go.
// Blocks (block.go) find those who resemble a sender, whom compare.go weighs with the
// bits of weights.txt.
package dedupe

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Key is a value of an inquiry that can point at a person, in the form holders
// are stored under.
type Key struct {
	Kind    lead.IdentityKind
	Value   string // see normal.IdentityKey; unique over kinds and scopes
	Fixed   bool   // a phone number that may stand in a house or an office: people share it
	Several bool   // says itself that several share it: a family's mailbox, a number with an extension behind it
}

// KindThread is the kind of the key that a conversation gives: whoever wrote in
// it before writes in it now.
const KindThread lead.IdentityKind = "thread"

// ThreadKey returns the key of a conversation.
func ThreadKey(scope, thread string) Key {
	return Key{Kind: KindThread, Value: "thread:" + scope + ":" + thread}
}

// Keys returns the keys of a normalised inquiry, strongest first: customer id,
// messenger id, e-mail, mobile, other phone, visitor, conversation. Weak values
// (roles, placeholders, things that are no number) give none.
func Keys(q *lead.Inquiry) []Key {
	var keys []Key
	for _, id := range q.Identities {
		value, ok := normal.IdentityKey(id)
		if !ok || numberAsID(id, q.Identities) || slices.ContainsFunc(keys, func(k Key) bool { return k.Value == value }) {
			continue
		}
		k := Key{Kind: id.Kind, Value: value}
		switch id.Kind {
		case lead.IdentityPhone:
			k.Fixed, k.Several = normal.Landline(id.Value), normal.Extension(id.Raw)
		case lead.IdentityEmail:
			k.Several = normal.FamilyMailbox(id.Value)
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return cmp.Compare(priority(a), priority(b)) })
	if q.Thread != "" {
		keys = append(keys, ThreadKey(q.Scope, q.Thread))
	}
	return keys
}

// numberAsID reports whether the id of a messenger is a phone number that the
// inquiry tells as one too. Numbers get new owners, ids do not: it counts as a number.
func numberAsID(id lead.Identity, all []lead.Identity) bool {
	if named(id.Kind) || id.Kind == lead.IdentityCustomer || id.Kind == lead.IdentityVisitor || len(id.Value) < 8 {
		return false
	}
	return slices.ContainsFunc(all, func(o lead.Identity) bool {
		return o.Kind == lead.IdentityPhone && o.Weak == "" && strings.TrimPrefix(o.Value, "+") == strings.TrimPrefix(id.Value, "+")
	})
}

// Strong returns the keys that point at a person by themselves: all but the
// browser and the conversation.
func Strong(keys []Key) []Key {
	for i, k := range keys {
		if k.Kind == KindThread || k.Kind == lead.IdentityVisitor {
			return keys[:i]
		}
	}
	return keys
}

// Conversation returns the key of the conversation, if the inquiry is part of one.
func Conversation(keys []Key) (k Key, ok bool) {
	if n := len(keys); n > 0 && keys[n-1].Kind == KindThread {
		return keys[n-1], true
	}
	return Key{}, false
}

// Group names the values of which one person usually has one: the e-mail
// addresses, the phone numbers, the ids of one messenger or shop account.
func (k Key) Group() string {
	if named(k.Kind) {
		return string(k.Kind)
	}
	start := min(len(k.Value), len(k.Kind)+1)
	if i := strings.IndexByte(k.Value[start:], ':'); i >= 0 {
		return k.Value[:start+i]
	}
	return k.Value
}

// Crowd is how many holders make a value a crowd's: it points at nobody without a
// name, and further holders are found by [NameKey] only.
const Crowd = 20

// NameKey returns the key a further holder of a crowded value is found under. ok
// is false when names do not tell holders of the value apart, or the name is not whole.
func NameKey(k Key, n lead.Name) (key string, ok bool) {
	if !named(k.Kind) || !whole(n) {
		return "", false
	}
	words := strings.FieldsFunc(normal.Search(n.Given+" "+n.Family), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(words)
	return k.Value + "|" + strings.Join(words, " "), len(words) > 0
}

func whole(n lead.Name) bool { return n.Given != "" && n.Family != "" }

// priority orders keys by how firmly they point at one person.
func priority(k Key) int {
	switch k.Kind {
	case lead.IdentityCustomer:
		return 0
	case lead.IdentityEmail:
		return 2
	case lead.IdentityPhone:
		if k.Fixed {
			return 4
		}
		return 3
	case KindThread:
		return 5
	case lead.IdentityVisitor:
		return 6
	case "": // none: resemblance
		return 7
	}
	return 1 // the id of a messenger
}

// named reports whether people share values of this kind, so that names decide.
func named(k lead.IdentityKind) bool { return k == lead.IdentityEmail || k == lead.IdentityPhone }

// groupKind returns the kind of the values of a group: see [Key.Group].
func groupKind(group string) lead.IdentityKind {
	kind, _, _ := strings.Cut(group, ":")
	return lead.IdentityKind(kind)
}
