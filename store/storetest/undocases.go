package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

func (b *bench) merge(t *testing.T, x, y lead.ID) lead.Lead {
	t.Helper()
	b.now = b.now.Add(time.Minute)
	l, err := b.Merge(b.ctx, x, y, "tester")
	if err != nil {
		t.Fatalf("Merge: %v", err)
	}
	return l
}

func (b *bench) unmerge(t *testing.T, id lead.ID) []lead.Lead {
	t.Helper()
	b.now = b.now.Add(time.Minute)
	leads, err := b.Unmerge(b.ctx, id, "tester")
	if err != nil {
		t.Fatalf("Unmerge: %v", err)
	}
	return leads
}

// wantRefused fails unless an error is a conflict that says some words to its causer.
func wantRefused(t *testing.T, err error, words string) {
	t.Helper()
	var r *lead.Refusal
	if !errors.Is(err, lead.ErrConflict) || !errors.As(err, &r) || !strings.Contains(r.Text, words) {
		t.Errorf("%v, want a conflict that says %q", err, words)
	}
}

// entry reports whether the timeline of a lead has an entry of a kind with some words.
func (b *bench) entry(t *testing.T, id lead.ID, kind, words string) bool {
	t.Helper()
	_, entries, err := b.Timeline(b.ctx, b.lead(t, id).Number)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(entries, func(e lead.Entry) bool { return e.Kind == kind && strings.Contains(e.Text, words) })
}

// What a rule merged is undone: each value finds its own person again, what comes
// again changes nothing, and no rule merges the two any more, whoever else they are.
func testUndoAutomatic(t *testing.T, b *bench) {
	mine, phone := from("Ana Belo", "ana@example.org", "", "by mail"), from("", "", "+33612345678", "by phone")
	ana, other := b.post(t, "1", mine), b.post(t, "2", phone)
	before := b.lead(t, other.Lead)
	both := from("Ana Belo", "ana@example.org", "+33612345678", "both")
	wantLead(t, "both", b.post(t, "3", both), ana.Lead)
	if !b.entry(t, ana.Lead, "merge", "lead 2 was merged into this one: same") {
		t.Error("the merge does not say why")
	}
	two := b.unmerge(t, other.Lead)
	if len(two) != 2 || two[0].ID != ana.Lead || two[1].ID != other.Lead || two[0].Touches != 2 || two[1].Touches != 1 || !two[1].UpdatedAt.Equal(before.UpdatedAt) {
		t.Fatalf("unmerged %+v", two)
	}
	for _, id := range []lead.ID{ana.Lead, other.Lead} {
		if !b.entry(t, id, "unmerge", "undone") {
			t.Error("a timeline does not tell of the undo")
		}
	}
	for k, q := range map[string]lead.Inquiry{"1": mine, "2": phone, "3": both} {
		q.Key = k
		it := b.item(k, q)
		it.Replay = true
		wantVerdict(t, b.apply(t, it)[0].Inquiries[0], lead.Duplicate)
	}
	wantLead(t, "the address", b.post(t, "4", from("", "ana@example.org", "", "x")), ana.Lead)
	wantLead(t, "the phone", b.post(t, "5", from("", "", "+33612345678", "y")), other.Lead)
	third := b.post(t, "6", from("Ana Belo", "belo@example.com", "", "z"))
	wantCount(t, "leads", len(b.leads(t)), 3)
	b.merge(t, third.Lead, other.Lead) // what was said of one counts for whom they become
	for i := range 3 {
		b.post(t, key("again-%d", i), both)
		q := from("Ana Belo", "ana@example.org", "", "all")
		q.Identities = append(q.Identities, mail("belo@example.com"))
		b.post(t, key("all-%d", i), q)
	}
	wantCount(t, "leads", len(b.leads(t)), 2)
	for _, r := range b.pairs(t) {
		t.Errorf("a decided pair is proposed: %+v", r)
	}
	wantLead(t, "by hand", store.Outcome{Lead: b.merge(t, ana.Lead, third.Lead).ID}, ana.Lead)
	b.unmerge(t, other.Lead) // sets again what the merge by hand took back
	b.post(t, "last", both)
	wantCount(t, "leads", len(b.leads(t)), 2)
}

