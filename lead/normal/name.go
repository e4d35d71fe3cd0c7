package normal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"leadgate/lead"
)

// maxName is the longest name that is kept, in characters.
const maxName = 200

// ParseName reads a person's name out of one line. Display is the line itself,
// repaired and trimmed; the parts are filled as far as they can be told, and in
// ordinary case when they are written in capitals only or in small letters only.
// Companies, e-mail addresses, phone numbers, long texts and words that tell
// nobody's name (test, WhatsApp user) fill Display alone. One word is a given
// name, or a family name behind a title.
func ParseName(display string) lead.Name {
	n := lead.Name{Display: displayName(display)}
	if given, family, ok := simpleName(n.Display); ok {
		n.Given, n.Family = given, family
		return n
	}
	return readName(n)
}

// readName reads every name, whatever its display holds.
func readName(n lead.Name) lead.Name {
	line := withoutRemark(withoutCompany(n.Display))
	if !personal(line) {
		return n
	}
	front, back, _ := strings.Cut(line, ",")
	family, given := withoutSuffixes(nameWords(front)), withoutSuffixes(nameWords(back))
	p, family := cutPrefixes(family)
	q, given := cutPrefixes(given)
	n.Prefix = strings.TrimSpace(p + " " + q)
	if jobTitle(given) { // John Smith, Sales Manager
		given = nil
	}
	if len(family) == 0 || len(family)+len(given) > 7 || nobody(slices.Concat(family, given)) {
		return lead.Name{Display: n.Display}
	}
	if all := slices.Concat(family, given); allCapitals(all) || allSmall(all) {
		titleCase(family)
		titleCase(given)
	}
	switch {
	case len(given) > 0: // Belo, Ana Maria
		given, family = trailingParticles(given, family)
		n.Family = strings.Join(family, " ")
		n.Given, n.Middle = given[0], strings.Join(given[1:], " ")
	case len(family) == 1 && n.Prefix != "": // Frau Belo
		n.Family = family[0]
	default:
		splitParts(&n, family)
	}
	n.Family = ordinaryCase(n.Family)
	splitInitials(&n)
	return n
}

// withoutRemark drops what follows a name behind a dash or a bar (John Smith -
// Acme), and addresses and phone numbers that were typed beside it.
func withoutRemark(s string) string {
	for _, sep := range [...]string{" - ", " – ", " — ", " | ", " / ", " @ ", " • ", " · "} {
		if i := strings.Index(s, sep); i > 0 {
			s = s[:i]
		}
	}
	if strings.IndexByte(s, '@') < 0 && countDigits(s) < 7 {
		return s
	}
	words := strings.Fields(s)
	rest := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return strings.IndexByte(w, '@') >= 0 || strings.Trim(w, "+0123456789()-./") == ""
	})
	if len(rest) == 0 || countDigits(s) >= 7 && countDigits(strings.Join(rest, "")) > 0 {
		return s
	}
	return strings.Trim(strings.Join(rest, " "), " ,;:-")
}

// displayName cleans the line a name stands on, and takes off quotes around it.
func displayName(s string) string {
	s = Line(s, maxName)
	for len(s) > 1 {
		first, n := utf8.DecodeRuneInString(s)
		last, m := utf8.DecodeLastRuneInString(s)
		if !strings.ContainsRune(`"'«“„`, first) || !strings.ContainsRune(`"'»”“`, last) || len(s) < n+m {
			break
		}
		s = strings.TrimFunc(s[n:len(s)-m], isSpace)
	}
	return s
}

