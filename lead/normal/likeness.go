package normal

import (
	"slices"
	"strings"

	"leadgate/lead"
)

// Likeness says how much alike two parts of a name are, the most alike first.
type Likeness int

// The degrees of likeness.
const (
	Same    Likeness = iota // in all but notation: case, accents, script
	Variant                 // a nickname, another spelling, a part of a double name
	Close                   // what typing, hearing or reading wrongly makes of it
	Slight                  // more than one slip makes; two names that look alike may be it too
	Initial                 // one is the first letter of the other
	Unknown                 // one of them is not given
	Other                   // two different names
)

// NameForm is a name prepared for comparing with many.
type NameForm struct{ c compared }

// FormOf prepares a name.
func FormOf(n lead.Name) NameForm { return NameForm{comparedName(n)} }

// Whole reports whether both given and family name are there.
func (f NameForm) Whole() bool { return len(f.c.given) > 0 && len(f.c.family) > 0 }

// Sounds returns what the first given name and the first word of the family name
// sound like, in a coarse form that is for finding names, not for comparing them.
func (f NameForm) Sounds() (given, family string) {
	first := func(words []nameWord) string {
		if len(words) == 0 {
			return ""
		}
		return skeleton(words[0].sound)
	}
	return first(f.c.given), first(f.c.family)
}

// Heard returns what all words of the family name and the first given name sound
// like, in full: those who are called alike, in whatever spelling and script.
func (f NameForm) Heard() (given, family string) {
	if len(f.c.given) > 0 {
		given = f.c.given[0].sound
	}
	return given, f.c.whole.sound
}

// Compare says how much alike the parts of two names are. swapped says that they
// are alike only with the parts of one of them in the other order.
func (f NameForm) Compare(g NameForm) (given, family Likeness, swapped bool) {
	given, family = likeGiven(f.c.given, g.c.given), likeFamily(f.c, g.c)
	if given <= Slight && family <= Slight || !f.Whole() || !g.Whole() {
		return given, family, false
	}
	a, b := likeGiven(f.c.given, g.c.family), likeGiven(f.c.family, g.c.given)
	if a <= Initial && b <= Initial && (a <= Variant || b <= Variant) {
		return min(a, b), max(a, b), true // which is which is not known
	}
	return given, family, false
}

// likeGiven compares given names, word by word: who has two may use either.
func likeGiven(a, b []nameWord) Likeness {
	if len(a) == 0 || len(b) == 0 {
		return Unknown
	}
	best := Other
	for i, v := range a {
		for j, w := range b {
			l := likeWord(v, w, true)
			switch {
			case i+j > 0 && l == Same: // not the first name of both
				l = Variant
			case i+j > 0 && l == Initial:
				l = Other
			}
			best = min(best, l)
		}
	}
	if best > Close && joined(a).near(joined(b)) {
		best = Close
	}
	return best
}

func likeFamily(a, b compared) Likeness {
	if len(a.family) == 0 || len(b.family) == 0 {
		return Unknown
	}
	if a.whole.text == b.whole.text {
		return Same
	}
	best := Other
	for _, v := range a.family {
		for _, w := range b.family {
			if l := likeWord(v, w, false); l < best {
				best = max(l, Variant)
			}
		}
	}
	if best > Variant && (shares(a.middle, b.family) || shares(a.family, b.middle)) {
		best = Variant // of two family names one stands for a middle name
	}
	if best > Close && a.whole.near(b.whole) {
		best = Close
	}
	best = min(best, slip(a.whole.text, b.whole.text))
	return best
}

// likeWord compares two words of a name. Two given names that people bear are two
// names, however alike they look: Peter and Petra are no typo of each other.
func likeWord(a, b nameWord, given bool) Likeness {
	switch {
	case a.text == b.text:
		return Same
	case given && nicknamed(a.sound, b.sound), !given && sameStem(a, b):
		return Variant
	case isInitial(a, b) || isInitial(b, a):
		return Initial
	case given && borne(a) && borne(b):
		return Other
	case given && cutShort(a.text, b.text):
		return Variant
	case a.sound == b.sound && a.sound != "":
		return Variant
	}
	return slip(a.text, b.text)
}

