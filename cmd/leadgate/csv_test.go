package main

import (
	"encoding/csv"
	"strings"
	"testing"
)

// unguarded is what whoever reads an export does with its cells.
func unguarded(cell string) string {
	if formula.MatchString(cell) {
		return strings.TrimPrefix(cell, "'")
	}
	return cell
}

func TestGuardedCells(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "Ana Belo": "Ana Belo", "a=b": "a=b", "d'Arc": "d'Arc", "'quoted'": "'quoted'", "+33612345678": "+33612345678", "+33612345678 +4915112345678": "+33612345678 +4915112345678",
		"=1+2": "'=1+2", "+1+2": "'+1+2", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"＝1+2": "'＝1+2", "＋1": "'＋1", "－1": "'－1", "＠A1": "'＠A1", "+336123456781234567": "'+336123456781234567", "+33612345678;=1": "'+33612345678;=1", "'=1": "''=1",
	} {
		if got := guarded(cell); got != want {
			t.Errorf("%q became %q, want %q", cell, got, want)
		}
	}
}

// A cell is never written bare: where ; separates, a bare one would be taken apart.
func TestEveryCellIsQuoted(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := (csvWriter{&b}).write([]string{"Ana;=1+2", "", "1", `say "hi"`}); err != nil {
		t.Fatal(err)
	}
	if want := `"Ana;=1+2","","1","say ""hi"""` + "\n"; b.String() != want {
		t.Errorf("wrote %s", b.String())
	}
}

// What is written is read again as it was, and no cell begins a formula.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"", "=1", "'=1", "''=1", "'", "Ana;=1+2", "+33612345678", "a\"b", "x\r\ny", "\r", "＝1", "'＝", "-\x00"} {
		f.Add(seed, "+"+seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		var b strings.Builder
		w := csvWriter{&b}
		for range 2 {
			if err := w.write([]string{one, two, "end"}); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != 3 {
			t.Fatalf("%q, %q: %d rows, %v", one, two, len(rows), err)
		}
		for i, was := range []string{one, two} {
			// The reader of the standard library makes \n of \r\n.
			if got := unguarded(rows[1][i]); got != strings.ReplaceAll(was, "\r\n", "\n") {
				t.Errorf("%q was read as %q", was, got)
			}
			if cell := guarded(was); cell != "" && strings.ContainsAny(string([]rune(cell)[0]), "=+-@\t\r\n＝＋－＠") && !onlyPhones.MatchString(cell) {
				t.Errorf("%q begins a formula", cell)
			}
		}
	})
}
