package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

// A search for a number has digits enough to tell numbers apart; others are words.
func TestTerms(t *testing.T) {
	t.Parallel()
	for search, want := range map[string][][]string{
		"0612 345 678":  {{"-876543216", "612345678"}},
		"345678":        {{"-876543", "345678"}},
		"0000":          {{"0000", "@0000"}},
		"00 00":         {{"00", "@00"}, {"00", "@00"}},
		"0012":          {{"0012", "@0012"}},
		"00123":         {{"00123", "@00123"}},
		"00 12 34":      {{"-4321", "1234"}},
		"room 0000":     {{"room", "@room"}, {"0000", "@0000"}},
		"---- ((((":     nil,
		"Ana@Belo.test": {{"=ana@"}, {"@belo.test"}},
		"Belo.test":     {{"belo", "@belo.test", "belo.test"}, {"test", "@belo.test", "belo.test"}},
		"belo, a":       {{"belo", "@belo"}, {"a"}},
	} {
		if diff := cmp.Diff(want, Terms(search)); diff != "" {
			t.Errorf("Terms(%q) (-want +got):\n%s", search, diff)
		}
	}
}

// finds does what an engine does with tokens and terms.
func finds(l *lead.Lead, search string) bool {
	terms, tokens := Terms(search), Tokens(l)
	for _, alternatives := range terms {
		if !slices.ContainsFunc(alternatives, func(prefix string) bool {
			return slices.ContainsFunc(tokens, func(token string) bool {
				return token == prefix || !strings.HasSuffix(prefix, "@") && strings.HasPrefix(token, prefix)
			})
		}) {
			return false
		}
	}
	return len(terms) > 0
}

func TestSearchFinds(t *testing.T) {
	t.Parallel()
	l := &lead.Lead{Name: "Zoë Ångström", Company: "Büro Nord", Title: "Two windows", Emails: []string{"Zoe.A@mail.acme.co.uk", "zoe@acme.pt", "zoe2@acme.pt"},
		Phones: []string{"+351912345678"}, Tags: []string{"vip"}, Fields: map[string]string{"size": "XL 4.5m"}}
	for search, want := range map[string]bool{
		"zoe": true, "angstrom": true, "ZOË": true, "buro": true, "wind": true, "vip": true, "window zo": true, "xl": true,
		"acme": true, "acme.pt": true, "Acme.PT": true, "acme.pt,": true, "acme.co.uk": true, "acme.co": true, "mail.acme.co.uk": true, "mail": true, "zoe acme.pt": true,
		"@acme.pt": true, "@mail.acme": true, "zoe@acme.pt": true, "zoe.a@": true, "zoe.a": true, "<zoe@acme.pt>": true, "zoe@acme.pt;zoe2@acme.pt": true,
		"5678": true, "912 345 678": true, "+351 912": false, "0912345678": true, "4.5m": true,
		"": false, "acme.de": false, "acme.pt bob": false, "@acme.co.uk": false, "bob@acme.pt": false, "me.pt": false, "uk": false, "pt": false, "1234": false,
	} {
		if got := finds(l, search); got != want {
			t.Errorf("%q: %v", search, got)
		}
	}
}

// A lead of a company whose people have names is found by its domain, as one without is.
func TestSearchFindsDomainsOfNamedLeads(t *testing.T) {
	t.Parallel()
	for _, l := range []lead.Lead{{Emails: []string{"a@acme.pt"}}, {Name: "Ana Belo", Title: "Form from Ana Belo", Emails: []string{"ana@acme.pt"}}} {
		for _, search := range []string{"acme", "acme.pt", "@acme.pt"} {
			if !finds(&l, search) {
				t.Errorf("%q does not find %v", search, l.Emails)
			}
		}
	}
}

// Every alternative is one token: an engine may not have to take it apart.
func TestTermsAreSingleTokens(t *testing.T) {
	t.Parallel()
	for _, search := range []string{"a@b,c@d", "a@b\"c", "a.b/c.d", "x(y.z)", "https://acme.pt/a?b=c", strings.Repeat("a.b.c.d ", 40)} {
		terms := Terms(search)
		if len(terms) > maxTerms {
			t.Errorf("%.20q asks for %d terms", search, len(terms))
		}
		for _, alternatives := range terms {
			for _, a := range alternatives {
				if strings.ContainsFunc(a, func(r rune) bool { return !inAddress(r) }) {
					t.Errorf("%q asks for %q", search, a)
				}
			}
		}
	}
}

// What a lead costs the index: an address has its words and halves, and no more but where its domain lies in others.
func TestTokensAreFew(t *testing.T) {
	t.Parallel()
	l := &lead.Lead{Emails: []string{"a@acme.pt", "b@acme.pt", "c@" + strings.Repeat("a.", 60) + "pt"}}
	if n := len(Tokens(l)); n > 2*3+2+maxDomains {
		t.Errorf("%d tokens: %q", n, Tokens(l))
	}
}
