package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// What cannot be read is parked with its bytes, visible, and a replay frees it.
func testParked(t *testing.T, b *bench) {
	it := b.item("broken", from("Ana Belo", "ana@example.org", "", "hello"))
	p := store.Parking{Delivery: it.Delivery, Raw: it.Raw, Reason: "no connector can read it", Attempts: 1}
	for range 2 {
		if err := b.Park(b.ctx, []store.Parking{p}); err != nil {
			t.Fatal(err)
		}
	}
	items, _, err := b.Parked(b.ctx, store.Page{Limit: 10})
	if err != nil || len(items) != 1 || items[0].Reason != p.Reason || items[0].Source != "src" || items[0].Preview != "broken" {
		t.Fatalf("parked %+v, %v", items, err)
	}
	if rec, err := b.Receipt(b.ctx, it.Delivery.ID); err != nil || rec.Verdict != lead.Parked {
		t.Errorf("receipt %+v, %v", rec, err)
	}
	if d, err := b.Raw(b.ctx, it.Delivery.ID); err != nil || string(d.Body) != "broken" {
		t.Errorf("raw %q, %v", d.Body, err)
	}
	wantVerdict(t, store.Outcome{Verdict: b.apply(t, it)[0].Verdict}, lead.Duplicate) // a redelivery changes nothing
	it.Replay, it.Raw = true, nil
	wantVerdict(t, b.apply(t, it)[0].Inquiries[0], lead.Created)
	wantVerdict(t, b.apply(t, it)[0].Inquiries[0], lead.Duplicate)
	items, _, err = b.Parked(b.ctx, store.Page{Limit: 10})
	if err != nil || len(items) != 0 {
		t.Errorf("still parked: %+v, %v", items, err)
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Parked != 0 || st.Deliveries != 1 {
		t.Errorf("stats %+v, %v", st, err)
	}
}

// The good items of a delivery are stored, and the delivery is parked with the bad ones.
func testPartlyParked(t *testing.T, b *bench) {
	it := b.item("batch", lead.Inquiry{Key: "good", Text: "one", Name: lead.Name{Display: "Ana Belo"}})
	it.Failures = []lead.Failure{{Key: "bad", Reason: "no such account"}}
	r := b.apply(t, it)[0]
	if r.Verdict != lead.Parked || len(r.Inquiries) != 2 || r.Lead.IsZero() {
		t.Errorf("receipt %+v", r)
	}
	items, _, err := b.Parked(b.ctx, store.Page{Limit: 10})
	if err != nil || len(items) != 1 || !strings.Contains(items[0].Reason, "no such account") {
		t.Fatalf("parked %+v, %v", items, err)
	}
	it.Replay, it.Failures = true, nil
	it.Inquiries = append(it.Inquiries, b.item("x", lead.Inquiry{Key: "bad", Text: "two", Name: lead.Name{Display: "Igor Petrov"}}).Inquiries...)
	b.apply(t, it)
	wantCount(t, "leads", len(b.leads(t)), 2)
}

// What is suspected stays out of the leads, and a release applies it with its own time.
func testQuarantine(t *testing.T, b *bench) {
	q := from("Ana Belo", "ana@example.org", "", "cheap pills")
	q.Lane, q.Reason = lead.LaneQuarantine, "hidden field filled in"
	o := b.post(t, "q1", q)
	wantVerdict(t, o, lead.Quarantined)
	wantCount(t, "leads", len(b.leads(t)), 0)
	items, _, err := b.Quarantined(b.ctx, store.Page{Limit: 10})
	if err != nil || len(items) != 1 || items[0].Reason != "hidden field filled in" || items[0].Source != "src" {
		t.Fatalf("quarantine %+v, %v", items, err)
	}
	taken := b.now
	b.now = b.now.Add(time.Hour)
	wantVerdict(t, b.post(t, "q2", from("Ana Belo", "ana@example.org", "", "a person after all")), lead.Created)
	rel, err := b.Release(b.ctx, items[0].ID, "tester")
	if err != nil || rel.Verdict != lead.Attached {
		t.Fatalf("Release = %+v, %v", rel, err)
	}
	touches := b.touches(t, rel.Lead)
	wantCount(t, "touches", len(touches), 2)
	if !touches[0].Received.Equal(taken) {
		t.Errorf("released with time %v, want its own %v", touches[0].Received, taken)
	}
	if _, err := b.Release(b.ctx, items[0].ID, "tester"); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("second release: %v, want ErrConflict", err)
	}
	if _, err := b.Release(b.ctx, lead.NewID(), "tester"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("release of nothing: %v, want ErrNotFound", err)
	}
	wantVerdict(t, b.post(t, "q1", q), lead.Duplicate)
}

