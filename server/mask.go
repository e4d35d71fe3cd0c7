package server

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"leadgate/connectors"
)

// masked stands where a secret stood.
const masked = "•••"

// masker hides the values of a source's secret settings in texts that are shown: as
// they are, and as URLs and JSON write them, however often one was put into another.
// A source that is gone has no secrets any more, and nothing of it is hidden.
func (s *Server) masker(source string) func(string) string {
	src, ok := s.o.Sources.Find(source)
	if !ok {
		return func(text string) string { return text }
	}
	return masking(secrets(src.Connector.Fields, src.Settings))
}

// masking returns what hides secrets in a text.
func masking(secrets []string) func(string) string {
	if len(secrets) == 0 {
		return func(text string) string { return text }
	}
	secrets = slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may hold another
	spelt := make([]string, len(secrets))
	for i, v := range secrets {
		spelt[i] = spellings(v)
	}
	pattern, err := regexp.Compile(strings.Join(spelt, "|"))
	if err != nil { // too large to look for: nothing is shown rather than too much
		return func(string) string { return masked }
	}
	return func(text string) string {
		text = pattern.ReplaceAllLiteralString(text, masked)
		for _, v := range secrets {
			text = withoutBeginning(text, v)
		}
		return text
	}
}

// withoutBeginning hides a secret that was cut off at the end of a text.
func withoutBeginning(text, secret string) string {
	for n := len(secret) - 1; n >= 6; n-- {
		if strings.HasSuffix(text, secret[:n]) {
			return text[:len(text)-n] + masked
		}
	}
	return text
}

// slashes is the backslash of a JSON escape, repeated where JSON stands in JSON and
// written as a URL writes it.
const slashes = `(?:\\|%(?:25)*5[cC])+`

// spellings returns an expression for all ways in which URLs and JSON write a text.
func spellings(secret string) string {
	var b strings.Builder
	for _, r := range secret {
		b.WriteString("(?:" + regexp.QuoteMeta(string(r)) + "|")
		for _, c := range utf8.AppendRune(nil, r) {
			fmt.Fprintf(&b, "%%(?:25)*(?i:%02x)", c)
		}
		b.WriteByte('|')
		for _, u := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, "%su(?i:%04x)", slashes, u)
		}
		switch r {
		case '\\':
			b.WriteString("|" + slashes)
		case '"', '/':
			fmt.Fprintf(&b, "|%s(?:%c|%%(?:25)*(?i:%02x))", slashes, r, r)
		case ' ':
			b.WriteString(`|\+|%(?:25)*2[bB]`)
		case '\n', '\r', '\t', '\b', '\f':
			b.WriteString("|" + slashes + map[rune]string{'\n': "n", '\r': "r", '\t': "t", '\b': "b", '\f': "f"}[r])
		}
		b.WriteByte(')')
	}
	return b.String()
}

// secrets returns the values of all secret settings, those of groups included.
func secrets(fields []connectors.Field, set connectors.Settings) []string {
	var out []string
	for _, f := range fields {
		switch f.Type {
		case connectors.Secret:
			if v := set.Text(f.Name); v != "" {
				out = append(out, v)
			}
		case connectors.Groups:
			for _, group := range set.Groups(f.Name) {
				out = append(out, secrets(f.Fields, group)...)
			}
		}
	}
	return out
}
