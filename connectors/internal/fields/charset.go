package fields

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// charset is the character set a sender declares, "" for none.
type charset string

// document is a whole body as text.
func (c charset) document(body []byte) string {
	return strings.TrimPrefix(c.text(string(body)), byteOrderMark)
}

// text makes bytes storable text. What is UTF-8 is taken as that whatever was
// declared: no other text of any length looks like it by chance. Else it is what
// was declared; with nothing declared it is windows-1252, as browsers assume,
// unless it is UTF-8 that was damaged.
func (c charset) text(s string) string {
	if utf8.ValidString(s) && (c == "" || strings.IndexByte(s, escape) < 0) {
		return repair(s)
	}
	if c != "" {
		if enc, err := htmlindex.Get(string(c)); err == nil {
			if name, err := htmlindex.Name(enc); err == nil && name != "utf-8" {
				if out, err := enc.NewDecoder().String(s); err == nil {
					return repair(out)
				}
			}
		}
	}
	if !holdsUTF8(s) {
		if out, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			return repair(out)
		}
	}
	return repair(s)
}

// escape switches character sets in those of ISO 2022, whose bytes are all ASCII.
const escape = 0x1b

// holdsUTF8 reports whether any letter of s is a well-formed sequence of several bytes.
func holdsUTF8(s string) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != utf8.RuneError && n > 1 {
			return true
		}
		i += n
	}
	return false
}
