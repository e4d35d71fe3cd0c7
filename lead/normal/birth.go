package normal

import "strings"

// birthDate returns a birth date as yyyy-mm-dd. A date that no calendar has keeps
// this form as well when its parts can be told: it was mistyped, and is compared.
func birthDate(s, region string) string {
	s = Line(s, maxShort)
	d := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '/' || r == ' ' {
			return -1
		}
		return r
	}, s)
	if len(d) == 8 && digitsOf(d) == d {
		return d[:4] + "-" + d[4:6] + "-" + d[6:]
	}
	return ""
}
