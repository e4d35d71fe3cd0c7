package normal

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unwrapAddress finds the first address in what people and headers put around
// one, and mends what is mistyped in a way that leaves no doubt.
func unwrapAddress(raw string) (local, domain string, ok bool) {
	s := addressText(raw)
	if inner := inBrackets(s); inner != "" {
		s = inner
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
		if plain, err := url.PathUnescape(s); err == nil {
			s = plain
		}
	}
	if strings.HasPrefix(s, `"`) && strings.Contains(s, `"@`) {
		if local, domain, ok = splitAddress(strings.TrimRight(s, " .,;:")); ok {
			return local, domain, true
		}
	}
	s = aroundAt.Replace(withoutComments(s))
	for _, word := range strings.FieldsFunc(s, betweenAddresses) {
		if strings.IndexByte(word, '@') < 1 {
			continue
		}
		if local, domain, ok = splitAddress(trimAddress(word)); ok {
			return local, domain, true
		}
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '/' || r == '&' || r == '=' }) {
			if local, domain, ok = splitAddress(trimAddress(part)); ok {
				return local, domain, true
			}
		}
	}
	return mendedAddress(s)
}

// addressText is a text with its entities and escapes resolved, in plain characters.
func addressText(s string) string {
	s = Text(s)
	if strings.IndexByte(s, '&') >= 0 && strings.IndexByte(s, ';') >= 0 {
		s = Text(html.UnescapeString(s))
	}
	if !isASCII(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case ignorable(r) && !unicode.Is(unicode.M, r):
				return -1
			case isSpace(r):
				return ' '
			}
			return r
		}, norm.NFKC.String(s))
	}
	if strings.IndexByte(s, '@') < 0 {
		s = strings.Replace(s, "%40", "@", 1)
	}
	if strings.IndexByte(s, '@') < 0 {
		s = spokenAddress(s)
	}
	return strings.TrimSpace(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(s))
}

// spokenAddress reads ana (at) belo.pt and ana at belo dot pt.
func spokenAddress(s string) string {
	if bracketAt.MatchString(s) {
		return bracketDot.ReplaceAllString(bracketAt.ReplaceAllString(s, "@"), ".")
	}
	if m := spoken.FindStringSubmatch(s); m != nil {
		return m[1] + "@" + wordDot.ReplaceAllString(m[2], ".")
	}
	return s
}

var (
	bracketAt  = regexp.MustCompile(`(?i)\s*[\[({]\s*(?:at|@)\s*[\])}]\s*`)
	bracketDot = regexp.MustCompile(`(?i)\s*[\[({]\s*(?:dot|punkt|\.)\s*[\])}]\s*`)
	spoken     = regexp.MustCompile(`(?i)^([\w.+-]+) at ([\w-]+(?: dot [\w-]+)+)$`)
	wordDot    = regexp.MustCompile(`(?i) dot `)
)

// inBrackets returns what stands in the first angle brackets that hold an
// address, outside of a quoted display name.
func inBrackets(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '<' && !quoted:
			if inner, _, _ := strings.Cut(s[i+1:], ">"); strings.IndexByte(inner, '@') > 0 {
				return strings.TrimSpace(inner)
			}
		}
	}
	return ""
}

// withoutComments drops remarks in parentheses that hold no address.
func withoutComments(s string) string {
	for from := 0; ; {
		open := strings.IndexByte(s[from:], '(')
		if open < 0 {
			return s
		}
		open += from
		end := strings.IndexByte(s[open:], ')')
		if end < 0 {
			return s
		}
		if strings.IndexByte(s[open:open+end], '@') >= 0 {
			from = open + 1
			continue
		}
		s, from = s[:open]+s[open+end+1:], open
	}
}

// aroundAt joins an address somebody wrote with blanks around its sign, or twice.
var aroundAt = strings.NewReplacer(" @ ", "@", " @", "@", "@ ", "@", "@@", "@")

// betweenAddresses reports whether r separates addresses or stands around them.
func betweenAddresses(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(",;:()[]<>|\\\"", r)
}

// trimAddress takes stray signs off both ends. A local part may start with some
// of them, a domain ends with none.
func trimAddress(s string) string {
	s = strings.TrimLeft(s, `.:'"*/`+"`´‘’“”«»")
	return strings.TrimRightFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) })
}

// mendedAddress reads one address with a slip in its dots: ana@belo,pt and
// ana@belo. pt and ana@belo..pt. A blank in place of the dot counts only where
// that makes a well-known provider.
func mendedAddress(s string) (local, domain string, ok bool) {
	local, domain, found := strings.Cut(s, "@")
	if !found || strings.IndexByte(domain, '@') >= 0 || len(s) > 254 {
		return "", "", false
	}
	if i := strings.LastIndexAny(local, " ,;:<\""); i >= 0 {
		local = local[i+1:]
	}
	domain = strings.ToLower(strings.TrimRight(domain, " .,;:!?"))
	dots := strings.NewReplacer(" . ", ".", ". ", ".", " .", ".").Replace(domain)
	dots = strings.TrimLeft(manyDots.ReplaceAllString(dots, "."), ".")
	if blank := strings.Replace(dots, " ", ".", 1); blank != dots {
		if !freeDomain(blank) {
			return "", "", false
		}
		dots = blank
	}
	if end := len(dots) - strings.LastIndexByte(dots, '.') - 1; end < 2 || end > 4 {
		return "", "", false
	}
	return splitAddress(trimAddress(local) + "@" + dots)
}

// manyDots finds what is typed for one dot.
var manyDots = regexp.MustCompile(`[.,]+`)
