package normal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"leadgate/lead"
)

// PhoneNumber is a phone number in canonical form.
type PhoneNumber struct {
	E164     string // + and digits; "" when no country is known
	National string // the digits without calling code; all digits when no country is known, an x for each masked one
	Ext      string // extension behind the number, never part of it
	Mobile   bool   // a mobile, or of a plan that does not tell mobiles apart (North America)
	Weak     string // why it points at nobody in particular; "" for a good identity
}

// The limits of what is read as a number.
const (
	maxPhoneText   = 250 // bytes of input
	maxPhoneDigits = 20  // beyond E.164's 15, so that a mistyped number is kept whole
)

// Phone reads one phone number, the first when the text holds several. Region is
// the ISO 3166-1 code of the country whose national notation is understood; with
// "" only international notation is, and other digits are kept as weak.
//
// What is a number but no identity comes back with Weak: withheld and masked
// callers, placeholders, short codes, special rates, and numbers that no
// numbering plan knows. The error, which wraps lead.ErrInvalid and does not repeat
// the input, means that there is no number at all.
func Phone(raw, region string) (PhoneNumber, error) {
	if n, ok := canonicalPhone(raw); ok {
		return n, nil
	}
	all := Phones(raw, region)
	if len(all) == 0 {
		return PhoneNumber{}, fmt.Errorf("reading phone number: %w: not a number", lead.ErrInvalid)
	}
	return all[0], nil
}

// Phones reads every phone number of a text, in its order and each once.
func Phones(raw, region string) []PhoneNumber {
	if n, ok := canonicalPhone(raw); ok {
		return []PhoneNumber{n}
	}
	if len(raw) > maxPhoneText {
		return nil
	}
	s := plainPhone(raw)
	if withheldWord(s) {
		return []PhoneNumber{{Weak: weakWithheld}}
	}
	var out []PhoneNumber
	region = strings.ToUpper(region)
	for _, part := range splitPhones(s) {
		n, ok := onePhone(part, region)
		if ok && (n.Weak == weakNotANumber || n.Weak == weakNoCountry) {
			for _, n := range apart(part, region, n) {
				out = addPhone(out, n)
			}
			continue
		}
		if ok {
			out = addPhone(out, n)
		}
	}
	return out
}

func addPhone(list []PhoneNumber, n PhoneNumber) []PhoneNumber {
	if containsPhone(list, n) {
		return list
	}
	return append(list, n)
}

// apart looks at digits that are no number for a number with an extension or two
// numbers with nothing but a blank or a dash between them.
func apart(s, region string, whole PhoneNumber) []PhoneNumber {
	if countDigits(s) < 9 || len(s) > 2*maxPhoneDigits+20 {
		return []PhoneNumber{whole}
	}
	for i := len(s) - 1; i > 5; i-- {
		c, tail := s[i], countDigits(s[i:])
		if c >= '0' && c <= '9' || tail == 0 || tail > 5 && tail < 7 || s[i-1] < '0' || s[i-1] > '9' {
			continue
		}
		if tail == 1 && (c == ' ' || c == '-') { // a slip rather than an extension
			continue
		}
		n, ok := onePhone(s[:i], region)
		if !ok || n.E164 == "" || n.Weak == weakNotANumber {
			continue
		}
		if tail <= 5 {
			if strings.ContainsAny(strings.Trim(s[i:], " -/().,"), " -/().,") { // two groups are no extension
				continue
			}
			n.Ext = digitsOf(s[i:])
			return []PhoneNumber{n}
		}
		if second, ok := onePhone(s[i:], region); ok && second.E164 != "" && second.Weak != weakNotANumber {
			return []PhoneNumber{n, second}
		}
	}
	return []PhoneNumber{whole}
}

func containsPhone(list []PhoneNumber, n PhoneNumber) bool {
	for _, have := range list {
		if have.E164 == n.E164 && (n.E164 != "" || have.National == n.National) {
			return true
		}
	}
	return false
}

// canonicalPhone reads a number that already is E.164 and in use somewhere: the
// common case, without allocation.
func canonicalPhone(s string) (PhoneNumber, bool) {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' {
		return PhoneNumber{}, false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return PhoneNumber{}, false
		}
	}
	return knownPhone(s)
}

// knownPhone describes +digits when the numbering plan knows the number.
func knownPhone(e164 string) (PhoneNumber, bool) {
	p, n := planFor(e164[1:])
	if p == nil {
		return PhoneNumber{}, false
	}
	national := e164[1+n:]
	kind := p.check(national)
	if kind == lineNone {
		return PhoneNumber{}, false
	}
	return PhoneNumber{E164: e164, National: national, Mobile: kind == lineMobile, Weak: weakPhone(e164[1:], national, kind)}, true
}

