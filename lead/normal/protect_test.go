package normal

import (
	"testing"

	"pgregory.net/rapid"

	"leadgate/lead"
)

func TestFamilyMailbox(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"familie.belo@example.org": true, "belo-family@example.org": true, "thebelos@example.org": true, "the.belos@example.org": true, "thebelos2@example.org": true,
		"casa.belo@example.org": true, "anaandigor2together@example.org": true, "eltern_belo@example.org": true,
		"ana.belo@example.org": false, "thea@example.org": false, "thomas@example.org": false, "theodoros@example.org": false, "theresa.jones@example.org": false,
		"theresajones@example.org": false, "theobalds@example.org": false, "thelmaharris@example.org": false, "casandra@example.org": false, "theresias@example.org": false, "": false, "@": false, "the@example.org": false, "homero@example.org": false,
	} {
		if got := FamilyMailbox(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

func TestNameInAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]lead.Name{
		"ana.belo@example.org": {Given: "ana", Family: "belo"}, "a_belo@example.org": {Given: "a", Family: "belo"}, "ana-belo77@example.org": {Given: "ana", Family: "belo"},
		"ana@example.org": {}, "ana.maria.belo@example.org": {}, "a.b@example.org": {}, "ana.b@example.org": {Given: "ana", Family: "b"}, "ana.77@example.org": {}, "4ana.belo@example.org": {}, "": {}, ".@": {},
	} {
		n, ok := NameInAddress(address)
		if n != want || ok != (want != lead.Name{}) {
			t.Errorf("%q: %+v %v, want %+v", address, n, ok, want)
		}
	}
}

func TestExtension(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"+33 1 42 68 53 00 ext. 12": true, "+1 415 867 5309 x7": true, "tel:+14158675309;ext=7": true, "+33142685300": false, "": false, "030 1234567 Durchwahl 12": true, "01 42 68 53 00 poste 4": true,
		"+33 6 12 34 56 78": false, "x": false,
	} {
		if got := Extension(raw); got != want {
			t.Errorf("%q: %v, want %v", raw, got, want)
		}
	}
}

func TestCompanyName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    lead.Name
		want bool
	}{{lead.Name{Display: "Acme GmbH"}, true}, {lead.Name{Display: "Ana Belo", Given: "Ana", Family: "Belo"}, false}, {lead.Name{}, false}, {lead.Name{Given: "Acme", Family: "GmbH"}, false}, {lead.Name{Display: "Ana"}, false}} {
		if got := CompanyName(c.n); got != c.want {
			t.Errorf("%+v: %v, want %v", c.n, got, c.want)
		}
	}
}

func TestBirthDate(t *testing.T) {
	t.Parallel()
	for _, c := range [...]struct{ in, region, want string }{
		{"1985-03-12", "", "1985-03-12"}, {"12.03.1985", "DE", "1985-03-12"}, {"12/03/1985", "FR", "1985-03-12"}, {"03/12/1985", "US", "1985-03-12"}, {"19850312", "", "1985-03-12"},
		{"1985-19-45", "", "1985-19-45"}, {"19851945", "", "1985-19-45"}, {"1985/02/30", "", "1985-02-30"}, {"31.02.1985", "DE", "1985-02-31"}, {"31/02/1985", "FR", "1985-02-31"},
		{"", "", ""}, {"soon", "", ""}, {"00000000", "", ""}, {"1985", "", ""}, {"0000-00-00", "", ""}, {"1900-01-01", "", ""}, {"11111111", "", ""},
	} {
		if got := birthDate(c.in, c.region); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.in, c.region, got, c.want)
		}
	}
}

// checkBirth holds what must be true of every birth date that is read.
func checkBirth(t interface{ Fatalf(string, ...any) }, s, region string) {
	got := birthDate(s, region)
	if got == "" {
		return
	}
	if digitsOf(got) != got && (len(got) != 10 || got[4] != '-' || got[7] != '-') {
		t.Fatalf("%q in %q: %q", s, region, got)
	}
	for _, r := range someRegions {
		if again := birthDate(got, r); again != got {
			t.Fatalf("%q in %q: %q, and again in %q %q", s, region, got, r, again)
		}
	}
}

func TestBirthDateLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom(someRegions).Draw(t, "region")
		checkBirth(t, rapid.StringMatching(`[0-9]{1,4}[-./ ]?[0-9]{1,2}[-./ ]?[0-9]{1,4}`).Draw(t, "date"), region)
		checkBirth(t, scrapText().Draw(t, "s"), region)
	})
}

func FuzzBirthDate(f *testing.F) {
	for _, s := range []string{"1985-03-12", "12.03.1985", "19851945", "12 mars 1985", "12/3/85", "1985年3月12日", "0000-00-00"} {
		for _, region := range someRegions {
			f.Add(s, region)
		}
	}
	f.Fuzz(func(t *testing.T, s, region string) { checkBirth(t, s, region) })
}

// FuzzProtect holds that what an address or a number says beside itself is read of
// any text.
func FuzzProtect(f *testing.F) {
	for _, s := range []string{"ana.belo@example.org", "thebelos@x", "+33 1 42 68 53 00 ext. 12", "\xff", "ä.ö@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		FamilyMailbox(s)
		Extension(s)
		Skeleton(s)
		if n, ok := NameInAddress(s); ok && (n.Given == "" || n.Family == "") {
			t.Fatalf("%q: %+v", s, n)
		}
		a := FormOf(lead.Name{Display: s})
		if given, family, swapped := a.Compare(a); given != Same && given != Unknown || family != Same && family != Unknown || swapped {
			t.Fatalf("%q and itself: %d %d %v", s, given, family, swapped)
		}
	})
}
