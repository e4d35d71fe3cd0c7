package store

import (
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// ever is the number of no inquiry: all were stored before it.
const ever = 1<<63 - 1

// rebaseLead runs through a lead's history without what the undo takes out of it.
// The leads merged into it are rebased before.
func (u *undoing) rebaseLead(number int64) {
	if u.done[number] {
		return
	}
	u.done[number] = true
	merges := u.f.into(number)
	for _, m := range merges {
		if u.changes[m.Lead] {
			u.rebaseLead(m.Lead)
		}
	}
	l := u.s.Leads[number]
	with := &lead.Lead{Number: number, CreatedAt: l.CreatedAt, Anonymous: true, Emails: []string{}, Phones: []string{}}
	without := copied(with)
	touches := u.own[number]
	run := func(upTo int64) {
		for ; len(touches) > 0 && touches[0].N <= upTo; touches = touches[1:] {
			t, keys := touches[0], dedupe.Keys(&touches[0].Touch.Inquiry)
			say(with, t, keys)
			if u.moves[t] == nil {
				say(without, t, keys)
			}
		}
	}
	for _, m := range merges {
		run(m.Seen)
		before := m.Before.Lead
		if m.ID > u.m.ID {
			before = u.parted(number, m.Seen, with, without, before)
		}
		with = copied(m.Before.Lead)
		absorb(with, u.was[m.Lead])
		without = copied(before)
		if m != u.m {
			m.Before.Lead, m.Changed = before, m.ID > u.m.ID
			absorb(without, &u.s.Leads[m.Lead].Lead)
		}
	}
	run(ever)
	owner := u.s.survivor(l.Person)
	anonymous := l.Anonymous || owner == nil || len(owner.Holds) == 0
	l.Lead, l.Changed = *u.parted(number, ever, with, without, &l.Lead), true
	l.Anonymous = l.Anonymous && anonymous
	u.touched = append(u.touched, number)
}

// parted is what becomes of what was kept of a lead, by both runs up to an inquiry.
// Updates told of touches from before the merge since, which no run tells in time.
func (u *undoing) parted(number, upTo int64, with, without, now *lead.Lead) *lead.Lead {
	without = u.remembered(number, upTo, with, without, now)
	l := rebasedLead(with, without, now)
	with = u.forgotten(number, upTo, with, &l)
	without = u.remembered(number, upTo, with, without, &l)
	l = rebasedLead(with, without, &l)
	return &l
}

// remembered lets the run without the merge have what updates told of touches that
// stay, where the run with it had it from somebody else.
func (u *undoing) remembered(number, upTo int64, with, without, now *lead.Lead) *lead.Lead {
	edited := u.f.Edited[number]
	l, without := copied(without), copied(without)
	for _, t := range u.own[number] {
		if u.moves[t] == nil && t.N <= upTo {
			say(l, t, dedupe.Keys(&t.Touch.Inquiry))
		}
	}
	without.Emails = plus(without.Emails, l.Emails, now.Emails)
	without.Phones = plus(without.Phones, l.Phones, now.Phones)
	without.Handles = plus(without.Handles, l.Handles, now.Handles)
	if !edited["tags"] {
		without.Tags = plus(without.Tags, l.Tags, now.Tags)
	}
	for k, v := range l.Fields {
		if had, ok := with.Fields[k]; ok && had == now.Fields[k] && without.Fields[k] == "" && !edited["field "+k] {
			if without.Fields == nil {
				without.Fields = map[string]string{}
			}
			without.Fields[k] = v
		}
	}
	if with.Name == now.Name && without.Name == "" && !edited["name"] {
		without.Name = l.Name
	}
	if with.Company == now.Company && without.Company == "" && !edited["company"] {
		without.Company = l.Company
	}
	return without
}

// plus adds the values of more that are kept now.
func plus[T comparable](list, more, now []T) []T {
	for _, v := range more {
		if slices.Contains(now, v) && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// forgotten lets the run with the merge have what updates told of touches that are
// no longer here.
func (u *undoing) forgotten(number, upTo int64, with, now *lead.Lead) *lead.Lead {
	with = copied(with)
	var back *LeadState
	if u.m.Lead != 0 && u.within(u.m.LeadInto, number) {
		back = u.s.Leads[u.m.Lead]
	}
	for _, t := range u.f.Touches {
		gone := back != nil && u.standing(t.Lead) == back
		if t.N <= upTo && (gone || u.moves[t] != nil && u.within(t.Lead, number)) {
			say(with, t, dedupe.Keys(&t.Touch.Inquiry))
			claim(with, now, &t.Touch.Inquiry)
		}
	}
	return with
}

// claim makes sure that a lead has what an inquiry says where another one has it:
// who spoke first was heard there.
func claim(l, heard *lead.Lead, q *lead.Inquiry) {
	for _, f := range q.Fields {
		if v := cut(f.Value, maxFieldRunes); heard.Fields[f.Key] == v && v != "" {
			if l.Fields == nil {
				l.Fields = map[string]string{}
			}
			l.Fields[f.Key] = v
		}
	}
	if name := q.Name.String(); name == heard.Name {
		l.Name = name
	}
	if q.Company == heard.Company {
		l.Company = q.Company
	}
	if q.Amount == heard.Amount {
		l.Amount, l.Currency = heard.Amount, heard.Currency
	}
}

// within reports whether a lead is another one, or was merged into it.
func (u *undoing) within(number, other int64) bool {
	for number != other {
		l := u.s.Leads[number]
		if l == nil || l.MergedInto == 0 {
			return false
		}
		number = l.MergedInto
	}
	return true
}

// retell brings into the lead they get back what updates told of its touches while
// it was part of another one. What people changed on it stays changed.
func (u *undoing) retell(back *LeadState) {
	edited := u.f.Edited[back.Number]
	l := copied(&back.Lead)
	for _, t := range u.own[back.Number] {
		say(l, t, dedupe.Keys(&t.Touch.Inquiry))
	}
	for k := range l.Fields {
		if _, ok := back.Fields[k]; !ok && edited["field "+k] {
			delete(l.Fields, k)
		}
	}
	for name, f := range map[string]struct{ to, had *string }{
		"name": {&l.Name, &back.Name}, "company": {&l.Company, &back.Company}, "amount": {&l.Amount, &back.Amount}, "currency": {&l.Currency, &back.Currency},
	} {
		if edited[name] {
			*f.to = *f.had
		}
	}
	if edited["tags"] {
		l.Tags = back.Tags
	}
	l.Title, l.UpdatedAt, l.Attribution = back.Title, back.UpdatedAt, back.Attribution
	back.Lead, back.Changed = *l, true
}

// rebasePerson runs through a person's history without the merge that is undone and
// the touches that are the other's.
func (u *undoing) rebasePerson(ps *PersonState) {
	var touches []*InquiryState
	for _, t := range u.f.Touches {
		if t.Person == ps.ID {
			touches = append(touches, t)
		}
	}
	with, without := known{}, known{}
	hear := func(upTo int64) {
		for ; len(touches) > 0 && touches[0].N <= upTo; touches = touches[1:] {
			with = heard(with, touches[0])
			if u.side[touches[0]] != theirs {
				without = heard(without, touches[0])
			}
		}
	}
	for _, m := range u.f.of(ps.ID) {
		hear(m.Seen)
		was := m.Before.known()
		one := rebasedPerson(with, without, was)
		with, without = joined(was, u.knew[m.Person], m.LeadInto), one
		if m != u.m {
			leads, lifted := m.Before.Lead, m.Before.Lifted
			m.Before, m.Changed = before(one), true
			m.Before.Lead, m.Before.Lifted = leads, lifted
			without = joined(one, u.s.Persons[m.Person].known(), m.LeadInto)
		}
	}
	hear(ever)
	one := rebasedPerson(with, without, u.knew[ps.ID])
	one = rebasedPerson(u.unheard(with, one), without, one)
	ps.Person, ps.LastLead, ps.Changed = one.Person, one.last, true
}

// unheard lets the run with the merge have what updates told of their touches since.
func (u *undoing) unheard(with, now known) known {
	for _, t := range u.f.Touches {
		if t.Person == 0 || u.side[t] != theirs {
			continue
		}
		with = heard(with, t)
		if t.Touch.Name == now.Name {
			with.Name = now.Name
		}
		if t.Touch.Company == now.Company {
			with.Company = now.Company
		}
	}
	with.last = now.last
	return with
}

// heard is what a touch makes of a person, as at intake.
func heard(k known, t *InquiryState) known {
	if better(t.Touch.Name, k.Name) {
		k.Name = t.Touch.Name
	}
	if k.Company == "" {
		k.Company = t.Touch.Company
	}
	k.Profiles, _ = dedupe.AddProfile(k.Profiles, dedupe.ProfileOf(&t.Touch.Inquiry))
	k.Holds = slices.Clip(k.Holds)
	for _, key := range dedupe.Strong(dedupe.Keys(&t.Touch.Inquiry)) {
		if g := key.Group(); !slices.Contains(k.Holds, g) {
			k.Holds = append(k.Holds, g)
		}
	}
	if t.Touch.Verdict == lead.Created {
		k.last = t.Lead
	}
	return k
}
