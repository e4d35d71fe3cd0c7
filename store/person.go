package store

import (
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// candidates are the standing persons that hold any of the keys; of a crowded
// value some, and those of the same name.
func (p *planner) candidates(keys []dedupe.Key, name lead.Name) []dedupe.Candidate {
	var out []dedupe.Candidate
	for _, k := range keys {
		holders := p.s.Holders[k.Value]
		if len(holders) == 0 {
			continue
		}
		if len(holders) >= dedupe.Crowd {
			if key, ok := dedupe.NameKey(k, name); ok {
				holders = slices.Concat(holders, p.s.Holders[key])
			}
		}
		n := people(holders)
		for _, h := range holders {
			person := p.s.Persons[h.Person]
			if person == nil { // person 0: a conversation in quarantine
				continue
			}
			i := slices.IndexFunc(out, func(c dedupe.Candidate) bool { return c.Person.ID == person.ID })
			if i < 0 {
				i = len(out)
				out = append(out, dedupe.Candidate{Person: person.Person})
			}
			out[i].Held = append(out[i].Held, dedupe.Holding{Key: k, Holders: n, Heard: h.Heard})
		}
	}
	return out
}

// people counts the different persons among holders.
func people(holders []*Holder) int {
	n := 0
	for i, h := range holders {
		if h.Person != 0 && !slices.ContainsFunc(holders[:i], func(o *Holder) bool { return o.Person == h.Person }) {
			n++
		}
	}
	return n
}

// person returns the person of a decision: a new one, or a known one after the
// merges the decision asks for.
func (p *planner) person(d lead.Decision, q *lead.Inquiry) *PersonState {
	if d.Person == 0 {
		ps := &PersonState{Person: lead.Person{ID: p.s.NextPerson(), Name: q.Name, Company: q.Company}, state: state{New: true}}
		p.s.Persons[ps.ID] = ps
		return ps
	}
	ps := p.s.Persons[d.Person]
	for _, id := range d.Merge {
		p.merge(ps, p.s.Persons[id], d.Reason, d.Score)
	}
	if d.Foreign {
		return ps
	}
	if better(q.Name, ps.Name) {
		ps.Name, ps.Changed = q.Name, true
	}
	if ps.Company == "" && q.Company != "" {
		ps.Company, ps.Changed = q.Company, true
	}
	return ps
}

// better reports whether a name says more than the one that is kept.
func better(a, b lead.Name) bool {
	score := func(n lead.Name) int {
		switch {
		case n.Given != "" && n.Family != "":
			return 3
		case n.Given != "" || n.Family != "":
			return 2
		case n.Display != "":
			return 1
		}
		return 0
	}
	return score(a) > score(b)
}

// hold makes the person a holder of the keys. A crowded value takes further
// holders under their names only, so that it stays quick to read.
func (p *planner) hold(keys []dedupe.Key, person *PersonState, at time.Time) {
	if person.Holds == nil {
		person.Holds = make([]string, 0, len(keys))
	}
	for _, k := range keys {
		if g := k.Group(); k.Kind != dedupe.KindThread && !slices.Contains(person.Holds, g) {
			person.Holds, person.Changed = append(person.Holds, g), true
		}
		key := k.Value
		holders := p.s.Holders[key]
		i := holding(holders, person.ID)
		if i < 0 && len(holders) >= dedupe.Crowd {
			var ok bool
			if key, ok = dedupe.NameKey(k, person.Name); !ok {
				continue
			}
			holders = p.s.Holders[key]
			i = holding(holders, person.ID)
		}
		for _, h := range holders {
			h.Drop = h.Drop || h.Person == 0
		}
		switch {
		case i < 0:
			p.s.Holders[key] = append(holders, &Holder{Key: key, Person: person.ID, Row: person.ID, Heard: at, state: state{New: true}})
		case people(holders) > 1 && at.After(holders[i].Heard): // only a shared value asks who was heard last
			holders[i].Heard, holders[i].Changed = at, true
		}
	}
}

func holding(holders []*Holder, person int64) int {
	return slices.IndexFunc(holders, func(h *Holder) bool { return h.Person == person })
}

// review puts persons that may be one before a human.
func (p *planner) review(d lead.Decision, person int64) {
	for _, other := range d.Review {
		if other != person && !p.s.NotSame.Differ(other, person) {
			p.c.Reviews = append(p.c.Reviews, ReviewRow{At: p.now, A: min(other, person), B: max(other, person), Reason: d.Reason, Score: d.Score})
		}
	}
}
