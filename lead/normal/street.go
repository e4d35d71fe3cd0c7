package normal

import (
	"slices"
	"strings"
	"unicode"
)

// Street returns the street and the house number of an address as they are
// compared. The skeleton is the name folded into Latin letters, the words for
// street, road, square and so on in one spelling over the main languages and at
// its end, directions short, articles dropped: Rue de la Paix is paix str, and so
// is Paix St. The number is the house's with its letter (12a, 12bis); flats,
// floors and buildings are told from it and dropped. It is taken from the street
// line, from either end, when its own field is empty; line2 is read when the
// street line names no street. Both are "" for text that says nothing.
func Street(street, number, line2 string) (skeleton, house string) {
	skeleton, house = readStreet(postalText(street), postalText(number), postalText(line2))
	for range 8 { // what was dropped may have hidden more of its kind
		s, h := readStreet(skeleton, house, "")
		if s == skeleton && h == house {
			return s, h
		}
		skeleton, house = s, h
	}
	return "", ""
}

// readStreet is one pass over folded texts.
func readStreet(street, number, line2 string) (skeleton, house string) {
	own := splitStreet(street)
	seg, at := pickSegment(own)
	if line2 != "" && !seg.class && !seg.numbered {
		other := splitStreet(line2)
		if second, i := pickSegment(other); second.words > 0 && (seg.words == 0 || second.class && second.numbered) {
			own, seg, at = append(slices.Clip(own), other...), second, len(own)+i
		}
	}
	field := houseToken(number)
	house = field
	tokens := slices.Clone(seg.tokens)
	for i := at; house == "" && i < len(own); i++ {
		house = own[i].marked
	}
	if house == "" {
		house, tokens = numberAtEnd(tokens)
	}
	if house == "" {
		house = neighbourNumber(own, at)
	}
	house = houseNumber(house, seg.english)
	tokens = withoutNumber(tokens, house, seg.english)
	return streetWordsOf(tokens), house
}

// segment is a part of a street line between commas.
type segment struct {
	tokens   []string
	marked   string // a number that a word such as house or No. announces
	words    int    // tokens that are no number
	class    bool   // holds a word for street
	english  bool   // ends in an English one, so that the number stands in front
	numbered bool   // begins or ends with a number
	area     bool   // names a town or a district
}

func splitStreet(s string) []segment {
	if saysNothing(s) && countDigits(s) == 0 {
		return nil
	}
	var out []segment
	for part := range strings.FieldsFuncSeq(withoutRemarks(s), func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		if part = strings.TrimSpace(part); strings.HasPrefix(part, "c/o") || strings.HasPrefix(part, "z.hd") {
			continue
		}
		if tokens := streetTokens(part); len(tokens) > 0 {
			if seg := newSegment(tokens); len(seg.tokens) > 0 || seg.marked != "" {
				out = append(out, seg)
			}
		}
	}
	return out
}

func newSegment(tokens []string) segment {
	var g segment
	g.tokens, g.marked = withoutUnits(tokens)
	g.tokens = g.tokens[:min(len(g.tokens), maxPostalWords)]
	last := ""
	for i, t := range g.tokens {
		if isNumber(t) {
			continue
		}
		g.words++
		g.area = g.area || areaWords()[t] || i == 0 && len(t) == 1 && strings.Contains("gmsp", t) && len(g.tokens) > 1
		if isClass(g.tokens, i) {
			g.class = true
		}
		if len(shortDirections()[t]) == 0 {
			last = t
		}
	}
	g.english = g.words > 1 && englishStreets()[last] && !englishStreets()[g.tokens[0]]
	if n := len(g.tokens); n > 0 {
		g.numbered = isNumber(g.tokens[0]) || isNumber(g.tokens[n-1])
	}
	return g
}

// pickSegment finds the part that names the street: one with a word for street,
// else one with a number, else the first that is no town.
func pickSegment(segs []segment) (segment, int) {
	for _, fits := range [...]func(segment) bool{
		func(g segment) bool { return g.words > 0 && g.class && (g.words > 1 || g.numbered) },
		func(g segment) bool { return g.words > 0 && g.numbered && !g.area },
		func(g segment) bool { return g.words > 0 && !g.area },
		func(g segment) bool { return g.words > 0 },
	} {
		if i := slices.IndexFunc(segs, fits); i >= 0 {
			return segs[i], i
		}
	}
	return segment{}, 0
}

