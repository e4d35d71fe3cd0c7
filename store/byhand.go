package store

import (
	"fmt"
	"time"

	"leadgate/lead"
)

const reasonByHand = "by hand"

// byHand is a planner of what somebody decided.
func byHand(s *Snapshot, by string, now time.Time) planner {
	return planner{s: s, now: now, by: by, c: &Changes{Snapshot: s, Counts: map[string]int64{}, Areas: map[int64]int64{}, Last: map[string]time.Time{}}}
}

// PlanMerge decides what merging the persons of two leads by hand changes, and
// returns the number of the lead that survives. Their open leads are merged as at
// intake. What a human says stands over names and over what was said before: that
// they are not the same is taken back, until the merge is undone.
func PlanMerge(s *Snapshot, f *Family, a, b int64, by string, now time.Time) (*Changes, int64, error) {
	p := byHand(s, by, now)
	winner, loser := s.survivor(s.Leads[a].Person), s.survivor(s.Leads[b].Person)
	if winner.ID == loser.ID {
		return nil, 0, &lead.Refusal{Class: lead.ErrConflict, Text: "both leads are of one person already"}
	}
	if loser.ID < winner.ID { // who is known longest stays
		winner, loser, a, b = loser, winner, b, a
	}
	with, gone := s.under(winner.ID), s.under(loser.ID)
	lifted := f.between(with, gone)
	p.merge(winner, loser, reasonByHand, 0)
	row := &p.c.Merges[0]
	row.Before.Lifted = lifted
	if row.Lead == 0 {
		p.c.Entries = nil
		p.noteOne(a, b, reasonByHand)
	}
	for _, m := range lifted {
		p.c.Marks = append(p.c.Marks, Mark{At: now, A: m[0], B: m[1], By: by, Drop: true})
	}
	p.c.Decided = append(p.c.Decided, DecidedRow{At: now, A: with, B: gone, By: by, How: DecidedMerged})
	p.c.Touch(p.touched)
	if open := winner.OpenLead; open != 0 {
		a = open
	}
	return p.c, a, nil
}

// between returns the marks that keep some persons from some others.
func (f *Family) between(some, others []int64) [][2]int64 {
	at := map[int64]int{}
	for _, id := range some {
		at[id] = 1
	}
	for _, id := range others {
		at[id] = 2
	}
	var out [][2]int64
	for _, m := range f.Marks {
		if at[m[0]]+at[m[1]] == 3 && at[m[0]] != 0 && at[m[1]] != 0 {
			out = append(out, m)
		}
	}
	return out
}

// PlanNotSame decides what it changes that the persons of two leads are not the
// same: nothing merges them by itself from now on.
func PlanNotSame(s *Snapshot, f *Family, a, b int64, by string, now time.Time) (*Changes, error) {
	p := byHand(s, by, now)
	one, other := s.survivor(s.Leads[a].Person), s.survivor(s.Leads[b].Person)
	if one.ID == other.ID {
		return nil, &lead.Refusal{Class: lead.ErrConflict, Text: "both leads are of one person: undo the merge that made them one"}
	}
	some, others := s.under(one.ID), s.under(other.ID)
	if len(f.between(some, others)) > 0 {
		return p.c, nil // it was said before
	}
	p.c.Marks = append(p.c.Marks, Mark{At: now, A: one.ID, B: other.ID, By: by})
	p.c.Decided = append(p.c.Decided, DecidedRow{At: now, A: some, B: others, By: by, How: DecidedNotSame})
	p.note(a, "not-same", fmt.Sprintf("the person is not that of lead %d", b))
	p.note(b, "not-same", fmt.Sprintf("the person is not that of lead %d", a))
	return p.c, nil
}
