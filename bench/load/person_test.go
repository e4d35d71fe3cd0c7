package load

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"leadgate/lead/normal"
)

type inquiry struct {
	ID, Name, Email, Phone, Company, Message, Page string
	UTM                                            string `json:"utm_source"`
}

func read(t rapid.TB, b []byte) inquiry {
	var q inquiry
	if err := json.Unmarshal(b, &q); err != nil {
		t.Fatalf("inquiry is no JSON: %v\n%s", err, b)
	}
	return q
}

// TestInquiryLaw: every inquiry is whole, of the promised size, of a person the
// gateway can know by e-mail, and gives its number back.
func TestInquiryLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.StringMatching(`[a-z0-9]{1,16}`).Draw(t, "run")
		n := rapid.Int64Range(0, 1<<40).Draw(t, "n")
		p, err := NewPeople(run)
		if err != nil {
			t.Fatal(err)
		}
		b := p.Append(nil, n)
		if len(b) < 600 || len(b) > 1024 {
			t.Fatalf("inquiry of %d bytes", len(b))
		}
		q := read(t, b)
		if got, ok := p.Number(q.Email); !ok || got != n || q.ID != p.ID(n) || q.Message == "" || q.UTM == "" || q.Company == "" || q.Page == "" {
			t.Fatalf("inquiry %d reads %+v", n, q)
		}
		if e, err := normal.Email(q.Email); err != nil || e.Weak != "" {
			t.Fatalf("%s is no identity: %+v, %v", q.Email, e, err)
		}
	})
}

// TestPeopleAreDistinct: no two of a run share a name, an address or a number, and
// but for the rare one that looks made up their phone numbers are identities.
func TestPeopleAreDistinct(t *testing.T) {
	t.Parallel()
	p, err := NewPeople("run7")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int64{}
	var buf []byte
	weak := 0
	for n := range int64(20_000) {
		n *= 523 // over the whole range of a long run
		buf = p.Append(buf[:0], n)
		q := read(t, buf)
		for _, v := range []string{q.ID, q.Name, q.Email, q.Phone} {
			if m, ok := seen[v]; ok {
				t.Fatalf("%d and %d share %q", m, n, v)
			}
			seen[v] = n
		}
		if ph, err := normal.Phone(q.Phone, ""); err != nil || ph.Weak != "" {
			weak++
		}
	}
	if weak > 2 {
		t.Errorf("%d of 20,000 phone numbers are no identities", weak)
	}
}

func TestNumberIsOfThisRunOnly(t *testing.T) {
	t.Parallel()
	p, _ := NewPeople("a1")
	for _, email := range []string{"", "x@example.com", "ada.b.a1-7@example.org", "ada.b.b1-7@example.com", "ada.b.a1-x@example.com", "ada.b.a1--7@example.com"} {
		if n, ok := p.Number(email); ok {
			t.Errorf("%q is taken for inquiry %d", email, n)
		}
	}
	for _, run := range []string{"", "A", "a b", "a\"", "ä", "12345678901234567"} {
		if _, err := NewPeople(run); err == nil {
			t.Errorf("run %q is taken", run)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	p, _ := NewPeople("bench")
	var buf []byte
	b.ReportAllocs()
	for n := range int64(b.N) {
		buf = p.Append(buf[:0], n)
	}
	b.SetBytes(int64(len(buf)))
}
