package people

import (
	"math/rand/v2"
	"sort"
	"strings"
	"time"
)

// dice are where all chance comes from.
type dice struct{ *rand.Rand }

// newDice returns the dice of a seed; parts that need dice of their own give
// different streams.
func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// chance is true in p of 1.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between returns a number from a to b, both included.
func (d dice) between(a, b int) int { return a + d.IntN(b-a+1) }

// pick returns one of a list, or the zero value of none.
func pick[T any](d dice, list []T) T {
	var zero T
	if len(list) == 0 {
		return zero
	}
	return list[d.IntN(len(list))]
}

// weighted is a list whose members are drawn more and less often.
type weighted[T any] struct {
	items []T
	upTo  []float64 // the sum of the weights so far
}

func (w *weighted[T]) add(item T, weight float64) {
	if n := len(w.upTo); n > 0 {
		weight += w.upTo[n-1]
	}
	w.items, w.upTo = append(w.items, item), append(w.upTo, weight)
}

func (w *weighted[T]) draw(d dice) T {
	var zero T
	if len(w.items) == 0 {
		return zero
	}
	x := d.Float64() * w.upTo[len(w.upTo)-1]
	return w.items[min(sort.SearchFloat64s(w.upTo, x), len(w.items)-1)]
}

// digits fills a pattern: # is any digit, @ one from 2 to 9, % a capital letter.
func (d dice) digits(pattern string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return rune('0' + d.IntN(10))
		case '@':
			return rune('2' + d.IntN(8))
		case '%':
			return rune("ABDEFGHJLNPQRSTUWXYZ"[d.IntN(20)])
		}
		return r
	}, pattern)
}

// hex returns n digits of base 16.
func (d dice) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[d.IntN(16)]
	}
	return string(b)
}

// wait returns a time with that mean, exponentially spread.
func (d dice) wait(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}
