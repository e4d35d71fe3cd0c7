package normal

import "testing"

// TestMistypedBirthDate: what was mistyped is kept, what is no date is not, and twice is once.
func TestMistypedBirthDate(t *testing.T) {
	t.Parallel()
	for _, tc := range [][2]string{
		{"19800203", "1980-02-03"}, {"03.02.1980", "1980-02-03"}, {"19717011", "1971-70-11"}, {"1971-70-11", "1971-70-11"},
		{"1960813", "1960813"}, {"194430509", "194430509"}, {"1980-02-033", "198002033"},
		{"", ""}, {"unknown", ""}, {"1960", ""}, {"196008", ""}, {"0000000", ""}, {"1234567890", ""},
	} {
		got := birthDate(tc[0], "DE")
		if got != tc[1] || birthDate(got, "DE") != got {
			t.Errorf("%q is %q, and then %q; want %q", tc[0], got, birthDate(got, "DE"), tc[1])
		}
	}
}
