package normal

import "strings"

// birthDate returns a birth date as yyyy-mm-dd. A date that no calendar has keeps
// this form as well when its parts can be told: it was mistyped, and is compared.
func birthDate(s, region string) string {
	s = Line(s, maxShort)
	if iso, ok := Date(s, region); ok {
		return iso
	}
	d := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '/' || r == ' ' {
			return -1
		}
		return r
	}, s)
	if len(d) != 8 || !plainDigits(d) || sameByte(d) || realDay(number(d[:4]), number(d[4:6]), number(d[6:])) {
		return "" // the days of the calendar that Date refuses stand for no day
	}
	return d[:4] + "-" + d[4:6] + "-" + d[6:]
}
