package dedupe

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// weights are the bits of evidence each outcome of a comparison is worth: the
// binary logarithm of how much more often it is seen between two inquiries of one
// person than between those of two.
type weights struct {
	given, family                                                [normal.Other + 1]float64
	swapped                                                      float64 // on top of the above
	imported                                                     bool
	namesakes                                                    float64 // taken from a name with which nothing but an area agrees
	born, postcode, city, street, premises, number, phone, email levels
}

//go:embed weights.txt
var weightsText string

// standard are the weights of weights.txt.
var standard = sync.OnceValue(func() *weights {
	w, err := parseWeights(weightsText)
	if err != nil {
		return &weights{} // a test reads the file
	}
	return w
})

// Outcome is what comparing a field of two profiles came to, by the names that
// weights.txt uses.
type Outcome struct{ Field, Level string }

// slot is where the bits of an outcome stand.
type slot struct {
	Outcome
	bits *float64
}

// slots are all outcomes that weigh anything, in the order of the file.
func (w *weights) slots() []slot {
	var out []slot
	add := func(field, level string, bits *float64) { out = append(out, slot{Outcome{field, level}, bits}) }
	for _, f := range [...]struct {
		name string
		bits *[normal.Other + 1]float64
	}{{"given", &w.given}, {"family", &w.family}} {
		for l := range f.bits {
			if l := normal.Likeness(l); l != normal.Unknown {
				add(f.name, likenessName(l), &f.bits[l])
			}
		}
	}
	add("names", "swapped", &w.swapped)
	for _, f := range [...]struct {
		name string
		bits *levels
	}{{"born", &w.born}, {"postcode", &w.postcode}, {"city", &w.city}, {"street", &w.street}, {"premises", &w.premises},
		{"number", &w.number}, {"phone", &w.phone}, {"email", &w.email}} {
		for l := range f.bits {
			if l := level(l); l != missing && (l != partly || f.bits == &w.born) {
				add(f.name, l.String(), &f.bits[l])
			}
		}
	}
	return out
}

func likenessName(l normal.Likeness) string {
	return [...]string{"same", "variant", "close", "slight", "initial", "unknown", "other"}[l]
}

func (l level) String() string { return [...]string{"missing", "same", "near", "partly", "other"}[l] }

// AllOutcomes are the outcomes that weights are for, in the order of weights.txt.
func AllOutcomes() []Outcome {
	var out []Outcome
	for _, s := range new(weights).slots() {
		out = append(out, s.Outcome)
	}
	return out
}

// Outcomes compares two profiles as [Decide] does. Fields that one of them does not
// tell have no outcome; names in the other order have one more.
func Outcomes(a, b *lead.Profile) []Outcome {
	f := fieldsOf(faceOf(a), faceOf(b))
	var out []Outcome
	add := func(field, level string, missing bool) {
		if !missing {
			out = append(out, Outcome{field, level})
		}
	}
	add("given", likenessName(f.given), f.given == normal.Unknown)
	add("family", likenessName(f.family), f.family == normal.Unknown)
	add("names", "swapped", !f.swapped)
	for _, l := range [...]struct {
		field string
		level level
	}{{"born", f.born}, {"postcode", f.postcode}, {"city", f.city}, {"street", f.street}, {"premises", f.premises},
		{"number", f.number}, {"phone", f.phone}, {"email", f.email}} {
		add(l.field, l.level.String(), l.level == missing)
	}
	return out
}

// ParseWeights reads lines of field, level and bits. Every outcome has to be
// there, once; a line that begins with # is none.
func ParseWeights(text string) (map[Outcome]float64, error) {
	known := AllOutcomes()
	out := make(map[Outcome]float64, len(known))
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("reading weights: want field, level and bits: %q", line)
		}
		bits, err := strconv.ParseFloat(f[2], 64)
		if err != nil || math.IsNaN(bits) || math.IsInf(bits, 0) {
			return nil, fmt.Errorf("reading weights: bits of %s %s: %q", f[0], f[1], f[2])
		}
		o := Outcome{f[0], f[1]}
		if _, twice := out[o]; twice || !slices.Contains(known, o) {
			return nil, fmt.Errorf("reading weights: %s %s is no outcome, or comes twice", f[0], f[1])
		}
		out[o] = bits
	}
	for _, o := range known {
		if _, ok := out[o]; !ok {
			return nil, fmt.Errorf("reading weights: %s %s is missing", o.Field, o.Level)
		}
	}
	return out, nil
}

func parseWeights(text string) (*weights, error) {
	bits, err := ParseWeights(text)
	if err != nil {
		return nil, err
	}
	var w weights
	for _, s := range w.slots() {
		*s.bits = bits[s.Outcome]
	}
	return &w, nil
}

// reviewBand is how many bits below the threshold a pair is shown to a human.
const reviewBand = 5

// threshold returns the bits above which two are taken for one person. Chance has
// more pairs to try the more people are known; a small book is asked for as much
// as one of ten thousand, since those it does not know are many all the same.
func threshold(people int64) float64 { return math.Log2(float64(max(people, 10_000))) + 3 }

// Shares says how many of the people whose area is known live in that of a sender.
type Shares struct{ Postcode, City, All int64 }

// in returns the weights for a sender of an area. That another one lives there too
// says the less the more do: a local business hears from its town only.
func (w *weights) in(area Shares) *weights {
	c := *w
	for _, f := range [...]struct {
		w *levels
		n int64
	}{{&c.postcode, area.Postcode}, {&c.city, area.City}} {
		bits := math.Log2(float64(area.All+fewAreas) / float64(f.n+1))
		for _, l := range [...]level{same, near} {
			f.w[l] = min(f.w[l], bits)
		}
	}
	return &c
}

// fewAreas is how many areas a book is taken to have before any is known.
const fewAreas = 20

// among returns the weights for a sender with so many namesakes.
func (w *weights) among(namesakes int) *weights {
	c := *w
	c.namesakes = math.Log2(float64(max(namesakes, 1)))
	return &c
}
