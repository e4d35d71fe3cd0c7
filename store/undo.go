package store

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// PlanUnmerge decides what undoing the merge of a lead changes (see Family.Merged), and
// returns the numbers of both leads, the survivor's first. s and f hold all that
// belongs to the person that stands for both by now.
//
// Persons, leads and what later merges found are as if the two had never been one.
// What people changed since stays where it is. What was said since goes to whoever
// alone is known by its values, else it stays. The two are not the same from now on.
func PlanUnmerge(s *Snapshot, f *Family, number int64, by string, now time.Time) (*Changes, [2]int64, error) {
	m := f.Merged(s, number)
	switch {
	case m == nil:
		return nil, [2]int64{}, &lead.Refusal{Class: lead.ErrConflict, Text: "nothing was merged into it that could be undone"}
	case m.Person == 0:
		return nil, [2]int64{}, &lead.Refusal{Class: lead.ErrConflict, Text: fmt.Sprintf("it is part of lead %d: %s", m.LeadInto, m.Reason)}
	}
	u := newUndoing(s, f, m, by, now)
	u.assign()
	if err := u.refuse(); err != nil {
		return nil, [2]int64{}, err
	}
	u.plan()
	u.part()
	u.rebase()
	u.settle()
	u.give()
	u.count()
	u.mark()
	pair := u.pair(number)
	for i, n := range pair {
		if n != 0 {
			u.note(n, "unmerge", u.words(pair[1-i]))
		}
	}
	u.c.Touch(u.touched)
	return u.c, pair, nil
}

// side says whose something is once the merge is undone.
type side uint8

const (
	nobodys side = 0
	theirs  side = 1 // of the person that was merged away
	kept    side = 2 // of the survivor
)

// undoing is an undo on its way. «They» are the person that was merged away.
type undoing struct {
	planner
	f     *Family
	m     *MergeState
	them  *PersonState
	top   *PersonState              // who stands for the survivor
	under map[int64]bool            // they, and everybody merged into them
	path  map[int64]int64           // from the survivor to top → the newest inquiry stored before they were part of each
	own   map[int64][]*InquiryState // by the lead they are on
	was   map[int64]*lead.Lead      // leads as they were found
	knew  map[int64]known           // persons as they were found

	// What assign finds out.
	side    map[*InquiryState]side
	carried map[string]side // by key, a set of sides
	home    map[int64]side  // by lead
	gives   map[string]bool // keys whose rows are theirs alone

	// What plan decides.
	moves   map[*InquiryState]*destination
	changes map[int64]bool // leads that lose something, and those they are merged into
	joins   int64          // a lead opened since that becomes part of the lead they get back

	done map[int64]bool // leads that are rebased
}

// destination is the lead touches move to: one that stands, or a new one.
type destination struct {
	lead *LeadState
	side side
}

func newUndoing(s *Snapshot, f *Family, m *MergeState, by string, now time.Time) *undoing {
	u := &undoing{planner: byHand(s, by, now), f: f, m: m, them: s.Persons[m.Person], top: s.survivor(m.Into),
		under: map[int64]bool{}, path: map[int64]int64{}, own: map[int64][]*InquiryState{}, was: map[int64]*lead.Lead{}, knew: map[int64]known{},
		side: map[*InquiryState]side{}, carried: map[string]side{}, home: map[int64]side{},
		moves: map[*InquiryState]*destination{}, changes: map[int64]bool{}, done: map[int64]bool{}}
	for _, id := range s.under(m.Person) {
		u.under[id] = true
	}
	for at := m; at != nil; {
		u.path[at.Into] = at.Seen
		up := f.merges(func(o *MergeState) bool { return o.Person == at.Into })
		if at = nil; len(up) > 0 {
			at = up[0]
		}
	}
	slices.SortFunc(f.Touches, byN)
	for _, t := range f.Touches {
		u.own[t.Lead] = append(u.own[t.Lead], t)
	}
	for n, l := range s.Leads {
		u.was[n] = copied(&l.Lead)
	}
	for id, p := range s.Persons {
		u.knew[id] = p.known()
	}
	return u
}

// assign finds out whose each touch is: those from before the merge are whose they
// were, later ones whose values alone they carry.
func (u *undoing) assign() {
	var later []*InquiryState
	for _, t := range u.f.Touches {
		seen, between := u.path[t.Person]
		switch {
		case t.Person == 0:
			if t.N > u.m.Seen {
				later = append(later, t)
			}
		case u.under[t.Person]:
			u.side[t] = theirs
		case between && t.N > seen:
			later = append(later, t)
		default:
			u.side[t] = kept
		}
		if t.Person != 0 {
			u.carry(t, u.side[t])
		}
	}
	slices.SortFunc(later, byTime)
	for _, t := range later {
		at := u.known(t)
		if at == theirs || at == kept {
			u.side[t] = at
		}
		if t.Person == 0 {
			continue
		}
		if at != theirs {
			at = kept // what it brought is the survivor's, who stands for both
		}
		u.carry(t, at)
	}
	for n, l := range u.s.Leads {
		u.home[n] = u.homeOf(l)
	}
	u.gives = u.only()
}

