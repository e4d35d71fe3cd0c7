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
// ordinary case when the line is all capitals. Companies, e-mail addresses, phone
// numbers and long texts are nobody's name: they fill Display alone. One word is
// a given name, or a family name behind a title.
func ParseName(display string) lead.Name {
	n := lead.Name{Display: displayName(display)}
	if !personal(n.Display) {
		return n
	}
	front, back, _ := strings.Cut(n.Display, ",")
	family, given := withoutSuffixes(nameWords(front)), withoutSuffixes(nameWords(back))
	p, family := cutPrefixes(family)
	q, given := cutPrefixes(given)
	n.Prefix = strings.TrimSpace(p + " " + q)
	if len(family) == 0 || len(family)+len(given) > 7 {
		return lead.Name{Display: n.Display}
	}
	if allCapitals(slices.Concat(family, given)) {
		titleCase(family)
		titleCase(given)
	}
	switch {
	case len(given) > 0: // Belo, Ana Maria
		n.Family, n.Given, n.Middle = strings.Join(family, " "), given[0], strings.Join(given[1:], " ")
	case len(family) == 1 && n.Prefix != "": // Frau Belo
		n.Family = family[0]
	default:
		splitParts(&n, family)
	}
	return n
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
		case r == '@' || r == '/' && strings.Contains(s, "://"):
			return false
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return letters > 0 && digits < 3 && !company(s)
}

// nameWords splits a line into words that hold a letter; what stands in
// parentheses is a remark.
func nameWords(s string) []string {
	if open := strings.IndexByte(s, '('); open >= 0 {
		_, rest, _ := strings.Cut(s[open:], ")")
		s = s[:open] + " " + rest
	}
	return strings.FieldsFunc(s, func(r rune) bool { return isSpace(r) || r == ',' || unicode.Is(unicode.So, r) })
}

// cutPrefixes takes titles off the begin, and leaves at least one word.
func cutPrefixes(tokens []string) (prefix string, rest []string) {
	for len(tokens) > 1 && prefixes()[bareWord(tokens[0])] {
		if bareWord(tokens[0]) == "don" && len(tokens) == 2 { // Don Johnson, but Don Diego Vega
			break
		}
		prefix = strings.TrimSpace(prefix + " " + tokens[0])
		tokens = tokens[1:]
	}
	return prefix, tokens
}

// withoutSuffixes drops degrees and generations from the end, and words without a letter.
func withoutSuffixes(tokens []string) []string {
	tokens = slices.DeleteFunc(tokens, func(w string) bool { return strings.IndexFunc(w, unicode.IsLetter) < 0 })
	for len(tokens) > 0 && suffix(tokens[len(tokens)-1]) {
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// suffix reports whether a word follows a name without being part of it. Ma and
// Ba are names, MA and B.A. are degrees.
func suffix(w string) bool {
	bare := strings.ReplaceAll(bareWord(w), ".", "")
	if !suffixes()[bare] {
		return false
	}
	return len(bare) > 2 || strings.Contains(w, ".") || bare == "jr" || bare == "sr" || w == strings.ToUpper(w)
}

// bareWord is a word in the form the lists below hold.
func bareWord(w string) string { return strings.Trim(strings.ToLower(w), ".,()") }

// splitParts shares words out that stand in one order without comma.
func splitParts(n *lead.Name, tokens []string) {
	last := len(tokens) - 1
	switch {
	case last == 0:
		n.Given = tokens[0]
		return
	case last == 2 && patronymic(tokens[2]): // Иванов Иван Иванович
		n.Family, n.Given, n.Middle = tokens[0], tokens[1], tokens[2]
		return
	case last == 1 && patronymic(tokens[1]): // Иван Иванович
		n.Given, n.Middle = tokens[0], tokens[1]
		return
	}
	if lead := leadingCapitals(tokens); lead > 0 { // BELO Ana
		n.Family = strings.Join(tokens[:lead], " ")
		n.Given, n.Middle = tokens[lead], strings.Join(tokens[lead+1:], " ")
		return
	}
	family := last
	for i := 1; i < last; i++ {
		if particles()[bareWord(tokens[i])] {
			family = i
			break
		}
	}
	n.Given = tokens[0]
	n.Middle = strings.Join(tokens[1:family], " ")
	n.Family = strings.Join(tokens[family:], " ")
}

// leadingCapitals counts the words in capitals at the begin, when the rest is not.
func leadingCapitals(tokens []string) int {
	n := 0
	for n < len(tokens) && utf8.RuneCountInString(tokens[n]) > 2 && allCapitals(tokens[n:n+1]) {
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

// titleCase writes words with a capital at their begin and behind hyphens only.
func titleCase(tokens []string) {
	title := cases.Title(language.Und)
	for i, t := range tokens {
		tokens[i] = title.String(t)
	}
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

// company reports whether a line names a business: by its legal form, or by a
// word no person is called.
func company(s string) bool {
	fold := strings.ToLower(s)
	if strings.Contains(fold, "& co") || strings.Contains(fold, "& sons") || strings.Contains(fold, "& cie") {
		return true
	}
	words := strings.Fields(fold)
	given := strings.Fields(s)
	shout := allCapitals(given)
	for i, w := range words {
		w = strings.Trim(w, `,()"'«»`)
		bare := strings.ReplaceAll(w, ".", "")
		switch {
		case legalForms()[bare], businessWords()[bare] && len(words) > 1:
			return true
		case shortForms()[bare] && len(words) > 1 && (i == len(words)-1 || i == 0):
			if strings.Count(w, ".") > 1 || strings.Contains(w, "/") || !shout && given[i] == strings.ToUpper(given[i]) {
				return true
			}
		}
	}
	return false
}

var (
	prefixes = words(`dr prof professor mr mrs ms miss mister mx sir lady lord dame rev reverend hon herr frau hr fr dipl-ing ing mag dkfm
 m-me mme mlle monsieur madame mademoiselle maître sr sra srta don doña señor señora sr-a dott dott-ssa sig sig-ra signor signora avv arch
 dhr mevr mevrouw drs ir pan pani пан пані г-н г-жа господин госпожа гн гжа д-р доктор проф tov bay bayan dona doutor doutora exmo exma`)
	suffixes  = words(`jr sr ii iii iv phd md esq esquire mba msc bsc ma ba llm mphil dds cpa rn cfa pmp dvm jun sen junior senior filho neto`)
	particles = words(`van von vom zu zum zur der den de del della dello delle dei degli di da dal dos das do du des la le lo los las ter ten te op af av
 bin ibn ben bint al el ul y e i vande vander vanden 't st saint san santa mac mc фон ван де дер аль эль ибн бин`)
	legalForms = words(`gmbh ohg gbr ggmbh mbh llc llp inc ltd limited corp corporation incorporated plc sarl eurl srl spa sasu kft zrt oyj aps pty pvt
 doo dooel ооо оао зао пао тов фоп ип чп нко srls lda ltda eireli sapa ehf kgaa gesmbh eood ood jsc pjsc cjsc bvba vof`)
	shortForms    = words(`ag kg ug ek ev se co sa sl sas sc bv nv oy ab as a/s asa ao ао lp kk sp zoo sro as spol kb hb eg ou uab sia`)
	businessWords = words(`company group holding holdings foundation agency agentur services solutions consulting systems technologies industries
 enterprises hotel restaurant clinic klinik praxis hospital university universität school verein firma компания группа фирма агентство клиника`)
)
