package form

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	field := func(kv ...any) map[string]any {
		m := map[string]any{"name": "a"}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return map[string]any{"fields": []any{m}}
	}
	for name, tc := range map[string]struct {
		raw   map[string]any
		wrong string // field of the error, "" for none
	}{
		"nothing":              {nil, ""},
		"origin":               {map[string]any{"origins": []any{"https://example.com", "null", "http://[::1]:8080"}}, ""},
		"origin with path":     {map[string]any{"origins": []any{"https://example.com/a"}}, "origins[0]"},
		"origin with wildcard": {map[string]any{"origins": []any{"https://a.example", "example.com"}}, "origins[1]"},
		"origin beyond ASCII":  {map[string]any{"origins": []any{"https://bücher.example"}}, "origins[0]"},
		"origin of a file":     {map[string]any{"origins": []any{"file://x"}}, "origins[0]"},
		"rule":                 {map[string]any{"quarantine": []any{"honeypot", "weather"}}, "quarantine[1]"},
		"times":                {map[string]any{"min_fill": "1h", "max_age": "10m"}, "min_fill"},
		"honeypot":             {map[string]any{"honeypot": "submission_id"}, "honeypot"},
		"field":                {field("type", "select", "options", []any{"x"}), ""},
		"select of nothing":    {field("type", "select"), "fields[0].options"},
		"reserved":             {field("name", "_a"), "fields[0].name"},
		"reserved parent":      {field("name", "_a[b]"), "fields[0].name"},
		"token":                {field("name", "render_token"), "fields[0].name"},
		"twice":                {map[string]any{"fields": []any{map[string]any{"name": "a[b]"}, map[string]any{"name": "a[b][]"}}}, "fields[1].name"},
		"redirect":             {map[string]any{"redirect": "javascript:alert(1)"}, "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New()
			s, err := connectors.NewSettings(c.Fields, tc.raw)
			if err == nil {
				err = c.Check(s)
			}
			var fe *connectors.FieldError
			switch {
			case tc.wrong == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.wrong != "" && (!errors.Is(err, lead.ErrInvalid) || !errors.As(err, &fe) || fe.Field != tc.wrong):
				t.Errorf("error %v, want one of %s", err, tc.wrong)
			}
		})
	}
}

func TestSplitName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a": "a", "a[]": "a", "a[b]": "a|b", "a[b][c]": "a|b|c", "a[b][]": "a|b", "[a]": "[a]", "a[b": "a[b", "a]": "a]", "": "",
	} {
		if got := strings.Join(splitName(name), "|"); got != want {
			t.Errorf("%q leads through %q, want %q", name, got, want)
		}
	}
}

func TestOriginOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://Good.com/a?b#c": "https://good.com", "https://good.com:443": "https://good.com", "http://good.com:80/": "http://good.com",
		"https://good.com:8443/": "https://good.com:8443", "https://u:p@good.com/": "", "javascript:alert(1)": "", "/a": "", "": "", "file:///etc": "", "://": "",
	} {
		if got := originOf(address); got != want {
			t.Errorf("origin of %q is %q, want %q", address, got, want)
		}
	}
}

func TestTypesTakeWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		looks func(string) bool
		good  []string
		bad   []string
	}{
		{looksEmail, []string{"a@b.example", "jörg@bücher.example", `"a@b"@c.example`, "a+b@localhost"}, []string{"a", "@b", "a@", "a b@c.example", strings.Repeat("a", 400) + "@b.example"}},
		{looksPhone, []string{"+49 (0)30 1234-56 ext. 7", "112", "٠١٢٣٤٥٦", "030/123456"}, []string{"no", "12", strings.Repeat("1", 40)}},
		{looksNumber, []string{"1", "-1.5", "1 000,50", "1’000", "+7", "12.5"}, []string{"", "-", "1e", "one", "1-2"}},
		{looksDate, []string{"2026-05-01", "1.5.2026", "05/31/2026", "2026-05-01T10:00"}, []string{"soon", "2026-13-01", "1.5", "32.1.2026"}},
		{truthy, []string{"on", "yes", "1", "true", "I agree", "ja"}, []string{"", " ", "0", "false", "No", "OFF", "null"}},
	} {
		if i := slices.IndexFunc(tc.good, func(s string) bool { return !tc.looks(s) }); i >= 0 {
			t.Errorf("%q is refused", tc.good[i])
		}
		if i := slices.IndexFunc(tc.bad, tc.looks); i >= 0 {
			t.Errorf("%q is taken", tc.bad[i])
		}
	}
}
