package dedupe

import (
	"cmp"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

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

// maxReview is how many persons one inquiry puts before a human: a value that
// many share must not fill the desk.
const maxReview = 3

// Decide says whose inquiry with a name and some keys it is. Candidates are
// standing persons (merged ones are followed to their survivor before). The
// candidate with the firmest key and no conflicting name is taken; further ones
// that match as firmly are merged into the one known longest.
//
// A conversation leads to its person only when the inquiry brings no value of its
// own, or values that do not speak against them. When it brings another one of a
// group they hold already (a colleague answers in the same mail thread), the
// decision is Foreign: the touch belongs there, the values do not.
func Decide(name lead.Name, keys []Key, candidates []Candidate) lead.Decision {
	if len(candidates) == 0 {
		return lead.Decision{Reason: reasonNobody}
	}
	own := Strong(keys)
	var fit, clash []match
	for _, c := range candidates {
		switch m := judge(name, own, c); {
		case m.other:
		case m.ok:
			fit = append(fit, m)
		default:
			clash = append(clash, m)
		}
	}
	if len(clash) > 0 { // whose conversation it is, is known: not that of somebody with another name
		fit = slices.DeleteFunc(fit, func(m match) bool { return m.foreign })
	}
	slices.SortFunc(fit, compareMatches)
	slices.SortFunc(clash, compareMatches)
	d := lead.Decision{Reason: reasonNobody}
	if len(clash) > 0 {
		d.Reason = "a known value with a different name: " + clash[0].why
	}
	if len(fit) > 0 {
		best := fit[0]
		d.Foreign, d.Reason = best.foreign, "same "+string(best.by.Key.Kind)
		if best.by.Holders > 1 {
			d.Reason += ", shared by several: " + best.why
		}
		d.Person, d.Merge = survivor(best, fit[1:])
	}
	d.Review = review(&d, own, fit, clash)
	return d
}

const reasonNobody = "nobody known holds any of its values"

// review picks whom a human should look at: known persons whose name speaks
// against what their value says, and those only the conversation speaks for.
func review(d *lead.Decision, own []Key, fit, clash []match) []int64 {
	var out []int64
	add := func(m match) {
		if len(out) < maxReview && m.Person.ID != d.Person && !slices.Contains(d.Merge, m.Person.ID) {
			out = append(out, m.Person.ID)
		}
	}
	for _, m := range clash {
		if m.by.Holders < Crowd && m.by.Key.Kind != KindThread {
			add(m)
		}
	}
	for _, m := range fit {
		if len(own) > 0 && m.by.Key.Kind == KindThread && !m.foreign && m.by.Holders == 1 {
			add(m)
		}
	}
	return out
}

// match is a candidate with the firmest key that speaks for it.
type match struct {
	Candidate
	by      Holding
	ok      bool
	full    bool // both names are complete and agree
	foreign bool // only the conversation speaks for them, and the inquiry has another value of a group they hold
	other   bool // the same, with an id that says for sure that it is somebody else
	why     string
}

func judge(name lead.Name, own []Key, c Candidate) match {
	m := match{Candidate: c}
	conflict, why := normal.NamesConflict(name, c.Person.Name)
	m.full = !conflict && whole(name) && whole(c.Person.Name)
	m.why = why
	if !conflict {
		m.why = "nothing in the names speaks against it"
	}
	for _, h := range c.Held {
		usable := !conflict || !named(h.Key.Kind) && (h.Key.Kind != KindThread || len(own) == 0)
		switch {
		case usable && !m.ok, usable == m.ok && (m.by.Key.Value == "" || firmer(h, m.by)):
			m.by, m.ok = h, usable
		}
	}
	if m.ok && m.by.Key.Kind == KindThread {
		for _, k := range own { // none of which they hold, else it would speak for them
			if slices.Contains(c.Person.Holds, k.Group()) {
				m.other = m.other || !named(k.Kind)
				m.foreign = m.foreign || !m.full
			}
		}
	}
	return m
}

// firmer orders holdings: the firmer kind, then the value fewer people share, then
// where they were heard last.
func firmer(a, b Holding) bool {
	return cmp.Or(cmp.Compare(priority(a.Key.Kind), priority(b.Key.Kind)), cmp.Compare(a.Holders, b.Holders), cmp.Compare(a.Key.Value, b.Key.Value),
		b.Heard.Compare(a.Heard)) < 0
}

// compareMatches puts the best match first: the firmest key, one whose values
// fit, a name that agrees in full, the one last heard on the value, the person
// known longest.
func compareMatches(a, b match) int {
	return cmp.Or(cmp.Compare(priority(a.by.Key.Kind), priority(b.by.Key.Kind)), compareBools(a.foreign, b.foreign), compareBools(b.full, a.full),
		b.by.Heard.Compare(a.by.Heard), cmp.Compare(a.Person.ID, b.Person.ID))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// survivor picks whom the inquiry belongs to and who is merged into whom. Two
// persons are one only when each is alone on the value that matched and no pair
// of their names speaks against it.
func survivor(best match, rest []match) (person int64, merge []int64) {
	group := []match{best}
	for _, m := range rest {
		agrees := !slices.ContainsFunc(group, func(g match) bool {
			conflict, _ := normal.NamesConflict(g.Person.Name, m.Person.Name)
			return conflict
		})
		if agrees && joins(best, m) {
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

// joins reports whether m is the same person as best. A conversation alone joins
// somebody of whom nothing else is known: now it is known who they are.
func joins(best, m match) bool {
	if m.by.Holders != 1 || best.by.Holders != 1 && !best.full {
		return false
	}
	if m.by.Key.Kind == KindThread {
		return len(m.Person.Holds) == 0
	}
	return best.by.Holders == 1
}
