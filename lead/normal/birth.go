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
	if len(d) != 8 || !plainDigits(d) || sameByte(d) {
		return ""
	}
	y, m, day := d[:4], d[4:6], d[6:]
	if len(s) == 10 && plainDigits(s[6:]) && inRange(number(d[4:])) && !inRange(number(y)) { // 31.02.1985
		y, m, day = d[4:], d[2:4], d[:2]
		if number(m) > 12 || monthFirst(region) && number(day) <= 12 {
			m, day = day, m
		}
	}
	if realDay(number(y), number(m), number(day)) {
		return "" // the days of the calendar that Date refuses stand for no day
	}
	return y + "-" + m + "-" + day
}

// inRange reports whether dates are read in a year.
func inRange(year int) bool { return year >= firstYear && year <= lastYear }
