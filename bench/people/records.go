package people

import (
	"fmt"
	"slices"
	"time"
)

// RecordOptions say what records are like.
type RecordOptions struct {
	Region     string   // US, GB, AU, DE, ES, FR or UA
	Columns    []Column // beside the id
	Copied     float64  // share of the people of whom there are damaged copies
	MostCopies int      // of one person; few are frequent, many rare
	PerRecord  int      // most damages of a copy; it has one at least
	PerField   int      // most damages of one field
	Lost       float64  // share of the damages that lose a value or put in a wrong one
	Common     bool     // family names are the frequent ones only, so that namesakes abound
	Households bool     // some people share name and address, twins the birth date too
}

// Records makes n records of persons, clean ones and copies damaged the way typing,
// listening and scanning do it, in no order.
func Records(seed uint64, n int, o RecordOptions) (*Set, error) {
	w, err := newWorld(seed, recordsDice, o.Region)
	if err != nil {
		return nil, err
	}
	w.common = o.Common
	s := &Set{Columns: append([]Column{ID}, slices.DeleteFunc(slices.Clone(o.Columns), func(c Column) bool { return c == ID })...), people: map[string]ties{}}
	for len(s.Records) < n {
		in := []*person{w.anybody()}
		if o.Households && w.chance(0.2) {
			in = w.household()
		}
		for _, p := range in {
			p.name = p.full()
			s.people[p.key()] = p.ties
			w.all = append(w.all, p)
			s.copies(w, p, o)
		}
	}
	s.Records, s.Labels = s.Records[:n], s.Labels[:n]
	w.Shuffle(n, func(i, j int) {
		s.Records[i], s.Records[j] = s.Records[j], s.Records[i]
		s.Labels[i], s.Labels[j] = s.Labels[j], s.Labels[i]
	})
	for i := range s.Records {
		s.Records[i][ID] = fmt.Sprintf("r%06d", i+1)
	}
	return s, nil
}

// copies adds a person's record, and the copies of it.
func (s *Set) copies(w *world, p *person, o RecordOptions) {
	clean := p.record(s.Columns)
	s.Records, s.Labels = append(s.Records, clean), append(s.Labels, Label{Person: p.key()})
	if o.MostCopies < 1 || !w.chance(o.Copied) {
		return
	}
	n := 1
	for n < o.MostCopies && w.chance(0.5) {
		n++
	}
	for range n {
		r, noise := w.damage(clean, s, o)
		s.Records, s.Labels = append(s.Records, r), append(s.Labels, Label{Person: p.key(), Noise: noise})
	}
}

// record is everything about a person that the columns ask for, as a table has it.
func (p *person) record(list []Column) Record {
	day := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	var r Record
	for _, c := range list {
		switch c {
		case GivenName:
			r[c] = p.given
		case Surname:
			r[c] = p.familyAt(day)
		case Name:
			r[c] = p.given + " " + p.familyAt(day)
		case Email:
			r[c] = p.email
		case Phone:
			r[c] = p.mobile.region.trunk + p.mobile.digits
		case StreetNumber:
			r[c] = p.address.number
		case Address1:
			r[c] = p.address.street
		case Address2:
			r[c] = p.address.unit
		case Suburb:
			r[c] = p.address.suburb
		case City:
			r[c] = p.address.city
		case Postcode:
			r[c] = p.address.postcode
		case State:
			r[c] = p.address.state
		case Country:
			r[c] = p.address.country
		case DateOfBirth:
			r[c] = p.born.Format("20060102")
		case CustomerID:
			r[c] = p.customer
		}
	}
	return r
}

// damage returns a copy of a record with one or more faults, and their names.
func (w *world) damage(clean Record, s *Set, o RecordOptions) (r Record, noise []string) {
	want := 1
	if o.PerRecord > 1 {
		want = w.between(1, o.PerRecord)
	}
	for range 20 { // a record without values cannot be damaged
		r, noise = clean, nil
		var used [columns]int
		for tries := 0; len(noise) < want && tries < 10*want; tries++ {
			c := pick(w.dice, s.Columns)
			if c == ID || r[c] == "" || used[c] >= max(o.PerField, 1) {
				continue
			}
			before := r
			if what := w.fault(&r, c, s, o); r != before {
				used[c]++
				noise = append(noise, what)
			}
		}
		if r != clean {
			break
		}
	}
	return r, noise
}

// fault damages one field, and says how.
func (w *world) fault(r *Record, c Column, s *Set, o RecordOptions) string {
	switch {
	case w.chance(o.Lost * 0.7):
		r[c] = ""
		return c.String() + " missing"
	case w.chance(o.Lost * 0.3):
		r[c] = pick(w.dice, s.Records)[c]
		return c.String() + " of somebody else"
	}
	if numeric(c) {
		r[c] = digitTypo(w.dice, r[c])
		return c.String() + " typo"
	}
	if w.chance(0.06) {
		if other := w.swapped(c, s.Columns); other != c {
			r[c], r[other] = r[other], r[c]
			return c.String() + " swapped with " + other.String()
		}
	}
	r[c] = typos(w.dice, r[c])
	return c.String() + " typo"
}

func numeric(c Column) bool {
	switch c {
	case StreetNumber, Postcode, Phone, DateOfBirth, CustomerID:
		return true
	}
	return false
}

// swapped is the column that people mix up with c, or c.
func (w *world) swapped(c Column, list []Column) Column {
	for _, pair := range [][2]Column{{GivenName, Surname}, {Address1, Address2}, {Suburb, City}} {
		switch {
		case c == pair[0] && slices.Contains(list, pair[1]):
			return pair[1]
		case c == pair[1] && slices.Contains(list, pair[0]):
			return pair[0]
		}
	}
	return c
}
