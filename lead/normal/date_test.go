package normal

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, region, want string }{
		{"1961-02-14", "", "1961-02-14"},
		{"1961-2-4", "", "1961-02-04"},
		{"1961/02/14", "", "1961-02-14"},
		{"1961.02.14.", "HU", "1961-02-14"},
		{"19610214", "", "1961-02-14"},
		{"14021961", "", "1961-02-14"},
		{"02141961", "", "1961-02-14"},
		{"04021961", "US", "1961-04-02"},
		{"14.02.1961", "", "1961-02-14"},
		{"14. 2. 1961", "CZ", "1961-02-14"},
		{"14-02-1961", "", "1961-02-14"},
		{" 14/2/61 ", "", "1961-02-14"},
		{"14.02.61", "DE", "1961-02-14"},
		{"1.3.24", "DE", "2024-03-01"},
		{"14 Feb '61", "", "1961-02-14"},
		{"02/14/1961", "", "1961-02-14"},
		{"02/03/1961", "", "1961-03-02"},
		{"02/03/1961", "GB", "1961-03-02"},
		{"02/03/1961", "US", "1961-02-03"},
		{"02/03/1961", "us", "1961-02-03"},
		{"02.03.1961", "US", "1961-03-02"},
		{"14/02/1961", "US", "1961-02-14"},
		{"61/02/14", "", "1961-02-14"},
		{"11/02/03", "JP", "2011-02-03"},
		{"11/02/03", "", "2003-02-11"},
		{"140261", "", "1961-02-14"},
		{"610214", "", "1961-02-14"},
		{"14 Feb 1961", "", "1961-02-14"},
		{"14FEB1961", "", "1961-02-14"},
		{"14-Feb-61", "", "1961-02-14"},
		{"February 14, 1961", "", "1961-02-14"},
		{"Feb. 14th, 1961", "", "1961-02-14"},
		{"the 1st of March 1961", "", "1961-03-01"},
		{"Tuesday, 14 February 1961", "", "1961-02-14"},
		{"1961 Feb 14", "", "1961-02-14"},
		{"14. Februar 1961", "", "1961-02-14"},
		{"3. März 1961", "", "1961-03-03"},
		{"1er août 1961", "", "1961-08-01"},
		{"14 de febrero de 1961", "", "1961-02-14"},
		{"14 février 1961", "", "1961-02-14"},
		{"14 lutego 1961 r.", "", "1961-02-14"},
		{"14 февраля 1961 г.", "", "1961-02-14"},
		{"14 лютого 1961 року", "", "1961-02-14"},
		{"14 Şubat 1961", "", "1961-02-14"},
		{"1961年2月14日", "", "1961-02-14"},
		{"１９６１年２月１４日", "", "1961-02-14"},
		{"١٤/٠٢/١٩٦١", "", "1961-02-14"},
		{"1961-02-14T00:00:00Z", "", "1961-02-14"},
		{"1961-02-14T00:00:00.000+02:00", "", "1961-02-14"},
		{"1961-02-14 00:00:00", "", "1961-02-14"},
		{"2/14/1961 12:00:00 AM", "", "1961-02-14"},
		{"19610214T000000Z", "", "1961-02-14"},
		{"2000-02-29", "", "2000-02-29"},
		{"1800-01-02", "", "1800-01-02"},
		{"2200-12-31", "", "2200-12-31"},

		{"", "", ""},
		{"unknown", "", ""},
		{"1961", "", ""},
		{"02/1961", "", ""},
		{"1961-02-31", "", ""},
		{"19610231", "", ""},
		{"19613402", "", ""},
		{"1961-14-02", "", ""},
		{"1900-02-29", "", ""},
		{"31.04.1961", "", ""},
		{"14/14/1961", "", ""},
		{"010203", "", ""},
		{"1799-12-31", "", ""},
		{"2201-01-01", "", ""},
		{"1900-01-01", "", ""},
		{"01/01/1900", "US", ""},
		{"1970-01-01T00:00:00Z", "", ""},
		{"0000-00-00", "", ""},
		{"00.00.0000", "", ""},
		{"1111-11-11", "", ""},
		{"11/11/11", "", ""},
		{"01.01.01", "", ""},
		{"99999999", "", ""},
		{"12345678", "", ""},
		{"call me 14 Feb 1961", "", ""},
		{"192.168.14.2", "", ""},
		{"+33 6 12 34 56 78", "FR", ""},
		{"14:30", "", ""},
	} {
		t.Run(c.in+"/"+c.region, func(t *testing.T) {
			t.Parallel()
			got, ok := Date(c.in, c.region)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Date(%q, %q) = %q %v, want %q", c.in, c.region, got, ok, c.want)
			}
		})
	}
}

// TestDateOfEveryNotation writes real days in many ways and reads them back.
func TestDateOfEveryNotation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(rapid.IntRange(1931, 2030).Draw(t, "year"), 1, rapid.IntRange(1, 365).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		want := day.Format(time.DateOnly)
		if blockedDates()[want] {
			t.Skip()
		}
		for _, c := range []struct{ layout, region string }{
			{"2006-01-02", ""}, {"20060102", ""}, {"02.01.2006", "US"}, {"2.1.2006", ""}, {"02/01/2006", "FR"}, {"01/02/2006", "US"}, {"1/2/2006", "US"},
			{"2 Jan 2006", ""}, {"January 2, 2006", ""}, {"02-Jan-06", ""}, {time.RFC3339, ""}, {"Mon, 02 Jan 2006 15:04:05 -0700", ""}, {"2006年1月2日", "JP"},
		} {
			if got, ok := Date(day.Format(c.layout), c.region); got != want || !ok {
				t.Fatalf("Date(%q, %q) = %q %v, want %q", day.Format(c.layout), c.region, got, ok, want)
			}
		}
	})
}

func TestDateLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkDate(t, scrapText().Draw(t, "s"), rapid.SampledFrom(someRegions).Draw(t, "region"))
		checkDate(t, rapid.StringMatching(`[0-9]{1,4}[ ./-][0-9]{1,4}[ ./-][0-9]{1,4}|[0-9]{6,8}`).Draw(t, "n"), "US")
	})
}

// checkDate holds what must be true of every date that is read.
func checkDate(t interface{ Fatalf(string, ...any) }, s, region string) {
	iso, ok := Date(s, region)
	if !ok {
		return
	}
	if d, err := time.Parse(time.DateOnly, iso); err != nil || d.Year() < firstYear || d.Year() > lastYear {
		t.Fatalf("Date(%q, %q) = %q: %v", s, region, iso, err)
	}
	for _, r := range [...]string{region, "", "US", "HU"} {
		if again, ok := Date(iso, r); again != iso || !ok {
			t.Fatalf("Date(%q, %q) = %q, and of that in %q %q", s, region, iso, r, again)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"1961-02-14", "14/2/61", "14FEB61", "1961年2月14日", "19610214T000000Z", "1961-02-14T00:00:00+02:00", "ſt", "İ1"} {
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, s, region string) { checkDate(t, s, region) })
}

func TestDateDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Date("1961-02-14", "US") }); n != 0 {
		t.Errorf("a date in canonical form allocates %v times", n)
	}
}

func BenchmarkDate(b *testing.B) {
	for _, s := range []string{"1961-02-14", "19610214", "14.02.1961", "14 Feb 1961"} {
		b.Run(fmt.Sprint(len(s)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Date(s, "")
			}
		})
	}
}
