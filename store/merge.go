package store

import (
	"cmp"
	"fmt"
	"slices"

	"leadgate/lead"
)

// merge joins loser into winner by pointer, with their open leads.
func (p *planner) merge(winner, loser *PersonState, reason string) {
	row := MergeRow{At: p.now, Person: loser.ID, Into: winner.ID, Reason: reason}
	loser.MergedInto, loser.Changed = winner.ID, true
	if better(loser.Name, winner.Name) {
		winner.Name = loser.Name
	}
	winner.Leads += loser.Leads
	winner.Changed = true
	if from := p.s.Leads[loser.OpenLead]; from != nil {
		if into := p.s.Leads[winner.OpenLead]; into != nil {
			row.Lead, row.LeadInto = from.Number, into.Number
			p.mergeLeads(into, from, reason)
		} else {
			row.MovedLead = from.Number
			from.Person, from.Changed = winner.ID, true
			winner.OpenLead = from.Number
		}
	}
	for key, holders := range p.s.Holders {
		p.s.Holders[key] = followed(holders, loser.ID, winner.ID)
	}
	p.c.Merges = append(p.c.Merges, row)
}

// followed replaces a merged person among holders by the survivor. The rows of
// the merged one stay in the store, so that a merge can be undone.
func followed(holders []*Holder, loser, winner int64) []*Holder {
	i := slices.IndexFunc(holders, func(h *Holder) bool { return h.Person == loser })
	if i < 0 {
		return holders
	}
	if slices.ContainsFunc(holders, func(h *Holder) bool { return h.Person == winner }) {
		if holders[i].New { // not stored yet: keep it for the engine to write
			return holders
		}
		return slices.Delete(slices.Clone(holders), i, i+1)
	}
	if holders[i].New {
		return append(slices.Clone(holders), &Holder{Key: holders[i].Key, Person: winner, Heard: holders[i].Heard, state: state{New: true}})
	}
	out := slices.Clone(holders)
	out[i] = &Holder{Key: holders[i].Key, Person: winner, Heard: holders[i].Heard}
	return out
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
