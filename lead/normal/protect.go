package normal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"leadgate/lead"
)

// CompanyName reports whether a name is a business's and no person's.
func CompanyName(n lead.Name) bool { return n.Given == "" && n.Family == "" && company(n.Display) }

// FamilyMailbox reports whether an address says that several people of a family
// read it: familie.belo@, thebelos@, casa.belo@.
func FamilyMailbox(address string) bool {
	local, _, _ := strings.Cut(address, "@")
	for word := range strings.FieldsFuncSeq(local, notLetter) {
		if familyWords()[word] {
			return true
		}
	}
	rest, the := strings.CutPrefix(local, "the")
	if !the || slices.ContainsFunc(theNames[:], func(n string) bool { return strings.HasPrefix(local, n) }) {
		return false
	}
	return len(rest) > 3 && strings.HasSuffix(strings.TrimRightFunc(rest, notLetter), "s")
}

// theNames are what given names begin with that begin like an article.
var theNames = [...]string{"theobal", "theodo", "theofil", "theofan", "theophil", "theres", "therez", "thelma", "theloni"}

var familyWords = words(`family familie fam famille familia famiglia familien rodina rodzina semya simya casa home household haushalt
 perhe familj aile together parents eltern`)

// NameInAddress returns the name an address is made of, when it is made of two
// words: ana.belo@, a_belo@. It says less than a name somebody gave.
func NameInAddress(address string) (n lead.Name, ok bool) {
	local, _, _ := strings.Cut(address, "@")
	words := strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	if len(words) != 2 {
		return lead.Name{}, false
	}
	for i, w := range words {
		words[i] = strings.TrimRightFunc(w, unicode.IsDigit)
		if strings.IndexFunc(words[i], notLetter) >= 0 || words[i] == "" {
			return lead.Name{}, false
		}
	}
	if utf8.RuneCountInString(words[0]) < 2 && utf8.RuneCountInString(words[1]) < 3 {
		return lead.Name{}, false
	}
	return lead.Name{Given: words[0], Family: words[1]}, true
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// Extension reports whether a number was written with an extension behind it: it
// is the number of a switchboard then.
func Extension(raw string) bool {
	_, ext := cutExtension(strings.ToLower(raw))
	return ext != "" || strings.Contains(raw, ";ext=")
}