// cutShort reports whether one name is the begin of the other: Brad and Bradley, or
// what phone companies make of names longer than 15 letters.
func cutShort(a, b string) bool {
	return min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// borne reports whether a word is a given name that is known.
func borne(w nameWord) bool { return len(nicknames()[w.sound]) > 0 }

// slip says whether one word can be the other one mistyped: Close when a slip
// makes it, Slight when nearly all letters are there in nearly the same order, or
// a short word has another letter, and else Other.
func slip(a, b string) Likeness {
	if a == b {
		return Same
	}
	x, y := []rune(a), []rune(b)
	short := min(len(x), len(y))
	if short < 3 {
		return Other
	}
	one := oneSlip(x, y)
	switch {
	case one && (short >= 5 || len(x) != len(y) || sameLetters(x, y)):
		return Close
	case one, short >= 4 && jaroWinkler(x, y) >= 0.88:
		return Slight
	}
	return Other
}

func sameLetters(x, y []rune) bool {
	a, b := slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	return slices.Equal(a, b)
}

// skeleton is the consonants of a sound with its first letter, so that a wrong
// vowel is found all the same.
func skeleton(s string) string {
	if s == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(len(s))
	last := byte(0)
	for i := range len(s) {
		c := s[i]
		if i > 0 && strings.IndexByte("aeiouhj", c) >= 0 || c == last {
			continue
		}
		b.WriteByte(c)
		last = c
	}
	return b.String()
}

// oneSlip reports whether two words differ by one letter put in, left out or
// changed, or by two neighbours swapped, at most.
func oneSlip[T comparable](x, y []T) bool {
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) != len(y) {
		return slices.Equal(x[i:], y[i+1:])
	}
	if i >= len(x)-1 || slices.Equal(x[i+1:], y[i+1:]) {
		return true
	}
	return x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:])
}

// jaroWinkler is the likeness of two words after Jaro and Winkler, 0 to 1: the
// share of common letters near their places, raised by a common begin.
func jaroWinkler(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(0, max(len(a), len(b))/2-1)
	var room struct {
		taken  [32]bool
		common [32]rune
	}
	taken, common := room.taken[:], room.common[:0]
	if len(b) > len(taken) {
		taken = make([]bool, len(b))
	}
	for i, r := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if !taken[j] && b[j] == r {
				taken[j] = true
				common = append(common, r)
				break
			}
		}
	}
	if len(common) == 0 {
		return 0
	}
	out, k := 0, 0
	for j, r := range b {
		if taken[j] {
			if common[k] != r {
				out++
			}
			k++
		}
	}
	m := float64(len(common))
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(out)/2)/m) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}

// OneSlip reports whether two texts differ by one letter put in, left out or
// changed, or by two neighbours swapped, at most.
func OneSlip(a, b string) bool {
	if len(a)-len(b) > 4 || len(b)-len(a) > 4 {
		return false
	}
	if isASCII(a) && isASCII(b) {
		return oneSlip([]byte(a), []byte(b))
	}
	return oneSlip([]rune(a), []rune(b))
}

// Resembles reports whether one text can be the other one mistyped.
func Resembles(a, b string) bool { return slip(a, b) <= Slight }

// Skeleton reduces a text to what most slips leave of it: its first letter and the
// consonants behind, without blanks. It is for finding texts, not for comparing them.
func Skeleton(s string) string { return skeleton(strings.ReplaceAll(s, " ", "")) }

// Stranger reports whether no word of one name is like any of the other. It is
// less than a conflict: one of them may be a single word, when people are called so.
func (f NameForm) Stranger(g NameForm) bool {
	a, b := slices.Concat(f.c.given, f.c.family), slices.Concat(g.c.given, g.c.family)
	if len(a) == 0 || len(b) == 0 || len(a) == 1 && !borne(a[0]) || len(b) == 1 && !borne(b[0]) {
		return false
	}
	if f.Whole() && g.Whole() {
		given, family, _ := f.Compare(g)
		return given == Other && family == Other
	}
	for _, v := range a {
		for _, w := range b {
			if likeWord(v, w, true) != Other || v.near(w) && !(borne(v) && borne(w)) {
				return false
			}
		}
	}
	return true
}

// Called reports whether the first given name is one that people are known to bear.
func (f NameForm) Called() bool { return len(f.c.given) > 0 && borne(f.c.given[0]) }
