package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
	"leadgate/store"
)

// persons returns who is known to hold the values of an inquiry.
func (b *bench) persons(t *testing.T, q lead.Inquiry) []lead.Person {
	t.Helper()
	ask := b.item("ask", q).Inquiries[0]
	persons, err := b.Persons(b.ctx, store.KeysOf(&ask))
	if err != nil {
		t.Fatalf("Persons: %v", err)
	}
	return persons
}

func (b *bench) merges(t *testing.T) []store.MergeRow {
	t.Helper()
	m, _, err := b.Merges(b.ctx, store.Page{Limit: 1000})
	if err != nil {
		t.Fatalf("Merges: %v", err)
	}
	return m
}

func (b *bench) stage(t *testing.T, id lead.ID, stage string) {
	t.Helper()
	if _, err := b.Patch(b.ctx, id, store.Patch{Stage: &stage}); err != nil {
		t.Fatalf("Patch: %v", err)
	}
}

// A merged person's closed lead is the survivor's: it opens no second one.
func testReopenAfterMerge(t *testing.T, b *bench) {
	first := b.post(t, "1", from("Ana Belo", "ana@example.org", "", "by mail"))
	second := b.post(t, "2", from("", "", "+33612345678", "by phone"))
	b.stage(t, second.Lead, "converted")
	wantLead(t, "both", b.post(t, "3", from("Ana Belo", "ana@example.org", "+33612345678", "both")), first.Lead)
	wantCount(t, "persons", len(b.persons(t, from("", "ana@example.org", "+33612345678", ""))), 1)
	open := "new"
	if _, err := b.Patch(b.ctx, second.Lead, store.Patch{Stage: &open}); !errors.Is(err, lead.ErrConflict) {
		t.Fatalf("a second open lead of one person: %v, want ErrConflict", err)
	}
	b.stage(t, first.Lead, "converted")
	b.stage(t, second.Lead, "new")
	wantLead(t, "the reopened lead", b.post(t, "4", from("", "ana@example.org", "", "again")), second.Lead)
	it := b.item("late") // an identity that comes late to the merged person's lead is the survivor's
	it.Updates = []lead.Update{{About: "2", Event: "c", Scope: "src", Kind: lead.UpdateComplete, Patch: from("", "late@example.org", "", "")}}
	b.apply(t, it)
	wantLead(t, "the late address", b.post(t, "5", from("", "late@example.org", "", "hello")), second.Lead)
	wantCount(t, "open leads", b.open(t), 1)
}

// open counts the open leads.
func (b *bench) open(t *testing.T) int {
	t.Helper()
	n := 0
	for _, l := range b.leads(t) {
		if l.Status == lead.Open {
			n++
		}
	}
	return n
}

// Three persons turn out to be one, in two steps: each merge tells what it changed,
// and each value stays with the person it was first known of.
func testMergeChain(t *testing.T, b *bench) {
	var ids []lead.ID
	for i, q := range []lead.Inquiry{from("", "", "+33611111111", "one"), from("Ana Belo", "ana@example.org", "", "two"), from("", "other@example.org", "", "three")} {
		q.Fields = []lead.Field{{Key: key("f%d", i), Value: "x"}}
		ids = append(ids, b.post(t, key("k%d", i), q).Lead)
		b.now = b.now.Add(time.Minute)
	}
	owner := "eva"
	if _, err := b.Patch(b.ctx, ids[1], store.Patch{Owner: &owner}); err != nil {
		t.Fatal(err)
	}
	before := b.lead(t, ids[1])
	both := from("Ana Belo", "ana@example.org", "", "x")
	both.Identities = append(both.Identities, mail("other@example.org"))
	wantLead(t, "two and three", b.post(t, "m1", both), ids[1])
	first := b.merges(t)
	wantCount(t, "merges", len(first), 1)
	if got := first[0].Before.Lead; got == nil || cmp.Diff(before.Fields, got.Fields)+cmp.Diff(before.Emails, got.Emails) != "" || got.Owner != "eva" || got.Touches != before.Touches {
		t.Errorf("before the merge: %+v, want %+v", got, before)
	}
	if got := first[0].Before.Name.Display; got != "Ana Belo" {
		t.Errorf("name before the merge: %q", got)
	}
	phone := b.lead(t, ids[0])
	wantLead(t, "all three", b.post(t, "m2", from("Ana Belo", "other@example.org", "+33611111111", "y")), ids[0])
	all := b.merges(t)
	wantCount(t, "merges", len(all), 2)
	if got := all[0].Before; got.Name != (lead.Name{}) || got.Lead.Owner != "" || cmp.Diff(phone.Fields, got.Lead.Fields) != "" {
		t.Errorf("before the second merge: %+v", got)
	}
	for _, id := range ids {
		if l := b.lead(t, id); l.ID != ids[0] || l.Touches != 5 || l.Owner != "eva" || len(l.Fields) != 3 || len(l.Emails) != 2 {
			t.Errorf("lead %+v", l)
		}
	}
	wantCount(t, "timeline", len(b.touches(t, ids[2])), 5)
	q := from("", "ana@example.org", "+33611111111", "")
	q.Identities = append(q.Identities, mail("other@example.org"))
	wantCount(t, "persons", len(b.persons(t, q)), 1)
	for i, id := range []string{"ana@example.org", "other@example.org"} {
		wantLead(t, id, b.post(t, key("after-%d", i), from("", id, "", "again")), ids[0])
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
}

// Merges and reviews come in pages, and so do the items of the desk.
func testDeskPages(t *testing.T, b *bench) {
	for i := range 5 {
		q := from(key("Spam Sender%c", 'a'+i), "", "", "pills")
		q.Lane, q.Reason = lead.LaneQuarantine, "spam"
		b.post(t, key("q%d", i), q)
		it := b.item(key("p%d", i))
		if err := b.Park(b.ctx, []store.Parking{{Delivery: it.Delivery, Raw: it.Raw, Reason: "unread"}}); err != nil {
			t.Fatal(err)
		}
	}
	for what, page := range map[string]func(store.Page) ([]store.Held, string, error){
		"parked":     func(p store.Page) ([]store.Held, string, error) { return b.Parked(b.ctx, p) },
		"quarantine": func(p store.Page) ([]store.Held, string, error) { return b.Quarantined(b.ctx, p) },
	} {
		seen, cursor, pages := map[lead.ID]bool{}, "", 0
		for {
			items, next, err := page(store.Page{Limit: 2, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, h := range items {
				seen[h.ID] = true
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(seen) != 5 || pages != 3 {
			t.Errorf("%s: %d items on %d pages, want 5 on 3", what, len(seen), pages)
		}
		if _, _, err := page(store.Page{Limit: 2, Cursor: "x"}); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: bad cursor: %v, want ErrInvalid", what, err)
		}
	}
	if _, err := b.Raw(b.ctx, lead.NewID()); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("raw of nothing: %v, want ErrNotFound", err)
	}
	if _, err := b.Receipt(b.ctx, lead.NewID()); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("receipt of nothing: %v, want ErrNotFound", err)
	}
}
