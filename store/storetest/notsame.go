package storetest

import (
	"errors"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Pairs are proposed once, name both sides as they stand, and leave the list when
// they are decided or one.
func testDuplicates(t *testing.T, b *bench) {
	var leads []lead.ID
	for i, name := range []string{"Ana Belo", "Ana Petrov", "Ana Haddad"} {
		leads = append(leads, b.post(t, key("%d", i), from(name, "shared@example.org", key("+3361234567%d", i), name)).Lead)
		b.now = b.now.Add(time.Minute)
	}
	for i := range 3 {
		b.post(t, key("again-%d", i), from("Ana Petrov", "shared@example.org", "", "again"))
	}
	pairs := b.pairs(t)
	wantCount(t, "pairs", len(pairs), 3)
	for _, p := range pairs {
		for _, s := range []store.Side{p.A, p.B} {
			if s.Lead.Name != s.Person.Name.Display || len(s.Lead.Phones) != 1 || s.Heard.IsZero() || p.Reason == "" || p.At.IsZero() {
				t.Errorf("pair %+v", p)
			}
		}
	}
	var all []store.Pair
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		page, next, err := b.Duplicates(b.ctx, store.Page{Limit: 1, Cursor: cursor})
		if err != nil || len(page) != 1 || pages > 3 {
			t.Fatalf("page %d: %+v, %v", pages, page, err)
		}
		all, cursor = append(all, page...), next
	}
	wantCount(t, "pairs page by page", len(all), 3)
	if err := b.NotSame(b.ctx, leads[1], leads[0], "tester"); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "pairs", len(b.pairs(t)), 2)
	fourth := b.post(t, "4", from("", "own@example.org", "", "x"))
	b.merge(t, fourth.Lead, leads[2]) // the pair is of whom they became
	pairs = b.pairs(t)
	wantCount(t, "pairs", len(pairs), 2)
	if err := b.NotSame(b.ctx, leads[1], leads[2], "tester"); err != nil {
		t.Fatal(err)
	}
	b.merge(t, leads[0], leads[2])
	wantCount(t, "pairs", len(b.pairs(t)), 0)
	b.unmerge(t, leads[2])
	wantCount(t, "pairs", len(b.pairs(t)), 0)
	wantRefused(t, func() error { _, err := b.Merge(b.ctx, leads[0], leads[0], "tester"); return err }(), "one person already")
	wantRefused(t, b.NotSame(b.ctx, fourth.Lead, leads[2], "tester"), "undo the merge")
	for _, err := range []error{b.NotSame(b.ctx, lead.NewID(), leads[2], "tester"), func() error { _, err := b.Merge(b.ctx, leads[0], lead.NewID(), "tester"); return err }()} {
		if !errors.Is(err, lead.ErrNotFound) {
			t.Errorf("of nothing: %v, want ErrNotFound", err)
		}
	}
}

// Who was said to be different stays so whoever they are merged with, in one batch
// too; the others of an inquiry's persons become one.
func testNotSame(t *testing.T, b *bench) {
	all := []lead.Identity{mail("a@example.org"), mail("b@example.org"), mail("c@example.org")}
	for n, batches := range [][][]lead.Identity{{all}, {all[:2], all[1:]}, {all[1:], all[:2]}} {
		var leads []lead.ID
		values := make([]lead.Identity, 3)
		for i, id := range all {
			values[i] = mail(key("%d.%s", n, id.Value))
			leads = append(leads, b.post(t, key("%d-%d", n, i), said("", "", "hello", values[i])).Lead)
		}
		if err := errors.Join(b.NotSame(b.ctx, leads[0], leads[2], "tester"), b.NotSame(b.ctx, leads[2], leads[0], "tester")); err != nil {
			t.Fatal(err)
		}
		var items []store.Item
		for i, ids := range batches {
			q := said("", "", key("batch %d", i))
			for _, id := range ids {
				q.Identities = append(q.Identities, mail(key("%d.%s", n, id.Value)))
			}
			q.Key = key("%d-batch-%d", n, i)
			items = append(items, b.item(q.Key, q))
		}
		b.apply(t, items...)
		if one, other := b.lead(t, leads[0]), b.lead(t, leads[2]); one.ID == other.ID {
			t.Errorf("round %d: two that are not the same became one", n)
		}
		stand := map[lead.ID]bool{}
		for _, id := range leads {
			stand[b.lead(t, id).ID] = true
		}
		wantCount(t, "leads that stand", len(stand), 2)
		_, entries, err := b.Timeline(b.ctx, b.lead(t, leads[2]).Number)
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, e := range entries {
			if e.Kind == "not-same" {
				said++
			}
		}
		wantCount(t, "lines about it", said, 1)
	}
	wantCount(t, "pairs", len(b.pairs(t)), 0)
}

// An update that brings somebody else's value leaves everybody who they are.
func testNotSameUpdate(t *testing.T, b *bench) {
	ana, bob := b.post(t, "1", from("", "ana@example.org", "", "a")), b.post(t, "2", from("", "bob@example.org", "", "b"))
	if err := b.NotSame(b.ctx, ana.Lead, bob.Lead, "tester"); err != nil {
		t.Fatal(err)
	}
	it := b.item("late")
	it.Updates = []lead.Update{{About: "2", Event: "c", Scope: "src", Kind: lead.UpdateComplete, Patch: from("", "ana@example.org", "+33612345678", "")}}
	b.apply(t, it)
	wantCount(t, "leads", len(b.leads(t)), 2)
	wantCount(t, "persons with his address", len(b.persons(t, from("", "bob@example.org", "", ""))), 1)
	wantLead(t, "his new phone", b.post(t, "3", from("", "", "+33612345678", "again")), bob.Lead)
	wantLead(t, "his address", b.post(t, "4", from("", "bob@example.org", "", "again")), bob.Lead)
}
