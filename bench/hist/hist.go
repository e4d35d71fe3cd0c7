// Package hist counts durations in fixed memory and answers quantiles with a
// known error.
//
// A [Histogram] is log-linear: every power of two is cut into [Steps] equal
// buckets. What Quantile answers is never below the exact quantile of the recorded
// values and never above it by more than one part in Steps.
package hist

import (
	"math"
	"math/bits"
	"time"
)

// Steps is how many buckets a power of two is cut into; 1/Steps is the largest
// relative error of a quantile.
const Steps = 1 << stepBits

const (
	stepBits = 7
	buckets  = (64 - stepBits) * Steps // up to the largest time.Duration
)

// Histogram counts durations. The zero value is empty. It is 57 KB whatever is
// recorded, and belongs to one goroutine; Merge brings several together.
type Histogram struct {
	counts [buckets]uint64
	n      uint64
	sum    float64 // nanoseconds
	least  time.Duration
	most   time.Duration
}

// Record counts one duration. A negative one, which a clock set back can give,
// counts as zero.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(d)]++
	if h.n == 0 || d < h.least {
		h.least = d
	}
	h.most = max(h.most, d)
	h.n++
	h.sum += float64(d)
}

// Merge adds what o recorded.
func (h *Histogram) Merge(o *Histogram) {
	if o.n == 0 {
		return
	}
	for i, c := range o.counts {
		h.counts[i] += c
	}
	if h.n == 0 || o.least < h.least {
		h.least = o.least
	}
	h.most = max(h.most, o.most)
	h.n += o.n
	h.sum += o.sum
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() int64 { return int64(h.n) }

// Max returns the longest duration recorded, exactly; 0 when there is none.
func (h *Histogram) Max() time.Duration { return h.most }

// Mean returns the average, or 0 when nothing was recorded.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.n))
}

// Quantile returns a duration that at least a part q of the recorded ones do not
// exceed: q ≤ 0 asks for the shortest, q ≥ 1 for the longest. It is 0 when nothing
// was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.n)))
	rank = min(max(rank, 1), h.n)
	if rank == 1 {
		return h.least
	}
	var seen uint64
	for i, c := range h.counts {
		if seen += c; seen >= rank {
			return min(upper(i), h.most)
		}
	}
	return h.most
}

// bucket returns where d, which is not negative, is counted.
func bucket(d time.Duration) int {
	v := uint64(d)
	if v < Steps {
		return int(v)
	}
	shift := bits.Len64(v) - stepBits - 1 // how many low bits the bucket does not tell
	return shift<<stepBits + int(v>>shift)
}

// upper returns the longest duration counted in bucket i.
func upper(i int) time.Duration {
	if i < 2*Steps {
		return time.Duration(i)
	}
	shift := i>>stepBits - 1
	v := uint64(i&(Steps-1)|Steps)<<shift + (1<<shift - 1)
	return time.Duration(min(v, math.MaxInt64))
}
