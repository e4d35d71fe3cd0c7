package oracle

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const scrape = `# HELP x_seconds Time.
# TYPE x_seconds histogram
x_seconds_bucket{le="0.001"} 10
x_seconds_bucket{le="0.01"} 90
x_seconds_bucket{le="+Inf"} 100
x_seconds_sum 1.5
x_seconds_count 100
x_seconds_bucketing 3
`

func TestHistogramOfMetrics(t *testing.T) {
	t.Parallel()
	b, err := parseHistogram([]byte(scrape), "x_seconds")
	if err != nil || b.Count() != 100 || b.Mean() != 0.015 {
		t.Fatalf("%+v, %v", b, err)
	}
	if est, low, high := b.Quantile(0.5); math.Abs(est-0.0055) > 1e-9 || low != 0.001 || high != 0.01 {
		t.Errorf("median %v within %v…%v", est, low, high)
	}
	if est, low, _ := b.Quantile(0.99); !math.IsInf(est, 1) || low != 0.01 || Seconds(est) != math.MaxInt64 {
		t.Errorf("what lies above all bounds reads %v", est)
	}
	d, err := b.Since(b)
	if est, _, _ := d.Quantile(0.5); err != nil || d.Count() != 0 || est != 0 || d.Mean() != 0 {
		t.Errorf("nothing happened, and it took %v, %v", est, err)
	}
	if sum, err := b.Plus(b); err != nil || sum.Count() != 200 || sum.Mean() != b.Mean() || b.Count() != 100 {
		t.Errorf("twice as much is %+v, %v", sum, err)
	}
	if _, err := b.Plus(Buckets{}); err == nil {
		t.Error("different histograms are added up")
	}
	if _, err := d.Since(b); err == nil {
		t.Error("a restart goes unnoticed")
	}
	if _, err := b.Since(Buckets{}); err == nil {
		t.Error("scrapes of different histograms are compared")
	}
	if Seconds(0.25) != 250*time.Millisecond {
		t.Error("a quarter of a second is not")
	}
}

func FuzzParseHistogram(f *testing.F) {
	f.Add([]byte(scrape))
	f.Add([]byte("x_seconds_bucket{le=\"NaN\"} 1\n"))
	f.Add([]byte("x_seconds_bucket{le=\"+Inf\"} 1 1700000000\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := parseHistogram(body, "x_seconds")
		if err != nil {
			return
		}
		b.Quantile(0.5)
		if !slices.IsSorted(b.Bounds) || len(b.Bounds) != len(b.Counts) {
			t.Errorf("read %+v", b)
		}
	})
}

// TestQuantileIsInItsBucket: the bounds hold the true quantile, whatever was observed.
func TestQuantileIsInItsBucket(t *testing.T) {
	t.Parallel()
	bounds := []float64{1, 2, 4, 8, 16, math.Inf(1)}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0.01, 20), 1, 100).Draw(t, "values")
		b := Buckets{Bounds: bounds, Counts: make([]float64, len(bounds))}
		for _, v := range values {
			for i, le := range bounds {
				if v <= le {
					b.Counts[i]++
				}
			}
		}
		slices.Sort(values)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		exact := values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
		if est, low, high := b.Quantile(q); exact < low || exact > high || est < low || est > high {
			t.Fatalf("exact %v, got %v within %v…%v", exact, est, low, high)
		}
	})
}
