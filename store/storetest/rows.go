package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

// told is what the rows of an inquiry came to: its touch, and how many its lead has.
type told struct {
	Touch   lead.Touch
	Touches int
}

// one says what became of one inquiry, in words that do not depend on numbers.
func (b *bench) one(t *testing.T, k string) told {
	t.Helper()
	out := told{}
	for _, l := range b.leads(t) {
		for _, touch := range b.touches(t, l.ID) {
			if touch.ID == lead.DeriveID("src", k) {
				out.Touch, out.Touches = touch, l.Touches
				out.Touch.ID, out.Touch.Lead, out.Touch.Key, out.Touch.Reason = lead.ID{}, 0, "", ""
			}
		}
	}
	return out
}

// What the rows of a call come to is what Fold says of them, one by one or in one
// batch, in every order, through the store and back.
func testRowsFold(t *testing.T, b *bench) {
	states := rapid.SampledFrom([]lead.CallState{lead.CallInitiated, lead.CallRinging, lead.CallInMenu, lead.CallAnswered, lead.CallEnded, lead.CallMissed, lead.CallCompleted, lead.CallVoicemail})
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		call := key("call-%d", n)
		var rows []lead.Inquiry
		for i := range rapid.IntRange(1, 4).Draw(r, "rows") {
			q := from("", "", key("+3361%07d", n), "")
			q.Key, q.Kind, q.Event, q.At = call, lead.KindCall, key("e%d", i), b.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "at"))*time.Second)
			q.Direction = rapid.SampledFrom([]lead.Direction{"", lead.In, lead.Out}).Draw(r, "direction")
			q.Call = &lead.Call{State: states.Draw(r, "state"), AgentLeg: rapid.IntRange(0, 4).Draw(r, "leg") == 0}
			for _, at := range [...]*time.Time{&q.Call.Started, &q.Call.Answered, &q.Call.Ended} {
				if rapid.Bool().Draw(r, "told") {
					*at = b.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "time")) * time.Second)
				}
			}
			rows = append(rows, q)
		}
		var items []store.Item
		var want []lead.Row
		for i, q := range rows {
			it := b.item(key("%s-%d", call, i), q)
			items, want = append(items, it), append(want, lead.InquiryRow(it.Inquiries[0], it.Delivery.ID))
		}
		var receipts []store.Receipt
		if rapid.IntRange(0, 3).Draw(r, "batch") == 0 {
			receipts = b.apply(t, items...)
		} else {
			for _, it := range items {
				receipts = b.apply(t, it)
			}
		}
		folded, _ := lead.Fold(want)
		got := b.touches(t, receipts[0].Lead)[0]
		if diff := cmp.Diff(folded.Call, got.Call); diff != "" || folded.Direction != got.Direction || !folded.At.Equal(got.At) || folded.DeliveryID != got.DeliveryID {
			r.Fatalf("%s is kept as another touch (-fold +kept):\n%s", call, diff)
		}
	})
}

