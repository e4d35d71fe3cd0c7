package people

import (
	"fmt"
	"slices"
	"strings"
)

// related returns what two people have in common, the closest first.
func related(a, b ties) string {
	both := func(x, y int) bool { return x != 0 && x == y }
	switch {
	case a.twin && b.twin && both(a.household, b.household):
		return "twins"
	case both(a.household, b.household) && a.name == b.name:
		return "one name in a household"
	case both(a.household, b.household):
		return "household"
	case both(a.office, b.office):
		return "colleagues"
	case both(a.recycled, b.recycled):
		return "recycled number"
	case a.name == b.name:
		return "namesakes"
	case both(a.tablet, b.tablet):
		return "tablet"
	}
	return "strangers"
}

// Why says what makes a pair of records hard: what the two people have in common,
// or, when it is one person, what ties the records together.
func (s *Set) Why(i, j int) string {
	a, b := s.Labels[i], s.Labels[j]
	if a.Person != b.Person {
		return related(s.people[a.Person], s.people[b.Person])
	}
	for _, k := range a.Keys {
		if slices.Contains(b.Keys, k) {
			kind, _, _ := strings.Cut(k, ":")
			return "same " + kind
		}
	}
	if !slices.Contains(s.Columns, At) { // no stream: nothing but damages keeps them apart
		return gravest(slices.Concat(a.Noise, b.Noise))
	}
	for _, n := range []string{"placeholder", "withheld", "relay", "email typo", "phone typo"} {
		if slices.Contains(a.Noise, n) || slices.Contains(b.Noise, n) {
			return n
		}
	}
	return "nothing shared"
}

// gravest is the damage that does most harm, and how many there are beside it.
func gravest(noise []string) string {
	if len(noise) == 0 {
		return "nothing was done"
	}
	for _, kind := range []string{" missing", " of somebody else", " swapped"} {
		if i := slices.IndexFunc(noise, func(n string) bool { return strings.Contains(n, kind) }); i >= 0 {
			return andMore(noise[i], len(noise)-1)
		}
	}
	return andMore(noise[0], len(noise)-1)
}

func andMore(s string, more int) string {
	if more == 0 {
		return s
	}
	return fmt.Sprintf("%s and %d more", s, more)
}
