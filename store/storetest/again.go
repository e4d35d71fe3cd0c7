package storetest

import (
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Only the same inquiry is a double click: one that says more is one more touch.
func testMoreIsNoDoubleClick(t *testing.T, b *bench) {
	first := b.apply(t, b.item("", from("Ana Belo", "ana@example.org", "", "hello")))[0]
	b.now = b.now.Add(8 * time.Second)
	more := from("Ana Belo", "ana@example.org", "+33612345678", "hello")
	more.Company, more.Attachments = "Belo Lda", []lead.Attachment{{Name: "plan.pdf", SHA256: "ab", Blob: "ab"}}
	wantVerdict(t, b.apply(t, b.item("", more))[0].Inquiries[0], lead.Attached)
	wantVerdict(t, b.apply(t, b.item("", more))[0].Inquiries[0], lead.Duplicate)
	if l := b.lead(t, first.Lead); l.Company != "Belo Lda" || len(l.Phones) != 1 || l.Touches != 2 {
		t.Errorf("lead %+v", l)
	}
	b.post(t, "named", more) // one with a name of its own is never a double click, nor makes one
	wantCount(t, "touches", b.lead(t, first.Lead).Touches, 3)
}

// When a double click is stored, and with what, decides nothing.
func testLateDoubleClick(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "", "hello")
	first := b.item("", q)
	b.now = b.now.Add(3 * time.Second)
	second := b.item("", q)
	b.now = b.now.Add(20 * time.Second)
	third := b.item("", q)
	b.now = b.now.Add(5 * time.Minute)
	wantVerdict(t, b.apply(t, third)[0].Inquiries[0], lead.Created)
	wantVerdict(t, b.apply(t, first)[0].Inquiries[0], lead.Attached)
	wantVerdict(t, b.apply(t, second)[0].Inquiries[0], lead.Duplicate)
	b.now = b.now.Add(time.Hour)
	for _, status := range []string{"", "converted"} {
		if status != "" { // also when the lead has ended
			if _, err := b.Patch(b.ctx, b.leads(t)[0].ID, store.Patch{Stage: &status}); err != nil {
				t.Fatal(err)
			}
		}
		again := second
		again.Replay = true
		wantVerdict(t, b.apply(t, again)[0].Inquiries[0], lead.Duplicate)
		wantCount(t, "leads", len(b.leads(t)), 1)
		wantCount(t, "touches", b.leads(t)[0].Touches, 2)
	}
}

// A receipt goes on telling what became of its inquiries.
func testReceipts(t *testing.T, b *bench) {
	told := func(k string, verdict lead.Verdict, id lead.ID) {
		t.Helper()
		r, err := b.Receipt(b.ctx, lead.DeriveID("src", k))
		if err != nil || r.Verdict != verdict || r.Lead != id || len(r.Inquiries) != 1 || r.Inquiries[0].Lead != id {
			t.Errorf("receipt of %s: %+v, %v; want %s of lead %v", k, r, err, verdict, id)
		}
	}
	q := from("Ana Belo", "ana@example.org", "", "hello")
	q.Key = "a"
	it := b.item("a", q)
	o := b.apply(t, it)[0]
	it.Replay = true
	wantVerdict(t, b.apply(t, it)[0].Inquiries[0], lead.Duplicate)
	told("a", lead.Created, o.Lead)

	spam := from("Igor Petrov", "igor@example.org", "", "pills")
	spam.Lane, spam.Reason = lead.LaneQuarantine, "looks like spam"
	b.post(t, "b", spam)
	told("b", lead.Quarantined, lead.ID{})
	rel, err := b.Release(b.ctx, lead.DeriveID("src", "b"), "tester")
	if err != nil {
		t.Fatal(err)
	}
	told("b", lead.Created, rel.Lead)
	spam.Key = "b"
	it = b.item("b", spam)
	it.Replay = true
	b.apply(t, it)
	told("b", lead.Created, rel.Lead)

	it = b.item("early")
	it.Updates = []lead.Update{{About: "c", Event: "e", Scope: "src", Kind: lead.UpdateReceipt, State: "read"}}
	b.apply(t, it)
	told("early", lead.Updated, lead.ID{})
	c := b.post(t, "c", from("Omar Haddad", "omar@example.org", "", "hello"))
	told("early", lead.Updated, c.Lead)
}

// A touch tells who entered it, whatever is added to it later.
func testEnteredBy(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "", "she called")
	q.Key = "m"
	it := b.item("m", q)
	it.By = "eva"
	o := b.apply(t, it)[0]
	it = b.item("edit")
	it.Updates = []lead.Update{{About: "m", Event: "e", Scope: "src", Kind: lead.UpdateEdit, Patch: lead.Inquiry{Text: "she wrote"}}}
	b.apply(t, it)
	if touch := b.touches(t, o.Lead)[0]; touch.By != "eva" || touch.Text != "she wrote" {
		t.Errorf("touch by %q says %q", touch.By, touch.Text)
	}
}
