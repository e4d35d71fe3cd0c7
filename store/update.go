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
	return Outcome{Key: u.About, Verdict: lead.Updated, Reason: reasonUpdates}
}

// addRow brings one more row to a known inquiry and folds it anew.
func (p *planner) addRow(st *InquiryState, row lead.Row) Outcome {
	o := Outcome{Key: st.Key, Verdict: lead.Duplicate, Reason: "known"}
	if l := p.s.Leads[st.Lead]; l != nil {
		o.Lead = l.ID
	}
	known := slices.ContainsFunc(st.Rows, func(r lead.Row) bool { return r.Event == row.Event })
	if !known {
		o = p.changed(st, row, o)
	}
	if row.Kind == "" && (o.Verdict == lead.Duplicate || o.Verdict == lead.Updated) {
		p.c.Count(CountVerdict+string(o.Verdict), 1)
	}
	return o
}

// changed adds a row and says what became of the inquiry.
func (p *planner) changed(st *InquiryState, row lead.Row, o Outcome) Outcome {
	st.Rows = append(st.Rows, row)
	st.Changed = true
	touch, ok := lead.Fold(st.Rows)
	if !ok {
		return Outcome{Key: st.Key, Verdict: lead.Updated, Reason: reasonUpdates}
	}
	was := st.Touch
	touch.ID, touch.Lead, touch.Verdict, touch.By = was.ID, was.Lead, was.Verdict, was.By
	st.Touch = touch
	if st.Waiting { // the inquiry itself has come now
		st.Waiting = false
		o = p.place(st, senderOf(&st.Touch.Inquiry), touch.Lane, false)
		p.c.Count(CountVerdict+string(o.Verdict), 1)
		p.retell(st)
		return o
	}
	from := senderOf(&st.Touch.Inquiry)
	l := p.s.Leads[st.Lead]
	switch {
	case l == nil:
		if was.Lane != lead.LaneLead && touch.Lane == lead.LaneLead && slices.ContainsFunc(st.Rows, suspected) {
			p.unmark(from.keys) // its own rows suspected it, and wrongly
		}
		if moved := p.move(st); moved.Verdict != was.Verdict && row.Kind == "" {
			return moved
		}
		o.Reason = st.Reason
	case was.Lane == lead.LaneTimeline && touch.Lane == lead.LaneLead && l.Status != lead.Open:
		l.Touches--
		l.Changed = true
		st.Lead = 0
		return p.move(st)
	default:
		o.Reason = ""
		p.identify(l, st, from)
	}
	if o.Verdict = lead.Updated; p.s.Leads[st.Lead] != nil {
		o.Lead = p.standing(st.Lead).ID
	}
	return o
}

// standing returns the lead a lead of the snapshot was merged into, or itself.
func (p *planner) standing(number int64) *LeadState {
	l := p.s.Leads[number]
	for l.MergedInto != 0 && p.s.Leads[l.MergedInto] != nil {
		l = p.s.Leads[l.MergedInto]
	}
	return l
}

// identify lets identities that an update brought find the person, by the same
// rules as at intake, and brings the touch into the lead. Somebody else's values
// in the conversation of the lead's person stay somebody else's.
func (p *planner) identify(l *LeadState, st *InquiryState, from *sender) {
	keys := from.keys
	if self := p.s.Persons[l.Person]; self != nil && len(keys) > 0 && st.Person != 0 {
		who := p.ask(from, st.When())
		d := p.apart(dedupe.Decide(&who.Question, p.withSelf(p.candidates(who), self), p.s.NotSame.Differ), self.ID)
		if d.Person != self.ID && !slices.Contains(d.Merge, self.ID) { // what it brought is somebody else's: a human decides
			p.review(lead.Decision{Review: []lead.Doubt{{Person: d.Person, Reason: d.Reason, Score: d.Score}}}, self.ID)
		} else {
			person := p.person(d, who)
			p.hold(who, person)
			p.review(d, person.ID)
			p.adopt(keys)
		}
	}
	p.tell(p.standing(l.Number), st, keys)
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
