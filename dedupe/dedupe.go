// Package dedupe decides who an inquiry is from and which persons are one.
//
// It is pure: values in, decision out. The store loads the persons that hold any
// of an inquiry's keys, under lock, and asks [Decide]; the same code answers at
// intake, at replay and for files. Guarantees: a value with a conflicting name
// never merges strangers, a decision never depends on the order of the
// candidates, and each decision gives its reason in words without personal data.
package dedupe

import (
	"cmp"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Key is a value of an inquiry that can point at a person, in the form holders
// are stored under.
type Key struct {
	Kind  lead.IdentityKind
	Value string // see normal.IdentityKey; unique over kinds and scopes
}

// KindThread is the kind of the key that a conversation gives: whoever wrote in
// it before writes in it now.
const KindThread lead.IdentityKind = "thread"

// ThreadKey returns the key of a conversation.
func ThreadKey(scope, thread string) Key {
	return Key{Kind: KindThread, Value: "thread:" + scope + ":" + thread}
}

// Keys returns the keys of a normalised inquiry, strongest first. Weak values
// (roles, placeholders, things that are no number) give none, nor does the
// visitor, which alone never says who somebody is.
func Keys(q *lead.Inquiry) []Key {
	var keys []Key
	for _, id := range q.Identities {
		value, ok := normal.IdentityKey(id)
		if !ok || id.Kind == lead.IdentityVisitor || slices.ContainsFunc(keys, func(k Key) bool { return k.Value == value }) {
			continue
		}
		keys = append(keys, Key{Kind: id.Kind, Value: value})
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return cmp.Compare(priority(a.Kind), priority(b.Kind)) })
	if q.Thread != "" {
		keys = append(keys, ThreadKey(q.Scope, q.Thread))
	}
	return keys
}

// priority orders kinds by how firmly they point at one person.
func priority(k lead.IdentityKind) int {
	switch k {
	case lead.IdentityCustomer:
		return 0
	case lead.IdentityEmail:
		return 2
	case lead.IdentityPhone:
		return 3
	case KindThread:
		return 4
	}
	return 1 // the id of a messenger
}

// named reports whether people share values of this kind, so that names decide.
func named(k lead.IdentityKind) bool { return k == lead.IdentityEmail || k == lead.IdentityPhone }

// Candidate is a person that holds at least one key of the inquiry.
type Candidate struct {
	Person lead.Person
	Held   []Holding
}

// Holding is one key of the inquiry that the candidate holds.
type Holding struct {
	Key     Key
	Holders int       // how many persons hold it
	Heard   time.Time // when this candidate was last heard on it
}

// Decide says whose inquiry it is. Candidates are standing persons (merged ones
// are followed to their survivor before). The candidate with the firmest key and
// no conflicting name is taken; further ones that match as firmly are merged into
// the one known longest.
func Decide(q *lead.Inquiry, candidates []Candidate) lead.Decision {
	var fit, clash []match
	for _, c := range candidates {
		if m := judge(q.Name, c); m.ok {
			fit = append(fit, m)
		} else {
			clash = append(clash, m)
		}
	}
	slices.SortFunc(fit, compareMatches)
	slices.SortFunc(clash, compareMatches)
	var d lead.Decision
	for _, m := range clash {
		d.Review = append(d.Review, m.Person.ID)
	}
	if len(fit) == 0 {
		d.Verdict, d.Reason = lead.Created, "nobody known holds any of its values"
		if len(clash) > 0 {
			d.Reason = "a known value with a different name: " + clash[0].why
		}
		return d
	}
	best := fit[0]
	d.Verdict, d.Reason = lead.Attached, "same "+string(best.by.Key.Kind)
	if best.by.Holders > 1 {
		d.Reason += ", shared by several: " + best.why
	}
	d.Person, d.Merge = survivor(best, fit[1:])
	return d
}

// match is a candidate with the firmest key that speaks for it.
type match struct {
	Candidate
	by   Holding
	ok   bool
	full bool // both names are complete and agree
	why  string
}

func judge(name lead.Name, c Candidate) match {
	m := match{Candidate: c}
	conflict, why := normal.NamesConflict(name, c.Person.Name)
	complete := func(n lead.Name) bool { return n.Given != "" && n.Family != "" }
	m.full = !conflict && complete(name) && complete(c.Person.Name)
	m.why = why
	if !conflict {
		m.why = "nothing in the names speaks against it"
	}
	for _, h := range c.Held {
		usable := !conflict || !named(h.Key.Kind)
		switch {
		case usable && !m.ok, usable == m.ok && (m.by.Key.Value == "" || firmer(h, m.by)):
			m.by, m.ok = h, usable
		}
	}
	return m
}

// firmer orders holdings: the firmer kind, then the value fewer people share.
func firmer(a, b Holding) bool {
	return cmp.Or(cmp.Compare(priority(a.Key.Kind), priority(b.Key.Kind)), cmp.Compare(a.Holders, b.Holders), cmp.Compare(a.Key.Value, b.Key.Value)) < 0
}

// compareMatches puts the best match first: the firmest key, a name that agrees
// in full, the one last heard on the value, the person known longest.
func compareMatches(a, b match) int {
	byFull := 0
	if a.full != b.full {
		byFull = 1
		if a.full {
			byFull = -1
		}
	}
	return cmp.Or(cmp.Compare(priority(a.by.Key.Kind), priority(b.by.Key.Kind)), byFull,
		b.by.Heard.Compare(a.by.Heard), cmp.Compare(a.Person.ID, b.Person.ID))
}

// survivor picks whom the inquiry belongs to and who is merged into whom. Two
// persons are one only when each is alone on the value that matched and no pair
// of their names speaks against it.
func survivor(best match, rest []match) (person int64, merge []int64) {
	group := []match{best}
	for _, m := range rest {
		alone := m.by.Holders == 1 && best.by.Holders == 1 && m.by.Key.Kind != KindThread
		agrees := !slices.ContainsFunc(group, func(g match) bool {
			conflict, _ := normal.NamesConflict(g.Person.Name, m.Person.Name)
			return conflict
		})
		if alone && agrees {
			group = append(group, m)
		}
	}
	person = slices.MinFunc(group, func(a, b match) int { return cmp.Compare(a.Person.ID, b.Person.ID) }).Person.ID
	for _, m := range group {
		if m.Person.ID != person {
			merge = append(merge, m.Person.ID)
		}
	}
	slices.Sort(merge)
	return person, merge
}