func (u *undoing) carry(t *InquiryState, at side) {
	if at == nobodys {
		return
	}
	for _, k := range dedupe.Keys(&t.Touch.Inquiry) {
		u.carried[k.Value] |= at
	}
}

// known returns the sides a later touch is known on by its values; by its
// conversation when there are none, or new ones only.
func (u *undoing) known(t *InquiryState) side {
	keys := dedupe.Keys(&t.Touch.Inquiry)
	strong := dedupe.Strong(keys)
	var at side
	if t.Person != 0 {
		for _, k := range strong {
			at |= u.carried[k.Value]
		}
	}
	if at == nobodys && len(keys) > len(strong) {
		at = u.carried[keys[len(keys)-1].Value]
	}
	return at
}

// homeOf says whose a lead is: of whoever made the touch that opened it.
func (u *undoing) homeOf(l *LeadState) side {
	first := u.opener(l.Number)
	switch {
	case first != nil && u.side[first] != nobodys:
		return u.side[first]
	case first == nil && u.under[l.Person]:
		return theirs
	}
	return kept
}

func (u *undoing) opener(number int64) *InquiryState {
	touches := u.own[number]
	if i := slices.IndexFunc(touches, func(t *InquiryState) bool { return t.Touch.Verdict == lead.Created }); i >= 0 {
		return touches[i]
	}
	if len(touches) > 0 {
		return touches[0]
	}
	return nil
}

// later reports whether a lead was opened after the merge.
func (u *undoing) later(number int64) bool {
	t := u.opener(number)
	seen, between := int64(0), false
	if t != nil {
		seen, between = u.path[t.Person]
	}
	return between && t.N > seen
}

// refuse says what must be undone or decided before. Leads of both that became one
// in another merge cannot be told apart here.
func (u *undoing) refuse() error {
	untold := &lead.Refusal{Class: lead.ErrConflict, Text: "what is kept does not tell any more whose it was"}
	if u.them == nil || u.top == nil {
		return untold
	}
	for _, m := range u.f.Merges {
		if m.Lead != 0 && (u.s.Leads[m.Lead] == nil || u.s.Leads[m.LeadInto] == nil || m.Before.Lead == nil) {
			return untold
		}
		if m == u.m || m.Lead == 0 || u.home[m.Lead] == u.home[m.LeadInto] {
			continue
		}
		return &lead.Refusal{Class: lead.ErrConflict, Text: fmt.Sprintf("lead %d was merged into lead %d in another merge: undo that one first", m.Lead, m.LeadInto)}
	}
	if u.m.Lead == 0 {
		return nil
	}
	if u.home[u.m.Lead] != theirs || u.home[u.m.LeadInto] != kept {
		return untold
	}
	if open := u.openOf(theirs); open != nil {
		if !u.later(open.Number) {
			return &lead.Refusal{Class: lead.ErrConflict, Text: fmt.Sprintf("the person would have two open leads: close lead %d first", open.Number)}
		}
		u.joins = open.Number
	}
	return nil
}

// openOf returns the open lead of a side that stands now, nil for none.
func (u *undoing) openOf(at side) *LeadState {
	for _, n := range slices.Sorted(maps.Keys(u.s.Leads)) {
		if l := u.s.Leads[n]; l.Status == lead.Open && l.MergedInto == 0 && u.home[n] == at {
			return l
		}
	}
	return nil
}

// plan says which touches leave the lead they are on, and where they go: to the open
// lead of whose they are. From a closed lead nobody is moved into a new one.
func (u *undoing) plan() {
	news := map[side]*destination{}
	for _, t := range slices.SortedFunc(maps.Keys(u.side), byTime) {
		at := u.side[t]
		if _, between := u.path[t.Person]; t.Person != 0 && !between || u.home[t.Lead] == at || at == nobodys {
			continue
		}
		to := u.openOf(at)
		if at == theirs && u.m.Lead != 0 {
			to = u.s.Leads[u.m.Lead]
		}
		switch {
		case to != nil:
			u.moves[t] = &destination{to, at}
		case u.standing(t.Lead).Status == lead.Open && t.Person != 0:
			if news[at] == nil {
				news[at] = &destination{nil, at}
			}
			u.moves[t] = news[at]
		}
	}
	var leaves []int64
	if u.m.Lead != 0 {
		leaves = append(leaves, u.m.LeadInto)
	}
	for t := range u.moves {
		leaves = append(leaves, t.Lead)
	}
	for _, n := range leaves {
		for ; n != 0 && n != u.m.Lead && u.s.Leads[n] != nil; n = u.s.Leads[n].MergedInto {
			u.changes[n] = true
		}
	}
}
