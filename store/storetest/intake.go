package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
	"leadgate/store"
)

// A delivery counts once, and so does an inquiry that two deliveries tell of.
func testClaims(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "", "hello")
	wantVerdict(t, b.post(t, "d1", q), lead.Created)
	for range 3 {
		wantVerdict(t, b.post(t, "d1", q), lead.Duplicate)
	}
	b.now = b.now.Add(31 * 24 * time.Hour)
	wantVerdict(t, b.post(t, "d1", q), lead.Duplicate)
	q.Key = "d1" // the same inquiry in another delivery
	r := b.apply(t, b.item("other", q))[0]
	wantVerdict(t, r.Inquiries[0], lead.Duplicate)
	if r.Lead.IsZero() {
		t.Error("a duplicate does not name its lead")
	}
	leads := b.leads(t)
	wantCount(t, "leads", len(leads), 1)
	wantCount(t, "touches", leads[0].Touches, 1)
	rec, err := b.Receipt(b.ctx, lead.DeriveID("src", "d1"))
	if err != nil || rec.Verdict != lead.Created || rec.State != store.StateStored || rec.Lead != leads[0].ID {
		t.Errorf("receipt %+v, %v", rec, err)
	}
}

// The rows of a call end in the same touch whatever their order, and each once.
func testPermutations(t *testing.T, b *bench) {
	at := b.now
	row := func(event string, state lead.CallState, after time.Duration) lead.Inquiry {
		q := from("", "", "+33612345678", "")
		q.Kind, q.Event, q.At = lead.KindCall, event, at.Add(after)
		q.Call = &lead.Call{State: state, From: "+33612345678"}
		if state == lead.CallAnswered {
			q.Call.Answered = q.At
		}
		return q
	}
	rows := []lead.Inquiry{row("e1", lead.CallRinging, 0), row("e2", lead.CallAnswered, 5*time.Second), row("e3", lead.CallEnded, time.Minute)}
	var want *lead.Call
	n := 0
	permutations(len(rows), func(order []int) {
		n++
		call := key("call-%d", n)
		for i, k := range append(order, order[0]) { // the first comes once more
			q := rows[k]
			q.Key = call
			o := b.apply(t, b.item(key("%s-%d", call, i), q))[0].Inquiries[0]
			if i == len(order) {
				wantVerdict(t, o, lead.Duplicate)
			} else if i > 0 {
				wantVerdict(t, o, lead.Updated)
			}
		}
		var got *lead.Call
		for _, touch := range b.touches(t, b.leads(t)[0].ID) {
			if touch.ID == lead.DeriveID("src", call) {
				got = touch.Call
			}
		}
		if got == nil {
			t.Fatalf("order %v: the call is not in the timeline", order)
		}
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v ends differently:\n%s", order, diff)
		}
	})
	if want.State != lead.CallCompleted {
		t.Errorf("state %q, want completed", want.State)
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
	wantCount(t, "touches", b.leads(t)[0].Touches, n)
}

// An update that comes before its inquiry waits for it.
func testWaitingUpdates(t *testing.T, b *bench) {
	it := b.item("u1")
	it.Updates = []lead.Update{{About: "m1", Event: "edit-1", Scope: "src", Kind: lead.UpdateEdit, At: b.now.Add(time.Minute), Patch: lead.Inquiry{Text: "corrected"}}}
	b.apply(t, it)
	wantCount(t, "leads before the inquiry", len(b.leads(t)), 0)
	q := from("Ana Belo", "ana@example.org", "", "original")
	q.At = b.now
	o := b.post(t, "m1", q)
	wantVerdict(t, o, lead.Created)
	touches := b.touches(t, o.Lead)
	wantCount(t, "touches", len(touches), 1)
	if touches[0].Text != "corrected" || touches[0].EditedAt.IsZero() {
		t.Errorf("text %q edited at %v, want the correction", touches[0].Text, touches[0].EditedAt)
	}
}

