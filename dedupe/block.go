package dedupe

import (
	"slices"
	"strings"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// BlockCrowd is how many persons a block holds. Further ones are not added and
// nobody is looked up in it any more: what so many share says nothing.
const BlockCrowd = 25

// Blocks returns the keys under which a profile finds others that may be the same
// person although no value of theirs is the same: each is a piece of what one
// slip leaves as it was. They are sorted hashes.
func Blocks(p *lead.Profile) []int64 {
	given, family := faceOf(p).name.Sounds()
	var b blocks
	city := normal.Skeleton(p.City)
	lines := [...]string{normal.Skeleton(p.Street), normal.Skeleton(p.Premises)} // filled in either order
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
		if d[0] != '+' {
			b.add("phone", d)
		}
	}
	slices.Sort(b)
	return slices.Compact(b)
}

// NameBlock returns the key of those who are called like the sender, 0 without a
// whole name. It is no [Blocks]: it holds no more than [Namesakes].
func NameBlock(p *lead.Profile) int64 {
	given, family := faceOf(p).name.Heard()
	return hash("name", both(given, family))
}

// Namesakes is how many people of a name are found by it. Further ones are found
// by [FinerBlocks] only.
const Namesakes = 8

// FinerBlocks returns the keys of those who are called like the sender and have a
// phone number or an address like theirs, for names that many have.
func FinerBlocks(p *lead.Profile) []int64 {
	given, family := faceOf(p).name.Sounds()
	name := both(given, family)
	var b blocks
	for _, d := range p.Phones {
		if len(d) >= 7 {
			b.add("name-tail", name, d[len(d)-4:])
			b.add("name-head", name, d[:len(d)-4])
		}
	}
	for _, e := range p.Emails {
		local, _, _ := strings.Cut(e, "@")
		b.add("name-local", name, local)
	}
	return b
}

type blocks []int64

// add adds the key of a piece whose parts are all known.
func (b *blocks) add(kind string, parts ...string) {
	if h := hash(kind, parts...); h != 0 {
		*b = append(*b, h)
	}
}

// hash returns the key of a piece (FNV-1a), 0 when a part is not known.
func hash(kind string, parts ...string) int64 {
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
			return 0
		}
		write(p)
	}
	return int64(h)
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

// Areas returns the keys under which it is counted how many live in the postcode
// and in the town of a profile, 0 for what is not known.
func Areas(p *lead.Profile) (postcode, city int64) {
	return hash("postcode", p.Postcode), hash("city", normal.Skeleton(p.City))
}

// AllAreas is the key under which those are counted whose area is known.
const AllAreas int64 = 0
