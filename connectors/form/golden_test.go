package form

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"leadgate/connectors"
	"leadgate/lead"
)

var update = flag.Bool("update", false, "rewrite what the goldens want")

// golden is one file of testdata: settings (JSON), a request as it goes over the
// wire, and the parsed result. ${token:9s} in a request stands for a render token
// of 9 seconds ago. A request's Content-Length is filled in.
type golden struct {
	settings map[string]any
	request  string
	want     string
}

func readGolden(t testing.TB, file string) (golden, *txtar.Archive) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	for _, f := range a.Files {
		switch f.Name {
		case "settings":
			if err := json.Unmarshal(f.Data, &g.settings); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		case "request":
			g.request = strings.TrimSuffix(string(f.Data), "\n")
		case "want":
			g.want = string(f.Data)
		}
	}
	return g, a
}

// http makes the request. Lines end in CRLF in the head and in multipart bodies.
func (g *golden) http(t testing.TB, d *desk) *http.Request {
	t.Helper()
	text := g.request
	if _, rest, ok := strings.Cut(text, "${token:"); ok {
		age, _, _ := strings.Cut(rest, "}")
		ago, err := time.ParseDuration(age)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "${token:"+age+"}", d.handler.(*handler).tokens.issue(d.now.Add(-ago)))
	}
	head, body, _ := strings.Cut(text, "\n\n")
	if strings.Contains(head, "multipart/") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	out := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
	out.Header = r.Header
	client := connectors.Client{Addr: netip.MustParseAddr("198.51.100.7")}
	return out.WithContext(connectors.WithClient(out.Context(), client))
}

func goldens(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d goldens, %v", len(files), err)
	}
	return files
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	for _, file := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			g, archive := readGolden(t, file)
			d := setup(t, g.settings)
			w := httptest.NewRecorder()
			d.handler.ServeHTTP(w, g.http(t, d))
			if w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
				t.Fatalf("answer %d: %s", w.Code, w.Body)
			}
			if len(d.accepted) != 1 {
				t.Fatalf("%d deliveries accepted", len(d.accepted))
			}
			got := parsedText(t, d.accepted[0], d.source.Settings)
			if *update {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(g.want, got); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
			checkLaws(t, d, d.accepted[0], got)
		})
	}
}

func parsedText(t testing.TB, v lead.Delivery, s connectors.Settings) string {
	t.Helper()
	p, err := parse(v, s)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkLaws checks what holds for every delivery: a redelivery and the stored
// form of it parse equal, and a body cut anywhere is read or refused.
func checkLaws(t *testing.T, d *desk, v lead.Delivery, want string) {
	t.Helper()
	again := v
	again.ID, again.At = lead.NewID(), v.At.Add(1000*time.Hour)
	if diff := cmp.Diff(want, parsedText(t, again, d.source.Settings)); diff != "" {
		t.Errorf("a redelivery parses differently:\n%s", diff)
	}
	stored, err := v.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back lead.Delivery
	if err := back.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, parsedText(t, back, d.source.Settings)); diff != "" {
		t.Errorf("out of the journal it parses differently:\n%s", diff)
	}
	for n := range len(v.Body) {
		cut := v
		cut.Body = v.Body[:n:n]
		if _, err := parse(cut, d.source.Settings); err != nil && !lead.IsPermanent(err) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

// FuzzPost posts anything through the handler. Whatever it answers with success
// was kept, parses, and encodes; whatever it refuses was not kept.
func FuzzPost(f *testing.F) {
	for _, file := range goldens(f) {
		g, _ := readGolden(f, file)
		r := g.http(f, setup(f, g.settings))
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			f.Fatal(err)
		}
		f.Add(r.Header.Get("Content-Type"), r.URL.RawQuery, r.Header.Get("Referer"), body.Bytes())
	}
	f.Add("application/json", "", "", []byte(`[{"name":"a","value":[1,{"b":null}]},{"name":"a","value":true}]`))
	f.Add("text/plain", "a[b]=c", "https://x.example/?utm_source=%00", []byte("[{}]"))
	f.Fuzz(func(t *testing.T, kind, query, referer string, body []byte) {
		d := setup(t, map[string]any{"fields": []any{
			map[string]any{"name": "who[mail]", "type": "email"}, map[string]any{"name": "a", "maps": "message"},
			map[string]any{"name": "b[]", "type": "checkbox", "maps": "custom"}, map[string]any{"name": "c", "type": "consent"},
		}})
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header = http.Header{"Content-Type": {kind}, "Referer": {referer}, "Accept": {browser}}
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		switch {
		case w.Code == 200 && len(d.accepted) == 1:
			parsedText(t, d.accepted[0], d.source.Settings)
		case w.Code == 200 || len(d.accepted) != 0:
			t.Fatalf("answer %d, %d accepted", w.Code, len(d.accepted))
		case w.Code != 413 && w.Code != 415 && w.Code != 422:
			t.Fatalf("answer %d: %s", w.Code, w.Body)
		}
	})
}