// Items of one batch see what the earlier ones did.
func testBatch(t *testing.T, b *bench) {
	var items []store.Item
	for i := range 50 {
		q := from("Omar Haddad", "", "+33699887766", key("message %d", i))
		q.Key = key("b%d", i)
		items = append(items, b.item(q.Key, q), b.item(q.Key, q)) // each delivery twice
	}
	for i, r := range b.apply(t, items...) {
		want := lead.Attached
		switch {
		case i == 0:
			want = lead.Created
		case i%2 == 1:
			want = lead.Duplicate
		}
		if r.Verdict != want {
			t.Fatalf("item %d: %q, want %q", i, r.Verdict, want)
		}
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
	wantCount(t, "touches", b.leads(t)[0].Touches, 50)
	wantCount(t, "timeline", len(b.touches(t, b.leads(t)[0].ID)), 50)
}

// parallel runs f in 64 goroutines at once.
func parallel(t *testing.T, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, 64)
	for i := range errs {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// 64 times the same new phone, or e-mail, and name at once: one person, one open lead.
func testOnePerson(t *testing.T, b *bench) {
	for n, q := range []lead.Inquiry{from("Ida Ek", "", "+33611223344", ""), from("Max Moss", "max@example.org", "", "")} {
		items := make([]store.Item, 64)
		for i := range items {
			one := q
			one.Key, one.Text = key("p%d-%d", n, i), key("text %d", i)
			items[i] = b.item(one.Key, one)
		}
		parallel(t, func(i int) error {
			_, err := b.Apply(b.ctx, items[i:i+1])
			return err
		})
		wantCount(t, "leads", len(b.leads(t)), n+1)
		wantCount(t, "touches", b.leads(t)[0].Touches, 64)
	}
}

// E-mail a and phone b of one known person at once: one open lead.
func testCrossedIdentities(t *testing.T, b *bench) {
	for n := range 8 {
		mail, phone := key("a%d@example.org", n), key("+3361122330%d", n)
		o := b.post(t, key("first-%d", n), from("Ana Belo", mail, phone, "first"))
		won := "converted"
		if _, err := b.Patch(b.ctx, o.Lead, store.Patch{Stage: &won}); err != nil {
			t.Fatal(err)
		}
		items := make([]store.Item, 64)
		for i := range items {
			q := from("Ana Belo", mail, "", key("mail %d", i))
			if i%2 == 1 {
				q = from("Ana Belo", "", phone, key("call %d", i))
			}
			q.Key = key("x%d-%d", n, i)
			items[i] = b.item(q.Key, q)
		}
		parallel(t, func(i int) error {
			_, err := b.Apply(b.ctx, items[i:i+1])
			return err
		})
		wantCount(t, "leads", len(b.leads(t)), 2*(n+1))
		newest := b.leads(t)[0]
		wantCount(t, "touches", newest.Touches, 64)
		if !newest.Returning {
			t.Error("the new lead of a known person is not flagged returning")
		}
	}
}

// Two persons turn out to be one: by pointer, and the timeline is theirs together.
func testMerge(t *testing.T, b *bench) {
	first := b.post(t, "m1", from("Ana Belo", "ana@example.org", "", "by mail"))
	b.now = b.now.Add(time.Minute)
	second := b.post(t, "m2", from("", "", "+33612345678", "by phone"))
	wantVerdict(t, second, lead.Created)
	b.now = b.now.Add(time.Minute)
	third := b.post(t, "m3", from("Ana Belo", "ana@example.org", "+33612345678", "both"))
	wantVerdict(t, third, lead.Attached)
	leads := b.leads(t)
	wantCount(t, "leads", len(leads), 1)
	survivor := b.lead(t, second.Lead)
	if survivor.ID != first.Lead || third.Lead != first.Lead {
		t.Errorf("the merged lead answers as %v, want the older one %v", survivor.ID, first.Lead)
	}
	if diff := cmp.Diff([]lead.ID{second.Lead}, survivor.MergedFrom); diff != "" {
		t.Errorf("merged_from:\n%s", diff)
	}
	wantCount(t, "touches", survivor.Touches, 3)
	touches, entries, err := b.Timeline(b.ctx, survivor.Number)
	if err != nil {
		t.Fatal(err)
	}
	wantCount(t, "timeline", len(touches), 3)
	if len(entries) != 1 || entries[0].Kind != "merge" {
		t.Errorf("entries %+v, want one merge", entries)
	}
	wantVerdict(t, b.post(t, "m4", from("", "", "+33612345678", "again")), lead.Attached)
	wantCount(t, "open leads", len(b.leads(t)), 1)
	if diff := cmp.Diff([]string{"+33612345678"}, b.leads(t)[0].Phones); diff != "" {
		t.Errorf("phones of the survivor:\n%s", diff)
	}
}

// A different person on a known value is never merged into its holder.
func testNameConflict(t *testing.T, b *bench) {
	a := b.post(t, "n1", from("Ana Belo", "", "+33612345678", "hello"))
	c := b.post(t, "n2", from("Igor Petrov", "", "+33612345678", "hello"))
	wantVerdict(t, c, lead.Created)
	if a.Lead == c.Lead {
		t.Fatal("two names share a lead")
	}
	o := b.post(t, "n3", from("Igor Petrov", "", "+33612345678", "again"))
	wantVerdict(t, o, lead.Attached)
	if o.Lead != c.Lead {
		t.Error("a touch of the second person went to the first")
	}
}

// On a shared value an inquiry without a name goes to whom was heard last on it.
func testSharedValue(t *testing.T, b *bench) {
	a := b.post(t, "s1", from("Ana Belo", "", "+33612345678", "one"))
	b.now = b.now.Add(time.Minute)
	c := b.post(t, "s2", from("Igor Petrov", "", "+33612345678", "two"))
	b.now = b.now.Add(time.Minute)
	if o := b.post(t, "s3", from("", "", "+33612345678", "who")); o.Lead != c.Lead {
		t.Errorf("went to %v, want the second person", o.Lead)
	}
	b.now = b.now.Add(time.Minute)
	b.post(t, "s4", from("Ana Belo", "", "+33612345678", "me again"))
	b.now = b.now.Add(time.Minute)
	if o := b.post(t, "s5", from("", "", "+33612345678", "who")); o.Lead != a.Lead {
		t.Errorf("went to %v, want the first person", o.Lead)
	}
	wantCount(t, "leads", len(b.leads(t)), 2)
}

// A person whose leads are all closed gets a new one.
func testReturning(t *testing.T, b *bench) {
	first := b.post(t, "r1", from("Ana Belo", "ana@example.org", "", "one"))
	junk, why := "junk", "no budget"
	if _, err := b.Patch(b.ctx, first.Lead, store.Patch{Stage: &junk, Reason: &why}); err != nil {
		t.Fatal(err)
	}
	second := b.post(t, "r2", from("Ana Belo", "ana@example.org", "", "two"))
	wantVerdict(t, second, lead.Created)
	if l := b.lead(t, second.Lead); !l.Returning || l.Status != lead.Open {
		t.Errorf("lead %+v, want an open, returning one", l)
	}
	open := "new"
	if _, err := b.Patch(b.ctx, first.Lead, store.Patch{Stage: &open}); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("a second open lead of a person: %v, want ErrConflict", err)
	}
}

// The same words without a key within seconds are a double click, later ones are not.
func testDoubleClick(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "", "hello")
	wantVerdict(t, b.apply(t, b.item("", q))[0].Inquiries[0], lead.Created)
	b.now = b.now.Add(5 * time.Second)
	wantVerdict(t, b.apply(t, b.item("", q))[0].Inquiries[0], lead.Duplicate)
	q.Text = "hello, and one more thing"
	wantVerdict(t, b.apply(t, b.item("", q))[0].Inquiries[0], lead.Attached)
	b.now = b.now.Add(20 * time.Second)
	wantVerdict(t, b.apply(t, b.item("", q))[0].Inquiries[0], lead.Attached)
	wantCount(t, "touches", b.leads(t)[0].Touches, 3)
}

