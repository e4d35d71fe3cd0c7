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
