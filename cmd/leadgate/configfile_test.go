package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"leadgate/lead"
)

// A setting is found by its own line, and what it is part of by its own.
func TestLinesOfSettings(t *testing.T) {
	t.Parallel()
	f := &configFile{path: "x.yaml", getenv: func(string) string { return "" }}
	err := f.read([]byte("region: PT\nsources:\n  - connector: form\n    \"name\": a\n\n    fields:\n      - name: b\n        options:\n          - x\n          - y\n  - {name: c, connector: form,\n     redirect: x}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"": 3, "connector": 3, "name": 4, "fields": 6, "fields[0]": 7, "fields[0].name": 7, "fields[0].options": 8, "fields[0].options[1]": 10,
		"fields[0].nothing": 7, "nothing": 3, "nothing[3].x": 3} {
		if got := f.sources[0].line(path); got != want {
			t.Errorf("%q stands in line %d, want %d", path, got, want)
		}
	}
	if got := f.sources[1].line("redirect"); got != 12 {
		t.Errorf("redirect stands in line %d", got)
	}
}

// Whatever stands in a file, it is read or refused with its place first, and the value
// of a variable is never told where it may be a secret.
func FuzzConfigFile(f *testing.F) {
	for _, seed := range []string{"", "region: PT\nsources:\n  - {name: a, connector: form}\n", "- a\n", "sources: &a [*a]\n", "sources:\n - <<: *x\n", "a: |\n  b\n---\nc: d", "sources: [{name: a, connector: webhook, auth: bearer, secret: \"${TOKEN}\"}]",
		"? [a]\n: b\n", "sources:\n- name: a\n  name: b\n", "sources: {a: b}", "listen: [1, {a: b}]", "\t: [", "sources: [~, 1, \"x\", []]", "%YAML 1.1\n---\nregion: \"p\\u0074\"", "sources:\n  - connector: form\n    name: a\n    fields: [{name: b, type: ${TOKEN}}]"} {
		f.Add([]byte(seed))
	}
	const token = "canary-0123456789"
	place := regexp.MustCompile(`^x\.yaml(:[0-9]+)?: `)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &configFile{path: "x.yaml", getenv: func(name string) string {
			if name == "TOKEN" {
				return token
			}
			return ""
		}}
		err := c.read(data)
		if err == nil {
			_, err = c.build("")
		}
		if err == nil {
			return
		}
		for _, b := range c.sources { // these two are told
			delete(b.values, "name")
			delete(b.values, "connector")
		}
		secret := strings.Contains(fmt.Sprint(c.sources, c.values), token)
		if text := err.Error(); !errors.Is(err, lead.ErrInvalid) || !place.MatchString(text) || secret && strings.Contains(text, token) {
			t.Errorf("%q is refused with %q", data, text)
		}
	})
}
