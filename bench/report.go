package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is what a mode found out.
type report struct {
	Mode    string         `json:"mode"`
	Bars    []bar          `json:"bars"`
	Figures map[string]any `json:"figures"`
	text    io.Writer
}

// bar is one figure against what the design asks for.
type bar struct {
	Name   string  `json:"name"`
	Figure float64 `json:"figure"`
	Unit   string  `json:"unit,omitzero"`
	Bar    float64 `json:"bar"`
	Most   bool    `json:"at_most,omitzero"` // the figure may not pass the bar; else it must reach it
	OK     bool    `json:"ok"`
	must   bool    // a promise, not a speed
}

func (b bar) String() string {
	sign, word := "≥", "ok"
	if b.Most {
		sign = "≤"
	}
	if !b.OK {
		word = "SHORT"
	}
	unit := b.Unit
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("bar %s: %s%s (bar %s %s%s) %s", b.Name, short(b.Figure), unit, sign, short(b.Bar), unit, word)
}

// short prints a figure with four digits that matter, and whole when it is large.
func short(f float64) string {
	if f >= 100 || f <= -100 || f == float64(int64(f)) {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}

// say prints a line of text.
func (r *report) say(format string, args ...any) { fmt.Fprintf(r.text, format+"\n", args...) }

// figure keeps a figure for the JSON object.
func (r *report) figure(name string, v any) { r.Figures[name] = v }

// atLeast adds a bar that the figure must reach.
func (r *report) atLeast(name string, figure float64, unit string, limit float64) {
	r.Bars = append(r.Bars, bar{Name: name, Figure: figure, Unit: unit, Bar: limit, OK: figure >= limit})
}

// atMost adds a bar that the figure may not pass.
func (r *report) atMost(name string, figure float64, unit string, limit float64) {
	r.Bars = append(r.Bars, bar{Name: name, Figure: figure, Unit: unit, Bar: limit, Most: true, OK: figure <= limit})
}

// none adds a promise: there may not be a single one.
func (r *report) none(name string, n int64) {
	r.Bars = append(r.Bars, bar{Name: name, Figure: float64(n), Most: true, OK: n == 0, must: true})
}

func (r *report) printBars() {
	for _, b := range r.Bars {
		r.say("%s", b)
	}
}

// What can be wrong with a report.
var (
	errBroken = errors.New("a promise was broken")
	errShort  = errors.New("a bar is short")
)

// verdict is nil when every bar holds.
func (r *report) verdict() error {
	var short []string
	broken := false
	for _, b := range r.Bars {
		if !b.OK {
			short, broken = append(short, b.Name), broken || b.must
		}
	}
	switch {
	case broken:
		return fmt.Errorf("%w: %s", errBroken, strings.Join(short, ", "))
	case short != nil:
		return fmt.Errorf("%w: %s", errShort, strings.Join(short, ", "))
	}
	return nil
}

// millis is a duration in milliseconds, for reading.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// megabytes is for reading.
func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// median returns the middle of some figures, of an even number the mean of both
// middle ones; 0 when there are none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
