package store

import (
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// update brings an update to its inquiry, or lets it wait for it.
func (p *planner) update(it *Item, u lead.Update) Outcome {
	id := lead.DeriveID(u.Scope, u.About)
	row := lead.UpdateRow(u, it.Delivery.ID)
	if st := p.s.Inquiries[id]; st != nil {
		return p.addRow(st, row)
	}
	p.s.Inquiries[id] = &InquiryState{ID: id, Key: u.About, Waiting: true, Rows: []lead.Row{row}, state: state{New: true}}
	return Outcome{Key: u.About, Verdict: lead.Updated, Reason: "waits for its inquiry"}
}

// addRow brings one more row to a known inquiry and folds it anew.
func (p *planner) addRow(st *InquiryState, row lead.Row) Outcome {
	o := Outcome{Key: st.Key, Verdict: lead.Duplicate, Reason: "known"}
	if l := p.s.Leads[st.Lead]; l != nil {
		o.Lead = l.ID
	}
	if slices.ContainsFunc(st.Rows, func(r lead.Row) bool { return r.Event == row.Event }) {
		return o
	}
	waited := st.Waiting
	st.Rows = append(st.Rows, row)
	st.Changed = true
	touch, ok := lead.Fold(st.Rows)
	touch.ID, touch.Lead, touch.Verdict, touch.Lane, touch.Reason = st.Touch.ID, st.Touch.Lead, st.Touch.Verdict, st.Touch.Lane, st.Touch.Reason
	if !ok {
		return Outcome{Key: st.Key, Verdict: lead.Updated, Reason: "waits for its inquiry"}
	}
	if waited { // the inquiry itself has come now
		st.Waiting = false
		touch.Lane, touch.Reason = row.Says.Lane, row.Says.Reason
		st.Touch, st.Content = touch, contentHash(&row.Says)
		return p.place(st, false)
	}
	st.Touch = touch
	o.Verdict, o.Reason = lead.Updated, ""
	if l := p.s.Leads[st.Lead]; l != nil {
		o.Lead = p.identify(l, st).ID
	}
	return o
}

// identify lets identities that an update brought find the person, by the same
// rules as at intake, and brings the touch into the lead.
func (p *planner) identify(l *LeadState, st *InquiryState) *LeadState {
	keys := dedupe.Keys(&st.Touch.Inquiry)
	if self := p.s.Persons[l.Person]; self != nil && len(keys) > 0 {
		d := dedupe.Decide(&st.Touch.Inquiry, p.withSelf(p.candidates(keys), self))
		p.hold(keys, p.person(d, &st.Touch.Inquiry), st.When())
		l.Anonymous = false
	}
	if into := p.s.Leads[l.MergedInto]; into != nil {
		l = into
	}
	l.Changed = true
	enrich(&l.Lead, &st.Touch.Inquiry)
	p.touched = append(p.touched, l.Number)
	return l
}

// withSelf makes sure that the person an inquiry belongs to is a candidate: the
// inquiry itself points at them as firmly as an id of a messenger would.
func (p *planner) withSelf(list []dedupe.Candidate, self *PersonState) []dedupe.Candidate {
	own := dedupe.Holding{Key: dedupe.Key{Kind: "inquiry", Value: "inquiry"}, Holders: 1}
	if i := slices.IndexFunc(list, func(c dedupe.Candidate) bool { return c.Person.ID == self.ID }); i >= 0 {
		list[i].Held = append(list[i].Held, own)
		return list
	}
	return append(list, dedupe.Candidate{Person: self.Person, Held: []dedupe.Holding{own}})
}
