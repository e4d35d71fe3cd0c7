package store

import (
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Look is what must be loaded to find out who may be the same as some persons.
type Look struct {
	Blocks []int64 // see dedupe.Blocks; sorted
	Areas  []int64
}

// LookAround returns where those are found who resemble some persons.
func LookAround(persons []*PersonState) Look {
	var l Look
	for _, p := range persons {
		for i := range p.Profiles {
			from := profiled(&lead.Inquiry{Name: p.Name}, p.Profiles[i])
			l.Blocks = append(append(l.Blocks, from.blocks...), from.finer()...)
			if from.called != 0 {
				l.Blocks = append(l.Blocks, from.called)
			}
			l.Areas = append(l.Areas, dedupe.AllAreas, from.postcode, from.city)
		}
	}
	slices.Sort(l.Blocks)
	slices.Sort(l.Areas)
	l.Blocks, l.Areas = slices.Compact(l.Blocks), slices.Compact(l.Areas)
	return l
}

// Around returns where those are found who resemble the senders of known inquiries:
// updates, and what is released or was waiting, are placed like new ones.
func (s *Snapshot) Around() (l Look, sources []string) {
	for _, st := range s.Inquiries {
		from := senderOf(&st.Touch.Inquiry)
		for i := range st.Rows {
			if st.Lead == 0 && len(st.Rows) > 1 {
				more := senderOf(&st.Rows[i].Says)
				l.Blocks, l.Areas = append(l.Blocks, more.blocks...), append(l.Areas, more.postcode, more.city)
			}
		}
		l.Blocks = append(append(append(l.Blocks, from.blocks...), from.finer()...), from.called)
		l.Areas = append(l.Areas, dedupe.AllAreas, from.postcode, from.city)
		sources = append(sources, from.source)
	}
	for _, list := range []*[]int64{&l.Blocks, &l.Areas} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(sources)
	return l, slices.Compact(sources)
}

// PlanProposals compares persons with all who resemble them, by what is known of
// both by now, and puts pairs before a human. It changes nothing else.
func PlanProposals(s *Snapshot, persons []int64, now time.Time) *Changes {
	p := byHand(s, "", now)
	seen := map[[2]int64]bool{}
	for _, id := range persons {
		person := s.Persons[id]
		if person == nil || person.MergedInto != 0 {
			continue
		}
		for _, d := range p.propose(person) {
			pair := [2]int64{min(id, d.Person), max(id, d.Person)}
			if !seen[pair] {
				seen[pair] = true
				p.c.Reviews = append(p.c.Reviews, ReviewRow{At: now, A: pair[0], B: pair[1], Reason: d.Reason, Score: d.Score})
			}
		}
	}
	return p.c
}

func (p *planner) propose(person *PersonState) []lead.Doubt {
	var of *asked
	var candidates []dedupe.Candidate
	for i := range person.Profiles {
		who := p.ask(profiled(&lead.Inquiry{Name: person.Name}, person.Profiles[i]), p.now)
		if of == nil || who.Area.Postcode+who.Area.City > of.Area.Postcode+of.Area.City {
			of = who
		}
		for _, c := range p.candidates(who) {
			if !slices.ContainsFunc(candidates, func(o dedupe.Candidate) bool { return o.Person.ID == c.Person.ID }) {
				candidates = append(candidates, c)
			}
		}
	}
	if of == nil {
		return nil
	}
	return dedupe.Propose(&of.Question, &person.Person, candidates, p.s.NotSame.Differ)
}
