package storetest

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

// seen is all that can be asked of some people.
type seen struct {
	Leads    []lead.Lead
	Touches  map[int64][]lead.Touch
	Entries  map[int64][]lead.Entry // but for those of merges and what was said about persons
	Persons  map[string][]lead.Person
	Holding  map[string][]int64
	Found    map[string][]int64
	LeadsNow store.LeadStats
}

// look asks everything about the leads from a number on, and about values.
func (b *bench) look(t *testing.T, from int64, values []lead.Identity) seen {
	t.Helper()
	b.index(t)
	s := seen{Touches: map[int64][]lead.Touch{}, Entries: map[int64][]lead.Entry{}, Persons: map[string][]lead.Person{}, Holding: map[string][]int64{}, Found: map[string][]int64{}}
	for _, l := range b.newest(t, 100) {
		if l.Number < from {
			continue
		}
		s.Leads = append(s.Leads, l)
		touches, entries, err := b.Timeline(b.ctx, l.Number)
		if err != nil {
			t.Fatal(err)
		}
		s.Touches[l.Number] = touches
		s.Entries[l.Number] = slices.DeleteFunc(entries, func(e lead.Entry) bool { return slices.Contains([]string{"merge", "unmerge", "not-same"}, e.Kind) })
	}
	for _, id := range values {
		q := lead.Inquiry{Identities: []lead.Identity{id}}
		s.Persons[id.Value] = b.persons(t, q)
		ask := b.item("ask", q).Inquiries[0]
		holding, err := b.Holding(b.ctx, store.KeysOf(&ask))
		if err != nil {
			t.Fatal(err)
		}
		s.Holding[id.Value] = numbers(holding)
		found, _, err := b.List(b.ctx, store.Query{Page: store.Page{Limit: 100}, Search: id.Value})
		if err != nil {
			t.Fatal(err)
		}
		s.Found[id.Value] = numbers(found)
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.LeadsNow = st.Leads
	return s
}

func numbers(leads []lead.Lead) []int64 {
	out := make([]int64, len(leads))
	for i := range leads {
		out[i] = leads[i].Number
	}
	return out
}

// people are some persons nobody knows yet, each with values of their own.
type people struct {
	values [][]lead.Identity
	first  int64             // number of their first lead
	ids    map[int64]lead.ID // of their leads, by number
	before store.LeadStats   // when they were not there yet
}

func (p *people) all() []lead.Identity { return slices.Concat(p.values...) }

// meet lets some people write, in some order, some of them with leads that were
// closed before, and changes their leads by hand.
func (b *bench) meet(t *testing.T, r *rapid.T, round, n int) *people {
	p := &people{first: 1, ids: map[int64]lead.ID{}}
	if l := b.newest(t, 1); len(l) > 0 {
		p.first = l[0].Number + 1
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.before = st.Leads
	for i := range n {
		p.values = append(p.values, []lead.Identity{mail(key("u%d.%d@example.org", round, i)), call(key("+3361%02d%05d", i, round)), user(key("%d-%d", round, i))})
	}
	for i := range rapid.IntRange(n, 2*n+2).Draw(r, "inquiries") {
		who := i
		if i >= n {
			who = rapid.IntRange(0, n-1).Draw(r, "who")
		}
		o := b.post(t, key("m%d-%d", round, i), p.says(r, round, who, key("before %d", i)))
		if rapid.IntRange(0, 3).Draw(r, "closes") == 0 {
			b.stage(t, o.Lead, "converted")
		} else if rapid.Bool().Draw(r, "edits") {
			owner, size := rapid.SampledFrom([]string{"eva", "max"}).Draw(r, "owner"), "xl"
			if _, err := b.Patch(b.ctx, o.Lead, store.Patch{Owner: &owner, Fields: map[string]*string{"size": &size}, Tags: &[]string{key("tag%d", who)}}); err != nil {
				t.Fatal(err)
			}
		}
		b.now = b.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "later")) * time.Second)
	}
	return p
}

