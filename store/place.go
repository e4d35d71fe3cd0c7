package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// sameContent is how long equal words of one person without a key are one inquiry.
const sameContent = 10 * time.Second

// Reasons of verdicts that are not the rules' of identity.
const (
	reasonThread  = "its conversation is in quarantine"
	reasonWaits   = "waits for a lead of its conversation"
	reasonNoKey   = "belongs to a conversation, and does not say to which"
	reasonDouble  = "the same words within seconds"
	reasonUpdates = "waits for its inquiry"
)

// inquiry places one inquiry of a delivery.
func (p *planner) inquiry(it *Item, n int) Outcome {
	q := it.Inquiries[n]
	id := inquiryID(it, n)
	row := lead.InquiryRow(q, it.Delivery.ID)
	if st := p.s.Inquiries[id]; st != nil {
		return p.addRow(st, row)
	}
	st := &InquiryState{ID: id, Key: inquiryKey(it, n), Rows: []lead.Row{row}, state: state{New: true}}
	var o Outcome
	var again bool
	if q.Key == "" {
		st.Content = contentHash(&q)
		o, again = p.doubled(it, st.Key)
	}
	if !again {
		st.Touch, _ = lead.Fold(st.Rows)
		st.Touch.By = it.By
		o = p.place(st, it.sender(n), st.Touch.Lane, q.Key == "")
	}
	if o.Verdict != lead.Duplicate {
		p.s.Inquiries[id] = st
	}
	p.c.Count(CountVerdict+string(o.Verdict), 1)
	return o
}

// place finds the lead of an inquiry that has none. keyless says that the sender
// gave no name to it, so that equal words within seconds are taken as a double click.
func (p *planner) place(st *InquiryState, from *sender, lane lead.Lane, keyless bool) Outcome {
	q, keys := &st.Touch.Inquiry, from.keys
	switch {
	case lane == lead.LaneQuarantine:
		return p.quarantine(st, keys, q.Reason)
	case p.held(keys):
		return p.quarantine(st, keys, reasonThread)
	}
	who := p.ask(from, st.When())
	d, l := p.decide(who, lane)
	if lane == lead.LaneTimeline && l == nil {
		return p.wait(st, keys)
	}
	if l != nil && keyless && p.again(l, st) {
		return Outcome{Key: st.Key, Verdict: lead.Duplicate, Lead: l.ID, Reason: reasonDouble}
	}
	if d.Scored && lane != lead.LaneTimeline {
		return p.placeLike(st, who, d)
	}
	person := p.person(d, who)
	if into := p.s.Leads[person.OpenLead]; into != nil { // a merge may have brought another one
		l = into
	}
	p.leave(st, keys)
	st.Person = 0
	if !d.Foreign {
		st.Person = person.ID
		p.hold(who, person)
	}
	st.Touch.Verdict = lead.Attached
	if l == nil {
		l = p.open(person, st)
		st.Touch.Verdict = lead.Created
	}
	st.Lead, st.Reason, st.Score = l.Number, d.Reason, d.Score
	p.join(l, st, keys)
	p.review(d, person.ID)
	p.adopt(keys)
	return Outcome{Key: st.Key, Verdict: st.Touch.Verdict, Lead: l.ID, Reason: d.Reason, Score: d.Score}
}

// placeLike places an inquiry whose sender only resembles somebody: as that of a
// new person, who is merged at once. So it can be undone like every other merge.
func (p *planner) placeLike(st *InquiryState, who *asked, d lead.Decision) Outcome {
	known := p.s.Persons[d.Person]
	held := p.s.Leads[known.OpenLead] != nil
	own := p.person(lead.Decision{}, who)
	p.leave(st, who.Keys)
	st.Person = own.ID
	p.hold(who, own)
	if hasArea(known) { // it is one person who lives there
		p.settle(who.sender, -1)
	}
	l := p.open(own, st)
	st.Lead, st.Reason, st.Score, st.Touch.Verdict = l.Number, d.Reason, d.Score, lead.Attached
	if !held {
		st.Touch.Verdict = lead.Created
	}
	p.join(l, st, who.Keys)
	p.countNames(who.source, d.Names)
	for _, id := range d.Merge {
		p.merge(known, p.s.Persons[id], d.Reason, d.Score)
	}
	p.merge(known, own, d.Reason, d.Score)
	p.review(d, known.ID)
	p.adopt(who.Keys)
	return Outcome{Key: st.Key, Verdict: st.Touch.Verdict, Lead: p.standing(l.Number).ID, Reason: d.Reason, Score: d.Score}
}

