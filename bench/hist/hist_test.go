package hist

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// durations draws lists whose values spread over all powers of two.
func durations(t *rapid.T, label string) []time.Duration {
	one := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Uint64Range(0, math.MaxInt64).Draw(t, "v") >> rapid.IntRange(0, 62).Draw(t, "shift"))
	})
	return rapid.SliceOfN(one, 1, 300).Draw(t, label)
}

// exact is the quantile by definition, over the sorted values.
func exact(sorted []time.Duration, q float64) time.Duration {
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func TestQuantileErrorLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := durations(t, "values")
		var h Histogram
		for _, v := range values {
			h.Record(v)
		}
		slices.Sort(values)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		want, got := exact(values, q), h.Quantile(q)
		if got < want || float64(got) > float64(want)*(1+1.0/Steps) {
			t.Fatalf("Quantile(%v) = %d, exact is %d: outside of one part in %d", q, got, want, Steps)
		}
		if h.Quantile(0) != values[0] || h.Quantile(1) != values[len(values)-1] || h.Max() != values[len(values)-1] {
			t.Fatalf("ends are %d and %d, want exactly %d and %d", h.Quantile(0), h.Quantile(1), values[0], values[len(values)-1])
		}
	})
}

func TestMergeIsRecordingAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := durations(t, "a"), durations(t, "b")
		var one, two, all, empty Histogram
		for _, v := range a {
			one.Record(v)
			all.Record(v)
		}
		for _, v := range b {
			two.Record(v)
			all.Record(v)
		}
		one.Merge(&two)
		one.Merge(&empty)
		one.sum, all.sum = 0, 0 // floating point: the order of adding shows
		if one != all {
			t.Fatal("merged histogram differs from one that recorded all")
		}
	})
}

// TestBucketsJoin walks every edge: buckets touch, none overlaps, none is missing.
func TestBucketsJoin(t *testing.T) {
	t.Parallel()
	for i := range buckets - 1 {
		up := upper(i)
		if bucket(up) != i || bucket(up+1) != i+1 {
			t.Fatalf("bucket %d ends at %d, which is in %d, and the next value is in %d", i, up, bucket(up), bucket(up+1))
		}
	}
	if got := upper(buckets - 1); got != math.MaxInt64 || bucket(got) != buckets-1 {
		t.Fatalf("the last bucket ends at %d", got)
	}
}

func TestEmptyAndNegative(t *testing.T) {
	t.Parallel()
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 || h.Count() != 0 {
		t.Fatal("an empty histogram answers something")
	}
	h.Record(-time.Second)
	h.Record(2 * time.Second)
	if h.Quantile(0) != 0 || h.Mean() != time.Second || h.Count() != 2 {
		t.Fatalf("got least %v, mean %v, count %d", h.Quantile(0), h.Mean(), h.Count())
	}
}
