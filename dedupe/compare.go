package dedupe

import (
	"cmp"
	"strings"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// face is a profile prepared for comparing with many.
type face struct {
	*lead.Profile
	name normal.NameForm
}

func faceOf(p *lead.Profile) face {
	return face{p, normal.FormOf(lead.Name{Given: p.Given, Middle: p.Middle, Family: p.Family})}
}

// facesOf prepares all profiles of a person.
func facesOf(p *lead.Person) []face {
	out := make([]face, len(p.Profiles))
	for i := range p.Profiles {
		out[i] = faceOf(&p.Profiles[i])
	}
	return out
}

// likeness is what comparing a profile with those of a person came to.
type likeness struct {
	best    float64 // bits of the most alike pair
	solid   float64 // of the most alike pair of which enough agrees to make two one
	sum     float64 // of all pairs
	pairs   int
	names   float64 // bits of the names alone, of the pair with the most alike ones
	given   normal.Likeness
	named   bool     // in the most alike pair both parts of the names are alike, or a value of the person alone is
	parted  int      // pairs that look like two people's, whatever else agrees
	why     string   // of the first of them
	certain bool     // a pair is two persons for certain
	apart   string   // why they are two persons; "" when they can be one
	agrees  []string // what agrees in the most alike pair, in words
}

func (l *likeness) mean() float64 {
	if l.pairs == 0 {
		return 0
	}
	return l.sum / float64(l.pairs)
}

func (l *likeness) words() string { return strings.Join(l.agrees, ", ") }

// likest compares one profile with all of a person.
func (w *weights) likest(a face, b []face) likeness {
	var l likeness
	l.add(w, a, b)
	return l.judge()
}

// likestOf compares all profiles of one person with all of another.
func (w *weights) likestOf(a, b []face) likeness {
	var l likeness
	for _, f := range a {
		l.add(w, f, b)
	}
	return l.judge()
}

func (l *likeness) add(w *weights, a face, b []face) {
	for _, f := range b {
		e := w.compare(a, f)
		l.sum += e.bits
		if l.pairs == 0 || e.names > l.names {
			l.names, l.given = e.names, e.given
		}
		if e.enough {
			l.solid = max(l.solid, e.bits)
		}
		if l.pairs == 0 || e.bits > l.best {
			l.best, l.agrees, l.named = e.bits, e.agrees, e.named
		}
		if e.apart != "" {
			l.parted, l.why = l.parted+1, cmp.Or(l.why, e.apart)
		}
		if e.certain {
			l.certain, l.apart = true, cmp.Or(l.apart, e.apart)
		}
		l.pairs++
	}
}

// judge finds out whether all can be one person. Fewer than half of the pairs may look
// like two people's: whoever was mistyped once differs from what else is known of them.
func (l *likeness) judge() likeness {
	if l.parted > 0 && 2*l.parted >= l.pairs {
		l.apart = cmp.Or(l.apart, l.why)
	}
	return *l
}

// evidence is what comparing two profiles came to.
type evidence struct {
	bits, names float64
	given       normal.Likeness
	apart       string
	certain     bool // what is apart is no slip
	named       bool
	enough      bool
	agrees      []string
}

// fields are how much alike all is that two profiles tell: here it stands which
// fields there are, and weights has a place for the bits of each.
type fields struct {
	given, family                                                normal.Likeness
	swapped                                                      bool
	born, postcode, city, street, premises, number, phone, email level
}

// fieldsOf compares two profiles.
func fieldsOf(a, b face) fields {
	var f fields
	f.given, f.family, f.swapped = a.name.Compare(b.name)
	f.born = likeDate(a.Born, b.Born)
	f.postcode, f.city = likeCode(a.Postcode, b.Postcode), likeText(a.City, b.City)
	f.street, f.premises = likeLines(a, b)
	f.number = likeCode(a.Number, b.Number)
	f.phone, f.email = likeAny(a.Phones, b.Phones, likePhone), likeAny(a.Emails, b.Emails, likeEmail)
	return f
}

// compare weighs everything two profiles tell.
func (w *weights) compare(a, b face) evidence {
	f := fieldsOf(a, b)
	e := evidence{given: f.given, names: w.given[f.given] + w.family[f.family]}
	switch {
	case f.swapped:
		e.names += w.swapped
		e.says("the names in the other order")
	case f.given == normal.Same && f.family == normal.Same:
		e.says("the same name")
	case f.given <= normal.Slight && f.family <= normal.Slight:
		e.says("a like name")
	}
	e.add(w.born, f.born, "birth date")
	e.add(w.phone, f.phone, "phone")
	e.add(w.email, f.email, "e-mail")
	e.add(w.street, f.street, "street")
	e.add(w.premises, f.premises, "second line of the address")
	e.add(w.number, f.number, "house number")
	e.area(w, f.postcode, f.city)
	e.bits += e.names
	if !f.personal(same) && !f.personal(near) && !f.street.alike() {
		e.bits -= w.namesakes
	}
	e.apart, e.certain = f.apart(a.name.Called() && b.name.Called(), w.imported)
	e.named, e.enough = f.named(), f.enough(w.imported)
	return e
}

// personal reports whether a value that people have for themselves is alike to a degree.
func (f *fields) personal(l level) bool { return f.born == l || f.phone == l || f.email == l }

// named reports whether both parts of the names are alike.
func (f *fields) named() bool { return f.given <= normal.Slight && f.family <= normal.Slight }

// apart says why two profiles must not be taken for one person by likeness alone, ""
// when they may. certain is what no slip makes. called says that both given names are
// names people bear; imported, that staff brought the sender in, in a file, where people
// with one name in one place are seldom two.
func (f *fields) apart(called, imported bool) (why string, certain bool) {
	others := 0
	for _, l := range [...]level{f.born, f.phone, f.email} {
		if l == other {
			others++
		}
	}
	own := f.personal(same)
	switch {
	case f.given == normal.Other && called:
		return "another given name", false
	case f.given == normal.Other && !f.born.alike():
		return "another given name", false
	case own:
		return "", false
	case others > 1:
		return "all that is theirs alone is another", true
	case !f.named():
		return "", false
	case imported:
		return "", false
	case others > 0 && f.given != normal.Same:
		return "a like name, and another value", false
	}
	return "", false
}

// enough reports whether what agrees can make two profiles one person's at all: names
// do, with something besides that not many share. Of a family without its given
// names, only a value of one alone.
func (f *fields) enough(imported bool) bool {
	switch {
	case f.given > normal.Slight && f.family > normal.Slight:
		return false
	case f.personal(same):
		return true
	case !f.named() && (f.given > normal.Slight || f.family != normal.Unknown):
		return false
	}
	return imported || f.personal(near) || f.street.alike()
}

// area weighs postcode and town together: who knows one can tell the other, mostly,
// and whoever moved has another one of both.
func (e *evidence) area(w *weights, postcode, city level) {
	before := e.bits
	e.add(w.postcode, postcode, "postcode")
	e.add(w.city, city, "town")
	switch a, b := w.postcode[postcode], w.city[city]; {
	case a > 0 && b > 0:
		e.bits = before + max(a, b) + min(a, b, bothArea)
	case a < 0 && b < 0:
		e.bits = before + min(a, b)
	}
}

// bothArea is what the lesser of postcode and town adds to the other at most.
const bothArea = 5

func (e *evidence) says(what string) { e.agrees = append(e.agrees, what) }

// add weighs one field.
func (e *evidence) add(w levels, l level, what string) {
	e.bits += w[l]
	switch l {
	case same:
		e.says("the same " + what)
	case near:
		e.says("nearly the same " + what)
	}
}

// unreliable reports whether names in the files of a source are so often replaced by
// others that a different given name does not mean a different person there. What
// anybody can post is never counted, nor trusted less for it.
func (q *Question) unreliable() bool {
	n := q.Names
	return q.Import && n.Replaced >= minReplaced && n.Replaced*maxReplaced >= n.Kept+n.Replaced
}

const (
	minReplaced = 5  // seen before names are given up
	maxReplaced = 25 // one in so many
)

// countNames looks whether a name was kept or replaced: the given name is the same, so
// is a value of the person alone and where they live. Of a family both do not hold.
func countNames(n *lead.NameCount, a face, b []face) {
	if a.Street == "" && a.Postcode == "" && a.City == "" { // it is not known where they live
		return
	}
	for _, f := range b {
		given, family, swapped := a.name.Compare(f.name)
		if given > normal.Variant || family == normal.Unknown || swapped {
			continue
		}
		own := likeDate(a.Born, f.Born) == same || likeAny(a.Phones, f.Phones, likePhone) == same || likeAny(a.Emails, f.Emails, likeEmail) == same
		home := likeText(a.Street, f.Street) <= near && a.Street != "" && f.Street != "" || likeCode(a.Postcode, f.Postcode) == same || likeText(a.City, f.City) == same
		switch {
		case !own || !home:
		case family == normal.Other:
			n.Replaced++
			return
		case family < normal.Other:
			n.Kept++
			return
		}
	}
}

// level says how much alike two values of a field are.
type level int

const (
	missing level = iota // one is not known
	same
	near // one slip away
	partly
	other
)

// alike reports whether two values can be one.
func (l level) alike() bool { return l == same || l == near }

type levels [5]float64

// likeDate compares birth dates. A slip is a digit that is wrong, left out or too
// much, two neighbours in the other order, or day and month so.
func likeDate(a, b string) level {
	switch {
	case a == "" || b == "":
		return missing
	case a == b:
		return same
	case normal.OneSlip(digits(a), digits(b)):
		return near
	}
	x, y := strings.Split(a, "-"), strings.Split(b, "-")
	if len(x) != 3 || len(y) != 3 {
		return other
	}
	wrong := 0
	for i := range x {
		if x[i] != y[i] {
			wrong++
		}
	}
	switch {
	case x[0] == y[0] && x[1] == y[2] && x[2] == y[1]:
		return near
	case wrong == 1:
		return partly
	}
	return other
}

// likeCode compares postcodes and house numbers.
func likeCode(a, b string) level {
	switch {
	case a == "" || b == "":
		return missing
	case a == b:
		return same
	case min(len(a), len(b)) > 1 && normal.OneSlip(a, b):
		return near
	}
	return other
}

// likeText compares names of streets and towns.
func likeText(a, b string) level {
	switch {
	case a == "" || b == "":
		return missing
	case a == b:
		return same
	case normal.Resembles(a, b):
		return near
	}
	return other
}

// likeLines compares the lines of two addresses, which people fill in either order.
func likeLines(a, b face) (street, premises level) {
	street, premises = likeText(a.Street, b.Street), likeText(a.Premises, b.Premises)
	if street.alike() {
		return street, premises
	}
	crossed, back := likeText(a.Street, b.Premises), likeText(a.Premises, b.Street)
	switch {
	case crossed.alike() && back.alike():
		return max(crossed, back), min(crossed, back)
	case crossed.alike(), back.alike():
		return near, missing
	}
	return street, premises
}

// likeAny compares values of which a person may have several.
func likeAny(a, b []string, like func(a, b string) level) level {
	if len(a) == 0 || len(b) == 0 {
		return missing
	}
	best := other
	for _, v := range a {
		for _, w := range b {
			if v == w {
				return same
			}
			best = min(best, like(v, w))
		}
	}
	return best
}

func likePhone(a, b string) level {
	if min(len(a), len(b)) >= 7 && normal.OneSlip(a, b) {
		return near
	}
	return other
}

// likeEmail compares two different addresses. Neither a digit nor a sign between
// words is a slip: who cannot have an address takes the next one like it.
func likeEmail(a, b string) level {
	if min(len(a), len(b)) < 8 || !normal.OneSlip(a, b) || digits(a) != digits(b) || signs.Replace(a) == signs.Replace(b) {
		return other
	}
	return near
}

var signs = strings.NewReplacer(".", "", "-", "", "_", "")

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
