package sqlite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// crowd makes up people as an installation sees them: some names and domains are
// everybody's, most are rare.
type crowd struct {
	rng                        *rand.Rand
	first, last, trade, domain []string
}

func newCrowd() *crowd {
	c := &crowd{rng: rand.New(rand.NewPCG(1, 2)), domain: []string{"mail.example", "post.example", "inbox.example", "web.example"}}
	word := func(n int) string {
		const consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
		var b strings.Builder
		for range n {
			b.WriteByte(consonants[c.rng.IntN(len(consonants))])
			b.WriteByte(vowels[c.rng.IntN(len(vowels))])
		}
		return b.String()
	}
	for range 400 {
		c.first = append(c.first, word(2+c.rng.IntN(2)))
	}
	for range 20_000 {
		c.last = append(c.last, word(3)+"rnst"[c.rng.IntN(4):][:1])
		c.domain = append(c.domain, word(3+c.rng.IntN(3))+".example")
	}
	for range 300 {
		c.trade = append(c.trade, word(3+c.rng.IntN(2)))
	}
	return c
}

// pick prefers the front of a list, as names do.
func (c *crowd) pick(list []string) string {
	f := c.rng.Float64()
	return list[int(f*f*f*float64(len(list)))]
}

// item is the delivery of person n.
func (c *crowd) item(n int, at time.Time) store.Item {
	source := fmt.Sprintf("site-%d", c.rng.IntN(8))
	d := lead.Delivery{ID: lead.DeriveID(source, fmt.Sprint(n)), Source: source, Key: fmt.Sprint(n), At: at, Body: []byte("x")}
	raw, _ := d.AppendBinary(nil)
	first, last := c.pick(c.first), c.pick(c.last)
	domain := c.domain[c.rng.IntN(4)]
	if c.rng.IntN(2) == 0 {
		domain = c.pick(c.domain)
	}
	local := fmt.Sprintf("%s.%s%d", first, last, n)
	if c.rng.IntN(20) == 0 {
		local = "office"
	}
	q := lead.Inquiry{Key: d.Key, Scope: source, Source: source, Kind: lead.KindForm, Channel: "webhook", Received: at, Origin: "WEBFORM",
		Name: lead.Name{Display: first + " " + last}, Subject: c.pick(c.trade) + " " + c.pick(c.trade), Text: "hello",
		Fields:     []lead.Field{{Key: "city", Value: c.pick(c.trade)}},
		Identities: []lead.Identity{{Kind: lead.IdentityEmail, Value: local + "@" + domain}, {Kind: lead.IdentityPhone, Value: fmt.Sprintf("+336%08d", n*7919%100_000_000)}}}
	if c.rng.IntN(3) == 0 {
		q.Company = c.pick(c.last) + " " + c.pick(c.trade)
	}
	normal.Inquiry(&q, "FR")
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// fill stores n leads of a crowd and indexes them, and gives every tenth another stage.
func fill(b *testing.B, s *Store, n int) {
	b.Helper()
	c, at := newCrowd(), time.Now().UTC()
	stages := lead.DefaultStages()
	for first := 1; first <= n; first += 512 {
		var items []store.Item
		var numbers []int64
		for i := first; i <= min(n, first+511); i++ {
			items, numbers = append(items, c.item(i, at)), append(numbers, int64(i))
		}
		receipts, err := s.Apply(b.Context(), items)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < len(receipts); i += 10 {
			stage, reason := stages[c.rng.IntN(len(stages))].ID, "no answer"
			if _, err := s.Patch(b.Context(), receipts[i].Lead, store.Patch{Stage: &stage, Reason: &reason}); err != nil {
				b.Fatal(err)
			}
		}
		for part := range slices.Chunk(numbers, 128) {
			if err := s.Index(b.Context(), part); err != nil {
				b.Fatal(err)
			}
		}
	}
}
