package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

// What is said between a merge and its undo, each with values of one person only,
// ends where it had ended without the merge, and so does all that follows.
func testUndoLater(t *testing.T, b *bench) {
	round := 0
	checkSample(t, func(r *rapid.T) {
		round += 2
		n := rapid.IntRange(2, 4).Draw(r, "people")
		var script []step
		for i := range n {
			script = append(script, step{who: i, other: i, closes: rapid.IntRange(0, 2).Draw(r, "closes") == 0})
		}
		for range rapid.IntRange(0, 2*n+2).Draw(r, "steps") {
			s := step{who: rapid.IntRange(0, n-1).Draw(r, "who"), new: rapid.IntRange(0, 5).Draw(r, "new") == 0, updates: rapid.IntRange(0, 4).Draw(r, "updates") == 0}
			if s.other = rapid.IntRange(0, n-1).Draw(r, "other"); rapid.IntRange(0, 2).Draw(r, "merges") > 0 {
				s.other = s.who
			}
			script = append(script, s)
		}
		b.play(t, r, round, script, false)
		want := b.outline(t, r, round, n)
		b.play(t, r, round+1, script, true)
		got := b.outline(t, r, round+1, n)
		options := gocmp.Options{cmpopts.EquateEmpty()}
		if slices.ContainsFunc(script, func(s step) bool { return s.updates }) { // an update counts as the newest touch, then and now
			options = append(options, cmpopts.IgnoreFields(outlined{}, "Last"))
		}
		if diff := gocmp.Diff(want, got, options); diff != "" {
			r.Fatalf("with and without merges of %+v (-without +with):\n%s", script, diff)
		}
	})
}

// step is one inquiry of somebody; before it they are merged with another one.
type step struct {
	who, other int
	new        bool // they tell a value that nobody knew
	closes     bool // their lead ends, before anything is merged
	updates    bool // it says more of what they wrote first
}

// play lets a script happen, with its merges, all undone at the end, or without.
func (b *bench) play(t *testing.T, r *rapid.T, round int, script []step, merges bool) {
	t.Helper()
	leads := map[int]lead.ID{}
	p := &people{first: 1, ids: map[int64]lead.ID{}}
	if l := b.newest(t, 1); len(l) > 0 {
		p.first = l[0].Number + 1
	}
	for i, s := range script {
		if merges && s.who != s.other {
			_, _ = b.Merge(b.ctx, leads[s.who], leads[s.other], "tester") // they may be one already
		}
		q := said(key("talk-%d-%d", round, s.who), "", key("text %d", i), mail(key("w%d.%d@example.org", round, s.who)))
		q.Attribution.Source = key("ad %d", i)
		q.Fields = []lead.Field{{Key: key("f%d", i%3), Value: key("of %d", s.who)}}
		if s.new {
			q.Identities = append(q.Identities, mail(key("w%d.%d.%d@example.org", round, s.who, i)))
		}
		if s.updates {
			it := b.item(key("u%d-%d", round, i))
			q.Company = key("Firm %d", s.who)
			it.Updates = []lead.Update{{About: key("l%d-%d", round, s.who), Event: key("e%d", i), Scope: "src", Kind: lead.UpdateComplete, Patch: b.item("", q).Inquiries[0]}}
			b.apply(t, it)
			continue
		}
		if i%4 == 0 {
			q.Name.Display, q.Company = "Ana Belo", key("Firm %d", s.who)
		}
		o := b.post(t, key("l%d-%d", round, i), q)
		if leads[s.who].IsZero() {
			leads[s.who] = o.Lead
		}
		l := b.lead(t, o.Lead)
		p.ids[l.Number] = l.ID
		if s.closes {
			b.stage(t, l.ID, "converted")
		}
		b.now = b.now.Add(time.Minute)
	}
	b.undoAll(t, r, p)
	for i := range script { // what is delivered again changes nothing
		if script[i].updates {
			continue
		}
		q := lead.Inquiry{Key: key("l%d-%d", round, i)}
		wantVerdict(t, b.post(t, q.Key, q), lead.Duplicate)
	}
	for who := range leads {
		b.post(t, key("after-%d-%d", round, who), said("", "", "after", mail(key("w%d.%d@example.org", round, who))))
	}
	for i, s := range script {
		if s.new {
			o := b.post(t, key("after-%d-%d-%d", round, s.who, i), said("", "", "after", mail(key("w%d.%d.%d@example.org", round, s.who, i))))
			wantVerdict(t, o, lead.Attached)
		}
	}
}

