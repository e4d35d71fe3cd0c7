package storetest

import (
	"testing"

	"leadgate/lead"
)

// lives makes an inquiry of somebody with an address and a birth date.
func lives(name, email, born, street, postcode string) lead.Inquiry {
	q := from(name, email, "", "hello from "+name)
	q.BirthDate, q.Address = born, &lead.Address{Street: street, Postcode: postcode}
	return q
}

// Every person is compared once, and again when something new is told of them. A
// pair is proposed once, and nobody is merged.
func testPropose(t *testing.T, b *bench) {
	one := b.post(t, "1", from("Katharina Sommerfeld", "kathi@example.org", "", "by mail"))
	two := b.post(t, "2", from("Katharina Sommerfeld", "", "+33612345678", "by phone"))
	b.post(t, "3", from("Igor Petrov", "igor@example.org", "", "somebody else"))
	for _, want := range []int{3, 0} {
		b.propose(t, want)
		pairs := b.pairs(t)
		wantCount(t, "pairs", len(pairs), 1)
		if p := pairs[0]; p.A.Lead.ID != one.Lead || p.B.Lead.ID != two.Lead || p.Score <= 0 || p.Reason == "" {
			t.Errorf("pair %+v", p)
		}
	}
	if err := b.NotSame(b.ctx, one.Lead, two.Lead, "tester"); err != nil {
		t.Fatal(err)
	}
	b.post(t, "4", lives("Katharina Sommerfeld", "kathi@example.org", "1980-02-03", "Hauptstr. 12", "10115"))
	b.propose(t, 1)
	wantCount(t, "pairs that are decided", len(b.pairs(t)), 0)
	wantCount(t, "leads", len(b.leads(t)), 3)
	wantCount(t, "merges", len(b.merges(t)), 0)
}

func (b *bench) propose(t *testing.T, want int) {
	t.Helper()
	n, err := b.Propose(b.ctx, 100)
	if err != nil {
		t.Fatalf("Propose: %v", err)
	}
	wantCount(t, "persons compared", n, want)
}
