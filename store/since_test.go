package store

import (
	"maps"
	"slices"
	"testing"
)

// What one run brought goes, what the other brings comes, what was changed since stays.
func TestSince(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ with, without, now, want string }{
		{"theirs", "", "theirs", ""},
		{"theirs", "ours", "theirs", "ours"},
		{"theirs", "", "edited", "edited"},
		{"", "", "edited", "edited"},
		{"theirs", "ours", "", ""},
	} {
		if got := since(c.with, c.without, c.now, equal); got != c.want {
			t.Errorf("since(%q, %q, %q) = %q, want %q", c.with, c.without, c.now, got, c.want)
		}
		m := func(v string) map[string]string {
			if v == "" {
				return nil
			}
			return map[string]string{"k": v}
		}
		if got := sinceMap(m(c.with), m(c.without), m(c.now)); !maps.Equal(got, m(c.want)) {
			t.Errorf("sinceMap(%q, %q, %q) = %q, want %q", c.with, c.without, c.now, got, c.want)
		}
	}
	for _, c := range []struct{ with, without, now, want []string }{
		{[]string{"a", "b"}, []string{"a"}, []string{"a", "b"}, []string{"a"}},
		{[]string{"a", "b"}, []string{"a"}, []string{"b", "a", "c"}, []string{"a", "c"}},
		{[]string{"a", "b"}, []string{"a"}, []string{"c"}, []string{"c"}},
		{[]string{"b"}, []string{"a"}, []string{"b", "c"}, []string{"c", "a"}},
		{[]string{"a"}, []string{"a"}, []string{"c"}, []string{"c"}},
		{nil, nil, nil, nil},
	} {
		if got := sinceList(c.with, c.without, c.now); !slices.Equal(got, c.want) {
			t.Errorf("sinceList(%v, %v, %v) = %v, want %v", c.with, c.without, c.now, got, c.want)
		}
	}
}