// outlined is a lead without what names and times make different each round.
type outlined struct {
	Name, Company, Status string
	Returning             bool
	Emails                int
	Fields                map[string]string
	First, Last           string
	Touches               int
	Texts                 []string
	Holds                 []string
}

// outline returns whose leads there are, by person.
func (b *bench) outline(t *testing.T, r *rapid.T, round, n int) map[int][]outlined {
	t.Helper()
	out := map[int][]outlined{}
	for who := range n {
		ask := b.item("ask", lead.Inquiry{Identities: []lead.Identity{mail(key("w%d.%d@example.org", round, who))}}).Inquiries[0]
		leads, err := b.Holding(b.ctx, store.KeysOf(&ask))
		if err != nil {
			t.Fatal(err)
		}
		persons := b.persons(t, ask)
		if len(persons) != 1 {
			r.Fatalf("the address of %d is held by %d persons", who, len(persons))
		}
		for _, l := range leads {
			o := outlined{Name: l.Name, Company: l.Company, Status: string(l.Status), Returning: l.Returning, Emails: len(l.Emails), Fields: l.Fields,
				First: l.Attribution.First.Source, Last: l.Attribution.Last.Source, Touches: l.Touches, Holds: persons[0].Holds}
			for _, touch := range b.touches(t, l.ID) {
				o.Texts = append(o.Texts, touch.Text)
			}
			if len(o.Texts) != l.Touches {
				r.Fatalf("lead %d counts %d touches and has %d", l.Number, l.Touches, len(o.Texts))
			}
			slices.Sort(o.Texts)
			out[who] = append(out[who], o)
		}
	}
	return out
}

// Whatever happens in whatever order, every inquiry is on one lead, what is counted
// is what is there, and a person has one open lead.
func testUndoAnyhow(t *testing.T, b *bench) {
	round := 0
	checkSample(t, func(r *rapid.T) {
		round++
		p := b.meet(t, r, round, 4)
		var leads []lead.ID
		keys := map[string]bool{}
		for _, l := range b.newest(t, 100) {
			if l.Number >= p.first {
				leads = append(leads, l.ID)
				for _, touch := range b.touches(t, l.ID) {
					keys[touch.Key] = true
				}
			}
		}
		pick := func() lead.ID { return rapid.SampledFrom(leads).Draw(r, "lead") }
		for i := range rapid.IntRange(1, 16).Draw(r, "steps") {
			b.now = b.now.Add(time.Minute)
			var err error
			switch rapid.IntRange(0, 7).Draw(r, "do") {
			case 0, 1:
				_, err = b.Merge(b.ctx, pick(), pick(), "tester")
			case 2:
				var two []lead.Lead
				two, err = b.Unmerge(b.ctx, pick(), "tester")
				leads = withIDs(leads, two)
			case 3:
				stage := rapid.SampledFrom([]string{"new", "converted"}).Draw(r, "stage")
				_, err = b.Patch(b.ctx, pick(), store.Patch{Stage: &stage})
			case 4:
				err = b.NotSame(b.ctx, pick(), pick(), "tester")
			case 5:
				size, owner := key("%d", i), key("colleague %d", i%2)
				_, err = b.Patch(b.ctx, pick(), store.Patch{Owner: &owner, Tags: &[]string{key("tag%d", i%4), "vip"}, Fields: map[string]*string{"a": nil, "size": &size}})
			default:
				q := p.says(r, round, rapid.IntRange(0, 3).Draw(r, "who"), key("then %d", i))
				if rapid.IntRange(0, 3).Draw(r, "mixed") == 0 {
					q.Identities = append(q.Identities, p.values[rapid.IntRange(0, 3).Draw(r, "with")][0])
				}
				k := key("t%d-%d", round, i)
				if o := b.post(t, k, q); !o.Lead.IsZero() {
					keys[k] = true
					leads = withIDs(leads, []lead.Lead{{ID: o.Lead}})
				}
			}
			if err != nil && !errors.Is(err, lead.ErrConflict) {
				r.Fatalf("step %d: %v", i, err)
			}
		}
		b.sound(t, r, p, keys)
		b.takeApart(t, r, p, leads)
		b.sound(t, r, p, keys)
	})
}

