package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// merge joins loser into winner by pointer, with their open leads. score is 0 when
// no score decided.
func (p *planner) merge(winner, loser *PersonState, reason string, score float64) {
	row := MergeRow{At: p.now, Person: loser.ID, Into: winner.ID, Reason: reason, Score: score, By: p.by, Before: before(winner.known())}
	from, into := p.s.Leads[loser.OpenLead], p.s.Leads[winner.OpenLead]
	switch {
	case from != nil && into != nil:
		row.Lead, row.LeadInto, row.Before.Lead = from.Number, into.Number, copied(&into.Lead)
		p.mergeLeads(into, from, told(&row))
	case from != nil:
		row.MovedLead = from.Number
		from.Person, from.Changed = winner.ID, true
		winner.OpenLead = from.Number
		p.touched = append(p.touched, from.Number)
	}
	if row.Lead == 0 {
		p.noteOne(cmp.Or(loser.OpenLead, loser.LastLead), winner.LastLead, told(&row))
	}
	loser.OpenLead, loser.MergedInto, loser.Changed = 0, winner.ID, true
	one := joined(winner.known(), loser.known(), row.LeadInto)
	winner.Person, winner.LastLead, winner.Changed = one.Person, one.last, true
	p.s.NotSame.follow(loser.ID, winner.ID)
	p.c.Merges = append(p.c.Merges, row)
	p.c.Decided = append(p.c.Decided, DecidedRow{At: p.now, A: []int64{winner.ID}, B: []int64{loser.ID}, By: p.by, How: DecidedMerged})
}

// told is the reason of a merge as a timeline shows it.
func told(m *MergeRow) string {
	if m.Score == 0 {
		return m.Reason
	}
	return fmt.Sprintf("%s (score %.1f)", m.Reason, m.Score)
}

// noteOne writes into the timelines of two leads that they are of one person. Either
// may be 0, when there is none.
func (p *planner) noteOne(a, b int64, reason string) {
	for _, at := range [...][2]int64{{a, b}, {b, a}} {
		switch {
		case at[0] == 0:
		case at[1] == 0 || at[0] == at[1]:
			p.note(at[0], "merge", "the person was taken for one known before: "+reason)
		default:
			p.note(at[0], "merge", fmt.Sprintf("the person was taken for that of lead %d: %s", at[1], reason))
		}
	}
}

// note writes a line into the timeline of a lead.
func (p *planner) note(number int64, kind, text string) {
	p.c.Entries = append(p.c.Entries, EntryRow{Lead: number, Entry: lead.Entry{ID: lead.NewID(), Kind: kind, At: p.now, By: p.by, Text: text}})
}

// known is a person with the newest lead they ever had.
type known struct {
	lead.Person
	last int64
}

func (ps *PersonState) known() known { return known{ps.Person, ps.LastLead} }

// before keeps what a person was known by.
func before(k known) Before {
	return Before{Name: k.Name, Company: k.Company, Holds: slices.Clone(k.Holds), Profiles: slices.Clone(k.Profiles), Last: k.last}
}

func (b *Before) known() known {
	return known{lead.Person{Name: b.Name, Company: b.Company, Holds: b.Holds, Profiles: b.Profiles}, b.Last}
}

// joined is what two persons are as one. into is the lead their open leads became, 0
// when they did not have two. What a person is known by only grows here, and
// [rebasedPerson] takes it back.
func joined(winner, loser known, into int64) known {
	if better(loser.Name, winner.Name) {
		winner.Name = loser.Name
	}
	winner.Company = cmp.Or(winner.Company, loser.Company)
	winner.Holds = slices.Clip(winner.Holds)
	for _, g := range loser.Holds {
		if !slices.Contains(winner.Holds, g) {
			winner.Holds = append(winner.Holds, g)
		}
	}
	for _, f := range loser.Profiles {
		winner.Profiles, _ = dedupe.AddProfile(winner.Profiles, f)
	}
	winner.last = cmp.Or(into, max(winner.last, loser.last))
	return winner
}

// copied is a lead that later changes do not reach.
func copied(l *lead.Lead) *lead.Lead {
	c := *l
	c.Fields = maps.Clone(l.Fields)
	c.Emails, c.Phones, c.Handles = slices.Clone(l.Emails), slices.Clone(l.Phones), slices.Clone(l.Handles)
	c.Tags, c.MergedFrom = slices.Clone(l.Tags), slices.Clone(l.MergedFrom)
	return &c
}

func (p *planner) mergeLeads(into, from *LeadState, reason string) {
	from.MergedInto, from.Changed = into.Number, true
	into.Changed = true
	into.MergedFrom = append(into.MergedFrom, from.ID)
	into.Touches += from.Touches
	absorb(&into.Lead, &from.Lead)
	p.c.Count(CountLeads+string(from.Status), -1)
	p.note(into.Number, "merge", fmt.Sprintf("lead %d was merged into this one: %s", from.Number, reason))
	p.touched = append(p.touched, into.Number, from.Number)
}

// absorb brings a merged lead's values into the survivor. Given the same two it
// always makes the same, which is how an undo knows what came of it.
func absorb(into, from *lead.Lead) {
	into.Name = cmp.Or(into.Name, from.Name)
	into.Company = cmp.Or(into.Company, from.Company)
	for _, e := range from.Emails {
		addIdentity(into, lead.Identity{Kind: lead.IdentityEmail, Value: e})
	}
	for _, v := range from.Phones {
		addIdentity(into, lead.Identity{Kind: lead.IdentityPhone, Value: v})
	}
	for _, h := range from.Handles {
		addIdentity(into, lead.Identity{Kind: lead.IdentityKind(h.Type), Value: h.Value, Scope: h.Scope})
	}
	for _, k := range slices.Sorted(maps.Keys(from.Fields)) {
		if _, ok := into.Fields[k]; !ok && len(into.Fields) < maxFields {
			if into.Fields == nil {
				into.Fields = map[string]string{}
			}
			into.Fields[k] = from.Fields[k]
		}
	}
	for _, t := range from.Tags {
		if !slices.Contains(into.Tags, t) {
			into.Tags = append(into.Tags, t)
		}
	}
	if into.Amount == "" {
		into.Amount, into.Currency = from.Amount, from.Currency
	}
	if into.Attribution.First.IsZero() || !from.Attribution.First.IsZero() && from.CreatedAt.UnixMicro() < into.CreatedAt.UnixMicro() {
		into.Attribution.First = from.Attribution.First
	}
	if from.UpdatedAt.UnixMicro() > into.UpdatedAt.UnixMicro() { // as exact as what is kept
		into.UpdatedAt, into.Attribution.Last = from.UpdatedAt, from.Attribution.Last
	}
	into.Owner = cmp.Or(into.Owner, from.Owner)
	into.Anonymous = into.Anonymous && from.Anonymous
}
