package store

import (
	"cmp"
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Family is what a human's decision about persons needs beside a snapshot that holds
// them, everybody merged into them, and their leads, merged ones too.
type Family struct {
	Merges  []*MergeState             // among them, those that stand, oldest first
	Touches []*InquiryState           // on their leads, in the order they were stored; none needed to merge
	Marks   [][2]int64                // of them that were said to be different, as stored, each pair once
	Edited  map[int64]map[string]bool // what people changed on their leads, as the entries of their timelines name it
}

// MergeState is a stored merge.
type MergeState struct {
	ID   int64 // names its row; later merges have higher ones
	Seen int64 // N of the newest inquiry that was stored before its transaction
	MergeRow
	Undone  bool
	Changed bool // what was before it became another
}

// Keys returns, sorted, what the touches of a family are found by: who holds it must
// be loaded before a merge can be undone.
func (f *Family) Keys(s *Snapshot) []string {
	var out []string
	for _, t := range f.Touches {
		if t.Person == 0 {
			continue
		}
		for _, k := range dedupe.Keys(&t.Touch.Inquiry) {
			out = append(out, heldUnder(s, t, k)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Retold returns the deliveries whose receipts must be loaded before a merge can be
// undone: of what was said since the first of them, which may move.
func (f *Family) Retold() []lead.ID {
	if len(f.Merges) == 0 {
		return nil
	}
	var out []lead.ID
	for _, t := range f.Touches {
		if t.N > f.Merges[0].Seen {
			out = append(out, t.Touch.DeliveryID)
		}
	}
	return out
}

// heldUnder returns under which keys the value of a touch may be held: itself, or,
// of a crowded one, with a name.
func heldUnder(s *Snapshot, t *InquiryState, k dedupe.Key) []string {
	out := []string{k.Value}
	for _, p := range []*PersonState{s.Persons[t.Person], s.survivor(t.Person)} {
		if p == nil {
			continue
		}
		if key, ok := dedupe.NameKey(k, p.Name); ok && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	if key, ok := dedupe.NameKey(k, t.Touch.Name); ok && !slices.Contains(out, key) {
		out = append(out, key)
	}
	return out
}

// under returns a person and everybody merged into them, sorted.
func (s *Snapshot) under(person int64) []int64 {
	out := []int64{person}
	for i := 0; i < len(out); i++ {
		for id, p := range s.Persons {
			if p.MergedInto == out[i] {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// survivor follows the pointers of merged persons.
func (s *Snapshot) survivor(person int64) *PersonState {
	p := s.Persons[person]
	for p != nil && p.MergedInto != 0 {
		p = s.Persons[p.MergedInto]
	}
	return p
}

// Merged returns the merge that took a lead away; of a lead that stands, the newest
// one that is about it or about no lead, else the newest of its person. nil for none.
func (f *Family) Merged(s *Snapshot, number int64) *MergeState {
	if l := s.Leads[number]; l == nil {
		return nil
	} else if l.MergedInto != 0 {
		taken := f.merges(func(m *MergeState) bool { return m.Lead == number })
		if len(taken) == 0 {
			return nil
		}
		return taken[len(taken)-1]
	}
	about := f.merges(func(m *MergeState) bool {
		return m.Person != 0 && (m.LeadInto == number || m.MovedLead == number || m.Lead == 0 && m.MovedLead == 0)
	})
	if len(about) == 0 {
		about = f.merges(func(m *MergeState) bool { return m.Person != 0 })
	}
	if len(about) == 0 {
		return nil
	}
	return about[len(about)-1]
}

// of returns the merges into a person.
func (f *Family) of(person int64) []*MergeState {
	return f.merges(func(m *MergeState) bool { return m.Into == person })
}

// into returns the merges into a lead.
func (f *Family) into(number int64) []*MergeState {
	return f.merges(func(m *MergeState) bool { return m.Lead != 0 && m.LeadInto == number })
}

func (f *Family) merges(want func(*MergeState) bool) []*MergeState {
	var out []*MergeState
	for _, m := range f.Merges {
		if !m.Undone && want(m) {
			out = append(out, m)
		}
	}
	return out
}

func byN(a, b *InquiryState) int { return cmp.Compare(a.N, b.N) }

// byTime orders touches as they came in.
func byTime(a, b *InquiryState) int {
	return cmp.Or(a.Touch.Received.Compare(b.Touch.Received), cmp.Compare(a.N, b.N))
}
