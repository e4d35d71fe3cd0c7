package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// part takes persons and leads apart, as they are.
func (u *undoing) part() {
	u.them.MergedInto, u.them.Changed = 0, true
	if u.m.Lead != 0 {
		back := u.s.Leads[u.m.Lead]
		back.MergedInto, back.Changed = 0, true
		u.c.Count(CountLeads+string(back.Status), 1)
		u.touched = append(u.touched, back.Number)
	}
	for _, n := range slices.Sorted(maps.Keys(u.s.Leads)) {
		l := u.s.Leads[n]
		owner := u.top
		if u.home[n] == theirs {
			owner = u.them
		}
		if u.under[l.Person] != (u.home[n] == theirs) {
			l.Person, l.Changed = owner.ID, true
			u.touched = append(u.touched, n)
		}
		if l.Status == lead.Open && l.MergedInto == 0 && n != u.joins {
			owner.OpenLead = n
		}
	}
	if u.top.OpenLead != 0 && u.home[u.top.OpenLead] == theirs {
		u.top.OpenLead = 0
	}
}

// rebase runs through the histories of all that the merge reached.
func (u *undoing) rebase() {
	for ps := u.s.Persons[u.m.Into]; ps != nil; ps = u.s.Persons[ps.MergedInto] {
		u.rebasePerson(ps)
	}
	for _, n := range slices.Sorted(maps.Keys(u.changes)) {
		u.rebaseLead(n)
	}
	if u.m.Lead != 0 {
		u.retell(u.s.Leads[u.m.Lead])
	}
	for _, m := range u.f.Merges {
		if m.Changed && m != u.m {
			u.c.Rebased = append(u.c.Rebased, m)
		}
	}
}

// settle brings later touches to whose they are.
func (u *undoing) settle() {
	for _, t := range slices.SortedFunc(maps.Keys(u.side), byTime) {
		_, between := u.path[t.Person]
		if between && u.side[t] == theirs {
			t.Person, t.Changed = u.them.ID, true
		}
		if t.Person != 0 && u.side[t] == theirs { // those from before may have been updated
			one := heard(u.them.known(), t)
			u.them.Person, u.them.Changed = one.Person, true
			if between {
				u.them.LastLead = max(one.last, u.them.LastLead)
			}
		}
		if to := u.moves[t]; to != nil {
			u.bring(t, to)
		}
		if t.Changed {
			u.s.Inquiries[t.ID] = t
		}
	}
	if u.joins != 0 {
		u.joinLater(u.s.Leads[u.m.Lead], u.s.Leads[u.joins])
	}
	for _, ps := range []*PersonState{u.top, u.them} {
		at := theirs
		if ps == u.top {
			at = kept
		}
		if ps.LastLead != 0 && u.home[ps.LastLead] != at { // another merge had brought it
			ps.LastLead, ps.Changed = u.newest(at), true
		}
	}
}

// newest returns the newest lead of a side that stands, 0 for none.
func (u *undoing) newest(at side) int64 {
	var n int64
	for number, l := range u.s.Leads {
		if l.MergedInto == 0 && u.home[number] == at {
			n = max(n, number)
		}
	}
	return n
}

// bring brings a touch to another lead, which is opened when it is the first.
func (u *undoing) bring(t *InquiryState, to *destination) {
	keys := dedupe.Keys(&t.Touch.Inquiry)
	t.Changed = true
	if to.lead == nil {
		owner := u.top
		if to.side == theirs {
			owner = u.them
		}
		to.lead = u.planner.open(owner, t)
		u.home[to.lead.Number] = to.side
		u.c.Count(CountVerdict+string(t.Touch.Verdict), -1)
		u.c.Count(CountVerdict+string(lead.Created), 1)
		t.Touch.Verdict = lead.Created
	}
	t.Lead = to.lead.Number
	u.tell(to.lead, t, keys)
	u.readdress(t, to.lead)
}

// readdress lets the receipt of a touch say where it is now.
func (u *undoing) readdress(t *InquiryState, l *LeadState) {
	r := u.receipt(t.Touch.DeliveryID)
	if r == nil {
		return
	}
	if o := r.find(t.Key); o != nil {
		if o.Lead = l.ID; o.Verdict == lead.Attached {
			o.Verdict = t.Touch.Verdict
		}
		r.summarise()
	}
}