// decide says whose an inquiry is and which lead it is attached to, nil for a new
// one. Somebody else's values open no lead of the person their conversation leads to.
func (p *planner) decide(who *asked, lane lead.Lane) (lead.Decision, *LeadState) {
	d := p.resolve(who)
	l := p.leadOf(d, lane)
	if d.Foreign && l == nil && lane != lead.LaneTimeline {
		own := *who
		own.Keys = dedupe.Strong(who.Keys)
		d = p.resolve(&own)
		l = p.leadOf(d, lane)
	}
	return d, l
}

// leadOf returns the open lead of a decision's persons. What only belongs to a
// timeline goes to the last lead when all are closed.
func (p *planner) leadOf(d lead.Decision, lane lead.Lane) *LeadState {
	if d.Person == 0 {
		return nil
	}
	var last *LeadState
	for _, id := range append([]int64{d.Person}, d.Merge...) {
		person := p.s.Persons[id]
		if l := p.s.Leads[person.OpenLead]; l != nil {
			return l
		}
		if l := p.s.Leads[person.LastLead]; l != nil && (last == nil || l.Number > last.Number) {
			last = l
		}
	}
	if lane == lead.LaneTimeline {
		return last
	}
	return nil
}

// held reports whether the conversation of an inquiry is in quarantine.
func (p *planner) held(keys []dedupe.Key) bool {
	thread, ok := dedupe.Conversation(keys)
	if !ok {
		return false
	}
	hs := p.s.Holders[thread.Value]
	return len(hs) == 1 && hs[0].Person == 0 && !hs[0].Drop
}

// quarantine keeps an inquiry out: no person, no identity, no lead. Only its
// conversation is remembered, with nobody as its holder.
func (p *planner) quarantine(st *InquiryState, keys []dedupe.Key, reason string) Outcome {
	p.leave(st, keys)
	st.Touch.Verdict, st.Reason = lead.Quarantined, reason
	p.c.Count(CountHeld, 1)
	if thread, ok := dedupe.Conversation(keys); ok && len(p.s.Holders[thread.Value]) == 0 {
		p.s.Holders[thread.Value] = []*Holder{{Key: thread.Value, Heard: st.When(), state: state{New: true}}}
	}
	return Outcome{Key: st.Key, Verdict: lead.Quarantined, Reason: reason}
}

// unmark ends the quarantine of a conversation.
func (p *planner) unmark(keys []dedupe.Key) {
	for _, k := range keys {
		for _, h := range p.s.Holders[k.Value] {
			h.Drop = h.Drop || h.Person == 0
		}
	}
}

// wait lets an inquiry that may not make a lead wait for one: the first inquiry
// with one of its keys takes it along. One that no inquiry can find, or that looks
// like spam besides, is shown to a human instead.
func (p *planner) wait(st *InquiryState, keys []dedupe.Key) Outcome {
	if i := slices.IndexFunc(st.Rows, suspected); i >= 0 {
		return p.quarantine(st, keys, st.Rows[i].Says.Reason)
	}
	if len(keys) == 0 {
		return p.quarantine(st, keys, reasonNoKey)
	}
	st.Touch.Verdict, st.Reason = lead.Ignored, reasonWaits
	for _, k := range keys {
		if !slices.Contains(p.s.Waiting[k.Value], st.ID) {
			p.s.Waiting[k.Value] = append(p.s.Waiting[k.Value], st.ID)
			p.c.Waits = append(p.c.Waits, WaitRow{Key: k.Value, Inquiry: st.ID})
		}
	}
	return Outcome{Key: st.Key, Verdict: lead.Ignored, Reason: reasonWaits}
}

// suspected reports whether a row leads its inquiry into quarantine.
func suspected(r lead.Row) bool { return r.Kind == "" && r.Says.Lane == lead.LaneQuarantine }

