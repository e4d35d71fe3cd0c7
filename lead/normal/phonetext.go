package normal

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// The reasons a number is no identity, as they are shown.
const (
	weakWithheld   = "withheld caller"
	weakMasked     = "masked number"
	weakShort      = "short code or extension"
	weakRate       = "toll-free or special-rate number"
	weakMailbox    = "voice mailbox"
	weakNotANumber = "not a valid number"
	weakNoCountry  = "number without country"
)

// Undialled reports whether a number is kept as weak only because it cannot be
// dialled as it stands. Its digits still say something: who mistypes a number, or
// leaves out the country, is likely to do it again.
func Undialled(weak string) bool { return weak == weakNotANumber || weak == weakNoCountry }

// weakPhone returns why a number that exists points at nobody, or "".
func weakPhone(digits, national string, kind lineType) string {
	switch {
	case sentinelNumbers()[digits]:
		return weakWithheld
	case placeholderDigits(national):
		return weakPlaceholder
	case kind == lineRate:
		return weakRate
	case kind == lineMail:
		return weakMailbox
	}
	return ""
}

// placeholderDigits reports whether somebody leaned on a key or ran along the
// row of digits. Only whole numbers count: numbers that hold a run are normal.
func placeholderDigits(s string) bool {
	if len(s) > 4 && sameByte(s) || len(s) > 5 && s[0] == '0' && sameByte(s[1:]) {
		return true
	}
	switch s {
	case "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "12345678901", "0123456789", "01234567890",
		"987654321", "9876543210", "0987654321", "7654321", "87654321":
		return true
	}
	return false
}

// The texts providers send for a caller that hides, and the same words typed on
// a keypad. Some of the latter are valid numbers, so they are looked for first.
var (
	withheldWords = words(`anonymous anonymus restricted unavailable unknown private blocked withheld nocallerid callerid asserted-id-withheld suppressed hidden
 null none undefined nil n/a na -1 0 - ? prohib prohibited anonyme anonym anonimo unbekannt unbekannte unterdruckt unterdruckte verborgen inconnu masque masquee
 desconocido privado oculto desconhecido sconosciuto privato nascosto onbekend anoniem okant dold skjult ukjent nieznany zastrzezony ukryty skryte neizvestno neizvestnyy
 neizvesten skryt skrytyy skrytii nevidomo nevidomiy prikhovaniy prikhovanii gizli ozel`)
	// withheldFiller may stand beside such a word.
	withheldFiller  = words(`caller call number id no the a user phone nummer rufnummer anrufer teilnehmer numero numer appel telefono nomer abonent abonenta cislo numara`)
	sentinelNumbers = words(`266696687 7378742833 2562533 8656696 86282452253 7748283 94844353`)
)

// withheldWord reports whether a text, as plainPhone left it, stands for no number.
func withheldWord(s string) bool {
	if len(s) > 1 && (s[0] == '+' || s[0] == '0') && s[1] >= '1' && s[1] <= '9' { // nearly every number
		return false
	}
	s, _, _ = strings.Cut(s, "@")
	s = strings.Trim(s, "<>()[]\"'+ .")
	if s == "" {
		return false
	}
	if strings.HasPrefix(s, "prohib") || strings.HasPrefix(s, "unavailable") || strings.Trim(s, "0-") == "" || len(s) > 2 && strings.Trim(s, "x* -") == "" {
		return true
	}
	if s[0] >= '1' && s[0] <= '9' {
		return false
	}
	if withheldWords()[s] || withheldWords()[strings.ReplaceAll(s, " ", "")] {
		return true
	}
	said := false
	for w := range strings.FieldsFuncSeq(Search(s), func(r rune) bool { return r == ' ' || r == '-' || r == '_' }) {
		switch {
		case withheldWords()[w]:
			said = true
		case !withheldFiller()[w]:
			return false
		}
	}
	return said || strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "-", "") == "nocallerid"
}

