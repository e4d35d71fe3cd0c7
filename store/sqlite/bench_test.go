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
	"leadgate/store/storetest"
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
	c := storetest.NewCrowd()
	for _, kind := range c.Questions() {
		for _, late := range []bool{false, true} {
			name := kind.Name
			if late {
				name += ", later page"
			}
			b.Run(name, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					q := kind.Ask()
					q.Limit = 50
					if late {
						q.Cursor = strconv.Itoa(1 + c.Rand.IntN(n))
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
			c, at, n := storetest.NewCrowd(), time.Now().UTC(), 0
			b.ReportAllocs()
			for b.Loop() {
				if n++; n%size != 0 {
					continue
				}
				b.StopTimer()
				items, numbers := make([]store.Item, size), make([]int64, size)
				for i := range items {
					items[i], numbers[i] = c.Item(n-size+i, at), int64(n-size+i+1)
				}
				if _, err := s.Apply(b.Context(), items); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := s.indexThese(b.Context(), numbers); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
