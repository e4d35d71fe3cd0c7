package webhook

import (
	"errors"
	"testing"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// FuzzPreset: any text of a preset file is read or refused, and the mapping of
// what was read compiles or is refused, without harm.
func FuzzPreset(f *testing.F) {
	entries, err := presetFiles.ReadDir("presets")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		text, err := presetFiles.ReadFile("presets/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{"", "title: [", "unknown: 1", "mapping: '. | now'", "key: {a: b}", "title: &a [*a]", "mapping: |\n  .a as $x | $x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parsePreset(text)
		if err != nil {
			if p != (preset{}) {
				t.Fatalf("refused and read: %+v", p)
			}
			return
		}
		if program, err := compile(p.Mapping); (program == nil) != (err != nil) {
			t.Fatalf("compiled %v, %v", program, err)
		}
	})
}

// FuzzMapping: any program over any post ends, gives the same again, and fails
// only in the class that parks a post, without a word of it.
func FuzzMapping(f *testing.F) {
	for _, p := range readPresets() {
		f.Add(p.Mapping, []byte(`{"data":{"email":"a@b.example"},"id":1,"payload":{"attendees":[{"name":"x"}]}}`))
	}
	for _, seed := range []string{".", "..", "[.[]?]", "error(.)", "def f: f; f", "[range(1e9)]", "[limit(1e6; repeat(1))]", ".a |= 1", "input", "now", "$__loc__", "splits(\"a\")", "tojson|fromjson", "getpath([\"a\",0])", "infinite, nan"} {
		f.Add(seed, []byte(`{"a":[1,"x",null,true]}`))
	}
	f.Fuzz(func(t *testing.T, source string, body []byte) {
		program, err := compile(source)
		if err != nil {
			return
		}
		tree, err := fields.Decode("application/json", body, "", fields.Limits{})
		if err != nil {
			return
		}
		all, err := program.run(tree.Root)
		if err != nil && !errors.Is(err, lead.ErrPermanent) {
			t.Fatalf("%s: %v", source, err)
		}
		again, errAgain := program.run(tree.Root)
		if (err == nil) != (errAgain == nil) || len(all) != len(again) {
			t.Fatalf("%s gave %d and then %d, %v and then %v", source, len(all), len(again), err, errAgain)
		}
		for _, v := range all {
			_ = fields.Map(fields.Tree{Root: v})
		}
	})
}
