package normal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Search returns s folded for search and comparison: lower case, Latin letters
// without diacritics, Cyrillic and Greek written in Latin letters, ligatures and
// full-width forms taken apart. Other scripts keep their letters. White space
// and punctuation stay where they are.
func Search(s string) string {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	b.WriteString(s[:i])
	plain, last := true, rune(0)
	rest := norm.NFC.String(strings.ToValidUTF8(s[i:], "\ufffd"))
	for at, r := range rest {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(lowerASCII(byte(r)))
		case (r >= 0x370 && r < 0x400 || r >= 0x1f00 && r < 0x2000 || r == 'ъ' || r == 'Ъ') && byContext(&b, last, r, rest[at:]):
		default:
			plain = foldRune(&b, r) && plain
		}
		last = r
	}
	if plain {
		return b.String()
	}
	return norm.NFC.String(b.String())
}

// foldRune writes the folded form of r and reports whether it is all ASCII.
func foldRune(b *strings.Builder, r rune) bool {
	if out, ok := latin(r); ok {
		b.WriteString(out)
		return true
	}
	plain := true
	for _, d := range norm.NFKD.String(string(r)) {
		out, ok := latin(d)
		switch {
		case ok:
			b.WriteString(out)
		case ignorable(d):
		case d < utf8.RuneSelf:
			b.WriteByte(lowerASCII(byte(d)))
		default:
			plain = false
			b.WriteRune(lowest(d))
		}
	}
	return plain
}

// byContext writes a letter that is read by its neighbours, and reports whether it
// did: Greek writes u with two letters, av and ev with an upsilon and ng with two
// gammas, b, d and g with two letters at the begin of a word; the Bulgarian ъ is a
// vowel between consonants and silent elsewhere.
func byContext(b *strings.Builder, last, r rune, rest string) bool {
	last = lowest(last)
	next, _ := utf8.DecodeRuneInString(rest[utf8.RuneLen(r):])
	next = lowest(next)
	switch l := lowest(r); {
	case l == 'ъ':
		if unicode.IsLetter(next) && !strings.ContainsRune("еёюя", next) {
			b.WriteByte('a')
		}
	case isUpsilon(r) && last == 'ο':
		b.WriteByte('u')
	case isUpsilon(r) && strings.ContainsRune("αεη", last) && last != 0:
		if next == utf8.RuneError || !unicode.IsLetter(next) || strings.ContainsRune("θκξπστφχψς", next) {
			b.WriteByte('f')
		} else {
			b.WriteByte('v')
		}
	case l == 'γ' && strings.ContainsRune("γξχ", next):
		b.WriteByte('n')
	case !unicode.IsLetter(last) && (l == 'μ' && next == 'π' || l == 'ν' && next == 'τ' || l == 'γ' && next == 'κ'): // the second letter says it
	case l == 'π' && last == 'μ' && wordBegins(b):
		b.WriteByte('b')
	case l == 'τ' && last == 'ν' && wordBegins(b):
		b.WriteByte('d')
	case l == 'κ' && last == 'γ' && wordBegins(b):
		b.WriteByte('g')
	default:
		return false
	}
	return true
}

// wordBegins reports whether nothing of the word is written yet.
func wordBegins(b *strings.Builder) bool {
	last, _ := utf8.DecodeLastRuneInString(b.String())
	return !unicode.IsLetter(last)
}

// isUpsilon reports whether r is the Greek letter with or without stress.
func isUpsilon(r rune) bool { return strings.ContainsRune("υύῦὐὑὔὕὖὗὺΥΎ", r) }

// lowest is the lower case of r where that is one stable character.
func lowest(r rune) rune {
	if l := unicode.ToLower(r); unicode.ToLower(l) == l {
		return l
	}
	return r
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// ignorable reports whether r only decorates: accents, vowel points, joiners.
func ignorable(r rune) bool {
	switch {
	case r == 0xad, r >= 0x200b && r <= 0x200f, r == 0x2060, r == 0x640:
		return true
	case r >= 0x300 && r <= 0x36f, r >= 0x483 && r <= 0x489, r >= 0x591 && r <= 0x5c7, r >= 0x64b && r <= 0x65f, r == 0x670:
		return true
	}
	return r >= 0x1ab0 && r <= 0x1aff || r >= 0x1dc0 && r <= 0x1dff || r >= 0x20d0 && r <= 0x20ff ||
		r >= 0xfe00 && r <= 0xfe0f || r >= 0xfe20 && r <= 0xfe2f
}

// latin returns the Latin spelling of a letter that decomposition alone does not give.
func latin(r rune) (string, bool) {
	switch l := unicode.ToLower(r); {
	case l >= 'а' && l <= 'џ':
		s := cyrillic[l-'а']
		return s, s != "-"
	case l >= 'α' && l <= 'ω':
		return greek[l-'α'], true
	case l == 'ґ':
		return "g", true
	default:
		s, ok := special[l]
		return s, ok
	}
}

// cyrillic holds U+0430 to U+045F, as names are most often written in Latin
// letters; "-" leaves a letter to decomposition.
var cyrillic = [...]string{
	"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p",
	"r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
	"e", "e", "dj", "g", "ye", "dz", "i", "yi", "j", "lj", "nj", "c", "k", "i", "u", "dz",
}

// greek holds U+03B1 to U+03C9.
var greek = [...]string{
	"a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p",
	"r", "s", "s", "t", "y", "f", "ch", "ps", "o",
}

// special holds letters that have no decomposition, and the signs that are typed in
// place of an apostrophe or a hyphen.
var special = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŋ': "n", 'ĸ': "k",
	'ŧ': "t", 'ə': "a", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'қ': "k", 'ң': "n", 'ғ': "g", 'ү': "u", 'ұ': "u", 'ө': "o", 'ә': "a", 'һ': "h",
	'‘': "'", '’': "'", 'ʼ': "'", '‐': "-", '‑': "-",
}
