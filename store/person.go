package store

import (
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// candidates are the standing persons that hold any of the keys.
func (p *planner) candidates(keys []dedupe.Key) []dedupe.Candidate {
	var out []dedupe.Candidate
	for _, k := range keys {
		holders := p.s.Holders[k.Value]
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
			out[i].Held = append(out[i].Held, dedupe.Holding{Key: k, Holders: people(holders), Heard: h.Heard})
		}
	}
	return out
}

// people counts the different persons among holders.
func people(holders []*Holder) int {
	seen := map[int64]bool{}
	for _, h := range holders {
		if h.Person != 0 {
			seen[h.Person] = true
		}
	}
	return len(seen)
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
		p.merge(ps, p.s.Persons[id], d.Reason)
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

// hold makes the person a holder of the keys.
func (p *planner) hold(keys []dedupe.Key, person *PersonState, at time.Time) {
	for _, k := range keys {
		holders := p.s.Holders[k.Value]
		for _, h := range holders {
			h.Drop = h.Drop || h.Person == 0
		}
		i := slices.IndexFunc(holders, func(h *Holder) bool { return h.Person == person.ID })
		switch {
		case i < 0:
			p.s.Holders[k.Value] = append(holders, &Holder{Key: k.Value, Person: person.ID, Heard: at, state: state{New: true}})
		case people(holders) > 1 && at.After(holders[i].Heard): // only a shared value asks who was heard last
			holders[i].Heard, holders[i].Changed = at, true
		}
	}
}
