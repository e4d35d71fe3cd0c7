package dedupe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// book is a store in small: it knows who holds what, and takes everybody for a candidate.
type book struct {
	persons []lead.Person
	holders map[string]map[int64]time.Time // by key: person and when they were heard on it
	heard   map[int64]time.Time
	merged  map[int64]int64
	people  int64
	names   lead.NameCount
	rules   Rules
	differ  func(a, b int64) bool
}

func newBook() *book {
	return &book{holders: map[string]map[int64]time.Time{}, heard: map[int64]time.Time{}, merged: map[int64]int64{}, differ: never}
}

var day0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// question makes the question of an inquiry in normal form.
func (b *book) question(q lead.Inquiry, at time.Time) *Question {
	q.Scope = "s"
	normal.Inquiry(&q, "FR")
	f := ProfileOf(&q)
	return &Question{Name: q.Name, Keys: Keys(&q), Profile: f, At: at, People: b.people, Names: b.names, Rules: b.rules, Namesakes: b.namesakes(&f), Area: b.area(&f)}
}

func (b *book) namesakes(f *lead.Profile) int {
	n := 0
	for _, p := range b.persons {
		if b.merged[p.ID] == 0 && slices.ContainsFunc(p.Profiles, func(o lead.Profile) bool { return NameBlock(&o) == NameBlock(f) }) && NameBlock(f) != 0 {
			n++
		}
	}
	return n
}

func (b *book) area(f *lead.Profile) Shares {
	var s Shares
	postcode, city := Areas(f)
	for _, p := range b.persons {
		i := slices.IndexFunc(p.Profiles, func(o lead.Profile) bool { return o.Postcode != "" || o.City != "" })
		if i < 0 || b.merged[p.ID] != 0 {
			continue
		}
		s.All++
		x, y := Areas(&p.Profiles[i])
		if x == postcode && x != 0 {
			s.Postcode++
		}
		if y == city && y != 0 {
			s.City++
		}
	}
	return s
}

func (b *book) candidates(q *Question) []Candidate {
	var out []Candidate
	for _, p := range b.persons {
		if b.merged[p.ID] != 0 {
			continue
		}
		c := Candidate{Person: p, Heard: b.heard[p.ID]}
		for _, k := range q.Keys {
			if at, ok := b.holders[k.Value][p.ID]; ok {
				c.Held = append(c.Held, Holding{Key: k, Holders: len(b.holders[k.Value]), Heard: at})
			}
		}
		out = append(out, c)
	}
	return out
}

func (b *book) ask(q *Question) lead.Decision { return Decide(q, b.candidates(q), b.differ) }

// take does what a decision says, and returns it with the person as it is now.
func (b *book) take(q *Question) (lead.Decision, int64) {
	d := b.ask(q)
	id := d.Person
	if id == 0 {
		id = int64(len(b.persons) + 1)
		b.persons = append(b.persons, lead.Person{ID: id, Name: q.Name})
	}
	p := &b.persons[id-1]
	for _, other := range d.Merge {
		b.merge(p, &b.persons[other-1])
	}
	if d.Foreign {
		return d, id
	}
	if whole(q.Name) && !whole(p.Name) || p.Name == (lead.Name{}) {
		p.Name = q.Name
	}
	for _, k := range q.Keys {
		if g := k.Group(); k.Kind != KindThread && k.Kind != lead.IdentityVisitor && !slices.Contains(p.Holds, g) {
			p.Holds = append(p.Holds, g)
		}
		b.hold(k.Value, id, q.At)
	}
	p.Profiles, _ = AddProfile(p.Profiles, q.Profile)
	b.heard[id] = q.At
	return d, id
}

func (b *book) hold(value string, id int64, at time.Time) {
	if b.holders[value] == nil {
		b.holders[value] = map[int64]time.Time{}
	}
	b.holders[value][id] = at
}

func (b *book) merge(into, from *lead.Person) {
	b.merged[from.ID] = into.ID
	if !whole(into.Name) && from.Name != (lead.Name{}) {
		into.Name = from.Name
	}
	for _, g := range from.Holds {
		if !slices.Contains(into.Holds, g) {
			into.Holds = append(into.Holds, g)
		}
	}
	for _, f := range from.Profiles {
		into.Profiles, _ = AddProfile(into.Profiles, f)
	}
	for value, in := range b.holders {
		if at, ok := in[from.ID]; ok {
			delete(in, from.ID)
			b.hold(value, into.ID, at)
		}
	}
}

// form makes an inquiry of short words: a name, and e-mail, phone, customer,
// visitor, chat, born, street, city, postcode and thread by what they begin with.
func form(name string, says ...string) lead.Inquiry {
	q := lead.Inquiry{Kind: lead.KindForm, Name: lead.Name{Display: name}}
	a := lead.Address{}
	for _, s := range says {
		kind, v, _ := strings.Cut(s, " ")
		switch kind {
		case "mail":
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: v})
		case "call":
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityPhone, Value: v})
		case "customer":
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityCustomer, Value: v})
		case "visitor":
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityVisitor, Value: v})
		case "chat", "whatsapp":
			q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityKind(kind), Value: v, Scope: "bot"})
		case "thread":
			q.Thread = v
		case "born":
			q.BirthDate = v
		case "street":
			a.Street = v
		case "city":
			a.City = v
		case "postcode":
			a.Postcode = v
		}
	}
	if a != (lead.Address{}) {
		q.Address = &a
	}
	return q
}

// asked takes some inquiries a day apart, and returns the decision on the last,
// which comes after a further while.
func asked(t *testing.T, after time.Duration, forms ...lead.Inquiry) (lead.Decision, *book) {
	t.Helper()
	b := newBook()
	at := day0
	for _, q := range forms[:len(forms)-1] {
		b.take(b.question(q, at))
		at = at.Add(24 * time.Hour)
	}
	q := b.question(forms[len(forms)-1], at.Add(after-24*time.Hour))
	return b.ask(q), b
}
