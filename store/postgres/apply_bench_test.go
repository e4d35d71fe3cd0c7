package postgres

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
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

// BenchmarkApply stores inquiries of new persons, batch by batch; one operation is one
// inquiry.
func BenchmarkApply(b *testing.B) {
	for _, writers := range []int{1, 2} {
		for _, size := range []int{1, 16, 256, 512} {
			b.Run(fmt.Sprintf("%d writers, %d a batch", writers, size), func(b *testing.B) {
				s, err := Open(b.Context(), Options{DSN: os.Getenv("LEADGATE_TEST_POSTGRES")})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				at := time.Now().UTC()
				var n atomic.Int64
				n.Store(time.Now().UnixNano() % 1e15)
				b.ReportAllocs()
				b.SetParallelism(writers)
				b.RunParallel(func(pb *testing.PB) {
					var items []store.Item
					for pb.Next() {
						if items = append(items, benchItem(int(n.Add(1)), at)); len(items) < size {
							continue
						}
						if _, err := s.Apply(b.Context(), items); err != nil {
							b.Error(err)
							return
						}
						items = items[:0]
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "inquiries/s")
			})
		}
	}
}
