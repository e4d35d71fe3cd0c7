package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// Crowd makes up people as an installation sees them: some names and domains are
// everybody's, most are rare.
type Crowd struct {
	Rand                       *rand.Rand
	First, Last, Trade, Domain []string
}

// NewCrowd makes the same crowd each time.
func NewCrowd() *Crowd {
	c := &Crowd{Rand: rand.New(rand.NewPCG(1, 2)), Domain: []string{"mail.example", "post.example", "inbox.example", "web.example"}}
	word := func(n int) string {
		const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
		var b strings.Builder
		for range n {
			b.WriteByte(consonants[c.Rand.IntN(len(consonants))])
			b.WriteByte(vowels[c.Rand.IntN(len(vowels))])
		}
		return b.String()
	}
	for range 400 {
		c.First = append(c.First, word(2+c.Rand.IntN(2)))
	}
	for range 20_000 {
		c.Last = append(c.Last, word(3)+"rnst"[c.Rand.IntN(4):][:1])
		c.Domain = append(c.Domain, word(3+c.Rand.IntN(3))+".example")
	}
	for range 300 {
		c.Trade = append(c.Trade, word(3+c.Rand.IntN(2)))
	}
	return c
}

// Pick prefers the front of a list, as names do.
func (c *Crowd) Pick(list []string) string {
	f := c.Rand.Float64()
	return list[int(f*f*f*float64(len(list)))]
}

// Item is the delivery of person n.
func (c *Crowd) Item(n int, at time.Time) store.Item {
	source := fmt.Sprintf("site-%d", c.Rand.IntN(8))
	d := lead.Delivery{ID: lead.DeriveID(source, fmt.Sprint(n)), Source: source, Key: fmt.Sprint(n), At: at, Body: []byte("x")}
	raw, _ := d.AppendBinary(nil)
	first, last := c.Pick(c.First), c.Pick(c.Last)
	domain := c.Domain[c.Rand.IntN(4)]
	if c.Rand.IntN(2) == 0 {
		domain = c.Pick(c.Domain)
	}
	local := fmt.Sprintf("%s.%s%d", first, last, n)
	if c.Rand.IntN(20) == 0 {
		local = "office"
	}
	q := lead.Inquiry{Key: d.Key, Scope: source, Source: source, Kind: lead.KindForm, Channel: "webhook", Received: at, Origin: "WEBFORM",
		Name: lead.Name{Display: first + " " + last}, Subject: c.Pick(c.Trade) + " " + c.Pick(c.Trade), Text: "hello",
		Fields:     []lead.Field{{Key: "city", Value: c.Pick(c.Trade)}},
		Identities: []lead.Identity{{Kind: lead.IdentityEmail, Value: local + "@" + domain}, {Kind: lead.IdentityPhone, Value: fmt.Sprintf("+336%08d", n*7919%100_000_000)}}}
	if c.Rand.IntN(3) == 0 {
		q.Company = c.Pick(c.Last) + " " + c.Pick(c.Trade)
	}
	normal.Inquiry(&q, "FR")
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// Question is one way to ask for leads.
type Question struct {
	Name string
	Ask  func() store.Query
}

// Questions are the ways people ask for leads.
func (c *Crowd) Questions() []Question {
	letters := func(list []string, from, to int) string {
		w := c.Pick(list)
		return w[:min(len(w), from+c.Rand.IntN(to-from+1))]
	}
	return []Question{
		{"1 letter", func() store.Query { return store.Query{Search: letters(c.First, 1, 1)} }},
		{"2-3 letters", func() store.Query { return store.Query{Search: letters(c.Last, 2, 3)} }},
		{"4-6 letters", func() store.Query { return store.Query{Search: letters(c.Last, 4, 6)} }},
		{"common word", func() store.Query { return store.Query{Search: letters(c.Trade[:10], 4, 8)} }},
		{"two words", func() store.Query { return store.Query{Search: letters(c.First, 2, 6) + " " + letters(c.Last, 2, 6)} }},
		{"phone end", func() store.Query {
			return store.Query{Search: fmt.Sprintf("%0*d", 4+c.Rand.IntN(5), 1000+c.Rand.IntN(9000))}
		}},
		{"mail prefix", func() store.Query { return store.Query{Search: c.Pick(c.First) + "." + letters(c.Last, 3, 6)} }},
		{"mail office@", func() store.Query { return store.Query{Search: "office@" + letters(c.Domain, 0, 4)} }},
		{"large domain", func() store.Query { return store.Query{Search: "@" + letters(c.Domain[:4], 2, 12)} }},
		{"small domain", func() store.Query { return store.Query{Search: "@" + letters(c.Domain[4:], 3, 20)} }},
		{"word in stage", func() store.Query {
			return store.Query{Search: letters(c.Trade, 4, 8), Stage: "junk", Source: "site-3"}
		}},
		{"all", func() store.Query { return store.Query{} }},
		{"stage", func() store.Query { return store.Query{Stage: "converted"} }},
		{"source", func() store.Query { return store.Query{Source: "site-3"} }},
		{"status", func() store.Query { return store.Query{Status: lead.Won} }},
		{"all filters", func() store.Query { return store.Query{Source: "site-3", Status: lead.Lost, Stage: "junk"} }},
		{"no hits", func() store.Query { return store.Query{Source: "site-3", Status: lead.Won, Stage: "junk"} }},
	}
}