// takeApart undoes every merge of some people. Leads that stand in the way are closed,
// and merges that others were built on come after those.
func (b *bench) takeApart(t *testing.T, r *rapid.T, p *people, leads []lead.ID) {
	t.Helper()
	var refused []string
	for tries := 0; ; tries++ {
		left := 0
		for _, m := range b.merges(t) {
			if max(m.Lead, m.MovedLead, m.Before.Last) >= p.first {
				left++
			}
		}
		if left == 0 {
			return
		}
		if tries > 20 {
			r.Fatalf("%d merges cannot be undone: %q", left, refused)
		}
		refused = nil
		for _, id := range leads {
			b.now = b.now.Add(time.Minute)
			two, err := b.Unmerge(b.ctx, id, "tester")
			if err != nil && !errors.Is(err, lead.ErrConflict) {
				r.Fatalf("Unmerge: %v", err)
			}
			leads = withIDs(leads, two)
			if err != nil {
				refused = append(refused, err.Error())
			}
			if err != nil && strings.Contains(err.Error(), "two open leads") {
				for _, id := range leads {
					b.stage(t, id, "converted")
				}
			}
		}
	}
}

// withIDs adds the ids of leads that are not there yet.
func withIDs(ids []lead.ID, leads []lead.Lead) []lead.ID {
	for _, l := range leads {
		if !slices.Contains(ids, l.ID) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// sound checks what holds whatever was merged.
func (b *bench) sound(t *testing.T, r *rapid.T, p *people, keys map[string]bool) {
	t.Helper()
	there := map[string]bool{}
	open, all := int64(0), int64(0)
	for _, l := range b.newest(t, 50) {
		if l.Number < p.first {
			continue
		}
		if all++; l.Status == lead.Open {
			open++
		}
		touches := b.touches(t, l.ID)
		if len(touches) != l.Touches || len(touches) == 0 {
			r.Fatalf("lead %d counts %d touches and has %d", l.Number, l.Touches, len(touches))
		}
		for _, touch := range touches {
			if there[touch.Key] {
				r.Fatalf("inquiry %s is on two leads", touch.Key)
			}
			there[touch.Key] = true
		}
	}
	if len(there) != len(keys) {
		r.Fatalf("%d inquiries are on leads, want %d", len(there), len(keys))
	}
	for _, id := range p.all() {
		ask := b.item("ask", lead.Inquiry{Identities: []lead.Identity{id}}).Inquiries[0]
		holding, err := b.Holding(b.ctx, store.KeysOf(&ask))
		if err != nil || len(holding) > len(b.persons(t, ask)) {
			r.Fatalf("%d open leads of %d persons, %v", len(holding), len(b.persons(t, ask)), err)
		}
	}
	if st, err := b.Store.Stats(b.ctx); err != nil || st.Leads.Total-p.before.Total != all || st.Leads.Open-p.before.Open != open {
		r.Fatalf("%+v is counted after %+v, %d leads and %d open ones are there, %v", st.Leads, p.before, all, open, err)
	}
}
