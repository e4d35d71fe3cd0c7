package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// merge joins loser into winner by pointer, with their open leads.
func (p *planner) merge(winner, loser *PersonState, d lead.Decision) {
	row := MergeRow{At: p.now, Person: loser.ID, Into: winner.ID, Reason: d.Reason, Score: d.Score,
		Before: Before{Name: winner.Name, Company: winner.Company, Holds: slices.Clone(winner.Holds), Profiles: slices.Clone(winner.Profiles)}}
	loser.MergedInto, loser.Changed = winner.ID, true
	if better(loser.Name, winner.Name) {
		winner.Name = loser.Name
	}
	winner.Company = cmp.Or(winner.Company, loser.Company)
	for _, g := range loser.Holds {
		if !slices.Contains(winner.Holds, g) {
			winner.Holds = append(winner.Holds, g)
		}
	}
	for _, f := range loser.Profiles {
		winner.Profiles, _ = dedupe.AddProfile(winner.Profiles, f)
	}
	winner.LastLead = max(winner.LastLead, loser.LastLead)
	winner.Changed = true
	if from := p.s.Leads[loser.OpenLead]; from != nil {
		if into := p.s.Leads[winner.OpenLead]; into != nil {
			row.Lead, row.LeadInto, row.Before.Lead = from.Number, into.Number, copied(&into.Lead)
			p.mergeLeads(into, from, d.Reason)
			winner.LastLead = into.Number
		} else {
			row.MovedLead = from.Number
			from.Person, from.Changed = winner.ID, true
			winner.OpenLead = from.Number
		}
		loser.OpenLead = 0
	}
	p.c.Merges = append(p.c.Merges, row)
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
	p.c.Entries = append(p.c.Entries, EntryRow{Lead: into.Number, Entry: lead.Entry{ID: lead.NewID(), Kind: "merge", At: p.now,
		Text: fmt.Sprintf("lead %d was merged into this one: %s", from.Number, reason)}})
	p.touched = append(p.touched, into.Number, from.Number)
}

// absorb brings a merged lead's values into the survivor.
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
	for k, v := range from.Fields {
		if _, ok := into.Fields[k]; !ok && len(into.Fields) < maxFields {
			if into.Fields == nil {
				into.Fields = map[string]string{}
			}
			into.Fields[k] = v
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
	if into.Attribution.First.IsZero() || !from.Attribution.First.IsZero() && from.CreatedAt.Before(into.CreatedAt) {
		into.Attribution.First = from.Attribution.First
	}
	if from.UpdatedAt.After(into.UpdatedAt) {
		into.UpdatedAt, into.Attribution.Last = from.UpdatedAt, from.Attribution.Last
	}
	into.Owner = cmp.Or(into.Owner, from.Owner)
	into.Anonymous = into.Anonymous && from.Anonymous
}
