package fields

import (
	"strings"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// phoneParts reads an object that is a phone number in parts: country, calling
// code or area beside the number. It reports false for any other.
func (m *mapper) phoneParts(v Value, at place) bool {
	const quiet = wNoise | wBill | wCustomer | wUser
	if w := at.read.words &^ quiet; w&wPhone == 0 || w&^(wPhone|wNumber) != 0 || at.read.unknown > 0 {
		return false
	}
	var number, area, code string
	for _, it := range v.Items {
		if !it.Value.Scalar() {
			return false
		}
		text := strings.TrimSpace(it.Value.Text)
		words := splitWords(it.Name)
		if text == "" || len(words) == 0 || it.Value.Kind == Bool {
			continue
		}
		switch last := words[len(words)-1]; {
		case words[0] == "area" || last == "prefix" && text[0] != '+':
			area = text
		case isDial(text) || code == "" && len(words) > 0 && (words[0] == "country" || words[0] == "region") && regionOf(text) != "":
			code = text
		case looksPhone(text) && (len(text) > len(number) || !looksPhone(number)), number == "" && countDigits(text) >= 4:
			number = text
		}
	}
	if number == "" {
		return false
	}
	if area != "" && !strings.HasPrefix(number, "+") {
		number = area + " " + number
	}
	if !m.identity(lead.IdentityPhone, number) {
		return false
	}
	if code != "" {
		m.phones = append(m.phones, region{number, code})
	}
	for _, it := range v.Items { // the same number in other words adds nothing
		text := strings.TrimSpace(it.Value.Text)
		if text != "" && text != area && text != code && it.Value.Kind != Bool && !sameDigits(text, number) {
			m.keep(lead.Field{Key: at.path + "." + it.Name, Label: at.label, Value: text})
		}
	}
	return true
}

// settlePhones brings the numbers without a country to their international form
// where the post says which it is: beside the number, else for the inquiry. What
// it cannot say stays as written, and is read by the region of the source.
func (m *mapper) settlePhones() {
	for i := range m.q.Identities {
		id := &m.q.Identities[i]
		if id.Kind != lead.IdentityPhone || strings.HasPrefix(id.Value, "+") || strings.HasPrefix(id.Value, "00") {
			continue
		}
		for _, code := range [...]string{m.beside(id.Value), m.dial, m.q.Country} {
			if e164 := dialled(id.Value, code); e164 != "" {
				id.Value, id.Raw = e164, id.Value
				break
			}
		}
	}
}

func (m *mapper) beside(phone string) string {
	for _, r := range m.phones {
		if r.phone == phone {
			return r.code
		}
	}
	return ""
}

// dialled is a national number in international form, by a calling code or the
// name or code of a country; "" when that makes no number.
func dialled(number, code string) string {
	if code == "" {
		return ""
	}
	text, where := number, regionOf(code)
	if isDial(code) {
		text, where = code+" "+strings.TrimPrefix(strings.TrimSpace(number), "0"), ""
	} else if where == "" {
		return ""
	}
	n, err := normal.Phone(text, where)
	if err != nil || n.Weak != "" && where != "" { // a calling code says more than a plan that may be old
		return ""
	}
	return n.E164
}

// isDial reports whether a text is a calling code, such as +44.
func isDial(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return plus && len(digits) > 0 && len(digits) <= 4 && allDigits(digits)
}

// sameDigits reports whether two texts end in the same digits, so that they are
// one number, with and without its country.
func sameDigits(a, b string) bool {
	const enough = 6
	x, y := digitsOf(a), digitsOf(b)
	n := min(len(x), len(y))
	return n >= enough && x[len(x)-n:] == y[len(y)-n:]
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i]-'0' <= 9 {
			n++
		}
	}
	return n
}

// regionOf is the ISO 3166-1 code of a country given by its code or name, in
// English, its own language or a large one; "" for any other text.
func regionOf(text string) string {
	text = strings.TrimSpace(text)
	if code(text, 2) {
		if up := strings.ToUpper(text); up != "UK" {
			return up
		}
		return "GB"
	}
	if len(text) > 60 {
		return ""
	}
	return countries()[folded(text)]
}