// plainPhone brings a text into lower case and ASCII digits and takes off what
// stands around a number: a name with brackets, a scheme such as tel: or sip:, the
// address of a messenger. Behind WhatsApp's a number is always international.
func plainPhone(raw string) string {
	s := strings.TrimSpace(Text(raw))
	if !isASCII(s) {
		s = strings.TrimSpace(strings.Map(asciiDigit, width.Fold.String(s)))
	}
	if cell, found := strings.CutSuffix(s, ".0"); found && plainDigits(strings.TrimPrefix(cell, "+")) {
		return cell
	}
	if strings.Trim(s, "+0123456789 -/().") == "" {
		return s
	}
	s = strings.ToLower(s)
	if open := strings.LastIndexByte(s, '<'); open > 0 {
		if inner, _, found := strings.Cut(s[open+1:], ">"); found && strings.IndexByte(inner, ':') > 0 {
			s = inner
		}
	}
	s = strings.TrimPrefix(s, "<")
	if strings.Contains(s, "whatsapp") || strings.Contains(s, "wa.me/") || strings.HasSuffix(s, "@c.us") {
		return whatsappNumber(s)
	}
	if strings.IndexByte(s, 'e') > 0 && scientific.MatchString(s) {
		return wholeNumber(s)
	}
	if s != "" && (s[0] == '*' || s[0] == '#') {
		s = s[len(hideCode.FindString(s)):]
	}
	scheme, rest, found := strings.Cut(s, ":")
	if !found {
		return s
	}
	switch strings.TrimSpace(scheme) {
	case "tel", "callto", "phone", "sms", "mobile", "fax":
		return strings.TrimSpace(strings.TrimPrefix(rest, "//"))
	case "sip", "sips":
		user, _, _ := strings.Cut(rest, "@")
		return user
	case "wa":
		return withPlus(rest)
	}
	return s
}

// whatsappNumber takes the number out of WhatsApp's ids and links.
func whatsappNumber(s string) string {
	for _, before := range [...]string{"wa.me/", "phone=", "whatsapp:"} {
		if i := strings.Index(s, before); i >= 0 {
			s = strings.TrimLeft(s[i+len(before):], "/ ")
			if end := strings.IndexAny(s, "?&#/"); end >= 0 {
				s = s[:end]
			}
			return withPlus(strings.TrimPrefix(s, "%2b"))
		}
	}
	if user, host, found := strings.Cut(s, "@"); found && (host == "c.us" || strings.HasPrefix(host, "s.whatsapp")) {
		return withPlus(user)
	}
	return s
}

func withPlus(s string) string {
	if s = strings.TrimSpace(s); s != "" && s[0] >= '1' && s[0] <= '9' {
		return "+" + s
	}
	return s
}

// hideCode finds what is dialled to hide one's own number: *67, #31#.
var hideCode = regexp.MustCompile(`^(?:\*67|\*82|[*#]31[#*])[ ,-]*`)

// scientific finds a number as tables write long ones.
var scientific = regexp.MustCompile(`^\+?([1-9])[.,]([0-9]+)e\+?([0-9]{1,2})$`)

// wholeNumber writes a number of a table out, if the table kept all of its digits.
func wholeNumber(s string) string {
	m := scientific.FindStringSubmatch(s)
	if strconv.Itoa(len(m[2])) != strings.TrimLeft(m[3], "0") {
		return ""
	}
	return m[1] + m[2]
}

