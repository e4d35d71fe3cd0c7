package store

import (
	"slices"
	"strings"
	"unicode"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Tokens returns what a lead is found by, each token once and free of white space:
// the words of its names, fields and e-mail addresses, the two halves of each
// address, the domains its domain lies in, and its phone numbers backwards, so that
// the digits somebody remembers from the end are a prefix. Terms makes the tokens a
// search asks for.
func Tokens(l *lead.Lead) []string {
	var t tokens
	t.words(l.Name, l.Company, l.Title)
	for _, v := range l.Fields {
		if len(v) <= 200 {
			t.words(v)
		}
	}
	t.words(l.Tags...)
	for _, e := range l.Emails {
		local, domain, ok := strings.Cut(strings.ToLower(e), "@")
		t.words(local)
		if ok {
			t.add(mailMark + local + "@")
			t.add("@" + domain)
			t.domainsAround(domain)
		}
	}
	for _, p := range l.Phones {
		if d := digits(p); d != "" {
			t.add(phoneMark + reverse(d))
		}
	}
	return t.list
}

// tokens is a list without repetitions. It is short, so looking is cheaper than hashing.
type tokens struct{ list []string }

func (t *tokens) add(token string) {
	if !slices.Contains(t.list, token) {
		t.list = append(t.list, token)
	}
}

func (t *tokens) words(texts ...string) {
	for _, s := range texts {
		for _, w := range words(s) {
			t.add(w)
		}
	}
}

// domainsAround adds what a domain lies in, without the top level, which finds nobody.
// Most addresses have no such domain.
func (t *tokens) domainsAround(domain string) {
	for range maxDomains {
		_, domain, _ = strings.Cut(domain, ".")
		if !strings.Contains(domain, ".") {
			return
		}
		t.add(domain)
	}
}

// maxDomains bounds the tokens of one e-mail address.
const maxDomains = 3

// Marks keep reversed phone numbers and what stands before an @ apart from words.
const (
	phoneMark = "-"
	mailMark  = "="
)

// maxTerms bounds what one search asks for; what follows is left out.
const maxTerms = 8

// Terms returns the token prefixes a search asks for; a lead must have one of the
// alternatives of every term. A term that ends with @ is a whole token.
func Terms(search string) [][]string {
	if d, ok := phoneDigits(search); ok {
		return [][]string{{phoneMark + reverse(d), d}}
	}
	var out [][]string
	for f := range strings.FieldsSeq(search) {
		for _, part := range strings.FieldsFunc(f, func(r rune) bool { return !inAddress(r) }) {
			if out = append(out, terms(part)...); len(out) >= maxTerms {
				return out[:maxTerms]
			}
		}
	}
	return out
}

// terms reads a part of a search: an e-mail address or one half of it, the digits of
// a phone number, or words, any of which may be the beginning of a domain.
func terms(part string) [][]string {
	if local, domain, ok := strings.Cut(strings.ToLower(part), "@"); ok {
		return addressTerms(local, domain)
	}
	if d, ok := phoneDigits(part); ok {
		return [][]string{{phoneMark + reverse(d), d}}
	}
	var out [][]string
	host := hostname(part)
	for _, w := range words(part) {
		alternatives := []string{w}
		if host != "" {
			alternatives = append(alternatives, "@"+host)
		}
		if strings.Contains(host, ".") {
			alternatives = append(alternatives, host)
		}
		out = append(out, alternatives)
	}
	return out
}

func addressTerms(local, domain string) [][]string {
	var out [][]string
	if local != "" {
		out = append(out, []string{mailMark + local + "@"})
	}
	if domain != "" || local == "" {
		out = append(out, []string{"@" + domain})
	}
	return out
}

// hostname returns what can be the beginning of a domain, else "". A letter alone
// would find too many.
func hostname(part string) string {
	h := strings.TrimFunc(strings.ToLower(part), func(r rune) bool { return !inWord(r) })
	if len(h) < 2 || strings.ContainsFunc(h, func(r rune) bool { return !inWord(r) && r != '.' && r != '-' }) {
		return ""
	}
	return h
}

// inAddress reports whether a letter can stand in an e-mail address (RFC 5322 atext, @ and dots).
func inAddress(r rune) bool {
	return inWord(r) || unicode.IsMark(r) || strings.ContainsRune("@.-_+'%&=!#$*/?^`{|}~", r)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// phoneDigits reads a search that can only be a phone number, in any notation:
// nothing but what people write between digits, and at least four of them after
// the zeros in front.
func phoneDigits(s string) (string, bool) {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune(" +-()./\u00a0", r) }) {
		return "", false
	}
	// A national number starts with a 0 that the stored form does not have.
	d := strings.TrimLeft(digits(s), "0")
	return d, len(d) >= 4
}

func words(s string) []string {
	return strings.FieldsFunc(normal.Search(s), func(r rune) bool { return !inWord(r) })
}

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
