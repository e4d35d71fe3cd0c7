package store

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"leadgate/lead"
)

// An undo takes something out of the middle of a history: of a person or a lead it
// runs through what they were told and merged with, once with it and once without.
// Where the two runs differ and what is kept now is what the first came to, it
// becomes what the second came to. Whatever else is kept was changed by other hands
// since, and stays.

// since decides one field so.
func since[T any](with, without, now T, same func(a, b T) bool) T {
	if same(with, now) && !same(with, without) {
		return without
	}
	return now
}

func equal[T comparable](a, b T) bool { return a == b }

// sinceList decides each value of a list by itself: what was added since stays.
func sinceList[T comparable](with, without, now []T) []T {
	switch {
	case slices.Equal(with, without):
		return now
	case slices.Equal(with, now):
		return slices.Clone(without)
	}
	var out []T
	for _, v := range now {
		if !slices.Contains(with, v) || slices.Contains(without, v) {
			out = append(out, v)
		}
	}
	for _, v := range without {
		if !slices.Contains(with, v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func sinceMap(with, without, now map[string]string) map[string]string {
	out := maps.Clone(now)
	for k, v := range with {
		if kept, ok := now[k]; !ok || kept != v {
			continue
		}
		if w, ok := without[k]; !ok {
			delete(out, k)
		} else {
			out[k] = w
		}
	}
	for k, v := range without {
		if _, ok := with[k]; !ok && out[k] == "" {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = v
		}
	}
	return out
}

// rebasedPerson takes back what a person is known by.
func rebasedPerson(with, without, now known) known {
	now.Name = since(with.Name, without.Name, now.Name, equal)
	now.Company = since(with.Company, without.Company, now.Company, equal)
	now.Holds = sinceList(with.Holds, without.Holds, now.Holds)
	now.Profiles = without.Profiles // nothing but what was said makes them
	now.last = since(with.last, without.last, now.last, equal)
	return now
}

// rebasedLead takes back what absorb and say brought into a lead. Its stage and who
// it belongs to are nothing that others bring.
func rebasedLead(with, without, now *lead.Lead) lead.Lead {
	l := *copied(now)
	for _, f := range [...]struct{ with, without, now *string }{
		{&with.Title, &without.Title, &l.Title}, {&with.Name, &without.Name, &l.Name},
		{&with.Company, &without.Company, &l.Company}, {&with.Owner, &without.Owner, &l.Owner},
	} {
		*f.now = since(*f.with, *f.without, *f.now, equal)
	}
	money := since([2]string{with.Amount, with.Currency}, [2]string{without.Amount, without.Currency}, [2]string{l.Amount, l.Currency}, equal)
	l.Amount, l.Currency = money[0], money[1]
	l.Emails = sinceList(with.Emails, without.Emails, l.Emails)
	l.Phones = sinceList(with.Phones, without.Phones, l.Phones)
	l.Handles = sinceList(with.Handles, without.Handles, l.Handles)
	l.Tags = sinceList(with.Tags, without.Tags, l.Tags)
	l.Fields = sinceMap(with.Fields, without.Fields, l.Fields)
	l.Anonymous = since(with.Anonymous, without.Anonymous, l.Anonymous, equal)
	l.Attribution.First = since(with.Attribution.First, without.Attribution.First, l.Attribution.First, sameAttribution)
	l.Attribution.Last = since(with.Attribution.Last, without.Attribution.Last, l.Attribution.Last, sameAttribution)
	l.UpdatedAt = since(with.UpdatedAt, without.UpdatedAt, l.UpdatedAt, sameTime)
	if l.Emails == nil {
		l.Emails = []string{}
	}
	if l.Phones == nil {
		l.Phones = []string{}
	}
	return l
}

func sameAttribution(a, b lead.Attribution) bool {
	return a.IsZero() && b.IsZero() || reflect.DeepEqual(a, b)
}

// sameTime compares as exactly as times are kept.
func sameTime(a, b time.Time) bool {
	return a.IsZero() == b.IsZero() && (a.IsZero() || a.UnixMicro() == b.UnixMicro())
}
