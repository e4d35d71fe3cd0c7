package dedupe

import (
	"slices"
	"strings"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// BlockCrowd is how many persons a block holds. Further ones are not added and
// nobody is looked up in it any more: what so many share says nothing.
const BlockCrowd = 100

// Blocks returns the keys under which a profile finds others that may be the same
// person although no value of theirs is the same: each is a piece of what one
// slip leaves as it was. They are sorted hashes.
func Blocks(p *lead.Profile) []int64 {
	given, family := faceOf(p).name.Sounds()
	var b blocks
	city := skeletonOf(p.City)
	lines := [...]string{skeletonOf(p.Street), skeletonOf(p.Premises)} // filled in either order
	b.add("name-year", both(given, family), part(p.Born, 0))
	b.add("name-day", both(given, family), part(p.Born, 1))
	for _, word := range [...]string{given, family} { // whichever of the two it is
		b.add("word-born", word, p.Born)
		b.add("word-postcode", word, p.Postcode)
		b.add("word-city", word, city)
		for _, line := range lines {
			b.add("word-line", word, line)
		}
	}
	b.add("born-postcode", p.Born, p.Postcode)
	b.add("born-city", p.Born, city)
	for _, line := range lines {
		b.add("born-line", p.Born, line)
		b.add("number-line", p.Number, line)
		b.add("city-line", city, line)
	}
	for _, d := range p.Phones {
		if len(d) >= 7 {
			b.add("name-tail", both(given, family), d[len(d)-4:])
			b.add("name-head", both(given, family), d[:len(d)-4])
			if d[0] != '+' {
				b.add("phone", d, "-")
			}
		}
	}
	for _, e := range p.Emails {
		local, _, _ := strings.Cut(e, "@")
		b.add("name-local", both(given, family), local)
	}
	slices.Sort(b)
	return slices.Compact(b)
}

// NameBlock returns the key of those who are called like the sender, 0 without a
// whole name. It counts among [Blocks].
func NameBlock(p *lead.Profile) int64 {
	given, family := faceOf(p).name.Sounds()
	var b blocks
	b.add("name", both(given, family))
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// Namesakes is how many people of a name are looked at: a name of more says nothing.
const Namesakes = 8

type blocks []int64

// add adds the hash of a piece whose parts are all known (FNV-1a).
func (b *blocks) add(kind string, parts ...string) {
	h := uint64(14695981039346656037)
	write := func(s string) {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ '|') * 1099511628211
	}
	write(kind)
	for _, p := range parts {
		if p == "" {
			return
		}
		write(p)
	}
	*b = append(*b, int64(h))
}

// both joins two parts of a name whose order is not certain.
func both(a, b string) string {
	if a == "" || b == "" {
		return ""
	}
	return min(a, b) + " " + max(a, b)
}

// part returns the year of a date, or its month and day.
func part(born string, i int) string {
	if len(born) != 10 {
		return ""
	}
	return [...]string{born[:4], born[5:]}[i]
}

func skeletonOf(s string) string { return normal.Skeleton(s) }

// Areas returns the keys under which it is counted how many live in the postcode
// and in the town of a profile, 0 for what is not known.
func Areas(p *lead.Profile) (postcode, city int64) {
	one := func(kind, value string) int64 {
		var b blocks
		b.add(kind, value)
		if len(b) == 0 {
			return 0
		}
		return b[0]
	}
	return one("postcode", p.Postcode), one("city", skeletonOf(p.City))
}

// AllAreas is the key under which those are counted whose area is known.
const AllAreas int64 = 0