// onePhone reads a text that holds one number, as plainPhone and splitPhones left it.
func onePhone(s, region string) (PhoneNumber, bool) {
	if masked(s) {
		shown := maskedDigits(s)
		if rest, found := strings.CutPrefix(shown, "0xx"); !found || len(rest) < 10 || !plainDigits(rest) {
			return PhoneNumber{National: shown, Weak: weakMasked}, true
		}
		s = shown[3:] // Brazil: by any carrier
	}
	s, ext := cutExtension(s)
	s, ok := dialable(s)
	if !ok {
		return PhoneNumber{}, false
	}
	s = strings.TrimLeft(s, " ([{'\"`=:.,;/-_~<>")
	plus := strings.HasPrefix(s, "+")
	if plus {
		s = strings.Replace(s, "(0)", "", 1)
	}
	digits := digitsOf(s)
	if digits == "" || len(digits) > maxPhoneDigits {
		return PhoneNumber{}, false
	}
	n := resolve(digits, plus, region)
	n.Ext = ext
	return n, true
}

// resolve finds out which number digits are.
func resolve(digits string, plus bool, region string) PhoneNumber {
	if plus && strings.HasPrefix(digits, "0") { // no calling code starts with 0
		plus = false
	}
	if plus {
		return international(digits)
	}
	for _, exit := range [...]string{"00", "011", "810"} {
		if rest, found := strings.CutPrefix(digits, exit); found && len(rest) > 6 {
			if sentinelNumbers()[rest] {
				return PhoneNumber{National: digits, Weak: weakWithheld}
			}
			if n, ok := knownInternational(rest); ok {
				return n
			}
		}
	}
	if sentinelNumbers()[digits] && region == "" {
		return PhoneNumber{National: digits, Weak: weakWithheld}
	}
	if n, ok := national(digits, region); ok {
		return n
	}
	// Without a trunk zero, national numbers have up to eleven digits, so that
	// longer ones can only be international ones that lost their plus.
	if digits[0] != '0' && (len(digits) >= 12 || region != "" && len(digits) == 11) {
		if n, ok := knownInternational(digits); ok {
			return n
		}
	}
	return unknownPhone(digits, region)
}

// unknownPhone keeps digits that no rule makes a number of.
func unknownPhone(digits, region string) PhoneNumber {
	n := PhoneNumber{National: digits}
	switch code := regionCode(region); {
	case placeholderDigits(digits):
		n.Weak = weakPlaceholder
	case len(digits) <= 6:
		n.Weak = weakShort
	case code == 0:
		n.Weak = weakNoCountry
	default:
		n.Weak = weakNotANumber
	}
	return n
}

// international reads digits that start with a calling code. What no plan knows
// is kept as it is, so that reading it again gives the same.
func international(digits string) PhoneNumber {
	if n, ok := knownInternational(digits); ok {
		return n
	}
	n := PhoneNumber{E164: "+" + digits, National: digits, Weak: weakNotANumber}
	if p, code := planFor(digits); p != nil {
		n.National = digits[code:]
	}
	switch {
	case sentinelNumbers()[digits]:
		n.Weak = weakWithheld
	case placeholderDigits(n.National), placeholderDigits(digits):
		n.Weak = weakPlaceholder
	case len(digits) <= 6:
		n.Weak = weakShort
	}
	return n
}

// knownInternational reads digits that start with a calling code, if any plan
// knows the number, with or without the trunk prefix that people leave in.
func knownInternational(digits string) (PhoneNumber, bool) {
	e164 := "+" + digits
	if n, ok := knownPhone(e164); ok {
		return n, true
	}
	p, code := planFor(digits)
	if p == nil {
		return modernPhone(digits)
	}
	if rest, found := strings.CutPrefix(digits[code:], p.trunk); found && p.trunk != "" {
		if n, ok := knownPhone(e164[:1+code] + rest); ok {
			return n, true
		}
	}
	if n, ok := parsePhone(e164, ""); ok {
		return n, true
	}
	return modernPhone(digits)
}

// KnownRegion reports whether a region is the code of a country (ISO 3166-1, two
// letters in either case) whose numbering plan is known.
func KnownRegion(region string) bool {
	return len(region) == 2 && regionCode(strings.ToUpper(region)) != 0
}

// parsePhone lets the library read what is not plain; only known numbers count.
func parsePhone(s, region string) (PhoneNumber, bool) {
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return PhoneNumber{}, false
	}
	return knownPhone("+" + strconv.Itoa(int(n.GetCountryCode())) + phonenumbers.GetNationalSignificantNumber(n))
}

// regionCode returns the calling code of an ISO region in upper case, or 0.
func regionCode(region string) int {
	if region == "" {
		return 0
	}
	return phonenumbers.GetCountryCodeForRegion(region)
}

// Landline reports whether a number in E.164 may be one that stands in a house or
// an office: it is no mobile, or of a plan that does not tell mobiles apart.
func Landline(e164 string) bool {
	n, ok := canonicalPhone(e164)
	return ok && (!n.Mobile || strings.HasPrefix(e164, "+1"))
}
