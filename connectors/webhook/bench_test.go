package webhook

import (
	"strings"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
)

// BenchmarkParse is what reading an ordinary post costs a worker.
func BenchmarkParse(b *testing.B) {
	c := New()
	s, err := connectors.NewSettings(c.Fields, map[string]any{"auth": "bearer", "secret": "0123456789"})
	if err != nil {
		b.Fatal(err)
	}
	d := lead.Delivery{Body: []byte(`{"id":"a-1","name":"Ana Belo","email":"ana@example.org","phone":"+351912345678","company":"Belo Lda","message":"` + strings.Repeat("words ", 60) + `","utm_source":"google","page":"https://example.org/"}`),
		Header: lead.Header{{Name: "Content-Type", Value: "application/json"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Parse(d, s); err != nil {
			b.Fatal(err)
		}
	}
}
