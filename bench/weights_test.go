package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadgate/dedupe"
)

// TestWeights: what is written is what was counted, to a tenth of a bit; the same
// count writes the same bytes, on paper and into a file.
func TestWeights(t *testing.T) {
	t.Parallel()
	c, err := countSamples(t.Context(), 300)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := c.write(&text, 300); err != nil {
		t.Fatal(err)
	}
	got, err := dedupe.ParseWeights(text.String())
	if err != nil {
		t.Fatal(err)
	}
	for o, bits := range c.weights() {
		if got[o] != bits || bits < leastBits || bits > mostBits {
			t.Errorf("%s %s: %v was counted, %v is read", o.Field, o.Level, bits, got[o])
		}
	}
	for _, field := range []string{"given", "family", "born", "postcode", "city", "street", "number", "phone", "email"} {
		if same, other := got[dedupe.Outcome{Field: field, Level: "same"}], got[dedupe.Outcome{Field: field, Level: "other"}]; same < 1 || other > -0.5 {
			t.Errorf("%s: the same %v, another %v", field, same, other)
		}
	}
	name := filepath.Join(t.TempDir(), "weights.txt")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"weights", "-n", "300", "-o", name}, &out, &out); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(file, text.Bytes()) {
		t.Errorf("another count wrote something else (%v):\n%s", err, file)
	}
	if err := run(t.Context(), []string{"weights", "-n", "0"}, &out, &out); err == nil || !strings.Contains(err.Error(), "must be positive") {
		t.Errorf("no pairs: %v", err)
	}
}

// TestShippedWeights: the file that dedupe ships with is what the program would write
// now: its header and outcomes; with LEADGATE_CHAOS, which takes a minute, every byte.
// Whoever changes what is counted, or how values are compared, writes the file anew.
func TestShippedWeights(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile("../dedupe/weights.txt")
	if err != nil {
		t.Fatal(err)
	}
	empty := newCounts()
	for range trainings() {
		empty.next()
	}
	var text bytes.Buffer
	if err := empty.write(&text, weightPairs); err != nil {
		t.Fatal(err)
	}
	lines, want := strings.Split(string(shipped), "\n"), strings.Split(text.String(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, the program writes %d", len(lines), len(want))
	}
	for i := range want {
		a, b := strings.Fields(lines[i]), strings.Fields(want[i])
		if strings.HasPrefix(want[i], "#") && lines[i] != want[i] || len(a) != len(b) || len(a) == 3 && (a[0] != b[0] || a[1] != b[1]) {
			t.Errorf("line %d is %q, the program writes %q", i+1, lines[i], want[i])
		}
	}
	if os.Getenv("LEADGATE_CHAOS") == "" {
		return
	}
	c, err := countSamples(t.Context(), weightPairs)
	if err != nil {
		t.Fatal(err)
	}
	text.Reset()
	if err := c.write(&text, weightPairs); err != nil {
		t.Fatal(err)
	}
	if text.String() != string(shipped) {
		t.Error("the program writes other weights: go run ./bench weights -o dedupe/weights.txt")
	}
}
