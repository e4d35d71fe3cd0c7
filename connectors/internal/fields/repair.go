package fields

import (
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// repair makes text storable: invalid UTF-8 becomes U+FFFD and NUL is left out.
func repair(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}
