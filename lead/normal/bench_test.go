package normal

import (
	"testing"

	"leadgate/lead"
)

func BenchmarkEmail(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Email("ana.belo@example.org")
	}
}

func BenchmarkPhone(b *testing.B) {
	for _, c := range []struct{ name, in, region string }{
		{"e164", "+33612345678", ""}, {"spaced", "+33 6 12 34 56 78", ""}, {"national", "06 12 34 56 78", "FR"}, {"us", "(202) 456-1111", "US"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Phone(c.in, c.region)
			}
		})
	}
}

func BenchmarkParseName(b *testing.B) {
	for _, s := range []string{"Ana Belo", "Dr. Ana Maria van der Belo", "Иванов Иван Иванович", "Müller & Söhne GmbH"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseName(s)
			}
		})
	}
}

func BenchmarkNamesConflict(b *testing.B) {
	x, y := ParseName("Ana Belo"), ParseName("Anna Bello")
	b.ReportAllocs()
	for b.Loop() {
		NamesConflict(x, y)
	}
}

func BenchmarkInquiry(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		q := formPost()
		b.StartTimer()
		Inquiry(&q, "FR")
	}
}

// TestCanonicalPhoneDoesNotAllocate guards the fast way of the common case.
func TestCanonicalPhoneDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { canonicalPhone("+33612345678") }); n != 0 {
		t.Errorf("a canonical number allocates %v times", n)
	}
}

// TestFormPostIsQuiet guards the common case as a whole: what is canonical
// already costs a handful of allocations, those of its list of identities and name.
func TestFormPostIsQuiet(t *testing.T) {
	q := formPost()
	Inquiry(&q, "FR")
	got := testing.AllocsPerRun(100, func() {
		again := q
		Inquiry(&again, "FR")
	})
	if got > 15 {
		t.Errorf("a canonical form post allocates %v times", got)
	}
	if len(q.Identities) != 2 || q.Identities[0].Weak+q.Identities[1].Weak != "" || q.Identities[0].Proof != lead.ProofForm {
		t.Errorf("identities %+v", q.Identities)
	}
}
