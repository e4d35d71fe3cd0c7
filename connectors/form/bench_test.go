package form

import "testing"

// BenchmarkPost measures what the handler adds to Accept for a post of 1 KB.
func BenchmarkPost(b *testing.B) {
	d := setup(b, nil)
	body := `{"submission_id":"s-1","name":"Ida Ek","email":"ida@example.org","phone":"+46812345678","message":"`
	for len(body) < 1000 {
		body += "words and words "
	}
	body += `"}`
	b.ReportAllocs()
	for b.Loop() {
		d.accepted = d.accepted[:0]
		if w := d.do("POST", "/", body, "Content-Type", asJSON, "Accept", "*/*"); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
