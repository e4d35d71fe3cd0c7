package normal

import (
	_ "embed"
	"math/bits"
	"strings"
	"sync"
)

// The lists of domains and of role mailboxes. Each file says where it is from.
var (
	//go:embed data/free-mail.txt
	freeMailFile string
	//go:embed data/disposable.txt
	disposableFile string
	//go:embed data/roles.txt
	rolesFile string

	freeMail    = listed(&freeMailFile)
	disposables = listed(&disposableFile)
	// roleLocals are mailboxes many people read, in the languages leads come in.
	roleLocals = listed(&rolesFile)
)

// listed returns the set of the words of a data file, made when it is first asked
// for. Lines that start with # are remarks.
func listed(file *string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		set := map[string]bool{}
		for line := range strings.Lines(*file) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for w := range strings.FieldsSeq(line) {
				set[w] = true
			}
		}
		return set
	})
}

// freeDomain reports whether anybody can have a mailbox at a domain.
func freeDomain(domain string) bool { return freeMail()[domain] }

// disposableDomain reports whether mailboxes of a domain, or of one above it, live
// for minutes or days.
func disposableDomain(domain string) bool {
	for strings.IndexByte(domain, '.') > 0 {
		if disposables()[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// mailbox returns the mailbox mail to an address lands in, written in one way: the
// provider's own rules, where they are known for sure, and the plus tag, which
// all providers with tags understand. Outlook and Hotmail give different people
// the same name, so they stay apart.
func mailbox(local, domain string) (base, home string) {
	base, home = withoutTag(local), domain
	if base[0] == '"' || !isASCII(base) {
		return base, home
	}
	switch domain {
	case "gmail.com", "googlemail.com":
		return without(base, "."), "gmail.com"
	case "yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru":
		return strings.ReplaceAll(base, ".", "-"), "yandex.ru"
	case "proton.me", "protonmail.com", "protonmail.ch", "pm.me":
		return without(base, ".-_"), "proton.me"
	case "icloud.com", "me.com", "mac.com":
		return base, "icloud.com"
	}
	for _, above := range [...]string{"fastmail.com", "fastmail.fm"} { // shop@ana.fastmail.com is ana's
		if user, found := strings.CutSuffix(domain, "."+above); found && strings.IndexByte(user, '.') < 0 {
			return user, above
		}
	}
	return base, home
}

// without is a local part without signs its provider ignores; nothing else left, it stays.
func without(local, signs string) string {
	if !strings.ContainsAny(local, signs) {
		return local
	}
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return -1
		}
		return r
	}, local)
	if bare == "" {
		return local
	}
	return bare
}

// suggestedDomain returns the domain somebody probably meant who wrote one that
// is no known provider's, or "". Only the
// providers most people are at are suggested, and ends that do not exist are
// mended.
func suggestedDomain(domain string) string {
	fixed := domain
	if dot := strings.LastIndexByte(domain, '.'); brokenEnds()[domain[dot+1:]] != "" {
		fixed = domain[:dot+1] + brokenEnds()[domain[dot+1:]]
		if freeDomain(fixed) {
			return fixed
		}
	}
	name, end, _ := strings.Cut(fixed, ".")
	if name == "gmail" || name == "icloud" { // there is no other
		return name + ".com"
	}
	set := letterSet(fixed)
	for _, p := range bigProviders() {
		if bits.OnesCount32(set^p.letters) <= 4 && (mistyped(name, end, p.name, p.end) || swapped(fixed, p.domain)) {
			return p.domain
		}
	}
	if fixed != domain {
		return fixed
	}
	return ""
}

// provider is one of those so many people are at that a slip in its name is likely.
type provider struct {
	domain, name, end string
	letters           uint32 // what letters the domain holds; a slip changes few of them
}

var bigProviders = sync.OnceValue(func() []provider {
	var out []provider
	for _, d := range strings.Fields(`gmail.com googlemail.com yahoo.com hotmail.com outlook.com icloud.com protonmail.com proton.me live.com rocketmail.com
 yandex.ru yandex.com rambler.ru mail.ru hotmail.fr orange.fr wanadoo.fr laposte.net t-online.de freenet.de outlook.de hotmail.de hotmail.it libero.it virgilio.it
 hotmail.es comcast.net verizon.net seznam.cz hotmail.co.uk yahoo.co.uk btinternet.com yahoo.com.br interia.pl bluewin.ch ziggo.nl bigpond.com rediffmail.com`) {
		name, end, _ := strings.Cut(d, ".")
		out = append(out, provider{d, name, end, letterSet(d)})
	}
	return out
})

// letterSet has a bit for every letter of a domain.
func letterSet(s string) uint32 {
	var set uint32
	for i := range len(s) {
		if c := s[i] - 'a'; c < 26 {
			set |= 1 << c
		}
	}
	return set
}

// mistyped reports whether a domain is a provider's with a slip in its name, its
// end, or each. Short names and ends have too many neighbours that exist: in them
// only swapped letters count.
func mistyped(name, end, wantName, wantEnd string) bool {
	if end != wantEnd && (len(wantEnd) != 3 || len(name) < 5 || !oneEdit(end, wantEnd)) {
		return false
	}
	return name == wantName || len(wantName) > 4 && oneEdit(name, wantName) || swapped(name, wantName)
}

// oneEdit reports whether two words differ by at most one letter put in, left
// out or changed, or by two neighbours swapped.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case i >= len(a)-1 || a[i+1:] == b[i+1:]:
		return true
	}
	return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// swapped reports whether two words differ by two neighbours swapped.
func swapped(a, b string) bool {
	if len(a) != len(b) || a == b {
		return false
	}
	i := 0
	for a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// brokenEnds are top-level domains that do not exist, and what was meant.
var brokenEnds = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "coom": "com", "ccom": "com", "vom": "com", "xom": "com", "cpm": "com", "clm": "com",
		"cim": "com", "vcom": "com", "comn": "com", "comc": "com", "c0m": "com", "nett": "net", "nte": "net", "ent": "net", "ogr": "org", "rog": "org", "orgg": "org",
	}
})
