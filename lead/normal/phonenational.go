package normal

import (
	"strconv"
	"strings"
)

// national reads digits in the notation of a region.
func national(digits, region string) (PhoneNumber, bool) {
	code := regionCode(region)
	p := planOf(code)
	if p == nil {
		return PhoneNumber{}, false
	}
	prefix := strconv.Itoa(code)
	if n, ok := ownInternational(digits, prefix, p.trunk); ok {
		return n, true
	}
	plain := p.check(digits) != lineNone
	rest, trunk := strings.CutPrefix(digits, p.trunk)
	trunk = trunk && p.trunk != "" && p.check(rest) != lineNone
	switch {
	case plain && !trunk && p.trunk != "":
		return knownPhone("+" + prefix + digits)
	case trunk && !plain:
		return knownPhone("+" + prefix + rest)
	}
	if n, ok := parsePhone(digits, region); ok { // trunk rules beyond a plain prefix
		return n, true
	}
	if n, ok := modernPhone(prefix + digits); ok {
		return n, true
	}
	if rest, found := strings.CutPrefix(digits, "0"+prefix); found { // one zero of 00 was lost
		return knownPhone("+" + prefix + rest)
	}
	return PhoneNumber{}, false
}

// ownInternational reads a number with its country's calling code but without a
// plus. Where numbers are written with a trunk prefix, one that has none and is
// long is not a national one that happens to start like that.
func ownInternational(digits, code, trunk string) (PhoneNumber, bool) {
	if trunk == "" || len(digits) < 11 || strings.HasPrefix(digits, trunk) || !strings.HasPrefix(digits, code) {
		return PhoneNumber{}, false
	}
	return knownPhone("+" + digits)
}

// modernPhone reads numbers, behind their calling code, in notations their country
// gave up but people and messengers still write: Mexico's 1 and the prefixes 01,
// 044 and 045 (until 2019), Brazil's mobiles without the leading 9 (until 2016),
// Italy's mobiles with a zero and its landlines without, Ukraine's 8 before the
// zero, and Russia's 8 behind a plus, where no calling code could start like that.
func modernPhone(digits string) (PhoneNumber, bool) {
	for _, old := range [...]struct{ begin, now string }{
		{"521", "+52"}, {"5201", "+52"}, {"52044", "+52"}, {"52045", "+52"}, {"3903", "+393"}, {"38080", "+380"}, {"89", "+79"},
	} {
		if rest, found := strings.CutPrefix(digits, old.begin); found {
			if n, ok := knownPhone(old.now + rest); ok {
				return n, true
			}
		}
	}
	switch {
	case len(digits) == 12 && strings.HasPrefix(digits, "55") && digits[4] >= '6':
		return knownPhone("+" + digits[:4] + "9" + digits[4:])
	case strings.HasPrefix(digits, "39") && len(digits) > 8 && digits[2] != '0' && digits[2] != '3':
		return knownPhone("+390" + digits[2:])
	}
	return PhoneNumber{}, false
}
