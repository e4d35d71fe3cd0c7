package dedupe

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// crowdOf are the people the laws are tried on: a couple in one home, a namesake
// of one of them, and two more.
var crowdOf = [...]struct{ name, mail, phone, born, street, city, postcode string }{
	{"Ana Belo", "ana.belo@example.org", "+33612345678", "1985-03-12", "12 rue des Lilas", "Lyon", "69003"},
	{"Igor Belo", "igor.belo@example.org", "+33612345679", "1982-11-30", "12 rue des Lilas", "Lyon", "69003"},
	{"Ana Belo", "belo77@example.net", "+33698765432", "1970-01-02", "3 quai Sud", "Lille", "59000"},
	{"Charlotte Schmidt", "ch.schmidt@example.net", "+33655443322", "1990-07-21", "8 place Ney", "Lyon", "69003"},
	{"Omar Haddad", "omar@example.com", "+33677889900", "1999-09-09", "40 avenue Foch", "Nice", "06000"},
}

// someInquiry draws what one of the crowd says: some of their values, some with a
// slip, at times in another's name or from another's phone.
func someInquiry(t *rapid.T) lead.Inquiry {
	who := crowdOf[rapid.IntRange(0, len(crowdOf)-1).Draw(t, "who")]
	name := who.name
	if rapid.IntRange(0, 9).Draw(t, "as") == 0 {
		name = rapid.SampledFrom([]string{"", "Ana", "Igor Petrov", "A. Belo", "Belo Ana", "Acme GmbH"}).Draw(t, "name")
	} else if rapid.IntRange(0, 3).Draw(t, "slip") == 0 {
		name = slipped(t, name)
	}
	phone := who.phone
	if rapid.IntRange(0, 5).Draw(t, "borrowed") == 0 {
		phone = rapid.SampledFrom([]string{"+33142685300", crowdOf[0].phone}).Draw(t, "phone")
	}
	var says []string
	for _, s := range [...]string{"mail " + who.mail, "call " + phone, "born " + who.born, "street " + who.street, "city " + who.city, "postcode " + who.postcode} {
		if rapid.Bool().Draw(t, s[:4]) {
			says = append(says, s)
		}
	}
	says = append(says, rapid.SampledFrom([]string{"customer 7", "customer 8", "visitor v1", "thread t1", "chat 1", "", "", "", ""}).Draw(t, "besides"))
	return form(name, says...)
}

// TestPeopleLaws plays streams of inquiries and holds what must be true of every decision.
func TestPeopleLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBook()
		at := day0
		for range rapid.IntRange(1, 12).Draw(t, "inquiries") {
			q := b.question(someInquiry(t), at)
			at = at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
			checkDecision(t, b, q)
			_, person := b.take(q)
			if _, thread := Conversation(q.Keys); len(Strong(q.Keys)) > 0 && !thread { // with one, others may be asked first
				again := b.ask(q)
				if !again.Foreign && !slices.Contains(append(again.Merge, again.Person), b.standing(person)) {
					t.Fatalf("the same again is %d's, and was %d's: %+v\nquestion %+v\nknown %+v", again.Person, person, again, q, b.persons)
				}
			}
		}
		for i := range b.persons {
			checkPerson(t, &b.persons[i])
		}
	})
}

func (b *book) standing(id int64) int64 {
	for b.merged[id] != 0 {
		id = b.merged[id]
	}
	return id
}

// checkDecision holds the laws of one decision.
func checkDecision(t *rapid.T, b *book, q *Question) {
	list := b.candidates(q)
	d := Decide(q, list, b.differ)
	if diff := cmp.Diff(d, Decide(q, rapid.Permutation(list).Draw(t, "order"), b.differ)); diff != "" {
		t.Fatalf("the order of candidates decides:\n%s", diff)
	}
	group := append([]int64{d.Person}, d.Merge...)
	for _, r := range d.Review {
		if d.Person != 0 && slices.Contains(group, r.Person) || r.Reason == "" {
			t.Fatalf("decided and to be reviewed: %+v", d)
		}
	}
	person := func(id int64) *lead.Person { return &b.persons[id-1] }
	for i, x := range group {
		for _, y := range group[:i] {
			if conflict, why := normal.NamesConflict(person(x).Name, person(y).Name); conflict {
				t.Fatalf("%d and %d are merged: %s", x, y, why)
			}
			if slices.Contains(person(x).Holds, "customer:") && slices.Contains(person(y).Holds, "customer:") {
				t.Fatalf("two customers are merged: %+v", d)
			}
			apart := Decide(q, list, func(a, b int64) bool { return a == x && b == y || a == y && b == x })
			if both := append([]int64{apart.Person}, apart.Merge...); slices.Contains(both, x) && slices.Contains(both, y) {
				t.Fatalf("%d and %d are merged although a human said that they are two: %+v", x, y, apart)
			}
		}
	}
	more := *q
	for more.People = 20_000; more.People < 1<<40; more.People *= 10 {
		if m := Decide(&more, list, b.differ); d.Person == 0 && m.Person != 0 {
			t.Fatalf("%d people known: %+v, with fewer %+v", more.People, m, d)
		}
	}
}

// checkPerson holds that a person is known by few profiles, of which each tells something.
func checkPerson(t *rapid.T, p *lead.Person) {
	for i := range p.Profiles {
		for j := range p.Profiles[:i] {
			if tells(&p.Profiles[i], &p.Profiles[j]) || tells(&p.Profiles[j], &p.Profiles[i]) {
				t.Fatalf("profiles say the same: %+v", p)
			}
		}
	}
	if len(p.Profiles) > maxProfiles {
		t.Fatalf("%d profiles", len(p.Profiles))
	}
}

// TestScoredMergesAreNotApart holds that persons are not made one by what they look
// like, when a pair of what they were told to be is two people's for certain.
func TestScoredMergesAreNotApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []Candidate
		for i := range rapid.IntRange(1, 4).Draw(t, "persons") {
			p := lead.Person{ID: int64(i + 1)}
			for range rapid.IntRange(1, 3).Draw(t, "profiles") {
				p.Profiles, _ = AddProfile(p.Profiles, anyProfile().Draw(t, "profile"))
			}
			if len(p.Profiles) > 0 {
				p.Name = lead.Name{Given: p.Profiles[0].Given, Family: p.Profiles[0].Family}
			}
			list = append(list, Candidate{Person: p})
		}
		q := &Question{Profile: anyProfile().Draw(t, "asks"), At: day0}
		q.Name = lead.Name{Given: q.Profile.Given, Family: q.Profile.Family}
		d := Decide(q, list, never)
		group := append([]int64{d.Person}, d.Merge...)
		w := standard()
		for i, x := range group {
			for _, y := range group[:i] {
				if l := w.likestOf(facesOf(&list[x-1].Person), facesOf(&list[y-1].Person)); l.certain {
					t.Fatalf("%d and %d are merged and are %s: %+v and %+v", x, y, l.apart, list[x-1].Person, list[y-1].Person)
				}
			}
			if x != 0 {
				if l := w.likest(faceOf(&q.Profile), facesOf(&list[x-1].Person)); l.certain {
					t.Fatalf("%d is taken and is %s: %+v and %+v", x, l.apart, q.Profile, list[x-1].Person)
				}
			}
		}
	})
}
