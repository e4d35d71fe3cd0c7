package normal

import "strings"

// birthDate returns a birth date as yyyy-mm-dd. What no calendar has was mistyped, and
// is compared all the same: eight digits keep this form, and where one was left out or
// came in, the digits stay as they are.
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
	switch {
	case !plainDigits(d) || len(d) < 7 || len(d) > 9 || sameByte(d):
		return ""
	case len(d) != 8:
		return d
	case realDay(number(d[:4]), number(d[4:6]), number(d[6:])):
		return "" // the days of the calendar that Date refuses stand for no day
	}
	return d[:4] + "-" + d[4:6] + "-" + d[6:]
}
