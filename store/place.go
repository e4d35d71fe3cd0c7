package store

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
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
	st.Content = contentHash(&q)
	st.Touch, _ = lead.Fold(st.Rows)
	o := p.place(st, q.Key == "")
	p.s.Inquiries[id] = st
	if o.Verdict == lead.Duplicate {
		delete(p.s.Inquiries, id)
	}
	return o
}

// sameContent is how long equal words of one person without a key are one inquiry.
const sameContent = 10 * time.Second

// place finds the lead of a new inquiry. keyless says that the sender gave no
// name to it, so that equal words within seconds are taken as a double click.
func (p *planner) place(st *InquiryState, keyless bool) Outcome {
	q := &st.Touch.Inquiry
	keys := dedupe.Keys(q)
	if p.held(q, keys) {
		q.Lane, q.Reason = lead.LaneQuarantine, cmp.Or(q.Reason, "its conversation is in quarantine")
	}
	if q.Lane == lead.LaneTimeline && len(p.candidates(keys)) == 0 {
		q.Lane, q.Reason = lead.LaneQuarantine, cmp.Or(q.Reason, "belongs to a conversation, and none is known")
	}
	if q.Lane == lead.LaneQuarantine {
		return p.quarantine(st, keys)
	}
	d := dedupe.Decide(q, p.candidates(keys))
	person := p.person(d, q)
	l := p.s.Leads[person.OpenLead]
	if l != nil && keyless && p.again(l, st) {
		return Outcome{Key: st.Key, Verdict: lead.Duplicate, Lead: l.ID, Reason: "the same words within seconds"}
	}
	p.hold(keys, person, st.When())
	st.Person = person.ID
	if l == nil {
		l = p.open(person, st, len(keys) == 0)
		st.Touch.Verdict = lead.Created
	} else {
		st.Touch.Verdict = lead.Attached
	}
	st.Lead, st.Reason = l.Number, d.Reason
	p.join(l, st)
	for _, other := range d.Review {
		p.c.Reviews = append(p.c.Reviews, ReviewRow{At: p.now, A: min(other, person.ID), B: max(other, person.ID), Reason: d.Reason})
	}
	return Outcome{Key: st.Key, Verdict: st.Touch.Verdict, Lead: l.ID, Reason: d.Reason}
}

// held reports whether the conversation of an inquiry is in quarantine.
func (p *planner) held(q *lead.Inquiry, keys []dedupe.Key) bool {
	if q.Lane == lead.LaneQuarantine || q.Thread == "" {
		return false
	}
	hs := p.s.Holders[keys[len(keys)-1].Value]
	return len(hs) == 1 && hs[0].Person == 0 && !hs[0].Drop
}

// quarantine keeps an inquiry out: no person, no identity, no lead. Only its
// conversation is remembered, with nobody as its holder.
func (p *planner) quarantine(st *InquiryState, keys []dedupe.Key) Outcome {
	st.Touch.Verdict, st.Reason = lead.Quarantined, st.Touch.Reason
	p.c.Count(CountHeld, 1)
	if q := &st.Touch.Inquiry; q.Thread != "" {
		if key := keys[len(keys)-1].Value; len(p.s.Holders[key]) == 0 {
			p.s.Holders[key] = []*Holder{{Key: key, Heard: st.When(), state: state{New: true}}}
		}
	}
	return Outcome{Key: st.Key, Verdict: lead.Quarantined, Reason: st.Reason}
}

// again reports whether the same words were said on the lead within seconds.
func (p *planner) again(l *LeadState, st *InquiryState) bool {
	at, ok := l.Recent[st.Content]
	return ok && st.Touch.Received.Sub(at).Abs() <= sameContent
}

// open makes a new lead for a person.
func (p *planner) open(person *PersonState, st *InquiryState, anonymous bool) *LeadState {
	q := &st.Touch.Inquiry
	l := &LeadState{Lead: lead.Lead{ID: lead.NewID(), Number: p.s.NextLead(), Status: lead.Open, Stage: p.s.Stages[0].ID, Person: person.ID,
		Source: q.Source, Origin: cmp.Or(q.Origin, "OTHER"), Returning: person.Leads > 0, Anonymous: anonymous, IsTest: q.IsTest,
		CreatedAt: st.Touch.Received, Emails: []string{}, Phones: []string{}}, state: state{New: true}}
	l.Attribution.First = q.Attribution
	person.OpenLead = l.Number
	person.Leads++
	person.Changed = true
	p.s.Leads[l.Number] = l
	p.c.Count(CountLeads+string(lead.Open), 1)
	return l
}

// join brings a touch into its lead.
func (p *planner) join(l *LeadState, st *InquiryState) {
	l.Touches++
	l.Changed = true
	if l.Recent == nil {
		l.Recent = map[uint64]time.Time{}
	}
	l.Recent[st.Content] = st.Touch.Received
	enrich(&l.Lead, &st.Touch.Inquiry)
	p.touched = append(p.touched, l.Number)
}

// contentHash tells equal words apart from different ones.
func contentHash(q *lead.Inquiry) uint64 {
	h := fnv.New64a()
	for _, s := range [...]string{q.Source, string(q.Kind), q.Subject, q.Text} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if len(q.Fields) > 0 {
		b, err := json.Marshal(q.Fields)
		if err == nil {
			h.Write(b)
		}
	}
	return h.Sum64()
}
