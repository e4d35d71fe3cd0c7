package store

import (
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// asked is the question whose an inquiry is, with where its sender is looked for.
type asked struct {
	*sender
	dedupe.Question
}

// ask makes the question of an inquiry that was made at a time.
func (p *planner) ask(from *sender, at time.Time) *asked {
	q := dedupe.Question{Name: from.name, Keys: from.keys, Profile: from.profile, At: at, People: p.s.People, Namesakes: p.s.distinct(p.s.Blocks[from.called]), Import: from.imported, Names: p.s.Names[from.source], Rules: p.s.Rules,
		Area: dedupe.Shares{Postcode: p.s.Areas[from.postcode], City: p.s.Areas[from.city], All: p.s.Areas[dedupe.AllAreas]}}
	return &asked{from, q}
}

// settle counts where a person lives, the first time it is told; n is -1 to take it back.
func (p *planner) settle(from *sender, n int64) {
	if from.postcode == 0 && from.city == 0 {
		return
	}
	count := func(k int64) { p.s.Areas[k] += n; p.c.Areas[k] += n }
	count(dedupe.AllAreas)
	if from.postcode != 0 {
		count(from.postcode)
	}
	if from.city != 0 {
		count(from.city)
	}
}

// resolve decides whose an inquiry is.
func (p *planner) resolve(who *asked) lead.Decision {
	return dedupe.Decide(&who.Question, p.candidates(who), p.s.NotSame.Differ)
}

// candidates are the standing persons that hold any of the keys, of a crowded
// value some and those of the same name, and those that resemble the sender.
func (p *planner) candidates(who *asked) []dedupe.Candidate {
	var out []dedupe.Candidate
	known := map[int64]int{}
	add := func(id int64) *dedupe.Candidate {
		person := p.s.Persons[p.s.stands(id)]
		if person == nil { // person 0: a conversation in quarantine
			return nil
		}
		i, ok := known[person.ID]
		if !ok {
			i = len(out)
			known[person.ID] = i
			out = append(out, dedupe.Candidate{Person: person.Person, Heard: p.heard(person)})
		}
		return &out[i]
	}
	for _, k := range who.Keys {
		holders := p.s.Holders[k.Value]
		if len(holders) == 0 {
			continue
		}
		if len(holders) >= dedupe.Crowd {
			if key, ok := dedupe.NameKey(k, who.Name); ok {
				holders = slices.Concat(holders, p.s.Holders[key])
			}
		}
		n := p.people(holders)
		for _, h := range holders {
			if c := add(h.Person); c != nil {
				c.Held = append(c.Held, dedupe.Holding{Key: k, Holders: n, Heard: h.Heard})
			}
		}
	}
	if p.s.Rules != dedupe.All {
		return out
	}
	blocks := who.blocks
	if p.s.common(who.sender) {
		blocks = append(slices.Clip(blocks), who.finer()...)
	}
	for _, b := range blocks {
		if in := p.s.Blocks[b]; !Crowded(in) && p.s.distinct(in) < dedupe.BlockCrowd {
			for _, r := range in {
				add(r.Person)
			}
		}
	}
	for _, r := range p.s.Blocks[who.called] {
		add(r.Person)
	}
	return out
}

// heard returns when a person was last heard, as far as their leads tell.
func (p *planner) heard(person *PersonState) time.Time {
	for _, number := range [...]int64{person.OpenLead, person.LastLead} {
		if l := p.s.Leads[number]; l != nil {
			return l.UpdatedAt
		}
	}
	return time.Time{}
}

// people counts the different persons among holders.
func (p *planner) people(holders []*Holder) int {
	n := 0
	for i, h := range holders {
		person := p.s.stands(h.Person)
		if person != 0 && !slices.ContainsFunc(holders[:i], func(o *Holder) bool { return p.s.stands(o.Person) == person }) {
			n++
		}
	}
	return n
}

// person returns the person of a decision: a new one, or a known one after the
// merges the decision asks for. What the inquiry tells is theirs from now on.
func (p *planner) person(d lead.Decision, who *asked) *PersonState {
	p.countNames(who.source, d.Names)
	if d.Person == 0 {
		ps := &PersonState{Person: lead.Person{ID: p.s.NextPerson(), Name: who.name, Company: who.company}, state: state{New: true}}
		p.s.Persons[ps.ID] = ps
		p.s.People++
		return ps
	}
	ps := p.s.Persons[d.Person]
	for _, id := range d.Merge {
		p.merge(ps, p.s.Persons[id], d.Reason, d.Score)
	}
	if d.Foreign {
		return ps
	}
	if better(who.name, ps.Name) {
		ps.Name, ps.Changed = who.name, true
	}
	if ps.Company == "" && who.company != "" {
		ps.Company, ps.Changed = who.company, true
	}
	return ps
}

// countNames keeps what was seen of names at a source.
func (p *planner) countNames(source string, n lead.NameCount) {
	if n == (lead.NameCount{}) {
		return
	}
	if p.s.Names == nil {
		p.s.Names = map[string]lead.NameCount{}
	}
	sum := p.s.Names[source]
	p.s.Names[source] = lead.NameCount{Kept: sum.Kept + n.Kept, Replaced: sum.Replaced + n.Replaced}
	p.c.Count(CountKept+source, n.Kept)
	p.c.Count(CountReplaced+source, n.Replaced)
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

// hold makes the person a holder of the keys, and lets them be found by what they
// resemble. A crowded value takes further holders under their names only, so that
// it stays quick to read.
func (p *planner) hold(who *asked, person *PersonState) {
	if person.Holds == nil {
		person.Holds = make([]string, 0, len(who.Keys))
	}
	for _, k := range who.Keys {
		if g := k.Group(); k.Kind != dedupe.KindThread && k.Kind != lead.IdentityVisitor && !slices.Contains(person.Holds, g) {
			person.Holds, person.Changed = append(person.Holds, g), true
		}
		p.holdKey(k, person, who.At)
	}
	settled := hasArea(person)
	var told bool
	if person.Profiles, told = dedupe.AddProfile(person.Profiles, who.Profile); told {
		if !settled {
			p.settle(who.sender, 1)
		}
		person.Changed = true
		p.block(who, person)
		if !person.New {
			p.c.Grown = append(p.c.Grown, person.ID)
		}
	}
}

// hasArea reports whether it is known where a person lives.
func hasArea(person *PersonState) bool {
	return slices.ContainsFunc(person.Profiles, func(f lead.Profile) bool { return f.Postcode != "" || f.City != "" })
}

func (p *planner) holdKey(k dedupe.Key, person *PersonState, at time.Time) {
	key := k.Value
	holders := p.s.Holders[key]
	i := p.holding(holders, person.ID)
	if i < 0 && len(holders) >= dedupe.Crowd {
		var ok bool
		if key, ok = dedupe.NameKey(k, person.Name); !ok {
			return
		}
		holders = p.s.Holders[key]
		i = p.holding(holders, person.ID)
	}
	for _, h := range holders {
		h.Drop = h.Drop || h.Person == 0
	}
	switch {
	case i < 0:
		p.s.Holders[key] = append(holders, &Holder{Key: key, Person: person.ID, Row: person.ID, Heard: at, state: state{New: true}})
	case at.After(holders[i].Heard) && (p.people(holders) > 1 || k.Kind == lead.IdentityVisitor && at.Sub(holders[i].Heard) > time.Hour):
		holders[i].Heard, holders[i].Changed = at, true // only a shared value, and a browser, asks when it was heard last
	}
}

// block makes the person findable by what they resemble.
func (p *planner) block(who *asked, person *PersonState) {
	blocks := who.blocks
	switch {
	case p.s.common(who.sender):
		blocks = append(slices.Clip(blocks), who.finer()...)
	case who.called != 0:
		p.inBlock(who.called, person.ID)
	}
	for _, k := range blocks {
		p.inBlock(k, person.ID)
	}
}

func (p *planner) inBlock(key, person int64) {
	if p.s.Blocks == nil {
		p.s.Blocks = map[int64][]BlockRow{}
	}
	in := p.s.Blocks[key]
	if Crowded(in) || slices.ContainsFunc(in, func(r BlockRow) bool { return p.s.stands(r.Person) == person }) || p.s.distinct(in) >= dedupe.BlockCrowd {
		return
	}
	row := BlockRow{Key: key, Person: person}
	p.s.Blocks[key] = append(in, row)
	p.c.Blocks = append(p.c.Blocks, row)
}

func (p *planner) holding(holders []*Holder, person int64) int {
	return slices.IndexFunc(holders, func(h *Holder) bool { return p.s.stands(h.Person) == person })
}

// review puts persons that may be one before a human.
func (p *planner) review(d lead.Decision, person int64) {
	for _, o := range d.Review {
		if o.Person != 0 && o.Person != person && !p.s.NotSame.Differ(o.Person, person) {
			p.c.Reviews = append(p.c.Reviews, ReviewRow{At: p.now, A: min(o.Person, person), B: max(o.Person, person), Reason: o.Reason, Score: o.Score})
		}
	}
}
