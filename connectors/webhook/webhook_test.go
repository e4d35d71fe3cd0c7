package webhook

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/connectortest"
	"leadgate/lead"
)

func TestGoldens(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, New(), connectortest.Options{})
}

// Whoever is named has shown how its posts look and are signed.
func TestEveryPresetHasAGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.ReplaceAll(string(text), `"`, ""))
	}
	for name := range readPresets() {
		if !strings.Contains(all.String(), "preset: "+name) {
			t.Errorf("preset %s has no golden", name)
		}
	}
}

// Settings that would leave a source open or unreadable are refused.
func TestCheckSettings(t *testing.T) {
	t.Parallel()
	c := New()
	for name, raw := range map[string]map[string]any{
		"no auth":        {},
		"no secret":      {"auth": "bearer"},
		"short secret":   {"auth": "bearer", "secret": "abc"},
		"bad mapping":    {"auth": "none", "mapping": "{"},
		"colon in user":  {"auth": "basic", "secret": "0123456789", "username": "a:b"},
		"preset, no key": {"preset": "typeform"},
	} {
		s, err := connectors.NewSettings(c.Fields, raw)
		if err == nil {
			err = c.Check(s)
		}
		if !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// A mapping that never ends is stopped, and its delivery fails for good.
func TestEndlessMapping(t *testing.T) {
	t.Parallel()
	c := New()
	s, err := connectors.NewSettings(c.Fields, map[string]any{"auth": "none", "mapping": "def f: f; f"})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = c.Parse(lead.Delivery{Body: []byte(`{"id":1,"name":"x"}`), Header: lead.Header{{Name: "Content-Type", Value: "application/json"}}}, s)
	if err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("Parse = %v after %v", err, time.Since(start))
	}
}

// FuzzPost holds Check, Key and Parse against each other: what is accepted for a
// single object can be read, and is called the same by both.
func FuzzPost(f *testing.F) {
	c := New()
	for _, r := range connectortest.Requests(f, c, connectortest.Options{}) {
		f.Add(r.Header.Get("Content-Type"), r.Body)
	}
	s, err := connectors.NewSettings(c.Fields, map[string]any{"auth": "none"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		d := lead.Delivery{Body: body[:len(body):len(body)], Header: lead.Header{{Name: "Content-Type", Value: kind}}}
		if c.Push.Check(&d, s) != nil {
			return
		}
		key := c.Push.Key(&d, s)
		p, err := c.Parse(d, s)
		if err != nil {
			t.Fatalf("accepted and not readable: %v", err)
		}
		if key != "" && len(p.Inquiries) == 1 && p.Inquiries[0].Key != key {
			t.Fatalf("Key says %q, Parse says %q", key, p.Inquiries[0].Key)
		}
	})
}

// BenchmarkTake is what a post costs before it is kept.
func BenchmarkTake(b *testing.B) {
	c := New()
	s, err := connectors.NewSettings(c.Fields, map[string]any{"auth": "bearer", "secret": "0123456789"})
	if err != nil {
		b.Fatal(err)
	}
	d := lead.Delivery{Body: []byte(`{"id":"a-1","name":"Ana Belo","email":"ana@example.org","phone":"+351912345678","company":"Belo Lda","message":"` + strings.Repeat("words ", 60) + `","utm_source":"google","page":"https://example.org/"}`),
		Header: lead.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Authorization", Value: "Bearer 0123456789"}}}
	b.ReportAllocs()
	for b.Loop() {
		if c.Push.Verify(&d, s, time.Time{}, "") != nil || c.Push.Check(&d, s) != nil || c.Push.Key(&d, s) != "a-1" {
			b.Fatal("not taken")
		}
	}
}