// personal reports whether a line can be the name of one person.
func personal(s string) bool {
	letters, digits := 0, 0
	for _, r := range s {
		switch {
		case r == '@':
			return false
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return letters > 0 && digits < 3 && !webAddress(s) && !company(s)
}

// withoutCompany takes off the company that people put behind their name: Ana
// Belo, Belo Ltd. and Ana Belo (Belo Ltd.). Acme, Inc. stays.
func withoutCompany(s string) string {
	i := strings.LastIndexAny(s, ",(")
	if i < 1 {
		return s
	}
	name, behind := strings.TrimSpace(s[:i]), strings.Trim(s[i:], ",() ")
	if strings.IndexByte(name, ' ') < 0 || strings.IndexByte(behind, ' ') < 0 || !company(behind) || company(name) {
		return s
	}
	return name
}

// webAddress reports whether a line is a URL or a domain: www.acme.com, acme.de.
func webAddress(s string) bool {
	if strings.Contains(s, "://") || strings.HasPrefix(s, "www.") {
		return true
	}
	dot := strings.LastIndexByte(s, '.')
	return dot > 1 && strings.IndexByte(s, ' ') < 0 && domainEnds()[s[dot+1:]]
}

// nobody reports whether words tell nobody's name: what people type to get past a
// field, and what software writes for want of a name.
func nobody(words []string) bool {
	for _, w := range words {
		fold := strings.Trim(Search(w), ".-_!?'\"#*")
		bare := strings.TrimRight(strings.ReplaceAll(fold, "/", ""), "0123456789")
		if len(bare) > 1 && sameByte(bare) || nobodyWords()[bare] || nothingWords()[bare] || nothingLocals()[bare] || fakeLocals()[bare] && !alsoNames()[bare] {
			continue
		}
		return false
	}
	return true
}

// noNameWord reports whether a word cannot be one of a name.
func noNameWord(w string) bool {
	letter := false
	for _, r := range w {
		if r == '@' {
			return true
		}
		letter = letter || unicode.IsLetter(r)
	}
	if !letter || countDigits(w) > 2 {
		return true
	}
	if len(w) < 10 && blankWords()[strings.ToLower(w)] {
		return true
	}
	return webAddress(w)
}

// jobTitle reports whether all words say what somebody is, not who.
func jobTitle(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !jobWords()[bareWord(w)] })
}

// nameWords splits a line into words that hold a letter; what stands in
// parentheses is a remark.
func nameWords(s string) []string {
	if open := strings.IndexByte(s, '('); open >= 0 {
		_, rest, _ := strings.Cut(s[open:], ")")
		s = s[:open] + " " + rest
	}
	return strings.FieldsFunc(s, func(r rune) bool { return isSpace(r) || r == ',' || r > 0x7f && unicode.Is(unicode.So, r) })
}

// betweenNames reports whether a word joins two: Mr and Mrs, John & Mary.
func betweenNames(w string) bool { return joiners()[strings.ToLower(w)] }

// cutPrefixes takes titles off the begin, and leaves at least one word.
func cutPrefixes(tokens []string) (prefix string, rest []string) {
	for len(tokens) > 1 {
		w := titleWord(tokens[0])
		switch {
		case w == "don" && len(tokens) == 2: // Don Johnson, but Don Diego Vega
			return prefix, tokens
		case prefixes()[w] && (!nameTitles()[w] || strings.Contains(tokens[0], ".")), prefix != "" && prefixTails()[w] && (strings.Contains(tokens[0], ".") || len(w) > 2):
			prefix = strings.TrimSpace(prefix + " " + tokens[0])
		case prefix != "" && betweenNames(tokens[0]) && prefixes()[titleWord(tokens[1])]: // Mr and Mrs
		default:
			return prefix, tokens
		}
		tokens = tokens[1:]
	}
	return prefix, tokens
}

// titleWord is a word in the form the lists of titles hold: Dipl.-Ing. is dipling.
func titleWord(w string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == ',' || r == '(' || r == ')' {
			return -1
		}
		return r
	}, strings.ToLower(w))
}

