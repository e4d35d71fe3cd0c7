package dedupe

import (
	"cmp"
	"slices"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// survivor picks whom the inquiry belongs to and who is merged into whom. Two
// persons are one only when each is alone on the value that matched and no pair
// of their names speaks against it.
func (t *trial) survivor(best match, rest []match) (person int64, merge []int64) {
	group := []match{best}
	told := append(slices.Clip(best.faces), t.sender) // of all in the group, and of the inquiry
	for _, m := range rest {
		if !slices.ContainsFunc(group, func(g match) bool { return !t.compatible(&g, &m) }) && t.joins(&best, &m, told) {
			group, told = append(group, m), append(told, m.faces...)
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

// compatible reports whether nothing known of two persons says that they are two.
func (t *trial) compatible(a, b *match) bool {
	if t.differ(a.Person.ID, b.Person.ID) {
		return false
	}
	if t.q.Rules == Exact {
		return true
	}
	if conflict, _ := normal.NamesConflict(a.Person.Name, b.Person.Name); conflict && !t.q.unreliable() {
		return false
	}
	for _, g := range a.Person.Holds {
		if groupKind(g) == lead.IdentityCustomer && slices.Contains(b.Person.Holds, g) {
			return false
		}
	}
	return within(a, b, func(p *lead.Profile) []string { return p.Emails }) && within(a, b, func(p *lead.Profile) []string { return p.Phones })
}

// maxValues is how many e-mail addresses, or phone numbers, persons may have
// together to be merged by rule: whoever has more is no single human.
const maxValues = 6

// within reports whether two persons together have no more of a value than one has.
func within(a, b *match, values func(*lead.Profile) []string) bool {
	seen := map[string]bool{}
	for _, list := range [...][]lead.Profile{a.Person.Profiles, b.Person.Profiles} {
		for i := range list {
			for _, v := range values(&list[i]) {
				seen[v] = true
			}
		}
	}
	return len(seen) <= maxValues
}

// joins reports whether m is the same person as best, and as those who are already:
// told is what all of them were told to be, so that nobody is joined by one that is
// like both. A conversation alone joins somebody of whom nothing else is known: now
// it is known who they are.
func (t *trial) joins(best, m *match, told []face) bool {
	switch {
	case t.q.Rules == Exact:
		return true
	case m.scored:
		l := t.weights.likestOf(told, m.faces)
		return !best.foreign && l.mean() >= t.threshold/2 && (l.apart == "" || t.q.unreliable())
	case best.scored:
		return false
	case m.by.Holders != 1 || best.by.Holders != 1 && !best.full:
		return false
	case m.by.Key.Kind == KindThread:
		return len(m.Person.Holds) == 0
	case m.by.Key.Kind == lead.IdentityVisitor:
		return len(m.Person.Holds) == 0 && best.by.Holders == 1
	}
	return best.by.Holders == 1
}

// review picks whom a human should look at: those who resemble the sender, but not
// enough or with something against it, and those only the conversation speaks for.
// That people share a value is no question: a couple, a house and an office do.
func (t *trial) review(d *lead.Decision) []lead.Doubt {
	var out []lead.Doubt
	add := func(m *match, reason string) {
		if len(out) < maxReview && m.Person.ID != d.Person && !slices.Contains(d.Merge, m.Person.ID) && (d.Person == 0 || !t.differ(d.Person, m.Person.ID)) {
			out = append(out, lead.Doubt{Person: m.Person.ID, Reason: reason, Score: m.best})
		}
	}
	for i := range t.clash {
		switch m := &t.clash[i]; {
		case m.by.Key.Kind == "" && t.q.Rules == All:
			if m.best >= t.threshold-reviewBand && m.named && !m.certain {
				add(m, "some agrees: "+m.words())
			}
		case t.doubtful(m):
			add(m, "a known value with a different name: "+m.why)
		}
	}
	for i := range t.fit {
		m := &t.fit[i]
		if len(t.own) > 0 && m.by.Key.Kind == KindThread && !m.foreign && m.by.Holders == 1 {
			add(m, "the same conversation")
		}
		if m.scored {
			add(m, "much agrees: "+m.words())
		}
	}
	return out
}

// doubtful reports whether somebody with a known value may be its holder although
// the names differ: the family name changed, or so much agrees beside that the given
// name looks like the mistake.
func (t *trial) doubtful(m *match) bool {
	if !named(m.by.Key.Kind) && m.by.Key.Kind != lead.IdentityCustomer || m.by.Holders >= Crowd {
		return false
	}
	return m.pairs == 0 || m.given <= normal.Slight || m.best >= t.threshold+reviewBand
}
