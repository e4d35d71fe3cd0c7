package storetest

import (
	"errors"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// crowd is how many different people share the value of testCrowd.
const crowd = 120

// surname makes names that no rule takes for one another.
func surname(i int) string {
	parts := []string{"bel", "gor", "kun", "mav", "ste", "tri", "vol", "wex", "zan", "pod"}
	return parts[i%10] + parts[i/10%10] + parts[i/100%10] + "ow"
}

// A value very many people share keeps them apart, knows each of them again by
// name, and costs and asks no more with every further one.
func testCrowd(t *testing.T, b *bench) {
	var ids []lead.ID
	who := func(i int) lead.Inquiry { return from("Ana "+surname(i), "", "+33612345678", key("text %d", i)) }
	for i := range crowd {
		o := b.post(t, key("k%d", i), who(i))
		wantVerdict(t, o, lead.Created)
		ids = append(ids, o.Lead)
		b.now = b.now.Add(time.Second)
	}
	for _, i := range []int{0, 1, 19, 20, 21, 70, crowd - 1} {
		wantLead(t, key("person %d", i), b.post(t, key("again-%d", i), who(i)), ids[i])
	}
	items := make([]store.Item, 0, 2*crowd)
	for i := range crowd {
		q := who(i)
		q.Key = key("batch-%d", i)
		items = append(items, b.item(q.Key, q))
		q = from("Igor "+surname(i), "", "+33612345678", "new in the batch")
		q.Key = key("new-%d", i)
		items = append(items, b.item(q.Key, q))
	}
	for i, r := range b.apply(t, items...) {
		if want := ids[i/2]; i%2 == 0 && r.Lead != want {
			t.Fatalf("person %d in a batch: lead %v, want %v", i/2, r.Lead, want)
		} else if i%2 == 1 && r.Verdict != lead.Created {
			t.Fatalf("new person %d in a batch: %q", i/2, r.Verdict)
		}
	}
	wantCount(t, "leads", len(b.leads(t)), 2*crowd)
	wantVerdict(t, b.post(t, "nameless", from("", "", "+33612345678", "who?")), lead.Attached)
	reviews, _, err := b.Reviews(b.ctx, store.Page{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if len(reviews) > 60 {
		t.Errorf("%d pairs to be reviewed, want few", len(reviews))
	}
	first := reviews[len(reviews)-1]
	if first.A == first.B || first.A > first.B || first.Reason == "" {
		t.Errorf("review %+v", first)
	}
}

// The same delivery, changes by hand and releases at once with what comes in: each
// happens once, and a person has one open lead.
func testConcurrentDesk(t *testing.T, b *bench) {
	o := b.post(t, "first", from("Ana Belo", "ana@example.org", "", "first"))
	held := make([]lead.ID, 8)
	for i := range held {
		q := from("Ana Belo", "ana@example.org", "", key("held %d", i))
		q.Lane, q.Reason = lead.LaneQuarantine, "spam"
		b.post(t, key("held-%d", i), q)
		held[i] = lead.DeriveID("src", key("held-%d", i))
	}
	same := from("Ana Belo", "ana@example.org", "", "the same")
	same.Key = "same"
	one := b.item("same", same)
	items := make([]store.Item, 64)
	for i := range items {
		q := from("Ana Belo", "ana@example.org", "", key("text %d", i))
		q.Key = key("new-%d", i)
		items[i] = b.item(q.Key, q)
	}
	won, open := "converted", "new"
	allowed := func(err error) error {
		if errors.Is(err, lead.ErrConflict) {
			return nil
		}
		return err
	}
	parallel(t, func(i int) error {
		var err error
		switch i % 4 {
		case 0:
			_, err = b.Apply(b.ctx, []store.Item{one})
		case 1:
			_, err = b.Release(b.ctx, held[i/4%len(held)], "tester")
		case 2:
			p := store.Patch{Stage: &won}
			if i%8 == 2 {
				p.Stage = &open
			}
			_, err = b.Patch(b.ctx, o.Lead, p)
		case 3:
			_, err = b.Apply(b.ctx, items[i:i+1])
		}
		return allowed(err)
	})
	if n := b.open(t); n > 1 {
		t.Errorf("%d open leads of one person", n)
	}
	touches := 0
	for _, l := range b.leads(t) {
		touches += l.Touches
		wantCount(t, "timeline of a lead", len(b.touches(t, l.ID)), l.Touches)
	}
	wantCount(t, "touches", touches, 1+len(held)+1+16)
	wantCount(t, "persons", len(b.persons(t, same)), 1)
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Quarantine != 0 || st.Leads.Total != int64(len(b.leads(t))) || st.Leads.Open != int64(b.open(t)) {
		t.Errorf("stats %+v, %v", st, err)
	}
}