// withoutSuffixes drops degrees and generations from the end, and words without a letter.
func withoutSuffixes(tokens []string) []string {
	tokens = slices.DeleteFunc(tokens, func(w string) bool { return w != "&" && noNameWord(w) })
	if i := slices.IndexFunc(tokens, func(w string) bool { return maidenWords()[bareWord(w)] }); i > 1 && i < len(tokens)-1 {
		tokens = tokens[:i] // Anna Schmidt geb. Müller
	}
	shout := allCapitals(tokens)
	for len(tokens) > 0 && suffix(tokens[len(tokens)-1], shout) {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// suffix reports whether a word follows a name without being part of it. Ma, Sen
// and Mba are names, MA, sen. and MBA are not; where all is in capitals, only a
// dot tells them apart.
func suffix(w string, shout bool) bool {
	bare := strings.ReplaceAll(bareWord(w), ".", "")
	switch {
	case !suffixes()[bare]:
		return false
	case len(bare) > 2 && !nameSuffixes()[bare], bare == "jr", bare == "sr", bare == "ii", bare == "iv", strings.Contains(w, "."):
		return true
	}
	return !shout && w == strings.ToUpper(w)
}

// bareWord is a word in the form the lists below hold.
func bareWord(w string) string { return strings.Trim(strings.ToLower(w), ".,()") }

// splitParts shares words out that stand in one order without comma.
func splitParts(n *lead.Name, tokens []string) {
	if len(tokens) > 2 && betweenNames(tokens[1]) && (len(tokens) > 3 || !particles()[bareWord(tokens[1])]) {
		tokens = slices.Delete(slices.Clone(tokens), 1, 2) // John and Mary Smith
		if len(tokens) == 2 {                              // Anna & Peter, or Smith & Jones
			n.Given, n.Middle = tokens[0], tokens[1]
			return
		}
	}
	last := len(tokens) - 1
	switch {
	case last == 0:
		if hangulName(tokens[0]) {
			n.Family, n.Given = splitHangul(tokens[0])
			return
		}
		n.Given = tokens[0]
		return
	case last == 1 && patronymic(tokens[1]): // Иван Иванович
		n.Given, n.Middle = tokens[0], tokens[1]
		return
	}
	if family, given := familyFirst(tokens); given != nil {
		n.Family = strings.Join(family, " ")
		if len(given) > 0 {
			n.Given, n.Middle = given[0], strings.Join(given[1:], " ")
		}
		return
	}
	family := last
	for i := 1; i < last; i++ {
		if w := bareWord(tokens[i]); particles()[w] {
			if family = i; i > 1 && (w == "y" || w == "e" || w == "i") { // Sánchez y Pérez
				family--
			}
			break
		}
	}
	if patronymicOf(tokens) == last-1 && last > 2 { // Али Гасан оглы Мамедов
		family = last
	}
	n.Given = tokens[0]
	n.Middle = strings.Join(tokens[1:family], " ")
	n.Family = strings.Join(tokens[family:], " ")
}

// leadingCapitals counts the words in capitals at the begin, when the rest is not.
func leadingCapitals(tokens []string) int {
	n := 0
	for n < len(tokens) && utf8.RuneCountInString(tokens[n]) > 2 && strings.IndexByte(tokens[n], '.') < 0 && allCapitals(tokens[n:n+1]) {
		n++
	}
	if n == len(tokens) || slices.ContainsFunc(tokens[n:], func(t string) bool { return allCapitals([]string{t}) }) {
		return 0
	}
	return n
}

// allCapitals reports whether the words hold capitals only, and more than initials.
func allCapitals(tokens []string) bool {
	capitals := 0
	for _, t := range tokens {
		for _, r := range t {
			if unicode.IsLower(r) {
				return false
			}
			if unicode.IsUpper(r) {
				capitals++
			}
		}
	}
	return capitals > 2
}

// allSmall reports whether the words are written in small letters only.
func allSmall(tokens []string) bool {
	for _, t := range tokens {
		for _, r := range t {
			if unicode.IsLetter(r) && !unicode.IsLower(r) {
				return false
			}
		}
	}
	return true
}

// titleCase writes words with a capital at their begin and behind hyphens only,
// particles behind the first word small.
func titleCase(tokens []string) {
	title := cases.Title(language.Und)
	for i, t := range tokens {
		if t = strings.ToLower(t); i > 0 && particles()[bareWord(t)] && !strings.HasSuffix(t, ".") {
			tokens[i] = t
			continue
		}
		tokens[i] = title.String(t)
		if at := strings.IndexAny(tokens[i], "'’"); at > 0 && at < 3 && utf8.RuneCountInString(tokens[i][at:]) > 3 { // O'Brien
			_, n := utf8.DecodeRuneInString(tokens[i][at:])
			tokens[i] = tokens[i][:at+n] + title.String(tokens[i][at+n:])
		}
	}
}

// ordinaryCase is a family name in ordinary case when it is written in capitals.
func ordinaryCase(family string) string {
	words := strings.Fields(family)
	if !allCapitals(words) || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, ".") || utf8.RuneCountInString(w) < 3 }) {
		return family
	}
	titleCase(words)
	return strings.Join(words, " ")
}

// patronymic reports whether a word is an East Slavic patronymic.
func patronymic(w string) bool {
	w = strings.ToLower(w)
	if utf8.RuneCountInString(w) < 6 {
		return false
	}
	for _, end := range [...]string{"ович", "евич", "йович", "ьич", "овна", "евна", "ична", "івна", "ївна", "ovich", "evich", "yovych", "ovych", "ovna", "evna", "ivna"} {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}