// joinLater makes a lead that they opened since part of the one they get back, as their
// inquiry would have been.
func (u *undoing) joinLater(into, from *LeadState) {
	row := MergeRow{At: u.now, Lead: from.Number, LeadInto: into.Number, Reason: reasonOneOpen, By: u.by, Before: Before{Lead: copied(&into.Lead)}}
	u.mergeLeads(into, from, reasonOneOpen)
	u.them.LastLead = into.Number
	u.c.Merges = append(u.c.Merges, row)
}

const reasonOneOpen = "a person has one open lead"

// give gives back the values that only they carry, with their conversations, and
// those they share by what was said since.
func (u *undoing) give() {
	for key, holders := range u.s.Holders {
		for _, h := range holders {
			switch {
			case u.under[h.Row]:
				h.Person = u.them.ID
			case u.s.Persons[h.Row] != nil:
				h.Person, h.Drop = u.top.ID, u.gives[key]
			}
		}
		u.s.Holders[key] = u.given(holders)
	}
	for _, t := range slices.SortedFunc(maps.Keys(u.side), byTime) {
		if t.Changed && t.Person == u.them.ID {
			u.hold(u.ask(senderOf(&t.Touch.Inquiry), t.When()), u.them)
		}
	}
}

// only returns the keys that no touch of the survivor carries.
func (u *undoing) only() map[string]bool {
	out := map[string]bool{}
	for t, at := range u.side {
		if at != theirs || t.Person == 0 {
			continue
		}
		for _, k := range dedupe.Keys(&t.Touch.Inquiry) {
			if u.carried[k.Value] != theirs {
				continue
			}
			for _, key := range heldUnder(u.s, t, k) {
				out[key] = true
			}
		}
	}
	return out
}

// given replaces the survivor's rows of a value that is not theirs by one of whose
// it is.
func (u *undoing) given(holders []*Holder) []*Holder {
	i := slices.IndexFunc(holders, func(h *Holder) bool { return h.Drop && h.Person == u.top.ID })
	if i < 0 || u.holding(holders, u.them.ID) >= 0 {
		return holders
	}
	h := *holders[i]
	h.Person, h.Row, h.Drop, h.state = u.them.ID, u.them.ID, false, state{New: true}
	return append(holders, &h)
}

// count counts the touches of the leads that changed and of those they are part of.
func (u *undoing) count() {
	own := map[int64]int{}
	for _, t := range u.f.Touches {
		own[t.Lead]++
	}
	total := maps.Clone(own)
	for n := range own {
		for l := u.s.Leads[n]; l != nil && l.MergedInto != 0; l = u.s.Leads[l.MergedInto] {
			total[l.MergedInto] += own[n]
		}
	}
	for n, l := range u.s.Leads {
		if l.Changed || l.New {
			l.Touches = total[n]
		}
	}
}

// mark remembers that the two are not the same, and what the merge had lifted.
func (u *undoing) mark() {
	u.m.Undone = true
	u.c.Rebased = append(u.c.Rebased, u.m)
	for _, pair := range append(u.m.Before.Lifted, [2]int64{u.m.Person, u.m.Into}) {
		u.c.Marks = append(u.c.Marks, Mark{At: u.now, A: pair[0], B: pair[1], By: u.by})
	}
	var rest []int64
	for _, id := range u.s.under(u.top.ID) {
		if !u.under[id] {
			rest = append(rest, id)
		}
	}
	u.c.Decided = append(u.c.Decided, DecidedRow{At: u.now, A: slices.Sorted(maps.Keys(u.under)), B: rest, By: u.by, How: DecidedNotSame})
}

// pair returns the leads that are two again, the survivor's first, and of leads the
// merge only found together that which was asked about; 0 for one that is not known.
func (u *undoing) pair(asked int64) [2]int64 {
	if u.m.Lead != 0 {
		return [2]int64{u.standing(u.m.LeadInto).Number, u.m.Lead}
	}
	out := [2]int64{cmp.Or(u.top.OpenLead, u.newest(kept)), cmp.Or(u.them.OpenLead, u.newest(theirs))}
	if u.home[u.m.MovedLead] == theirs { // else another undo took it back since
		out[1] = u.standing(u.m.MovedLead).Number
	}
	if n := u.standing(asked).Number; u.home[n] == theirs {
		out[1] = n
	} else {
		out[0] = n
	}
	return out
}

func (u *undoing) words(other int64) string {
	if u.m.Lead != 0 {
		return fmt.Sprintf("lead %d was merged into lead %d: undone", u.m.Lead, u.m.LeadInto)
	}
	return fmt.Sprintf("the person was taken for that of lead %d: undone", other)
}
