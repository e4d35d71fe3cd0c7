package form

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"leadgate/connectors/connectortest"
)

// publicURL is the address of the form in all tests.
const publicURL = "https://leads.example.com/f/contact"

func TestGoldens(t *testing.T) {
	t.Parallel()
	connectortest.Run(t, New(), connectortest.Options{PublicURL: publicURL})
}

// FuzzPost posts anything through the handler. Whatever it answers with success
// was kept, parses, and encodes; whatever it refuses was not kept.
func FuzzPost(f *testing.F) {
	for _, r := range connectortest.Requests(f, New(), connectortest.Options{PublicURL: publicURL}) {
		f.Add(r.Header.Get("Content-Type"), r.Query, r.Header.Get("Referer"), r.Body)
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
		all := d.Accepted()
		switch {
		case w.Code == 200 && len(all) == 1:
			d.encodes(t, all[0])
		case w.Code == 200 || len(all) != 0:
			t.Fatalf("answer %d, %d accepted", w.Code, len(all))
		case w.Code != 413 && w.Code != 415 && w.Code != 422:
			t.Fatalf("answer %d: %s", w.Code, w.Body)
		}
	})
}