// neighbourNumber takes the number from a part of its own: Via Roma, 12.
func neighbourNumber(segs []segment, at int) string {
	for _, i := range [...]int{at + 1, at - 1, at} {
		if i >= 0 && i < len(segs) && segs[i].words == 0 && len(segs[i].tokens) > 0 {
			return segs[i].tokens[0]
		}
	}
	if at > 0 && at < len(segs) {
		for _, g := range segs[:at] {
			if g.marked != "" {
				return g.marked
			}
		}
	}
	return ""
}

// numberAtEnd takes the house number off the begin or the end of a street.
func numberAtEnd(tokens []string) (number string, rest []string) {
	n := len(tokens)
	switch {
	case n < 2:
		return "", tokens
	case isNumber(tokens[0]) && hasName(tokens[1:]) && !(isNumber(tokens[n-1]) && !englishOrder(tokens)):
		return tokens[0], tokens[1:]
	case n > 2 && isNumber(tokens[0]) && isNumber(tokens[n-1]) && !hasName(tokens): // 123 Highway 66
		return tokens[0], tokens[1:]
	}
	at := n
	for at > 1 && isNumber(tokens[at-1]) && hasName(tokens[:at-1]) { // of 12 A 5 the house is the first
		at--
	}
	if at < n {
		return tokens[at], tokens[:at]
	}
	return "", tokens
}

// englishOrder reports whether the words behind a leading number are a street of
// their own, as in 12 Highway 66: the number at the end belongs to the name.
func englishOrder(tokens []string) bool {
	for i := 1; i < len(tokens)-1; i++ {
		if streetClasses()[tokens[i]] != "" {
			return i == len(tokens)-2 || i == 1
		}
	}
	return false
}

// hasName reports whether words hold more than a word for street: Route 66 has
// its number for a name.
func hasName(tokens []string) bool {
	for i, t := range tokens {
		if !isNumber(t) && !isClass(tokens, i) && len(shortDirections()[t]) == 0 {
			return true
		}
	}
	return false
}

// withoutNumber drops the house number where it also stands in the street line.
func withoutNumber(tokens []string, house string, english bool) []string {
	for house != "" && len(tokens) > 1 && isNumber(tokens[0]) && houseNumber(tokens[0], english) == house && hasName(tokens[1:]) {
		tokens = tokens[1:]
	}
	for n := len(tokens); house != "" && n > 1 && isNumber(tokens[n-1]) && houseNumber(tokens[n-1], english) == house && hasName(tokens[:n-1]); n = len(tokens) {
		tokens = tokens[:n-1]
	}
	return tokens
}

// streetWordsOf brings the words of a street into one spelling and order.
func streetWordsOf(tokens []string) string {
	var name, class []string
	leading := true
	for i, t := range tokens {
		form, isStreet := t, isClass(tokens, i)
		switch {
		case isStreet && streetClasses()[t] != "":
			form = streetClasses()[t]
		case streetArticles()[t] && len(tokens) > 1:
			continue
		case shortDirections()[t] != "":
			form = shortDirections()[t]
		case streetShort()[t] != "":
			form = streetShort()[t]
		}
		ordinal := leadingDigits(t) > 0 && strings.HasSuffix(t, "th") // 1-й пер. Строителей
		if leading = leading && (isStreet || ordinal); leading && isStreet && len(class) < len(tokens)-1 {
			class = append(class, form)
			continue
		}
		name = append(name, form)
	}
	if len(name) == 0 && len(class) == 0 && len(tokens) > 0 {
		name = tokens // The The
	}
	skeleton := strings.Join(append(name, class...), " ")
	if saysNothing(skeleton) || strings.IndexFunc(skeleton, unicode.IsLetter) < 0 {
		return ""
	}
	return skeleton
}

// isClass reports whether a word of a street says what it is: a street, a road.
// At the begin, St is a saint and Dr. a doctor; letters stand for a word there only.
func isClass(tokens []string, i int) bool {
	t := tokens[i]
	if streetClasses()[t] == "" {
		return false
	}
	rest := tokens[i+1:]
	switch {
	case t == "st" || t == "dr" || t == "ste":
		for _, r := range rest {
			if !isNumber(r) && shortDirections()[r] == "" {
				return false
			}
		}
		return i > 0
	case len(t) == 1:
		return i == 0 && len(rest) > 0 && !slices.ContainsFunc(rest, func(r string) bool { return streetClasses()[r] != "" && r != "st" && r != "dr" && r != "ste" })
	}
	return true
}