// asciiDigit maps the decimal digits of every script to 0–9 and the signs that
// stand in numbers to ASCII. Invisible characters vanish.
func asciiDigit(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0x30fc:
		return '-'
	case unicode.IsSpace(r):
		return ' '
	case ignorable(r):
		return -1
	case r == '•' || r == '●' || r == '∗' || r == '…' || r == '█' || r == '·':
		return '*'
	}
	if !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, t := range unicode.Nd.R16 { // digits stand in runs of ten
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
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
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// splitPhones takes a text with several numbers apart. A slash separates numbers
// only when a whole one stands on each side: 030/1234567 is one number.
func splitPhones(s string) []string {
	s = strings.ReplaceAll(s, ";ext=", " ext ")
	s, _, _ = strings.Cut(s, ";phone-context")
	if strings.IndexFunc(s, unicode.IsLetter) >= 0 {
		s = betweenPhones.ReplaceAllString(s, ",")
	}
	if !strings.ContainsAny(s, ",;|&/\n\t") && strings.LastIndexByte(s, '+') <= 1 {
		return []string{s}
	}
	var out []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(",;|&\n\t", r) }) {
		from := 0
		for i := range len(part) {
			if c := part[i]; c == '+' && countDigits(part[from:i]) > 4 || c == '/' && countDigits(part[from:i]) > 6 && countDigits(part[i:]) > 6 {
				out = append(out, part[from:i])
				from = i
			}
		}
		out = append(out, part[from:])
	}
	whole := out[:0]
	for i, part := range out {
		if i == 0 || countDigits(part) > 4 {
			whole = append(whole, strings.TrimLeft(part, "/ "))
		}
	}
	return whole
}

// betweenPhones finds the words that stand between two numbers.
var betweenPhones = regexp.MustCompile(`\s(?:or|oder|ou|o|или|и|або|und|and|et|y|e|lub)\s`)

// cutExtension takes an extension off the end of a whole number.
func cutExtension(s string) (number, ext string) {
	if strings.IndexByte(s, '#') < 0 && strings.IndexFunc(s, unicode.IsLetter) < 0 {
		return s, ""
	}
	m := extension.FindStringSubmatchIndex(s)
	if m == nil || countDigits(s[:m[0]]) < 6 {
		return s, ""
	}
	return s[:m[0]], s[m[2]:m[3]]
}

// extension finds what precedes an extension, in the languages leads come in.
var extension = regexp.MustCompile(`[\s,.;(-]*(?:extension|extn?\.?|e\.|option|opt\.?|press|доб(?:авочный)?\.?|внутр?\.?|вн\.?|poste|durchwahl|apparat|app\.?|nst\.?|klappe|dw\.?|anexo|ramal|toestel|tst\.?|linka|dahili|wewn\.?|int(?:erno)?\.?|x|#)[\s.:]*([0-9]{1,7})[)\s]*$`)

// masked reports whether a provider hid part of the number: +1202555XXXX, 06****1234,
// 06 1X 34 56 78. An x behind a whole number announces its extension.
func masked(s string) bool {
	x := strings.IndexByte(s, 'x')
	if x < 0 && strings.IndexByte(s, '*') < 0 || countDigits(s) == 0 {
		return false
	}
	if strings.Contains(s, "xx") || strings.IndexByte(s, '*') >= 0 && !strings.HasPrefix(s, "*") || strings.Contains(s, "**") {
		return true
	}
	return x >= 0 && countDigits(s[:x]) < 6 && strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) && r != 'x' }) < 0
}

// maskedDigits keeps the digits that are shown, and an x for each that is not.
func maskedDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r == 'x' || r == '*':
			return 'x'
		}
		return -1
	}, s)
}

// dialable returns the part of a text that is dialled. Letters are read off the
// keypad when they are part of the number (1-800-FLOWERS), and passed over when
// they only stand around it.
func dialable(s string) (string, bool) {
	letter := strings.IndexFunc(s, unicode.IsLetter)
	if letter < 0 {
		return s, strings.IndexByte(s, '@') < 0
	}
	if v := strings.TrimSpace(s); countDigits(v) > 2 && countDigits(v) < 8 && vanity.MatchString(v) {
		return strings.Map(keypad, v), true
	}
	for _, run := range dialledRun.FindAllString(s, -1) {
		if countDigits(run) > 6 {
			return strings.TrimSpace(run), true
		}
	}
	return "", false
}

var (
	vanity     = regexp.MustCompile(`^\+?\(?[0-9][0-9 ().-]+[a-z][a-z0-9 .-]{3,10}$`)
	dialledRun = regexp.MustCompile(`\+?[(0-9][0-9 ()./-]*`)
)

// keypad maps a letter to the key it stands on (ITU-T E.161).
func keypad(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return rune("22233344455566677778889999"[r-'a'])
	}
	return r
}