func (b *bench) pairs(t *testing.T) []store.Pair {
	t.Helper()
	p, next, err := b.Duplicates(b.ctx, store.Page{Limit: 100})
	if err != nil || next != "" {
		t.Fatalf("Duplicates: %v, next %q", err, next)
	}
	return p
}

// What people changed since the merge stays, and what came of it goes, field by field.
func testUndoKeepsChanges(t *testing.T, b *bench) {
	post := func(k, address, field string, more ...lead.Identity) store.Outcome {
		q := from("", address, "", k)
		q.Fields, q.Tags = []lead.Field{{Key: field, Value: "of " + k}, {Key: "only " + k, Value: "x"}}, []string{"tag " + k}
		q.Identities = append(q.Identities, more...)
		return b.post(t, k, q)
	}
	ana, igor := post("ana", "ana@example.org", "a"), post("igor", "igor@example.org", "i")
	owner, company := "eva", "Petrov Ltd"
	if _, err := b.Patch(b.ctx, igor.Lead, store.Patch{Owner: &owner, Company: &company}); err != nil {
		t.Fatal(err)
	}
	b.merge(t, ana.Lead, igor.Lead)
	size, title, another := "xl", "An offer", "max"
	tags := []string{"tag ana", "tag igor", "vip"}
	if _, err := b.Patch(b.ctx, ana.Lead, store.Patch{Title: &title, Owner: &another, Tags: &tags, Fields: map[string]*string{"i": &size, "size": &size, "only ana": nil}}); err != nil {
		t.Fatal(err)
	}
	b.stage(t, ana.Lead, "in-progress")
	post("both", "ana@example.org", "b", mail("igor@example.org"), call("+33612345678"))
	b.unmerge(t, igor.Lead)
	l := b.lead(t, ana.Lead)
	if l.Title != title || l.Owner != another || l.Stage != "in-progress" || l.Company != "" || !slices.Equal(l.Tags, []string{"tag ana", "vip", "tag both"}) {
		t.Errorf("lead %+v", l)
	}
	if l.Fields["i"] != size || l.Fields["size"] != size || l.Fields["only igor"] != "" || l.Fields["only ana"] != "" || l.Fields["a"] == "" || l.Fields["b"] == "" {
		t.Errorf("fields %v", l.Fields)
	}
	if l := b.lead(t, igor.Lead); l.Owner != owner || l.Company != company || l.Stage != "new" || len(l.Emails) != 1 || len(l.Phones) != 0 {
		t.Errorf("the other lead %+v", l)
	}
	if l.Touches != 2 || len(l.Emails) != 2 || len(l.Phones) != 1 { // the inquiry of both stays, with what it says
		t.Errorf("lead %+v", l)
	}
}

// Leads that were brought together another way are taken apart that way first.
func testUndoRefuses(t *testing.T, b *bench) {
	w := b.post(t, "w", from("", "w@example.org", "", "w"))
	old := b.post(t, "p1", from("", "p@example.org", "", "p1"))
	b.stage(t, old.Lead, "converted")
	p := b.post(t, "p2", from("", "p@example.org", "", "p2"))
	x := b.post(t, "x", from("", "x@example.org", "", "x"))
	b.merge(t, w.Lead, p.Lead)
	b.stage(t, w.Lead, "converted")
	b.stage(t, old.Lead, "new")
	b.merge(t, old.Lead, x.Lead)
	_, err := b.Unmerge(b.ctx, p.Lead, "tester")
	wantRefused(t, err, "lead 4 was merged into lead 2 in another merge: undo that one first")
	b.unmerge(t, x.Lead)
	_, err = b.Unmerge(b.ctx, p.Lead, "tester")
	wantRefused(t, err, "close lead 2 first")
	b.stage(t, old.Lead, "converted")
	b.unmerge(t, p.Lead)
	_, err = b.Unmerge(b.ctx, p.Lead, "tester")
	wantRefused(t, err, "nothing was merged")
	for k, want := range map[string]store.Outcome{"x": x, "p": p} {
		wantLead(t, k, b.post(t, "again-"+k, from("", k+"@example.org", "", "again")), want.Lead)
	}
	again := b.post(t, "again-w", from("", "w@example.org", "", "again"))
	wantVerdict(t, again, lead.Created)
	if !b.lead(t, again.Lead).Returning {
		t.Error("the survivor is not known any more")
	}
}

