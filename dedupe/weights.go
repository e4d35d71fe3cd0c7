package dedupe

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"leadgate/lead/normal"
)

// weights are the bits of evidence each outcome of a comparison is worth: the
// binary logarithm of how much more often it is seen between two inquiries of one
// person than between those of two.
type weights struct {
	given, family                                                [normal.Other + 1]float64
	swapped                                                      float64 // on top of the above
	namesakes                                                    float64 // taken from a name with which nothing but an area agrees
	born, postcode, city, street, premises, number, phone, email levels
}

//go:embed weights.txt
var weightsText string

// standard are the weights of weights.txt.
var standard = sync.OnceValue(func() *weights {
	w, err := parseWeights(weightsText)
	if err != nil {
		return nil // a test reads the file
	}
	return w
})

// parseWeights reads lines of field, outcome and bits.
func parseWeights(text string) (*weights, error) {
	var w weights
	likeness := map[string]normal.Likeness{"same": normal.Same, "variant": normal.Variant, "close": normal.Close, "slight": normal.Slight, "initial": normal.Initial, "other": normal.Other}
	outcomes := map[string]level{"same": same, "near": near, "partly": partly, "other": other}
	fields := map[string]*levels{"born": &w.born, "postcode": &w.postcode, "city": &w.city, "street": &w.street, "premises": &w.premises, "number": &w.number, "phone": &w.phone, "email": &w.email}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("weights: want field, outcome and bits: %q", line)
		}
		bits, err := strconv.ParseFloat(f[2], 64)
		if err != nil || math.IsNaN(bits) || math.IsInf(bits, 0) {
			return nil, fmt.Errorf("weights: bits of %s %s: %q", f[0], f[1], f[2])
		}
		l, isLikeness := likeness[f[1]]
		o, isOutcome := outcomes[f[1]]
		switch {
		case f[0] == "given" && isLikeness:
			w.given[l] = bits
		case f[0] == "family" && isLikeness:
			w.family[l] = bits
		case f[0] == "names" && f[1] == "swapped":
			w.swapped = bits
		case fields[f[0]] != nil && isOutcome:
			fields[f[0]][o] = bits
		default:
			return nil, fmt.Errorf("weights: unknown field or outcome: %s %s", f[0], f[1])
		}
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
