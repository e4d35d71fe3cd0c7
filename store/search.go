package store

import (
	"strings"
	"unicode"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Tokens returns what a lead is found by: the words of its names and fields, its
// e-mail addresses and their domains, and its phone numbers backwards, so that
// the digits somebody remembers from the end are a prefix. Each token is free of
// white space; Terms makes the tokens a search asks for.
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
	for _, e := range l.Emails {
		e = strings.ToLower(e)
		out = append(out, e)
		if _, domain, ok := strings.Cut(e, "@"); ok {
			out = append(out, "@"+domain)
		}
	}
	for _, p := range l.Phones {
		if d := digits(p); d != "" {
			out = append(out, phoneMark+reverse(d))
		}
	}
	return out
}

// phoneMark keeps reversed phone numbers apart from words of digits.
const phoneMark = "-"

// Terms returns the token prefixes a search asks for; a lead must have one of the
// alternatives of every term.
func Terms(search string) [][]string {
	if d, ok := phoneDigits(search); ok {
		return [][]string{{phoneMark + reverse(d), d}}
	}
	var out [][]string
	for f := range strings.FieldsSeq(search) {
		if strings.Contains(f, "@") {
			out = append(out, []string{strings.ToLower(f)})
			continue
		}
		if d, ok := phoneDigits(f); ok {
			out = append(out, []string{phoneMark + reverse(d), d})
			continue
		}
		for _, w := range words(f) {
			out = append(out, []string{w})
		}
		if len(out) >= 8 {
			break
		}
	}
	return out
}

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
	return strings.FieldsFunc(normal.Search(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
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
