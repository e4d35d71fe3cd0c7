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
	keys           []dedupe.Key
	profile        lead.Profile
	blocks         []int64 // see dedupe.Blocks
	called         int64   // see dedupe.NameBlock
	postcode, city int64   // see dedupe.Areas
}

func senderOf(q *lead.Inquiry) *sender {
	s := &sender{name: q.Name, company: q.Company, source: q.Source, keys: dedupe.Keys(q), profile: dedupe.ProfileOf(q)}
	s.blocks = dedupe.Blocks(&s.profile)
	if s.called = dedupe.NameBlock(&s.profile); s.called != 0 {
		s.blocks = append(s.blocks, s.called)
	}
	s.postcode, s.city = dedupe.Areas(&s.profile)
	return s
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
