package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadgate/bench/load"
)

func TestBars(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	r := &report{Figures: map[string]any{}, text: &text}
	r.atLeast("rate", 5000, "/s", 5000)
	r.atMost("tail", 10, "ms", 10)
	r.none("lost", 0)
	if err := r.verdict(); err != nil {
		t.Errorf("all holds: %v", err)
	}
	r.atLeast("ratio", 0.4996, "x", 0.5)
	if err := r.verdict(); !errors.Is(err, errShort) || !strings.HasSuffix(err.Error(), ": ratio") {
		t.Errorf("a bar is short: %v", err)
	}
	r.none("doubled", 1)
	if err := r.verdict(); !errors.Is(err, errBroken) {
		t.Errorf("something was doubled: %v", err)
	}
	r.printBars()
	const want = `bar rate: 5000 /s (bar ≥ 5000 /s) ok
bar tail: 10 ms (bar ≤ 10 ms) ok
bar lost: 0 (bar ≤ 0) ok
bar ratio: 0.4996 x (bar ≥ 0.5 x) SHORT
bar doubled: 1 (bar ≤ 0) SHORT
`
	if text.String() != want {
		t.Errorf("got\n%s", &text)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.list); got != c.want {
			t.Errorf("median of %v is %v", c.list, got)
		}
	}
}

// TestUncleanLoadIsNoFigure: answers that refuse make a bar of their own.
func TestUncleanLoadIsNoFigure(t *testing.T) {
	t.Parallel()
	r := &report{}
	clean(r, "x", &load.Result{Acked: 1, Codes: map[int]int64{200: 1}, Took: time.Second})
	if r.verdict() != nil {
		t.Error("a clean load is short")
	}
	clean(r, "x", &load.Result{Acked: 1, Codes: map[int]int64{200: 1, 503: 7}, Unsettled: 7})
	if !errors.Is(r.verdict(), errShort) || r.Bars[0].Figure != 7 {
		t.Errorf("%v", r.Bars)
	}
}
