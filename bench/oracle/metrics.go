package oracle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Buckets is a Prometheus histogram without labels: how many observations were at
// most each bound.
type Buckets struct {
	Bounds []float64 // ascending, in the unit of the metric; the last is +Inf
	Counts []float64 // cumulative
	Sum    float64
}

// Histogram scrapes one histogram.
func (a *API) Histogram(ctx context.Context, name string) (Buckets, error) {
	body, err := a.get(ctx, "/metrics")
	if err != nil {
		return Buckets{}, fmt.Errorf("asking for metrics: %w", err)
	}
	return parseHistogram(body, name)
}

// parseHistogram reads the text format (prometheus.io/docs/instrumenting/exposition_formats).
func parseHistogram(body []byte, name string) (b Buckets, err error) {
	for line := range bytes.Lines(body) {
		rest, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(name))
		if !ok {
			continue
		}
		series, value, ok := bytes.Cut(rest, []byte(" "))
		v, err := strconv.ParseFloat(string(value), 64)
		bound, isBucket := bytes.CutPrefix(series, []byte(`_bucket{le="`))
		switch {
		case !ok:
		case string(series) == "_sum" && err == nil:
			b.Sum = v
		case isBucket:
			le, errBound := strconv.ParseFloat(string(bytes.TrimSuffix(bound, []byte(`"}`))), 64)
			if err != nil || errBound != nil || math.IsNaN(le) || math.IsNaN(v) {
				return Buckets{}, fmt.Errorf("reading %s: a bucket is no number", name)
			}
			b.Bounds, b.Counts = append(b.Bounds, le), append(b.Counts, v)
		}
	}
	if n := len(b.Bounds); n == 0 || !math.IsInf(b.Bounds[n-1], 1) || !slices.IsSorted(b.Bounds) {
		return Buckets{}, fmt.Errorf("reading %s: there is no such histogram", name)
	}
	return b, nil
}

// Since returns what was observed after an earlier scrape of the same process.
func (b Buckets) Since(before Buckets) (Buckets, error) {
	if !slices.Equal(b.Bounds, before.Bounds) {
		return Buckets{}, errors.New("comparing scrapes: the bounds differ")
	}
	d := Buckets{Bounds: b.Bounds, Counts: slices.Clone(b.Counts), Sum: b.Sum - before.Sum}
	for i := range d.Counts {
		if d.Counts[i] -= before.Counts[i]; d.Counts[i] < 0 {
			return Buckets{}, errors.New("comparing scrapes: the process was restarted in between")
		}
	}
	return d, nil
}

// Plus adds the observations of another process.
func (b Buckets) Plus(other Buckets) (Buckets, error) {
	if !slices.Equal(b.Bounds, other.Bounds) {
		return Buckets{}, errors.New("adding up scrapes: the bounds differ")
	}
	sum := Buckets{Bounds: b.Bounds, Counts: slices.Clone(b.Counts), Sum: b.Sum + other.Sum}
	for i := range sum.Counts {
		sum.Counts[i] += other.Counts[i]
	}
	return sum, nil
}

// Count returns how many observations there are.
func (b Buckets) Count() float64 {
	if len(b.Counts) == 0 {
		return 0
	}
	return b.Counts[len(b.Counts)-1]
}

// Mean returns the average observation, 0 when there is none.
func (b Buckets) Mean() float64 {
	if b.Count() == 0 {
		return 0
	}
	return b.Sum / b.Count()
}

// Quantile returns the quantile as Prometheus estimates it, evenly within its
// bucket, and the bounds between which the true one lies. Above the last finite
// bound it is +Inf: unknown is not fast.
func (b Buckets) Quantile(q float64) (estimate, low, high float64) {
	if b.Count() == 0 {
		return 0, 0, 0
	}
	rank := math.Max(math.Ceil(q*b.Count()), 1)
	for i, c := range b.Counts {
		if c < rank {
			continue
		}
		below := 0.0
		if i > 0 {
			low, below = b.Bounds[i-1], b.Counts[i-1]
		}
		high = b.Bounds[i]
		if math.IsInf(high, 1) {
			return high, low, high
		}
		return low + (high-low)*(rank-below)/(c-below), low, high
	}
	return math.Inf(1), b.Bounds[len(b.Bounds)-1], math.Inf(1)
}

// Seconds turns an estimate in seconds into a duration; +Inf is the longest there is.
func Seconds(s float64) time.Duration {
	if s >= math.MaxInt64/1e9 {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}