// leave ends the waiting of an inquiry.
func (p *planner) leave(st *InquiryState, keys []dedupe.Key) {
	if !st.waits() {
		return
	}
	for _, k := range keys {
		p.s.Waiting[k.Value] = slices.DeleteFunc(p.s.Waiting[k.Value], func(id lead.ID) bool { return id == st.ID })
		p.c.Waits = append(p.c.Waits, WaitRow{Key: k.Value, Inquiry: st.ID, Drop: true})
	}
}

// adopt takes along what waited for somebody with one of these keys.
func (p *planner) adopt(keys []dedupe.Key) {
	for _, k := range keys {
		for _, id := range slices.Clone(p.s.Waiting[k.Value]) {
			if st := p.s.Inquiries[id]; st != nil && st.waits() {
				p.move(st)
			}
		}
	}
}

// move places an inquiry that was kept out or waited, and keeps the books.
func (p *planner) move(st *InquiryState) Outcome {
	was := st.Touch.Verdict
	st.Changed = true
	if was == lead.Quarantined {
		p.c.Count(CountHeld, -1)
	}
	o := p.place(st, senderOf(&st.Touch.Inquiry), st.Touch.Lane, false)
	if o.Verdict != was {
		p.c.Count(CountVerdict+string(was), -1)
		p.c.Count(CountVerdict+string(o.Verdict), 1)
	}
	p.retell(st)
	return o
}

// again reports whether the same words were said on the lead within seconds.
func (p *planner) again(l *LeadState, st *InquiryState) bool {
	return st.Content != 0 && slices.ContainsFunc(l.Recent[st.Content], func(at time.Time) bool {
		return st.Touch.Received.Sub(at).Abs() <= sameContent
	})
}

// open makes a new lead for a person.
func (p *planner) open(person *PersonState, st *InquiryState) *LeadState {
	q := &st.Touch.Inquiry
	l := &LeadState{Lead: lead.Lead{ID: lead.NewID(), Number: p.s.NextLead(), Status: lead.Open, Stage: p.s.Stages[0].ID, Person: person.ID,
		Source: q.Source, Origin: cmp.Or(q.Origin, "OTHER"), Returning: person.LastLead > 0, Anonymous: len(person.Holds) == 0, IsTest: q.IsTest,
		CreatedAt: st.Touch.Received, Emails: []string{}, Phones: []string{}}, state: state{New: true}}
	l.Attribution.First = q.Attribution
	person.OpenLead, person.LastLead, person.Changed = l.Number, l.Number, true
	p.s.Leads[l.Number] = l
	p.c.Count(CountLeads+string(lead.Open), 1)
	return l
}

// join brings a touch into its lead. What somebody else said in the conversation
// of the lead's person is a touch, and tells nothing of the person.
func (p *planner) join(l *LeadState, st *InquiryState, keys []dedupe.Key) {
	l.Touches++
	l.Changed = true
	if st.Content != 0 {
		if l.Recent == nil {
			l.Recent = map[uint64][]time.Time{}
		}
		l.Recent[st.Content] = append(l.Recent[st.Content], st.Touch.Received)
	}
	p.tell(l, st, keys)
}

// tell brings what a touch says into its lead.
func (p *planner) tell(l *LeadState, st *InquiryState, keys []dedupe.Key) {
	l.Changed = true
	say(&l.Lead, st, keys)
	p.touched = append(p.touched, l.Number)
}

func say(l *lead.Lead, st *InquiryState, keys []dedupe.Key) {
	if st.Person != 0 {
		enrich(l, &st.Touch.Inquiry)
		l.Anonymous = l.Anonymous && len(dedupe.Strong(keys)) == 0
	} else if q := &st.Touch.Inquiry; q.Received.After(l.UpdatedAt) {
		l.UpdatedAt = q.Received
	}
}

// contentHash tells equal inquiries without a key apart from different ones: all
// that was read counts, but for the names and times of this very delivery.
func contentHash(q *lead.Inquiry) uint64 {
	c := *q
	c.Key, c.Event, c.Received, c.At, c.Seq = "", "", time.Time{}, time.Time{}, 0
	c.Consents = slices.Clone(c.Consents)
	for i := range c.Consents {
		c.Consents[i].At = time.Time{}
	}
	b, err := json.Marshal(&c)
	if err != nil {
		return 0
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}