// A call is a lead when any of its rows makes one, whichever came first.
func testLanesInAnyOrder(t *testing.T, b *bench) {
	row := func(event string, l lead.Lane, dir lead.Direction, state lead.CallState) lead.Inquiry {
		q := from("", "", "", "")
		q.Kind, q.Event, q.At, q.Lane, q.Reason, q.Direction = lead.KindCall, event, b.now, l, string(l), dir
		q.Call = &lead.Call{State: state}
		return q
	}
	calls := 0
	for n, rows := range [][]lead.Inquiry{
		{row("ring", lead.LaneLead, "", lead.CallRinging), row("end", lead.LaneTimeline, lead.Out, lead.CallEnded)},
		{row("ring", lead.LaneLead, "", lead.CallRinging), row("end", lead.LaneQuarantine, "", lead.CallEnded)},
		{row("ring", lead.LaneLead, "", lead.CallRinging), row("menu", lead.LaneTimeline, "", lead.CallInMenu), row("end", lead.LaneQuarantine, "", lead.CallEnded)},
	} {
		permutations(len(rows), func(order []int) {
			calls++
			call := key("c%d-%v", n, order)
			for i, k := range order {
				q := rows[k]
				q.Key, q.Thread, q.Identities = call, call, []lead.Identity{{Kind: lead.IdentityPhone, Value: key("+336112%05d", calls)}}
				b.apply(t, b.item(key("%s-%d", call, i), q))
			}
			got := b.one(t, call)
			if got.Touch.Verdict != lead.Created || got.Touches != 1 {
				t.Errorf("order %v: verdict %q, %d touches, want one that made a lead", order, got.Touch.Verdict, got.Touches)
			}
		})
	}
	held, _, err := b.Quarantined(b.ctx, store.Page{Limit: 10})
	if err != nil || len(held) != 0 {
		t.Errorf("still in quarantine: %+v, %v", held, err)
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Quarantine != 0 || st.Inquiries[lead.Created] != int64(len(b.leads(t))) || st.Inquiries[lead.Quarantined] != 0 || st.Inquiries[lead.Ignored] != 0 {
		t.Errorf("stats %+v, %v", st, err)
	}
}

// An inquiry and its updates end in the same lead and touch in every order.
func testUpdatePermutations(t *testing.T, b *bench) {
	known := b.post(t, "known", from("Ana Belo", "ana@example.org", "", "known"))
	at := b.now
	update := func(event string, kind lead.UpdateKind, after time.Duration, u lead.Update) lead.Update {
		u.Event, u.Kind, u.Scope, u.At = event, kind, "src", at.Add(after)
		return u
	}
	updates := []lead.Update{
		update("complete", lead.UpdateComplete, time.Second, lead.Update{Patch: from("", "ana@example.org", "", "")}),
		update("edit", lead.UpdateEdit, 2*time.Second, lead.Update{Patch: lead.Inquiry{Text: "corrected"}}),
		update("profile", lead.UpdateProfile, 3*time.Second, lead.Update{Patch: lead.Inquiry{Username: "ana"}}),
		update("receipt", lead.UpdateReceipt, 4*time.Second, lead.Update{State: "read"}),
	}
	var want told
	n := 0
	permutations(len(updates)+1, func(order []int) {
		n++
		k := key("l%d", n)
		for i, step := range order {
			it := b.item(key("%s-%d", k, i))
			if step == len(updates) {
				q := from("", "", "", "original")
				q.Key, q.At = k, at
				it = b.item(key("%s-%d", k, i), q)
			} else {
				u := updates[step]
				u.About = k
				it.Updates = []lead.Update{u}
			}
			b.apply(t, it)
		}
		got := b.one(t, k)
		got.Touches, got.Touch.DeliveryID, got.Touch.Verdict = 0, lead.ID{}, ""
		if n == 1 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v ends differently:\n%s", order, diff)
		}
	})
	wantCount(t, "leads", len(b.leads(t)), 1)
	wantCount(t, "touches", b.lead(t, known.Lead).Touches, n+1)
	if want.Touch.Text != "corrected" || want.Touch.Username != "ana" || want.Touch.State != "read" {
		t.Errorf("touch %+v", want.Touch)
	}
}

// A message of ours that comes before all others waits for its conversation, and
// holds nobody up.
func testOutgoingFirst(t *testing.T, b *bench) {
	say := func(k, text string, dir lead.Direction) store.Outcome {
		q := lead.Inquiry{Kind: lead.KindMessage, Thread: "t1", Text: text, Direction: dir}
		if dir == lead.Out {
			q.Lane = lead.LaneTimeline
		}
		return b.post(t, k, q)
	}
	wantVerdict(t, say("out-1", "can we help?", lead.Out), lead.Ignored)
	wantVerdict(t, say("out-1", "can we help?", lead.Out), lead.Duplicate)
	wantCount(t, "leads", len(b.leads(t)), 0)
	it := b.item("delivered")
	it.Updates = []lead.Update{{About: "out-1", Event: "r", Scope: "src", Kind: lead.UpdateReceipt, State: "read"}}
	b.apply(t, it)
	b.now = b.now.Add(time.Minute)
	o := say("in-1", "yes", lead.In)
	wantVerdict(t, o, lead.Created)
	wantCount(t, "touches", b.lead(t, o.Lead).Touches, 2)
	touches := b.touches(t, o.Lead)
	if touches[0].Text != "can we help?" || touches[0].State != "read" || touches[0].Verdict != lead.Attached {
		t.Errorf("first touch %+v", touches[0])
	}
	wantVerdict(t, say("in-2", "please", lead.In), lead.Attached)
	rec, err := b.Receipt(b.ctx, lead.DeriveID("src", "out-1"))
	if err != nil || rec.Verdict != lead.Attached || rec.Lead != o.Lead {
		t.Errorf("receipt %+v, %v", rec, err)
	}
	st, err := b.Store.Stats(b.ctx)
	if err != nil || st.Inquiries[lead.Ignored] != 0 || st.Inquiries[lead.Attached] != 2 || st.Quarantine != 0 {
		t.Errorf("stats %+v, %v", st, err)
	}
	won := "converted"
	if _, err := b.Patch(b.ctx, o.Lead, store.Patch{Stage: &won}); err != nil {
		t.Fatal(err)
	}
	if late := say("out-2", "thank you", lead.Out); late.Verdict != lead.Attached || late.Lead != o.Lead {
		t.Errorf("a message of ours after the end: %+v, want one more touch of the closed lead", late)
	}
	wantCount(t, "leads", len(b.leads(t)), 1)
	lost := b.post(t, "nowhere", lead.Inquiry{Kind: lead.KindMessage, Lane: lead.LaneTimeline, Text: "to nobody"})
	wantVerdict(t, lost, lead.Quarantined) // nobody could ever find it, so a human sees it
}
