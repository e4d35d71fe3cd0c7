package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

// one returns the touch of an inquiry in the timeline of a lead.
func (b *bench) one(t *testing.T, id lead.ID, k string) *lead.Touch {
	t.Helper()
	for _, touch := range b.touches(t, id) {
		if touch.ID == lead.DeriveID("src", k) {
			return &touch
		}
	}
	t.Fatalf("inquiry %s is not in the timeline of lead %v", k, id)
	return nil
}

// What the rows of a call come to is what Fold says of them, one by one or in one
// batch, in every order, through the store and back.
func testRowsFold(t *testing.T, b *bench) {
	states := rapid.SampledFrom([]lead.CallState{lead.CallInitiated, lead.CallRinging, lead.CallInMenu, lead.CallAnswered, lead.CallEnded, lead.CallMissed, lead.CallCompleted, lead.CallVoicemail})
	n := 0
	checkSample(t, func(r *rapid.T) {
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
			var o store.Outcome
			for i, k := range order {
				q := rows[k]
				q.Key, q.Thread, q.Identities = call, call, []lead.Identity{{Kind: lead.IdentityPhone, Value: key("+336112%05d", calls)}}
				o = b.apply(t, b.item(key("%s-%d", call, i), q))[0].Inquiries[0]
			}
			if o.Lead.IsZero() {
				t.Errorf("order %v: no lead, %s (%s)", order, o.Verdict, o.Reason)
			} else if got := b.one(t, o.Lead, call); got.Verdict != lead.Created {
				t.Errorf("order %v: verdict %q, want one that made a lead", order, got.Verdict)
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
	at := b.now
	update := func(event string, kind lead.UpdateKind, after time.Duration, u lead.Update) lead.Update {
		u.Event, u.Kind, u.Scope, u.At = event, kind, "src", at.Add(after)
		return u
	}
	complete := update("complete", lead.UpdateComplete, time.Second, lead.Update{Patch: from("", "ana@example.org", "", "")})
	edit := update("edit", lead.UpdateEdit, 2*time.Second, lead.Update{Patch: lead.Inquiry{Text: "corrected"}})
	receipt := update("receipt", lead.UpdateReceipt, 4*time.Second, lead.Update{State: "read"})
	profile := update("profile", lead.UpdateProfile, 3*time.Second, lead.Update{Patch: lead.Inquiry{Username: "ana"}})
	remove := update("delete", lead.UpdateDelete, 5*time.Second, lead.Update{})
	for n, updates := range [][]lead.Update{{complete, edit, receipt}, {complete, profile, remove}} {
		var want *lead.Touch
		permutations(len(updates)+1, func(order []int) {
			k, address := key("l%d-%v", n, order), key("ana%d-%d%d%d@example.org", n, order[0], order[1], order[2])
			known := b.post(t, k+"-known", from("Ana Belo", address, "", "known"))
			for i, step := range order {
				q := from("", "", "", "original")
				q.Key, q.At = k, at
				it := b.item(key("%s-%d", k, i), q)
				if step < len(updates) {
					u := updates[step]
					u.About = k
					if u.Kind == lead.UpdateComplete {
						u.Patch = from("", address, "", "")
					}
					it.Inquiries, it.Updates = nil, []lead.Update{u}
				}
				b.apply(t, it)
			}
			got := b.one(t, known.Lead, k)
			got.ID, got.DeliveryID, got.Lead, got.Key, got.Identities, got.Verdict, got.Reason, got.Score = lead.ID{}, lead.ID{}, 0, "", nil, "", "", 0
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("order %v ends differently:\n%s", order, diff)
			}
			wantCount(t, "touches", b.lead(t, known.Lead).Touches, 2)
		})
		if n == 0 && (want.Text != "corrected" || want.State != "read") || n == 1 && (want.Text != "" || !want.Deleted || want.Username != "ana") {
			t.Errorf("touch %+v", want)
		}
	}
	wantCount(t, "open leads", b.open(t), len(b.leads(t)))
	wantCount(t, "leads", len(b.leads(t)), 48)
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