// Messages of a conversation in quarantine follow it, until it is released.
func testQuarantinedThread(t *testing.T, b *bench) {
	say := func(k, text string, lane lead.Lane) store.Outcome {
		q := lead.Inquiry{Kind: lead.KindMessage, Thread: "t1", Text: text, Lane: lane, Reason: "looks like spam"}
		if lane == lead.LaneLead {
			q.Reason = ""
		}
		return b.post(t, k, q)
	}
	wantVerdict(t, say("t1", "one", lead.LaneQuarantine), lead.Quarantined)
	wantVerdict(t, say("t2", "two", lead.LaneLead), lead.Quarantined)
	items, _, err := b.Quarantined(b.ctx, store.Page{Limit: 10})
	if err != nil || len(items) != 2 {
		t.Fatalf("quarantine %+v, %v", items, err)
	}
	rel, err := b.Release(b.ctx, items[1].ID, "tester")
	if err != nil || rel.Verdict != lead.Created {
		t.Fatalf("Release = %+v, %v", rel, err)
	}
	o := say("t3", "three", lead.LaneLead)
	wantVerdict(t, o, lead.Attached)
	if o.Lead != rel.Lead {
		t.Error("a later message does not follow the released one")
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
}

// A batch with an item the engine cannot take changes nothing at all.
func testPoison(t *testing.T, b *bench) {
	bad := b.item("bad", from("Ana Belo", "ana@example.org", "", "one"))
	bad.Inquiries = append(bad.Inquiries, bad.Inquiries[0])
	bad.Raw = nil // no delivery without its bytes
	_, err := b.Apply(b.ctx, []store.Item{b.item("good", from("Igor Petrov", "igor@example.org", "", "two")), bad})
	if !lead.IsPermanent(err) {
		t.Fatalf("Apply = %v, want a permanent error", err)
	}
	wantCount(t, "leads", len(b.leads(t)), 0)
	wantVerdict(t, b.post(t, "good", from("Igor Petrov", "igor@example.org", "", "two")), lead.Created)
	for _, text := range []string{"a\x00b", "\xff\xfe", "\xed\xa0\x80", strings.Repeat("[", 100_000)} {
		wantVerdict(t, b.post(t, key("p%x", text[:2]), from("Ana Belo", "ana@example.org", "", text)), map[bool]lead.Verdict{true: lead.Created, false: lead.Attached}[text == "a\x00b"])
	}
}

// Known tells stored and parked deliveries from unknown ones, in any number.
func testKnown(t *testing.T, b *bench) {
	var ids []lead.ID
	var items []store.Item
	for i := range 150 {
		it := b.item(key("k%d", i), lead.Inquiry{Text: key("text %d", i)})
		items, ids = append(items, it), append(ids, it.Delivery.ID, lead.NewID())
	}
	b.apply(t, items[1:]...)
	if err := b.Park(b.ctx, []store.Parking{{Delivery: items[0].Delivery, Raw: items[0].Raw, Reason: "x"}}); err != nil {
		t.Fatal(err)
	}
	known, err := b.Store.Known(b.ctx, ids)
	if err != nil {
		t.Fatal(err)
	}
	wantCount(t, "known", len(known), 150)
	for i := 0; i < len(ids); i += 2 {
		if !slices.Contains(known, ids[i]) {
			t.Fatalf("delivery %d is not known", i/2)
		}
	}
}

// Who gave up waiting is told so, with a class, and nothing was stored for them.
func testEndedContext(t *testing.T, b *bench) {
	ended, cancel := context.WithCancel(b.ctx)
	cancel()
	it := b.item("late", from("Ana Belo", "ana@example.org", "", "hello"))
	_, applied := b.Apply(ended, []store.Item{it})
	_, _, listed := b.List(ended, store.Query{Page: store.Page{Limit: 10}})
	_, statted := b.Store.Stats(ended)
	for what, err := range map[string]error{"Apply": applied, "List": listed, "Stats": statted} {
		if !errors.Is(err, lead.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want unavailable and canceled", what, err)
		}
	}
	wantCount(t, "leads", len(b.leads(t)), 0)
	wantVerdict(t, b.apply(t, it)[0].Inquiries[0], lead.Created)
}
