package dedupe

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"leadgate/lead"
)

// TestBlockLaws holds that the keys of a profile are sorted, without repeats, none
// of them zero, and the same whenever they are asked for.
func TestBlockLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyProfile().Draw(t, "profile")
		keys := Blocks(&p)
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) || slices.Contains(keys, 0) {
			t.Fatalf("%v", keys)
		}
		if diff := cmp.Diff(keys, Blocks(&p)); diff != "" {
			t.Fatalf("asked twice:\n%s", diff)
		}
		finer, name := FinerBlocks(&p), NameBlock(&p)
		if slices.Contains(finer, 0) || (name == 0) != (p.Given == "" || p.Family == "") || name == 0 && len(finer) > 0 {
			t.Fatalf("name %d, finer %v", name, finer)
		}
		for _, k := range append(finer, name) {
			if slices.Contains(keys, k) {
				t.Fatalf("%d is a key of two kinds", k)
			}
		}
		q := p
		q.Given, q.Family = p.Family, p.Given
		if NameBlock(&q) != name || !cmp.Equal(Blocks(&q), keys) || !cmp.Equal(FinerBlocks(&q), finer) {
			t.Fatalf("the order of the names decides where %+v is found", p)
		}
		q = p
		q.Street, q.Premises = p.Premises, p.Street
		if !cmp.Equal(Blocks(&q), keys) {
			t.Fatalf("the order of the lines decides where %+v is found", p)
		}
	})
}

// TestBlocksAreStable holds the numbers of the keys: they are stored.
func TestBlocksAreStable(t *testing.T) {
	t.Parallel()
	p := lead.Profile{Given: "Ana", Family: "Belo", Born: "1985-03-12", Phones: []string{"061234"}}
	if got, want := Blocks(&p), []int64{-8216222145847692293, -6267691562037043071, -4781733236358848385, -1131071333915002386, 6031393123447040152}; !slices.Equal(got, want) {
		t.Errorf("blocks %v, want %v: stored ones are not found any more", got, want)
	}
	if got, want := NameBlock(&p), int64(16212072794324860); got != want {
		t.Errorf("name block %d, want %d", got, want)
	}
}

// TestBlocksFindSlips holds that a slip in any field leaves a key in common when
// the other fields are there.
func TestBlocksFindSlips(t *testing.T) {
	t.Parallel()
	given := []string{"Ana", "Igor", "Omar", "Charlotte", "Wolfgang", "Мария", "Zoë"}
	family := []string{"Belo", "Petrov", "Haddad", "Schmidt", "Fernandes", "Ng"}
	rapid.Check(t, func(t *rapid.T) {
		p := lead.Profile{Given: rapid.SampledFrom(given).Draw(t, "given"), Family: rapid.SampledFrom(family).Draw(t, "family"), Born: "1985-03-12",
			Street: "lilas str", Number: "12", City: "lyon", Postcode: "69003"}
		q := p
		fields := []*string{&q.Given, &q.Family, &q.Street, &q.Number, &q.City, &q.Postcode, &q.Born}
		for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 1, 2, func(s *string) *string { return s }).Draw(t, "fields") {
			*f = slipped(t, *f)
		}
		if !meet(Blocks(&p), Blocks(&q)) {
			t.Fatalf("%+v is not found by %+v", p, q)
		}
	})
}

// slipped draws a text with one character changed, left out, doubled or swapped
// with its neighbour.
func slipped(t *rapid.T, s string) string {
	r := []rune(s)
	i := rapid.IntRange(0, len(r)-1).Draw(t, "at")
	if strings.Count(s, "-") == 2 { // a date keeps its form
		if r[i] == '-' {
			i--
		}
		r[i] = '0' + (r[i]-'0'+1)%10
		return string(r)
	}
	switch rapid.IntRange(0, 3).Draw(t, "slip") {
	case 0:
		r[i] = 'x'
	case 1:
		r = slices.Delete(r, i, i+1)
	case 2:
		r = slices.Insert(r, i, r[i])
	case 3:
		if i > 0 {
			r[i], r[i-1] = r[i-1], r[i]
		}
	}
	return string(r)
}

func meet(a, b []int64) bool {
	return slices.ContainsFunc(a, func(k int64) bool { return slices.Contains(b, k) })
}
