package store

import (
	"fmt"
	"slices"

	"leadgate/dedupe"
	"leadgate/lead"
)

// Wanted is what must be loaded, under lock, before a batch can be decided.
type Wanted struct {
	Deliveries []lead.ID
	Inquiries  []lead.ID
	Keys       []string
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
			w.Keys = append(w.Keys, KeysOf(q)...)
		}
		for _, u := range it.Updates {
			w.Inquiries = append(w.Inquiries, lead.DeriveID(u.Scope, u.About))
			w.Keys = append(w.Keys, KeysOf(&u.Patch)...)
		}
	}
	byBytes := func(a, b lead.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(w.Deliveries, byBytes)
	slices.SortFunc(w.Inquiries, byBytes)
	slices.Sort(w.Keys)
	w.Deliveries, w.Inquiries, w.Keys = slices.Compact(w.Deliveries), slices.Compact(w.Inquiries), slices.Compact(w.Keys)
	return w
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
