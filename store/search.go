package store

import (
	"strings"
	"unicode"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Tokens returns what a lead is found by: the words of its names and fields, its
// e-mail addresses and their domains with and without @, and its phone numbers
// backwards, so that the digits somebody remembers from the end are a prefix. Each
// token is free of white space; Terms makes the tokens a search asks for.
func Tokens(l *lead.Lead) []string {
	var out []string
	add := func(s string) { out = append(out, words(s)...) }
	add(l.Name)
	add(l.Company)
	add(l.Title)
	for _, v := range l.Fields {
		if len(v) <= 200 {
			add(v)
		}
	}
	for _, t := range l.Tags {
		add(t)
	}
	last := ""
	for _, e := range l.Emails {
		e = strings.ToLower(e)
		out = append(out, e)
		if _, domain, ok := strings.Cut(e, "@"); ok && domain != last { // mostly one company's
			out, last = append(out, "@"+domain), domain
			out = append(out, domains(domain)...)
		}
	}
	for _, p := range l.Phones {
		if d := digits(p); d != "" {
			out = append(out, phoneMark+reverse(d))
		}
	}
	return out
}

// domains returns a domain and those it lies in, without the top level, which
// finds nobody. A label is the prefix of one of them.
func domains(domain string) []string {
	var out []string
	for strings.Contains(domain, ".") && len(out) < maxDomains {
		out = append(out, domain)
		_, domain, _ = strings.Cut(domain, ".")
	}
	return out
}

// maxDomains bounds the tokens of one e-mail address.
const maxDomains = 4

// phoneMark keeps reversed phone numbers apart from words of digits.
const phoneMark = "-"

// maxTerms bounds what one search asks for; what follows is left out.
const maxTerms = 8

// Terms returns the token prefixes a search asks for; a lead must have one of the
// alternatives of every term. An alternative is one token for every engine.
func Terms(search string) [][]string {
	if d, ok := phoneDigits(search); ok {
		return [][]string{{phoneMark + reverse(d), d}}
	}
	var out [][]string
	for f := range strings.FieldsSeq(search) {
		if out = append(out, terms(f)...); len(out) >= maxTerms {
			return out[:maxTerms]
		}
	}
	return out
}

// terms reads what stands between white space: an e-mail address or a part of
// one, the digits of a phone number, or words, which a dot may make a domain.
func terms(f string) [][]string {
	var out [][]string
	if strings.Contains(f, "@") {
		for _, part := range strings.FieldsFunc(strings.ToLower(f), func(r rune) bool { return !inAddress(r) }) {
			out = append(out, []string{part})
		}
		return out
	}
	if d, ok := phoneDigits(f); ok {
		return [][]string{{phoneMark + reverse(d), d}}
	}
	domain := dotted(f)
	for _, w := range words(f) {
		if domain == "" {
			out = append(out, []string{w})
			continue
		}
		out = append(out, []string{w, domain})
	}
	return out
}

// inAddress reports whether a letter can stand in an e-mail address (RFC 5322 atext, @ and dots).
func inAddress(r rune) bool {
	return inWord(r) || strings.ContainsRune("@.-_+'%&=!#$*/?^`{|}~", r)
}

// dotted returns a term that can be a domain or what stands before the @, else "".
func dotted(f string) string {
	f = strings.TrimFunc(strings.ToLower(f), func(r rune) bool { return !inWord(r) })
	if !strings.Contains(f, ".") || strings.ContainsFunc(f, func(r rune) bool { return !inWord(r) && !strings.ContainsRune(".-_", r) }) {
		return ""
	}
	return f
}

// phoneDigits reads a search that can only be a phone number, in any notation:
// at least four digits, nothing but what people write between them.
func phoneDigits(s string) (string, bool) {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune(" +-()./\u00a0", r) }) {
		return "", false
	}
	d := digits(s)
	// A national number starts with a 0 that the stored form does not have.
	return strings.TrimLeft(d, "0"), len(d) >= 4
}

func words(s string) []string {
	return strings.FieldsFunc(normal.Search(s), func(r rune) bool { return !inWord(r) })
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