// Inquiries without identity are leads of their own, and never one person.
func testAnonymous(t *testing.T, b *bench) {
	for i := range 3 {
		wantVerdict(t, b.post(t, key("a%d", i), from("", "", "", key("withheld %d", i))), lead.Created)
	}
	q := from("", "test@test.com", "0000000", "placeholders are no identity")
	wantVerdict(t, b.post(t, "a8", q), lead.Created)
	wantVerdict(t, b.post(t, "a9", q), lead.Created)
	wantCount(t, "leads", len(b.leads(t)), 5)
	for _, l := range b.leads(t) {
		if !l.Anonymous {
			t.Errorf("lead %d is not anonymous", l.Number)
		}
	}
}

// An identity that an update brings later joins the lead to its person.
func testLateIdentity(t *testing.T, b *bench) {
	known := b.post(t, "k", from("Ana Belo", "ana@example.org", "", "known"))
	late := b.post(t, "l", from("", "", "", "a lead form that only named an id"))
	wantCount(t, "leads before", len(b.leads(t)), 2)
	it := b.item("complete")
	it.Updates = []lead.Update{{About: "l", Event: "complete", Scope: "src", Kind: lead.UpdateComplete, Patch: from("Ana Belo", "ana@example.org", "", "")}}
	b.apply(t, it)
	wantCount(t, "leads after", len(b.leads(t)), 1)
	if l := b.lead(t, late.Lead); l.ID != known.Lead || l.Touches != 2 {
		t.Errorf("lead %v with %d touches, want %v with 2", l.ID, l.Touches, known.Lead)
	}
}
