package normal

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// reference is what the library's regular expressions say about a number.
func reference(code int, national string) lineType {
	n := &phonenumbers.PhoneNumber{}
	cc, nn := int32(code), uint64(0)
	zeros := 0
	for zeros < len(national)-1 && national[zeros] == '0' {
		zeros++
	}
	nn, _ = strconv.ParseUint(national, 10, 64)
	n.CountryCode, n.NationalNumber = &cc, &nn
	if zeros > 0 {
		yes, z := true, int32(zeros)
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = &yes, &z
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.FIXED_LINE:
		return lineFixed
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return lineMobile
	case phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return lineRate
	case phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.UAN:
		return lineOther
	case phonenumbers.VOICEMAIL:
		return lineMail
	}
	return lineNone
}

// TestPlanAgreesWithMetadata holds the automaton of every calling code against
// the library: at the example numbers of every region and type, at mutations of
// them, and at random digits.
func TestPlanAgreesWithMetadata(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	total, states := 0, 0
	for code := range phonenumbers.GetSupportedCallingCodes() {
		p := planOf(code)
		if p == nil {
			t.Fatalf("calling code %d has no plan", code)
		}
		states += len(p.next)
		var seeds []string
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			for typ := phonenumbers.FIXED_LINE; typ <= phonenumbers.VOICEMAIL; typ++ {
				if n := phonenumbers.GetExampleNumberForType(region, typ); n != nil {
					seeds = append(seeds, phonenumbers.GetNationalSignificantNumber(n))
				}
			}
		}
		if n := phonenumbers.GetExampleNumberForNonGeoEntity(code); n != nil {
			seeds = append(seeds, phonenumbers.GetNationalSignificantNumber(n))
		}
		for _, seed := range seeds {
			for range 20 * chaos() {
				total++
				if got, want := p.check(seed), reference(code, seed); got != want {
					t.Fatalf("+%d %s: got type %d, want %d", code, seed, got, want)
				}
				b := []byte(seed)
				for range 1 + rng.IntN(3) {
					b[rng.IntN(len(b))] = byte('0' + rng.IntN(10))
				}
				switch rng.IntN(6) {
				case 0:
					b = append(b, byte('0'+rng.IntN(10)))
				case 1:
					b = b[:max(2, len(b)-1)]
				}
				seed = string(b)
			}
		}
	}
	t.Logf("%d numbers, %d states", total, states)
}
