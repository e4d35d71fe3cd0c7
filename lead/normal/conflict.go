package normal

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"leadgate/lead"
)

// NamesConflict reports whether two names cannot be one person's, with the reason
// in words that repeat neither name. Both must have given and family name, and
// one of them must still differ after transliteration, initials, nicknames,
// swapped order, a shared part of a double name, and one typo in a longer word.
// It is symmetric, and no name conflicts with itself.
func NamesConflict(a, b lead.Name) (conflict bool, reason string) {
	return FormOf(a).Conflict(FormOf(b))
}

// Conflict is [NamesConflict] of prepared names.
func (f NameForm) Conflict(g NameForm) (conflict bool, reason string) {
	if !f.Whole() || !g.Whole() {
		return false, ""
	}
	given, family, _ := f.Compare(g)
	conflicts := func(l Likeness) bool { return l == Other || l == Slight }
	switch {
	case !conflicts(given) && !conflicts(family):
		return false, ""
	case !conflicts(family):
		return true, "same family name, other given name"
	case !conflicts(given):
		return true, "same given name, other family name"
	}
	return true, "given and family name differ"
}

// compared is a name in words ready for comparing.
type compared struct {
	given  []nameWord // given name first, then middle names
	family []nameWord
	whole  nameWord   // the family name in one word, with its particles
	middle []nameWord // those of given that may be a first family name
}

// nameWord is one word of a name as it is written and as it sounds.
type nameWord struct{ text, sound string }

func comparedName(n lead.Name) compared {
	if n.Given == "" && n.Family == "" {
		n = ParseName(n.Display)
	}
	var c compared
	c.given = compareWords(n.Given)
	first := len(c.given)
	c.given = append(c.given, compareWords(n.Middle)...)
	for _, w := range c.given[first:] {
		if len(w.text) > 1 {
			c.middle = append(c.middle, w)
		}
	}
	c.family = compareWords(n.Family)
	text := strings.Join(strings.Fields(foldName(n.Family)), "")
	c.whole = nameWord{text, sound(text)}
	return c
}

// foldName folds a part of a name: letters and digits between blanks. Hyphens
// separate words, apostrophes and accents do not.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\'' || r == '`' || r == '´' || unicode.Is(unicode.M, r):
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return ' '
	}, Search(s))
}

// compareWords splits a part of a name into words. Particles count only when
// nothing else is there.
func compareWords(s string) []nameWord {
	var all, kept []nameWord
	for f := range strings.FieldsSeq(foldName(s)) {
		w := nameWord{f, sound(f)}
		all = append(all, w)
		if !particles()[f] {
			kept = append(kept, w)
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

// isInitial reports whether a is the first letter of b, as written or as it sounds.
func isInitial(a, b nameWord) bool {
	if a.text == "" || len([]rune(a.text)) != 1 || b.text == "" {
		return false
	}
	return strings.HasPrefix(b.text, a.text) || a.sound != "" && strings.HasPrefix(b.sound, a.sound)
}

func shares(a, b []nameWord) bool {
	for _, v := range a {
		for _, w := range b {
			if v.near(w) {
				return true
			}
		}
	}
	return false
}

// joined is all words written as one: Anna Maria and Annamaria.
func joined(words []nameWord) nameWord {
	if len(words) == 1 {
		return words[0]
	}
	var text strings.Builder
	for _, w := range words {
		text.WriteString(w.text)
	}
	return nameWord{text.String(), sound(text.String())}
}

// near reports whether two words are the same but for spelling or one typo.
func (w nameWord) near(v nameWord) bool {
	if w.text == v.text || w.sound == v.sound && w.sound != "" {
		return true
	}
	return oneTypo(w.text, v.text) || oneTypo(w.sound, v.sound)
}

// sameStem reports whether two Slavic family names are the male and the female
// form of one: Ivanov and Ivanova, Kowalski and Kowalska, Novák and Nováková.
func sameStem(a, b nameWord) bool {
	x, y := stem(a.sound), stem(b.sound)
	return len(x) > 3 && x == y
}

func stem(s string) string {
	for _, e := range [...]string{"ovaia", "skaia", "skai", "kaia", "ova", "eva", "ina", "ska", "ski", "aia", "ov", "ev", "in", "a", "i"} {
		if rest, ok := strings.CutSuffix(s, e); ok && len(rest) > 2 {
			if strings.HasPrefix(e, "sk") {
				return rest + "s"
			}
			return rest
		}
	}
	return s
}

// nicknamed reports whether two given names, by their sounds, are forms of one.
func nicknamed(a, b string) bool {
	groups := nicknames()
	for _, g := range groups[a] {
		for _, h := range groups[b] {
			if g == h {
				return true
			}
		}
	}
	return false
}

// nameGroups numbers the lines of a text and returns the lines a word's sound stands in.
func nameGroups(text string) func() map[string][]uint16 {
	return sync.OnceValue(func() map[string][]uint16 {
		groups := map[string][]uint16{}
		n := uint16(0)
		for line := range strings.Lines(text) {
			n++
			for w := range strings.FieldsSeq(line) {
				s := sound(Search(w))
				if g := groups[s]; len(g) == 0 || g[len(g)-1] != n {
					groups[s] = append(g, n)
				}
			}
		}
		return groups
	})
}

// sound reduces a folded word to what its spellings in several languages share:
// Juergen, Jürgen and Jurgen; Yuliia, Julija and Yulia; Schmidt and Shmit. It is
// for comparing only, and coarse on purpose: names that collide in it are taken
// for one person's only where an identity says so too.
func sound(s string) string {
	s = soundPairs.Replace(s)
	s = soundEnds.Replace(s)
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if n := len(out); n == 0 || out[n-1] != s[i] || s[i] >= 0x80 {
			out = append(out, s[i])
		}
	}
	return string(out)
}

var (
	// soundPairs unifies spellings; longer ones stand first, since the first match wins.
	soundPairs = strings.NewReplacer(
		"shch", "sh", "tsch", "ch", "tch", "ch", "sch", "sh", "cz", "ch", "sz", "sh", "zh", "j", "kh", "h", "gh", "g",
		"ph", "f", "th", "t", "dt", "t", "ck", "k", "ks", "x", "ts", "z", "tz", "z", "ou", "u", "oo", "u",
		"ae", "a", "oe", "o", "ue", "u", "ie", "i", "ey", "ei", "ay", "ai", "ii", "i", "iy", "i", "yi", "i", "yy", "i", "ij", "i",
		"ya", "ia", "ja", "ia", "yu", "iu", "ju", "iu", "yo", "io", "jo", "io", "ye", "e", "je", "e",
		"ce", "ze", "ci", "zi", "cy", "zi", "c", "k", "q", "k", "w", "v", "y", "i", "j", "j")
	soundEnds = strings.NewReplacer("iia", "ia", "ei", "i", "ai", "ai")
)

// oneTypo reports whether two words of at least five letters differ by one slip.
func oneTypo(a, b string) bool {
	return min(utf8.RuneCountInString(a), utf8.RuneCountInString(b)) >= 5 && OneSlip(a, b)
}
