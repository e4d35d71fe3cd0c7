package fields

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"leadgate/lead"
)

// scanner reads one JSON text (RFC 8259). It takes control characters inside of
// strings, because senders that build JSON by hand leave line breaks in them.
// The same code checks and builds, so that the two cannot disagree.
type scanner struct {
	s     string
	i     int
	max   Limits
	nodes int    // members and elements so far
	build bool   // make values; otherwise only check
	stack []Item // members of the lists and objects that are open
	out   outline
}

// outline is what a check learns on its way.
type outline struct {
	ids     ids  // the members that may be the id
	many    bool // may hold several inquiries
	content bool // holds a value that is not empty, besides the id
}

// token is a scanned string: the bytes between the quotes.
type token struct {
	raw     string
	escaped bool
}

func (s *scanner) fail(problem string) error {
	return fmt.Errorf("reading JSON: %w: %s at byte %d", lead.ErrInvalid, problem, s.i)
}

// document reads the whole text.
func (s *scanner) document() (Value, error) {
	s.space()
	v, err := s.value(0)
	if err != nil {
		return Value{}, err
	}
	if s.space(); s.i < len(s.s) {
		return Value{}, s.fail("something follows the end")
	}
	return v, nil
}

func (s *scanner) space() {
	for s.i < len(s.s) && (s.s[s.i] == ' ' || s.s[s.i] == '\n' || s.s[s.i] == '\r' || s.s[s.i] == '\t') {
		s.i++
	}
}

// next returns the byte at the cursor, or 0 at the end: NUL never starts anything.
func (s *scanner) next() byte {
	if s.i < len(s.s) {
		return s.s[s.i]
	}
	return 0
}

// value reads the value at the cursor; depth counts the lists and objects around it.
func (s *scanner) value(depth int) (Value, error) {
	switch c := s.next(); c {
	case '{':
		return s.object(depth + 1)
	case '[':
		return s.list(depth + 1)
	case '"':
		t, err := s.text()
		if err != nil || !s.build {
			return Value{Kind: Text}, err
		}
		return Value{Kind: Text, Text: t.decode()}, nil
	case 't':
		return s.word("true", Bool)
	case 'f':
		return s.word("false", Bool)
	case 'n':
		v, err := s.word("null", Null)
		v.Text = ""
		return v, err
	default:
		return s.number()
	}
}

func (s *scanner) word(w string, k Kind) (Value, error) {
	if !strings.HasPrefix(s.s[s.i:], w) {
		return Value{}, s.fail("unknown word")
	}
	s.i += len(w)
	return Value{Kind: k, Text: w}, nil
}

func (s *scanner) number() (Value, error) {
	start := s.i
	if s.next() == '-' {
		s.i++
	}
	switch c := s.next(); {
	case c == '0':
		s.i++
	case !s.digits():
		s.i = start
		return Value{}, s.fail("a value is missing or unknown")
	}
	if s.next() == '.' {
		if s.i++; !s.digits() {
			return Value{}, s.fail("a digit is missing")
		}
	}
	if c := s.next(); c == 'e' || c == 'E' {
		s.i++
		if c := s.next(); c == '+' || c == '-' {
			s.i++
		}
		if !s.digits() {
			return Value{}, s.fail("a digit is missing")
		}
	}
	if s.i-start > s.max.Text {
		return Value{}, s.fail("a number is too long")
	}
	return Value{Kind: Number, Text: s.s[start:s.i]}, nil
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.s) && s.s[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > start
}

// text reads a string and checks its escapes, but does not decode it.
func (s *scanner) text() (token, error) {
	s.i++
	start, escaped := s.i, false
	for s.i < len(s.s) {
		switch s.s[s.i] {
		case '"':
			if s.i-start > s.max.Text {
				return token{}, s.fail("a text is too long")
			}
			s.i++
			return token{s.s[start : s.i-1], escaped}, nil
		case '\\':
			escaped = true
			n := escapeLen(s.s[s.i:])
			if n == 0 {
				return token{}, s.fail("unknown escape")
			}
			s.i += n
		default:
			s.i++
		}
	}
	return token{}, s.fail("a text has no end")
}

// escapeLen returns the length of the escape s starts with, 0 when it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(s[2:]); ok {
			return 6
		}
	}
	return 0
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[:4]) {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// decode resolves the escapes. A lone surrogate becomes U+FFFD and NUL is left
// out: no store takes either.
func (t token) decode() string {
	if !t.escaped {
		return t.raw
	}
	b := make([]byte, 0, len(t.raw))
	for s := t.raw; s != ""; {
		n := strings.IndexByte(s, '\\')
		if n < 0 {
			b = append(b, s...)
			break
		}
		b = append(b, s[:n]...)
		s = s[n:]
		if s[1] != 'u' {
			b, s = append(b, plainEscape(s[1])), s[2:]
			continue
		}
		r, _ := hex4(s[2:])
		s = s[6:]
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if strings.HasPrefix(s, `\u`) {
				low, ok = hex4(s[2:])
			}
			r = utf16.DecodeRune(r, low)
			if ok && r != utf8.RuneError {
				s = s[6:]
			}
		}
		if r != 0 {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
