package normal

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s as clean multi-line text: valid UTF-8 (what is not becomes
// U+FFFD, one for a lone surrogate), line ends as LF, without control characters
// other than LF and tab, without byte order marks and without the bidirectional
// embeddings, overrides and isolates that let text show as something else.
// Clean text is returned as it is, without an allocation.
func Text(s string) string {
	i := cleanPrefix(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r':
			b.WriteByte('\n')
			if strings.HasPrefix(s[i+1:], "\n") {
				n = 2
			}
		case r == utf8.RuneError && n == 1:
			b.WriteRune(utf8.RuneError)
			n = brokenLen(s[i:])
		case !forbidden(r):
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// cleanPrefix returns how many bytes of s need no repair.
func cleanPrefix(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || forbidden(r) {
			return i
		}
		i += n
	}
	return len(s)
}

// brokenLen returns the length of what one U+FFFD stands for: a surrogate that
// was encoded as if it were a character, or a single byte.
func brokenLen(s string) int {
	if len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80 {
		return 3
	}
	return 1
}

// forbidden reports whether a character never stands in stored text.
func forbidden(r rune) bool {
	switch {
	case r < ' ':
		return r != '\n' && r != '\t'
	case r < 0x7f:
		return false
	case r < 0xa0: // DEL and the C1 controls
		return true
	}
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// Line returns s as one clean line: [Text] with every run of white space made
// one space, trimmed, and cut to at most max characters. The cut falls before a
// whole letter with its accents, a whole flag or a whole joined emoji.
func Line(s string, max int) string {
	if max <= 0 {
		return ""
	}
	if !isLine(s) {
		s = strings.Join(strings.FieldsFunc(Text(s), isSpace), " ")
	}
	return strings.TrimRightFunc(cutRunes(s, max), isSpace)
}

// isLine reports whether s is a clean line of ASCII, the common case.
func isLine(s string) bool {
	space := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// isSpace is unicode.IsSpace with the separators that only look like one.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == 0x200b || r == 0x2060 }

// cutRunes returns at most max characters of s.
func cutRunes(s string, max int) string {
	if len(s) <= max {
		return s
	}
	n := 0
	for i := range s {
		if n == max {
			return s[:graphemeStart(s, i)]
		}
		n++
	}
	return s
}

// cutBytes returns at most max bytes of s, without half a character.
func cutBytes(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:graphemeStart(s, max)]
}

// maxGrapheme bounds the walk back over joined characters, so that a text of
// nothing but accents is cut hard instead of vanishing. Counted in characters.
const maxGrapheme = 16

// graphemeStart returns the nearest place at or before i where s can be cut
// without tearing apart what is shown as one character.
func graphemeStart(s string, i int) int {
	for at, step := i, 0; at > 0 && step < maxGrapheme; step++ {
		next, _ := utf8.DecodeRuneInString(s[at:])
		prev, n := utf8.DecodeLastRuneInString(s[:at])
		if !extends(next) && prev != zeroWidthJoiner && !(isFlag(prev) && isFlag(next) && flagsBefore(s[:at])%2 == 1) {
			return at
		}
		at -= n
	}
	return i
}

const zeroWidthJoiner = 0x200d

// extends reports whether r is shown together with the character before it.
func extends(r rune) bool {
	return r == zeroWidthJoiner || r >= 0x300 && unicode.In(r, unicode.M) ||
		r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f
}

// isFlag reports whether r is one of the letters that make a flag in pairs.
func isFlag(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// flagsBefore counts the flag letters s ends with.
func flagsBefore(s string) int {
	n := 0
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		if !isFlag(r) {
			break
		}
		n++
		s = s[:len(s)-size]
	}
	return n
}
