package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// benchItem is a delivery of a new person with everything a form usually tells.
func benchItem(n int, at time.Time) store.Item {
	d := lead.Delivery{ID: lead.DeriveID("bench", fmt.Sprint(n)), Source: "bench", Key: fmt.Sprint(n), At: at, Body: []byte(strings.Repeat("x", 600))}
	raw, _ := d.AppendBinary(nil)
	q := lead.Inquiry{Key: d.Key, Scope: "bench", Source: "bench", Kind: lead.KindForm, Channel: "webhook", Received: at, Origin: "WEBFORM",
		Name: lead.Name{Display: fmt.Sprintf("Person %x", n)}, Company: fmt.Sprintf("Company %d", n%5000), Text: strings.Repeat("a word or two ", 20),
		Identities:  []lead.Identity{{Kind: lead.IdentityEmail, Value: fmt.Sprintf("p.%d@example.com", n)}, {Kind: lead.IdentityPhone, Value: fmt.Sprintf("+336%08d", n%100_000_000)}},
		Attribution: lead.Attribution{Source: "google", Medium: "cpc", Campaign: "windows", Page: "https://shop.example.com/windows"}}
	normal.Inquiry(&q, "FR")
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// BenchmarkApply stores inquiries of new persons, batch by batch; one operation
// is one inquiry.
func BenchmarkApply(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "leadgate.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			at := time.Now().UTC()
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				if n++; n%size == 0 {
					b.StopTimer()
					items := make([]store.Item, size)
					for i := range items {
						items[i] = benchItem(n+i, at)
					}
					b.StartTimer()
					if _, err := s.Apply(b.Context(), items); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "inquiries/s")
		})
	}
}

// BenchmarkSearch asks for pages of 50 leads in every way people ask, over
// LEADGATE_SEARCH_LEADS leads (5,000), and reports how long most and nearly all of
// the answers took. LEADGATE_SEARCH_STORE names a file to keep the leads in, or to
// find them in; a million take minutes to make.
func BenchmarkSearch(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("LEADGATE_SEARCH_LEADS"))
	if err != nil {
		n = 5000
	}
	path := os.Getenv("LEADGATE_SEARCH_STORE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "leadgate.db")
	}
	_, missing := os.Stat(path)
	s, err := Open(b.Context(), Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if missing != nil {
		fill(b, s, n)
	}
	c := newCrowd()
	for _, kind := range questions(c) {
		for _, late := range []bool{false, true} {
			name := kind.name
			if late {
				name += ", later page"
			}
			b.Run(name, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					q := kind.ask()
					q.Limit = 50
					if late {
						q.Cursor = strconv.Itoa(1 + c.rng.IntN(n))
					}
					start := time.Now()
					if _, _, err := s.List(b.Context(), q); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
				b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
			})
		}
	}
	b.Run("stats", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Stats(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// question is one way to ask for leads.
type question struct {
	name string
	ask  func() store.Query
}

func questions(c *crowd) []question {
	letters := func(list []string, from, to int) string {
		w := c.pick(list)
		return w[:min(len(w), from+c.rng.IntN(to-from+1))]
	}
	return []question{
		{"1 letter", func() store.Query { return store.Query{Search: letters(c.first, 1, 1)} }},
		{"2-3 letters", func() store.Query { return store.Query{Search: letters(c.last, 2, 3)} }},
		{"4-6 letters", func() store.Query { return store.Query{Search: letters(c.last, 4, 6)} }},
		{"common word", func() store.Query { return store.Query{Search: letters(c.trade[:10], 4, 8)} }},
		{"two words", func() store.Query { return store.Query{Search: letters(c.first, 2, 6) + " " + letters(c.last, 2, 6)} }},
		{"phone end", func() store.Query {
			return store.Query{Search: fmt.Sprintf("%0*d", 4+c.rng.IntN(5), 1000+c.rng.IntN(9000))}
		}},
		{"mail prefix", func() store.Query { return store.Query{Search: c.pick(c.first) + "." + letters(c.last, 3, 6)} }},
		{"mail office@", func() store.Query { return store.Query{Search: "office@" + letters(c.domain, 0, 4)} }},
		{"large domain", func() store.Query { return store.Query{Search: "@" + letters(c.domain[:4], 2, 12)} }},
		{"small domain", func() store.Query { return store.Query{Search: "@" + letters(c.domain[4:], 3, 20)} }},
		{"word in stage", func() store.Query {
			return store.Query{Search: letters(c.trade, 4, 8), Stage: "junk", Source: "site-3"}
		}},
		{"all", func() store.Query { return store.Query{} }},
		{"stage", func() store.Query { return store.Query{Stage: "converted"} }},
		{"source", func() store.Query { return store.Query{Source: "site-3"} }},
		{"status", func() store.Query { return store.Query{Status: lead.Won} }},
		{"all filters", func() store.Query { return store.Query{Source: "site-3", Status: lead.Lost, Stage: "junk"} }},
		{"no hits", func() store.Query { return store.Query{Source: "site-3", Status: lead.Won, Stage: "junk"} }},
	}
}

// BenchmarkIndex brings leads into the search index, a batch at a time; one
// operation is one lead.
func BenchmarkIndex(b *testing.B) {
	for _, size := range []int{16, 64, 256} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "leadgate.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			c, at, n := newCrowd(), time.Now().UTC(), 0
			b.ReportAllocs()
			for b.Loop() {
				if n++; n%size != 0 {
					continue
				}
				b.StopTimer()
				items, numbers := make([]store.Item, size), make([]int64, size)
				for i := range items {
					items[i], numbers[i] = c.item(n-size+i, at), int64(n-size+i+1)
				}
				if _, err := s.Apply(b.Context(), items); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := s.Index(b.Context(), numbers); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
