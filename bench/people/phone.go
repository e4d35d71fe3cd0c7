package people

import "strings"

// phone is a number: its digits without code and trunk, and the pattern they fill.
type phone struct {
	region  *region
	digits  string
	pattern string
}

func (n phone) empty() bool { return n.digits == "" }

// e164 is the number the way machines pass it on.
func (n phone) e164() string {
	if n.empty() {
		return ""
	}
	return "+" + n.region.code + n.digits
}

// mobile makes a number nobody else has.
func (w *world) mobile(r *region) phone {
	for {
		pattern := pick(w.dice, r.mobile)
		n := phone{r, w.dice.digits(pattern), pattern}
		if !w.taken[n.e164()] {
			w.taken[n.e164()] = true
			return n
		}
	}
}

// area is how many digits stand before those that are the person's own.
func (n phone) area() int {
	if i := strings.IndexAny(n.pattern, "@#"); i > 0 && i < len(n.digits) {
		return i
	}
	return 2
}

// written is the number in one of the ways people write it, in the country of the
// region home.
func (n phone) written(d dice, home *region) string {
	area, rest := n.digits[:n.area()], n.digits[n.area():]
	sep := pick(d, []string{" ", " ", "", "-", "", "."})
	own := group(d, rest, sep)
	code := n.region.code
	if n.region != home {
		return pick(d, []string{"+", "+", "00"}) + code + sep + area + sep + own
	}
	if code == "1" {
		return northAmerican(d, n.digits)
	}
	trunk := n.region.trunk
	switch d.IntN(12) {
	case 0, 1:
		return "+" + code + area + rest
	case 2:
		return "+" + code + " " + area + " " + own
	case 3:
		if trunk != "" {
			return "+" + code + " (" + trunk + ") " + area + " " + own
		}
	case 4:
		return "00" + code + sep + area + sep + own
	case 5:
		return "(" + trunk + area + ") " + own
	case 6:
		return trunk + area + "/" + own
	case 7, 8:
		return trunk + area + rest
	}
	return trunk + area + sep + own
}

func northAmerican(d dice, s string) string {
	a, b, c := s[:3], s[3:6], s[6:]
	return pick(d, []string{"(" + a + ") " + b + "-" + c, a + "-" + b + "-" + c, a + "." + b + "." + c, a + b + c, "+1" + a + b + c, "+1 " + a + " " + b + " " + c,
		"1-" + a + "-" + b + "-" + c, "(" + a + ")" + b + c, a + " " + b + " " + c, "1" + a + b + c})
}

// group breaks digits into groups of two, three or four.
func group(d dice, s, sep string) string {
	if sep == "" {
		return s
	}
	size := d.between(2, 4)
	var out []string
	for len(s) > size+1 {
		out, s = append(out, s[:size]), s[size:]
	}
	return strings.Join(append(out, s), sep)
}
