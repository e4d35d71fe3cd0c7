package store

import (
	"slices"

	"leadgate/lead"
)

// NotSame are the persons that a human said are not the same, by the persons that
// stand: what was said of a merged person counts for the survivor.
type NotSame map[int64]map[int64]bool

// Differ reports whether two standing persons must never be merged by themselves.
func (n NotSame) Differ(a, b int64) bool { return n[a][b] }

// Add notes that two standing persons are not the same.
func (n NotSame) Add(a, b int64) {
	for _, p := range [...][2]int64{{a, b}, {b, a}} {
		if n[p[0]] == nil {
			n[p[0]] = map[int64]bool{}
		}
		n[p[0]][p[1]] = true
	}
}

// follow lets what was said of a merged person count for the survivor.
func (n NotSame) follow(loser, winner int64) {
	for other := range n[loser] {
		if other != winner {
			n.Add(winner, other)
		}
	}
}

// apart leaves out of a decision every merge of persons that are not the same: what
// a human said stands over every rule. first is whose the inquiry is before anybody
// else's, 0 when it is whom the decision names.
func (p *planner) apart(d lead.Decision, first int64) lead.Decision {
	if len(d.Merge) == 0 || len(p.s.NotSame) == 0 {
		return d
	}
	all := append([]int64{d.Person}, d.Merge...)
	if i := slices.Index(all, first); i > 0 {
		all[0], all[i] = all[i], all[0]
	}
	var one []int64
	for _, id := range all {
		if !p.differs(id, one) {
			one = append(one, id)
		}
	}
	slices.Sort(one) // who is known longest stays
	d.Person, d.Merge = one[0], one[1:]
	return d
}

func (p *planner) differs(id int64, persons []int64) bool {
	for _, other := range persons {
		if p.s.NotSame.Differ(id, other) {
			return true
		}
	}
	return false
}
