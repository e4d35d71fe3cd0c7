package store

import (
	"leadgate/dedupe"
	"leadgate/lead"
)

// sender is who an inquiry says it is from, and where such a person is looked for.
type sender struct {
	name           lead.Name
	company        string
	source         string
	imported       bool // staff brought it in, in a file
	keys           []dedupe.Key
	profile        lead.Profile
	blocks         []int64 // see dedupe.Blocks
	called         int64   // see dedupe.NameBlock
	postcode, city int64   // see dedupe.Areas
}

func senderOf(q *lead.Inquiry) *sender { return profiled(q, dedupe.ProfileOf(q)) }

// profiled is the sender of an inquiry with a profile.
func profiled(q *lead.Inquiry, profile lead.Profile) *sender {
	s := &sender{name: q.Name, company: q.Company, source: q.Source, imported: q.Kind == lead.KindImport, keys: dedupe.Keys(q), profile: profile}
	s.blocks = dedupe.Blocks(&s.profile)
	s.called = dedupe.NameBlock(&s.profile)
	s.postcode, s.city = dedupe.Areas(&s.profile)
	return s
}

// finer are the blocks a sender of a common name is found in.
func (s *sender) finer() []int64 { return dedupe.FinerBlocks(&s.profile) }

// common reports whether more people are called like a sender than are found by it.
func (s *Snapshot) common(from *sender) bool {
	return from.called != 0 && s.distinct(s.Blocks[from.called]) >= dedupe.Namesakes
}

// sender returns the sender of the n-th inquiry of an item. It is asked for twice,
// before and after what it needs was loaded.
func (it *Item) sender(n int) *sender {
	if it.senders == nil {
		it.senders = make([]*sender, len(it.Inquiries))
	}
	if it.senders[n] == nil {
		it.senders[n] = senderOf(&it.Inquiries[n])
	}
	return it.senders[n]
}
