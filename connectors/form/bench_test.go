package form

import (
	"context"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
)

// sink accepts everything and keeps nothing, so that only the handler is measured.
type sink struct{ connectors.Env }

func (sink) Accept(_ context.Context, d lead.Delivery) (lead.ID, error) {
	return lead.DeriveID(d.Source, d.Key), nil
}

// BenchmarkPost measures what the handler adds to Accept for a post of 1 KB.
func BenchmarkPost(b *testing.B) {
	d := setup(b, nil)
	var err error
	if d.handler, err = New().Serve(sink{d}); err != nil {
		b.Fatal(err)
	}
	body := `{"submission_id":"s-1","name":"Ida Ek","email":"ida@example.org","phone":"+46812345678","message":"`
	for len(body) < 1000 {
		body += "words and words "
	}
	body += `"}`
	b.ReportAllocs()
	for b.Loop() {
		if w := d.do("POST", "/", body, "Content-Type", asJSON, "Accept", "*/*"); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