// says is what one of the people writes, with at least one of their values, and at
// times in a conversation of theirs.
func (p *people) says(r *rapid.T, round, who int, text string) lead.Inquiry {
	names := []string{"", "Ana", "Ana Belo"}
	q := said("", rapid.SampledFrom(names).Draw(r, "name"), text)
	for _, v := range p.values[who] {
		if rapid.Bool().Draw(r, "value") {
			q.Identities = append(q.Identities, v)
		}
	}
	if len(q.Identities) == 0 || round%2 == 0 { // so that what they say later finds them
		q.Identities = append(q.Identities, p.values[who][0])
	}
	if rapid.IntRange(0, 3).Draw(r, "talks") == 0 {
		q.Thread = key("talk-%d-%d", round, who)
	}
	q.Company = rapid.SampledFrom([]string{"", "", key("Firm %d", who)}).Draw(r, "company")
	q.Amount = rapid.SampledFrom([]string{"", "", key("%d", who)}).Draw(r, "amount")
	q.Fields = []lead.Field{{Key: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "field"), Value: key("of %d", who)}}
	q.Attribution.Source = key("ad %d", who)
	return q
}

// Whoever is merged by hand, in whatever order that is undone: all is as it was.
func testUndoIdentity(t *testing.T, b *bench) {
	round := 0
	checkSample(t, func(r *rapid.T) {
		round++
		n := rapid.IntRange(2, 4).Draw(r, "people")
		p := b.meet(t, r, round, n)
		stack := []seen{b.look(t, p.first, p.all())}
		for _, l := range stack[0].Leads {
			p.ids[l.Number] = l.ID
		}
		leads := stack[0].Leads
		inOrder := rapid.Bool().Draw(r, "in order")
		for range rapid.IntRange(1, n).Draw(r, "merges") {
			x, y := rapid.SampledFrom(leads).Draw(r, "x"), rapid.SampledFrom(leads).Draw(r, "y")
			b.now = b.now.Add(time.Minute)
			_, err := b.Merge(b.ctx, x.ID, y.ID, "tester")
			if errors.Is(err, lead.ErrConflict) { // one person already
				continue
			}
			if err != nil {
				r.Fatalf("Merge: %v", err)
			}
			if inOrder {
				stack = append(stack, b.look(t, p.first, p.all()))
			}
		}
		if inOrder {
			for i := len(stack) - 2; i >= 0; i-- {
				b.now = b.now.Add(time.Minute)
				if _, err := b.Unmerge(b.ctx, b.mergeLead(t, p, b.merges(t)[0]), "tester"); err != nil {
					r.Fatalf("Unmerge: %v", err)
				}
				b.same(t, r, p, stack[i])
			}
			return
		}
		b.undoAll(t, r, p)
		b.same(t, r, p, stack[0])
	})
}

// mergeLead returns the lead that names a merge to be undone: the one it took away,
// else one that stands.
func (b *bench) mergeLead(t *testing.T, p *people, m store.MergeRow) lead.ID {
	t.Helper()
	if m.Lead != 0 {
		return p.ids[m.Lead]
	}
	return b.lead(t, p.ids[cmp.Or(m.MovedLead, m.Before.Last)]).ID
}

// undoAll undoes merges in random order until none of these people is left merged.
func (b *bench) undoAll(t *testing.T, r *rapid.T, p *people) {
	t.Helper()
	for tries := 0; ; tries++ {
		var mine []lead.ID
		for _, m := range b.merges(t) {
			if n := max(m.Lead, m.MovedLead, m.Before.Last); n >= p.first && m.By != "" {
				mine = append(mine, b.mergeLead(t, p, m))
			}
		}
		if len(mine) == 0 {
			return
		}
		b.now = b.now.Add(time.Minute)
		if _, err := b.Unmerge(b.ctx, rapid.SampledFrom(mine).Draw(r, "undo"), "tester"); err != nil && (!errors.Is(err, lead.ErrConflict) || tries > 200) {
			r.Fatalf("Unmerge: %v", err)
		}
	}
}

// same fails unless all is as it was.
func (b *bench) same(t *testing.T, r *rapid.T, p *people, want seen) {
	t.Helper()
	if diff := gocmp.Diff(want, b.look(t, p.first, p.all()), cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("not as it was (-before +after):\n%s", diff)
	}
}