// Who wrote again after the joint lead was closed is found on the lead they get back.
func testUndoAfterClose(t *testing.T, b *bench) {
	w, p := b.post(t, "w", from("", "w@example.org", "", "w")), b.post(t, "p", from("", "p@example.org", "", "p"))
	b.merge(t, w.Lead, p.Lead)
	b.stage(t, w.Lead, "converted")
	later := b.post(t, "later", from("", "p@example.org", "", "later"))
	wantVerdict(t, later, lead.Created)
	b.unmerge(t, p.Lead)
	if l := b.lead(t, later.Lead); l.ID != p.Lead || l.Touches != 2 || l.Status != lead.Open {
		t.Errorf("lead %+v, want %v with both inquiries", l, p.Lead)
	}
	_, err := b.Unmerge(b.ctx, later.Lead, "tester")
	wantRefused(t, err, "a person has one open lead")
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Leads.Total != 2 || st.Leads.Open != 1 || st.Leads.Won != 1 {
		t.Errorf("stats %+v, %v", st.Leads, err)
	}
}

// A conversation goes with whose it is, and so does what somebody else said in it.
func testUndoConversation(t *testing.T, b *bench) {
	ana := b.post(t, "1", said("mail-1", "Ana Belo", "offer, please", mail("ana@example.org")))
	bob := b.post(t, "2", said("mail-2", "Bob Moss", "another one", mail("bob@example.org")))
	b.merge(t, ana.Lead, bob.Lead)
	wantLead(t, "a colleague of hers", b.post(t, "3", said("mail-1", "", "me too", mail("carl@example.org"))), ana.Lead)
	wantLead(t, "a colleague of his", b.post(t, "4", said("mail-2", "", "me too", mail("dora@example.org"))), ana.Lead)
	wantLead(t, "nobody in his", b.post(t, "5", said("mail-2", "", "and this")), ana.Lead)
	b.unmerge(t, bob.Lead)
	for id, want := range map[lead.ID]int{ana.Lead: 2, bob.Lead: 3} {
		wantCount(t, "touches", b.lead(t, id).Touches, want)
		wantCount(t, "timeline", len(b.touches(t, id)), want)
		wantCount(t, "addresses", len(b.lead(t, id).Emails), 1)
	}
	wantLead(t, "his conversation", b.post(t, "6", said("mail-2", "", "and that")), bob.Lead)
	wantLead(t, "her conversation", b.post(t, "7", said("mail-1", "", "and that")), ana.Lead)
}

// An update reaches an inquiry wherever it is, and does not carry it away.
func testUndoAfterUpdate(t *testing.T, b *bench) {
	ana, bob := b.post(t, "1", from("", "ana@example.org", "", "a")), b.post(t, "2", from("", "bob@example.org", "", "b"))
	b.merge(t, ana.Lead, bob.Lead)
	it := b.item("late")
	it.Updates = []lead.Update{{About: "2", Event: "c", Scope: "src", Kind: lead.UpdateComplete, Patch: from("Bob Moss", "bob.moss@example.org", "", "")}}
	b.apply(t, it)
	b.unmerge(t, bob.Lead)
	wantCount(t, "his touches", len(b.touches(t, bob.Lead)), 1)
	wantCount(t, "her touches", len(b.touches(t, ana.Lead)), 1)
	wantLead(t, "his late address", b.post(t, "3", from("", "bob.moss@example.org", "", "again")), bob.Lead)
	if p := b.persons(t, from("", "ana@example.org", "", "")); len(p) != 1 || p[0].Name.Display != "" {
		t.Errorf("her persons %+v", p)
	}
	if l := b.lead(t, ana.Lead); l.Name != "" || len(l.Emails) != 1 {
		t.Errorf("her lead %+v", l)
	}
}

