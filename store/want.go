package store

import (
	"fmt"
	"slices"
	"time"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Wanted is what must be loaded, under lock, before a batch can be decided.
type Wanted struct {
	Deliveries []lead.ID
	Inquiries  []lead.ID
	Keys       []string
	Blocks     []int64 // keys of what senders resemble, sorted; nothing needs to be locked for them
	Areas      []int64 // keys of where senders live, sorted; empty when none says
	Sources    []string
	// From and To are when what may be a double click was taken: what was said on
	// the leads between them must be loaded. Both are zero when there is nothing to ask.
	From, To time.Time
}

// Want collects what a batch needs. Engines lock keys in the order given, which
// is sorted and free of repeats, so that batches cannot wait for each other in a circle.
func Want(items []Item) Wanted {
	var w Wanted
	for i := range items {
		it := &items[i]
		w.Deliveries = append(w.Deliveries, it.Delivery.ID)
		for n := range it.Inquiries {
			q := &it.Inquiries[n]
			w.Inquiries = append(w.Inquiries, inquiryID(it, n))
			w.add(it.sender(n), q.Source)
			if q.Key == "" {
				w.around(q.Received)
			}
		}
		for _, u := range it.Updates {
			w.Inquiries = append(w.Inquiries, lead.DeriveID(u.Scope, u.About))
			w.add(senderOf(&u.Patch), it.Delivery.Source)
		}
	}
	byBytes := func(a, b lead.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(w.Deliveries, byBytes)
	slices.SortFunc(w.Inquiries, byBytes)
	slices.Sort(w.Keys)
	slices.Sort(w.Blocks)
	slices.Sort(w.Areas)
	slices.Sort(w.Sources)
	w.Blocks, w.Areas, w.Sources = slices.Compact(w.Blocks), slices.Compact(w.Areas), slices.Compact(w.Sources)
	w.Deliveries, w.Inquiries, w.Keys = slices.Compact(w.Deliveries), slices.Compact(w.Inquiries), slices.Compact(w.Keys)
	return w
}

func (w *Wanted) add(s *sender, source string) {
	for _, k := range s.keys {
		w.Keys = append(w.Keys, k.Value)
	}
	w.Blocks = append(w.Blocks, s.blocks...)
	if s.called != 0 {
		w.Blocks = append(w.Blocks, s.called)
	}
	if s.postcode != 0 || s.city != 0 {
		w.Areas = append(w.Areas, dedupe.AllAreas, s.postcode, s.city)
	}
	w.Sources = append(w.Sources, source)
}

func (w *Wanted) around(at time.Time) {
	if from := at.Add(-sameContent); w.From.IsZero() || from.Before(w.From) {
		w.From = from
	}
	if to := at.Add(sameContent); to.After(w.To) {
		w.To = to
	}
}

// Missing returns, sorted, the keys that what was loaded makes necessary beside
// those that were asked for: what known inquiries are found by, since an update
// can make them meet their person, and names on crowded values. asked is sorted.
// An engine asks again until there are none.
func (s *Snapshot) Missing(items []Item, asked []string) []string {
	var more []string
	named := func(q *lead.Inquiry) {
		for _, k := range dedupe.Strong(dedupe.Keys(q)) {
			if len(s.Holders[k.Value]) < dedupe.Crowd {
				continue
			}
			if key, ok := dedupe.NameKey(k, q.Name); ok {
				more = append(more, key)
			}
		}
	}
	for _, st := range s.Inquiries {
		more = append(more, KeysOf(&st.Touch.Inquiry)...)
		for i := range st.Rows { // of an inquiry that waits there is no touch yet
			more = append(more, KeysOf(&st.Rows[i].Says)...)
		}
		named(&st.Touch.Inquiry)
	}
	if s.crowded() {
		for i := range items {
			for n := range items[i].Inquiries {
				named(&items[i].Inquiries[n])
			}
		}
	}
	slices.Sort(more)
	return slices.DeleteFunc(slices.Compact(more), func(k string) bool {
		_, found := slices.BinarySearch(asked, k)
		return found
	})
}

// Finer returns the keys of further blocks that must be loaded: those of senders
// with a common name.
func (s *Snapshot) Finer(items []Item) []int64 {
	var keys []int64
	for i := range items {
		for n := range items[i].Inquiries {
			if from := items[i].sender(n); s.common(from) {
				keys = append(keys, from.finer()...)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *Snapshot) crowded() bool {
	for _, h := range s.Holders {
		if len(h) >= dedupe.Crowd {
			return true
		}
	}
	return false
}

// Retold returns the deliveries whose receipts must be loaded: those that are read
// again, and those of inquiries that have no lead yet.
func (s *Snapshot) Retold(items []Item) []lead.ID {
	var ids []lead.ID
	for i := range items {
		if id := items[i].Delivery.ID; items[i].Replay && s.Known[id] {
			ids = append(ids, id)
		}
	}
	for _, st := range s.Inquiries {
		for i := range st.Rows {
			if st.Lead == 0 {
				ids = append(ids, st.Rows[i].Source)
			}
		}
	}
	return ids
}

// KeysOf returns the keys an inquiry's persons are looked up by.
func KeysOf(q *lead.Inquiry) []string {
	var out []string
	for _, k := range dedupe.Keys(q) {
		out = append(out, k.Value)
	}
	return out
}

// inquiryKey returns the key of an inquiry, which is its place in its delivery
// when the provider gives it no name.
func inquiryKey(it *Item, n int) string {
	if k := it.Inquiries[n].Key; k != "" {
		return k
	}
	return fmt.Sprintf("%s#%d", it.Delivery.ID, n)
}

func inquiryID(it *Item, n int) lead.ID {
	return lead.DeriveID(it.Inquiries[n].Scope, inquiryKey(it, n))
}
