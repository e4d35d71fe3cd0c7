package dedupe

import (
	"strings"
	"testing"

	"leadgate/lead"
)

func TestParseWeights(t *testing.T) {
	t.Parallel()
	bits, err := ParseWeights(weightsText)
	if err != nil {
		t.Fatal(err)
	}
	w, err := parseWeights(weightsText)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range w.slots() {
		if *s.bits != bits[s.Outcome] {
			t.Errorf("%s %s is %v, the file says %v", s.Field, s.Level, *s.bits, bits[s.Outcome])
		}
	}
	if w.phone[missing] != 0 || w.phone[partly] != 0 || w.given[5] != 0 {
		t.Error("what is not known weighs something")
	}
	for _, tc := range [][2]string{
		{"", "born same"}, {"\nphone same", "want field"}, {"\nphone same 1 2", "want field"}, {"\nphone same x", "bits of"}, {"\nphone same NaN", "bits of"},
		{"\nphone partly 1", "no outcome"}, {"\nvisitor same 1", "no outcome"}, {"\nphone same 1", "twice"},
	} {
		text := weightsText + tc[0]
		if tc[0] == "" {
			text = strings.ReplaceAll(text, "\nborn same", "\n# born same")
		}
		if _, err := ParseWeights(text); err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%q: %v", tc[0], err)
		}
	}
}

func FuzzParseWeights(f *testing.F) {
	f.Add(weightsText)
	f.Add("born same 1\n#\n\nnames swapped -1e3")
	f.Fuzz(func(t *testing.T, text string) {
		if bits, err := ParseWeights(text); err == nil && len(bits) != len(AllOutcomes()) {
			t.Errorf("%d of %d outcomes", len(bits), len(AllOutcomes()))
		}
	})
}

// TestOutcomes: every outcome is one that weights are for, and two profiles have the
// same ones either way.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	a := lead.Profile{Given: "Ana", Family: "Belo", Born: "1980-02-03", Phones: []string{"+33612345678"}, Street: "rue de paris", City: "lyon", Postcode: "69001"}
	b := lead.Profile{Given: "Belo", Family: "Ana", Born: "1980-03-02", Phones: []string{"+33612345679"}, Street: "rue de parsi", City: "lyon", Emails: []string{"ana@example.org"}}
	want := []Outcome{{"given", "same"}, {"family", "same"}, {"names", "swapped"}, {"born", "near"}, {"city", "same"}, {"street", "near"}, {"phone", "near"}}
	for _, got := range [][]Outcome{Outcomes(&a, &b), Outcomes(&b, &a)} {
		if len(got) != len(want) {
			t.Fatalf("%v", got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%v, want %v", got[i], want[i])
			}
		}
	}
	if got := Outcomes(&a, &lead.Profile{}); len(got) != 0 {
		t.Errorf("nothing is known of one: %v", got)
	}
}

func TestLikeDate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want level
	}{
		{"", "1980-02-03", missing}, {"1980-02-03", "1980-02-03", same}, {"1980-02-03", "1980-02-08", near}, {"1980-02-03", "1980-03-02", near},
		{"1956-11-29", "1956-12-19", near}, // neighbours of two parts
		{"1978-01-10", "1970-81-10", near}, {"1968-08-13", "1960813", near}, {"194430509", "1943-05-09", near}, {"1943-05-09", "1943-50-90", other},
		{"1980-02-03", "1980-02-19", partly}, {"1980-02-03", "1961-02-03", partly}, {"1980-02-03", "1961-12-03", other}, {"1960813", "1960-12-30", other},
	} {
		if a, b := likeDate(tc.a, tc.b), likeDate(tc.b, tc.a); a != tc.want || b != tc.want {
			t.Errorf("%s and %s: %v, %v the other way; want %v", tc.a, tc.b, a, b, tc.want)
		}
	}
}

// TestMistypedOnce: one mistyped record of three does not part a person, one of two
// does; two other values of their own part them whatever the rest says.
func TestMistypedOnce(t *testing.T) {
	t.Parallel()
	say := func(given, born, phone, email string) face {
		p := lead.Profile{Given: given, Family: "Harris", Born: born, Street: "acacia street", Number: "35", City: "glebe", Postcode: "4913"}
		if phone != "" {
			p.Phones, p.Emails = []string{phone}, []string{email}
		}
		return faceOf(&p)
	}
	sender, good, bad := say("Stephen", "1953-06-05", "", ""), say("Stephen", "1953-06-05", "", ""), say("Robert", "1991-11-23", "", "")
	for _, tc := range []struct {
		known []face
		apart bool
	}{{[]face{good}, false}, {[]face{bad}, true}, {[]face{good, bad}, true}, {[]face{good, good, bad}, false}} {
		if l := standard().likest(sender, tc.known); (l.apart != "") != tc.apart {
			t.Errorf("%d known: apart is %q", len(tc.known), l.apart)
		}
	}
	son, father := say("Stephen", "", "+33612345678", "s@example.org"), say("Stephen", "", "+33711111111", "harris@example.org")
	if l := standard().likest(son, []face{good, good, father}); l.apart == "" {
		t.Error("father and son are one")
	}
}
