package normal

import (
	"strings"
	"sync"
)

// simpleName reads the most common line at once: given and family name in plain
// letters, each with one capital, neither a word that means anything else. It
// answers as the long way would.
func simpleName(s string) (given, family string, ok bool) {
	given, family, found := strings.Cut(s, " ")
	if !found || !plainWord(given) || !plainWord(family) || patronymic(family) {
		return "", "", false
	}
	return given, family, true
}

// plainWord reports whether a word is a name as it is most often written, Ana or
// Smith, and stands in none of the lists.
func plainWord(w string) bool {
	var low [24]byte
	if len(w) < 3 || len(w) > len(low) || w[0] < 'A' || w[0] > 'Z' {
		return false
	}
	low[0] = w[0] + 'a' - 'A'
	same := true
	for i := 1; i < len(w); i++ {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
		low[i] = w[i]
		same = same && w[i] == low[0]
	}
	return !same && !specialWords()[string(low[:len(w)])]
}

// specialWords are all words that the reading of names asks for.
var specialWords = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, list := range [...]func() map[string]bool{
		prefixes, prefixTails, suffixes, particles, maidenWords, joiners, jobWords, blankWords, nobodyWords, nothingWords, nothingLocals, fakeLocals,
		legalForms, shortForms, firmForms, frontForms, businessWords, familyParticles, vietnameseNames, patronymicWords, domainEnds,
	} {
		for w := range list() {
			all[w] = true
		}
	}
	return all
})
