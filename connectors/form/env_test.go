package form

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/connectortest"
	"leadgate/lead"
)

// desk is one form with an Env that records, whose clock stands.
type desk struct {
	*connectortest.Env
	log     *strings.Builder
	handler http.Handler
}

// setup returns a desk with these settings, and fails on bad ones.
func setup(t testing.TB, raw map[string]any) *desk {
	t.Helper()
	return titled(t, "Ask us", raw)
}

// titled is setup for a source of another title.
func titled(t testing.TB, title string, raw map[string]any) *desk {
	t.Helper()
	c := New()
	s, err := connectors.NewSettings(c.Fields, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(s); err != nil {
		t.Fatal(err)
	}
	d := &desk{log: &strings.Builder{}}
	d.Env = connectortest.NewEnv(connectors.Source{Name: "contact", Title: title, Kind: "form", Settings: s}, publicURL, d.log)
	d.SetNow(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	if d.handler, err = c.Serve(d); err != nil {
		t.Fatal(err)
	}
	return d
}

// do sends a request; head holds names and values in turn.
func (d *desk) do(method, target, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	r = r.WithContext(connectors.WithClient(r.Context(), connectors.Client{Addr: netip.MustParseAddr("2001:db8:1:2:3::4")}))
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// inquiry reads the newest accepted delivery, of which there must be n.
func (d *desk) inquiry(t testing.TB, n int) lead.Inquiry {
	t.Helper()
	all := d.Accepted()
	if len(all) != n {
		t.Fatalf("%d deliveries accepted, want %d", len(all), n)
	}
	p, err := parse(all[n-1], d.Source().Settings)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Inquiries) != 1 || len(p.Failures) != 0 || len(p.Updates) != 0 {
		t.Fatalf("parsed %d inquiries, %d failures, %d updates, want one inquiry", len(p.Inquiries), len(p.Failures), len(p.Updates))
	}
	return p.Inquiries[0]
}

// encodes fails when a delivery cannot be read, or not be written as JSON.
func (d *desk) encodes(t testing.TB, v lead.Delivery) {
	t.Helper()
	p, err := parse(v, d.Source().Settings)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Fatal(err)
	}
}

// limited is a limit that every client is found at.
func limited(at connectors.Limit) func(string, int, int) connectors.Limit {
	return func(string, int, int) connectors.Limit { return at }
}

// What clients send.
const (
	urlencoded = "application/x-www-form-urlencoded"
	asJSON     = "application/json"
	browser    = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)
