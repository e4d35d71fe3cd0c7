package main

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"

	"leadgate/dedupe"
)

// counts are how often each outcome was seen between two records of one person, and
// in each sample between records of two.
type counts struct {
	one     tally
	two     []tally
	swapped tally // how alike the parts are when names of one person stand in the other order
}

// tally counts levels by field.
type tally map[string]map[string]int

func newCounts() *counts { return &counts{one: tally{}, swapped: tally{}} }

// next begins another sample.
func (c *counts) next() { c.two = append(c.two, tally{}) }

func (t tally) add(field, level string) {
	if t[field] == nil {
		t[field] = map[string]int{}
	}
	t[field][level]++
}

// of is how often a field could be compared.
func (t tally) of(field string) int {
	n := 0
	for _, k := range t[field] {
		n += k
	}
	return n
}

// share is how often a level is seen where the field can be compared. One is added
// to every count, so that what was never seen is not taken for impossible.
func (t tally) share(field, level string, levels int) float64 {
	return float64(t[field][level]+1) / float64(t.of(field)+levels)
}

// chance is how often a level is seen between two people, in the sample in which it
// is seen most: nobody knows whether names are few where the weights will be used.
// For the same area that sample counts in which it is seen least, since dedupe counts
// itself how many live there, and lowers the weight. Samples that can seldom compare
// the field do not count.
func (c *counts) chance(field, level string, levels int) float64 {
	most := 0
	for _, t := range c.two {
		most = max(most, t.of(field))
	}
	var shares []float64
	for _, t := range c.two {
		if t.of(field) >= most/4 {
			shares = append(shares, t.share(field, level, levels))
		}
	}
	if (field == "postcode" || field == "city") && level == "same" {
		return slices.Min(shares)
	}
	return slices.Max(shares)
}

// add counts a pair of records.
func (c *counts) add(outcomes []dedupe.Outcome, same, copied bool) {
	t, parts := c.two[len(c.two)-1], tally{}
	if same {
		t, parts = c.one, c.swapped
	}
	level := map[string]string{}
	for _, o := range outcomes {
		level[o.Field] = o.Level
	}
	swapped := level["names"] != ""
	if level["given"] != "" && level["family"] != "" && !swapped {
		t.add("names", "in order")
	}
	for _, o := range outcomes {
		switch {
		case o.Field == "phone" && (copied || level["email"] == "same"), o.Field == "email" && (copied || level["phone"] == "same"):
		case swapped && (o.Field == "given" || o.Field == "family"):
			parts.add(o.Field, o.Level)
		default:
			t.add(o.Field, o.Level)
		}
	}
}

// What a single outcome is worth at least and at most, in bits: the samples are too
// few, and too well-behaved, to say more.
const (
	leastBits = -6
	mostBits  = 16
)

// weights returns the bits of every outcome, rounded to a tenth.
func (c *counts) weights() map[dedupe.Outcome]float64 {
	levels := map[string]int{"names": 2}
	for _, o := range dedupe.AllOutcomes() {
		if o.Field != "names" {
			levels[o.Field]++
		}
	}
	bits := map[dedupe.Outcome]float64{}
	for _, o := range dedupe.AllOutcomes() {
		n := levels[o.Field]
		b := math.Log2(c.one.share(o.Field, o.Level, n) / c.chance(o.Field, o.Level, n))
		if slices.Contains(halved(), o) {
			b /= 2
		}
		bits[o] = tenth(b)
	}
	swapped := dedupe.Outcome{Field: "names", Level: "swapped"}
	bits[swapped] = tenth(bits[swapped] - c.parts(bits))
	prior, err := dedupe.ParseWeights(priorText)
	for o := range bits {
		if err == nil { // a test reads the file
			bits[o] = tenth(prior[o] + (bits[o]-prior[o])/counted)
		}
	}
	return bits
}

// priorText are the bits that record linkage found in registries of real people and
// published, brought to the outcomes counted here. Generated people are no match for
// them: they err as their program does.
//
//go:embed prior.txt
var priorText string

// counted is how far what is counted moves the prior: one part in so many of the way.
const counted = 8

// halved are the outcomes that count half, see header.
func halved() []dedupe.Outcome {
	return []dedupe.Outcome{{Field: "phone", Level: "other"}, {Field: "email", Level: "other"}, {Field: "phone", Level: "near"}}
}

// parts is what the parts of swapped names are worth as they are, on average.
func (c *counts) parts(bits map[dedupe.Outcome]float64) float64 {
	sum := 0.0
	for _, field := range []string{"given", "family"} {
		n, all := 0, 0.0
		for level, k := range c.swapped[field] {
			n += k
			all += float64(k) * bits[dedupe.Outcome{Field: field, Level: level}]
		}
		sum += all / float64(max(n, 1))
	}
	return sum
}

func tenth(bits float64) float64 {
	return math.Round(10*min(max(bits, leastBits), mostBits)) / 10
}

// header says what a file of weights is. What it does not depend on, such as the
// time, is left out, so that the same program writes the same bytes.
const header = `# Bits of evidence for the outcomes of comparing two inquiries: the binary logarithm of
# how much more often an outcome is seen between two of one person than between two
# of two people. Where one does not tell the field, it weighs nothing.
#
# They start from what was published for registries of real people (bench/prior.txt)
# and go an eighth of the way to what is counted here: generated people err as their
# program does, and only as much.
#
# Written by «go run ./bench weights%s -o dedupe/weights.txt» from people who do not
# exist: %d samples (tables with few faults and with many, and streams, of seven
# regions), seeds from %d, %d pairs each. Do not edit it: change the program.
#
# Of one person, all samples are counted together. Of two, that sample counts in
# which the outcome is most frequent, so that names are not trusted more than where
# they are few; for the same postcode and town the one where it is least, because
# dedupe lowers these by how many live there. People of one household, office or
# number are left out: rules tell those apart. Phone numbers and e-mail addresses are
# counted in streams only, where people have several, and where the other of the two
# is not the same; that they differ counts half, because weights are asked only
# where no value is shared, and there it is ordinary. Half counts a number one slip
# away as well: families and offices have numbers in a row, more than the samples
# show. Swapped names weigh that much on top of their parts. No outcome counts less
# than %d or more than %d bits.
`

// write writes the file of weights.
func (c *counts) write(w io.Writer, n int) error {
	bits, flag := c.weights(), ""
	if n != weightPairs {
		flag = fmt.Sprintf(" -n %d", n)
	}
	if _, err := fmt.Fprintf(w, header, flag, len(c.two), trainSeed, n, leastBits, mostBits); err != nil {
		return fmt.Errorf("writing weights: %w", err)
	}
	for _, o := range dedupe.AllOutcomes() {
		if _, err := fmt.Fprintf(w, "%s %s %.1f\n", o.Field, o.Level, bits[o]); err != nil {
			return fmt.Errorf("writing weights: %w", err)
		}
	}
	return nil
}
