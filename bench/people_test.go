package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadgate/bench/people"
)

// fakeGateway is a program that answers as dedupe does, by a line of awk for each
// record (a row of the file) and one at the end.
func fakeGateway(t *testing.T, record, end string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "leadgate")
	script := "#!/bin/sh\nfor file; do :; done\nexec awk -F, 'NR > 1 { " + record + " } END { " + end + " }' \"$file\"\n"
	if err := os.WriteFile(name, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	awkAlone = `printf "{\"id\":\"%s\",\"person\":\"%s\",\"reason\":\"nobody is known\"}\n", $1, $1`
	awkOne   = `if (NR == 2) first = $1; printf "{\"id\":\"%s\",\"person\":\"%s\",\"reason\":\"all are one\",\"more\":1}\n", $1, first`
	awkPairs = `printf "{\"pairs\":[{\"a\":\"r000001\",\"b\":\"r000002\",\"score\":9.5,\"reason\":\"alike\"},{\"a\":\"r000003\",\"b\":\"r000004\",\"score\":9}]}\n"`
	awkNone  = `printf "{\"pairs\":[]}\n"`
)

// TestPeople: everybody alone finds nothing and mixes nothing, all in one mix everything.
func TestPeople(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := sample(t, "people", "-bin", fakeGateway(t, awkAlone, awkPairs), "-dir", dir, "-n", "300", "-cost", "0", "-v", "-rules", "exact,all")
	bars(t, r, "names, address, birth date: F1", "names, address, birth date: wrong pairs", "the same, one fault: F1", "names, phone, suburb, postcode: F1", "names, birth date only: F1",
		"stream DE: precision", "stream US: precision", "stream UA: precision", "stream ES: precision", "stream GB: precision")
	for _, k := range kinds() {
		for _, rules := range []string{"exact", "all"} {
			name := k.name + ", " + rules
			if number(t, r, name, "precision") != 1 || number(t, r, name, "recall") != 0 || number(t, r, name, "queue", "pairs") != 2 || number(t, r, name, "per_second") <= 0 {
				t.Errorf("%s: %v", name, r.Figures[name])
			}
		}
	}
	r = sample(t, "people", "-bin", fakeGateway(t, awkOne, awkNone), "-dir", dir, "-n", "300", "-cost", "0", "-only", "address", "-rules", "all")
	if number(t, r, "names, address, birth date, all", "recall") != 1 || number(t, r, "names, address, birth date, all", "score", "mixed") != 1 || number(t, r, "names, address, birth date, all", "precision") > 0.1 {
		t.Errorf("all in one: %v", r.Figures)
	}
	if len(r.Bars) != 4 { // of two kinds; the third has none
		t.Errorf("bars: %v", r.Bars)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%d files are left behind", len(left))
	}
}

// TestPeopleFiles: the files are there, and the seeds differ.
func TestPeopleFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text [3][]byte
	for i, more := range [][]string{{"-tune"}, {"-seed", "1"}, {"-seed", "1"}} {
		sample(t, append([]string{"people", "-csv", dir, "-n", "50"}, more...)...)
		for _, k := range kinds() {
			rows, err := os.ReadFile(filepath.Join(dir, k.file+".csv"))
			if err != nil || bytes.Count(rows, []byte("\n")) != 51 {
				t.Errorf("%s: %d lines, %v", k.file, bytes.Count(rows, []byte("\n")), err)
			}
			truth, err := os.ReadFile(filepath.Join(dir, k.file+".truth.csv"))
			if err != nil || bytes.Count(truth, []byte("\n")) != 51 || !bytes.HasPrefix(truth, []byte("id,person\n")) {
				t.Errorf("%s: the truth has %d lines, %v", k.file, bytes.Count(truth, []byte("\n")), err)
			}
			text[i] = append(text[i], rows...)
		}
	}
	if bytes.Equal(text[0], text[1]) || !bytes.Equal(text[1], text[2]) {
		t.Error("seeds for tuning and for checking give the same, or one seed does not")
	}
}

// TestPeopleRefused: what cannot be scored is refused with the reason.
func TestPeopleRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		record, end, want string
		more              []string
	}{
		{awkAlone, awkNone, "no kind is called", []string{"-only", "nothing"}},
		{awkAlone, awkNone, "do not meet", []string{"-tune", "-seed", "9999"}},
		{awkAlone, awkNone, "must be positive", []string{"-n", "0"}},
		{awkAlone, "", "pairs is missing", nil},
		{awkAlone, awkNone + "; " + awkNone, "goes on behind", nil},
		{"if (NR > 2) " + awkAlone, awkNone, "49 records, not 50", nil},
		{awkAlone + "; " + awkAlone, awkNone, "comes twice", nil},
		{`printf "{\"id\":\"%s\"}\n", $1`, awkNone, "no person", nil},
		{`printf "{\"id\":\"%s\",\"person\":\"r000009\"}\n", $1`, awkNone, "first record of r000009", nil},
		{awkAlone, strings.ReplaceAll(awkPairs, "r000004", "x"), "not of records", nil},
		{`print "leadgate: error"`, awkNone, "invalid character", nil},
		{awkAlone, `print "what?" > "/dev/stderr"; exit 3`, "exit status 3: what?", nil},
	} {
		var out bytes.Buffer
		args := append([]string{"people", "-bin", fakeGateway(t, tc.record, tc.end), "-dir", t.TempDir(), "-n", "50", "-cost", "0", "-only", "birth", "-rules", "all"}, tc.more...)
		if err := run(t.Context(), args, &out, &out); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.want, err)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add(`{"id":"a","person":"a"}` + "\n" + `{"pairs":[{"a":"a","b":"a"}]}`)
	f.Add(`{"pairs":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := readAnswer(strings.NewReader(text))
		if err != nil {
			return
		}
		if len(a.order) != len(a.person) {
			t.Errorf("%d records in order, %d persons", len(a.order), len(a.person))
		}
		_ = a.check(&people.Set{})
	})
}