// Merges and undos at once with what comes in: every inquiry is stored once, and in
// the end everybody has their own.
func testUndoConcurrent(t *testing.T, b *bench) {
	w, p := b.post(t, "w", from("", "w@example.org", "", "w")), b.post(t, "p", from("", "p@example.org", "", "p"))
	if err := b.NotSame(b.ctx, w.Lead, p.Lead, "tester"); err != nil {
		t.Fatal(err)
	}
	items := make([]store.Item, 64)
	for i := range items {
		q := from("", []string{"w@example.org", "p@example.org"}[i%2], "", key("%d", i))
		q.Key = key("k%d", i)
		items[i] = b.item(q.Key, q)
	}
	allowed := func(err error) error {
		if errors.Is(err, lead.ErrConflict) {
			return nil
		}
		return err
	}
	parallel(t, func(i int) error {
		_, err := b.Apply(b.ctx, items[i:i+1])
		switch i % 8 {
		case 0, 5:
			_, merged := b.Merge(b.ctx, w.Lead, p.Lead, "tester")
			return errors.Join(err, allowed(merged))
		case 2, 7:
			_, undone := b.Unmerge(b.ctx, p.Lead, "tester")
			return errors.Join(err, allowed(undone))
		}
		return err
	})
	if _, err := b.Unmerge(b.ctx, p.Lead, "tester"); allowed(err) != nil {
		t.Fatal(err)
	}
	for address, id := range map[string]lead.ID{"w@example.org": w.Lead, "p@example.org": p.Lead} {
		l := b.lead(t, id)
		touches := b.touches(t, id)
		if l.ID != id || l.Touches != 33 || len(touches) != 33 || !slices.Equal(l.Emails, []string{address}) {
			t.Errorf("lead of %s: %d touches, %d counted, %v", address, len(touches), l.Touches, l.Emails)
		}
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Leads.Total != 2 || st.Leads.Open != 2 {
		t.Errorf("stats %+v, %v", st.Leads, err)
	}
}

// A receipt tells where an inquiry is, after an undo too.
func testUndoReceipts(t *testing.T, b *bench) {
	ana, bob := b.post(t, "1", from("", "ana@example.org", "", "a")), b.post(t, "2", from("", "bob@example.org", "", "b"))
	b.merge(t, ana.Lead, bob.Lead)
	b.post(t, "3", from("", "bob@example.org", "", "c"))
	b.unmerge(t, bob.Lead)
	for k, want := range map[string]lead.ID{"1": ana.Lead, "2": bob.Lead, "3": bob.Lead} {
		if r, err := b.Receipt(b.ctx, lead.DeriveID("src", k)); err != nil || r.Lead != want || r.Inquiries[0].Lead != want {
			t.Errorf("receipt of %s: %+v, %v; want lead %v", k, r, err, want)
		}
	}
}

// It is the same when all of it happened in one batch.
func testUndoBatch(t *testing.T, b *bench) {
	mine, phone := from("Ana Belo", "ana@example.org", "", "by mail"), from("", "", "+33612345678", "by phone")
	both := from("Ana Belo", "ana@example.org", "+33612345678", "both")
	items := make([]store.Item, 3)
	for i, q := range []lead.Inquiry{mine, phone, both} {
		q.Key, q.Attribution.Source, q.Fields = key("%d", i), key("ad %d", i), []lead.Field{{Key: key("f%d", i), Value: "x"}}
		items[i] = b.item(q.Key, q)
		b.now = b.now.Add(time.Second)
	}
	r := b.apply(t, items...)
	ana, other := r[0].Lead, r[1].Lead
	wantLead(t, "both", store.Outcome{Lead: r[2].Lead}, ana)
	wantLead(t, "the phone, merged", store.Outcome{Lead: b.lead(t, other).ID}, ana)
	b.unmerge(t, other)
	one, two := b.lead(t, ana), b.lead(t, other)
	if one.Touches != 2 || len(one.Fields) != 2 || one.Attribution.First.Source != "ad 0" || one.Attribution.Last.Source != "ad 2" || one.Name != "Ana Belo" {
		t.Errorf("lead %+v", one)
	}
	if two.Touches != 1 || len(two.Fields) != 1 || two.Name != "" || len(two.Emails) != 0 || two.Attribution.Last.Source != "ad 1" {
		t.Errorf("the other lead %+v", two)
	}
	wantLead(t, "the address", b.post(t, "4", from("", "ana@example.org", "", "x")), ana)
	wantLead(t, "the phone", b.post(t, "5", from("", "", "+33612345678", "y")), other)
}

// Persons whose leads were all closed are merged and told apart all the same, and the
// lead that was asked about tells of it.
func testUndoPersons(t *testing.T, b *bench) {
	var leads []lead.ID
	for i, address := range []string{"ana@example.org", "ana@example.org", "bob@example.org"} {
		o := b.post(t, key("%d", i), from("", address, "", "x"))
		b.stage(t, o.Lead, "converted")
		leads = append(leads, o.Lead)
	}
	b.merge(t, leads[0], leads[2])
	for _, id := range []lead.ID{leads[0], leads[2]} {
		if !b.entry(t, id, "merge", "by hand") {
			t.Errorf("a timeline does not tell of the merge")
		}
	}
	wantCount(t, "persons", len(b.persons(t, said("", "", "", mail("ana@example.org"), mail("bob@example.org")))), 1)
	two := b.unmerge(t, leads[0])
	if len(two) != 2 || two[0].ID != leads[0] || two[1].ID != leads[2] || !b.entry(t, leads[0], "unmerge", "lead 3") {
		t.Errorf("unmerged %+v", two)
	}
	wantCount(t, "persons", len(b.persons(t, said("", "", "", mail("ana@example.org"), mail("bob@example.org")))), 2)
	for i, address := range []string{"ana@example.org", "bob@example.org"} {
		o := b.post(t, key("again-%d", i), from("", address, "", "x"))
		if l := b.lead(t, o.Lead); o.Verdict != lead.Created || !l.Returning || len(l.Emails) != 1 {
			t.Errorf("%s: %s, lead %+v", address, o.Verdict, l)
		}
	}
}

// A lead that a merge moved may be somebody's whose own merge is undone before: then
// it is theirs, and the merge is undone without it.
func testUndoMovedLead(t *testing.T, b *bench) {
	leads := map[string]lead.ID{}
	for _, k := range []string{"w", "p", "s"} {
		leads[k] = b.post(t, k, from("", k+"@example.org", "", k)).Lead
		b.stage(t, leads[k], "converted")
	}
	b.merge(t, leads["p"], leads["s"])
	b.stage(t, leads["s"], "new")
	b.merge(t, leads["w"], leads["p"])
	for _, want := range []string{"s", "p"} {
		merges := b.merges(t)
		if merges[0].MovedLead != 3 {
			t.Fatalf("merges %+v", merges)
		}
		two := b.unmerge(t, leads["p"])
		if len(two) != 2 || two[0].ID != leads[want] && two[1].ID != leads[want] {
			t.Errorf("unmerged %+v, want the lead of %s among them", two, want)
		}
	}
	wantCount(t, "merges", len(b.merges(t)), 0)
	for k, id := range leads {
		o := b.post(t, "again-"+k, from("", k+"@example.org", "", "again"))
		if l := b.lead(t, o.Lead); len(l.Emails) != 1 || (k == "s") != (l.ID == id) {
			t.Errorf("%s: %s, lead %+v", k, o.Verdict, l)
		}
	}
}
