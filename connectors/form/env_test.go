package form

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// desk is one form with a fake Env: a clock that stands, and a list of what was accepted.
type desk struct {
	source   connectors.Source
	public   string
	now      time.Time
	fail     error
	limit    connectors.Limit
	counted  []string
	accepted []lead.Delivery
	log      strings.Builder
	handler  http.Handler
}

func (d *desk) Source() connectors.Source { return d.source }
func (d *desk) PublicURL() string         { return d.public }
func (d *desk) Log() *slog.Logger         { return slog.New(slog.NewTextHandler(&d.log, nil)) }
func (d *desk) Now() time.Time            { return d.now }

func (d *desk) Accept(_ context.Context, v lead.Delivery) (lead.ID, error) {
	if d.fail != nil {
		return lead.ID{}, d.fail
	}
	d.accepted = append(d.accepted, v)
	if v.Key != "" {
		return lead.DeriveID(v.Source, v.Key), nil
	}
	return lead.NewID(), nil
}

func (d *desk) Limit(client string, _, _ int) connectors.Limit {
	d.counted = append(d.counted, client)
	return d.limit
}

func (d *desk) Secret(purpose string) []byte {
	sum := sha256.Sum256([]byte("secret of " + purpose))
	return sum[:]
}

// setup returns a desk with these settings, and fails on bad ones.
func setup(t testing.TB, raw map[string]any) *desk {
	t.Helper()
	c := New()
	s, err := connectors.NewSettings(c.Fields, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(s); err != nil {
		t.Fatal(err)
	}
	d := &desk{
		source: connectors.Source{Name: "contact", Title: "Ask us", Kind: "form", Settings: s},
		public: "https://leads.example.com/f/contact", now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
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

// inquiry reads the only accepted delivery.
func (d *desk) inquiry(t testing.TB) lead.Inquiry {
	t.Helper()
	if len(d.accepted) != 1 {
		t.Fatalf("%d deliveries accepted, want 1", len(d.accepted))
	}
	p, err := parse(d.accepted[0], d.source.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Inquiries) != 1 || len(p.Failures) != 0 || len(p.Updates) != 0 {
		t.Fatalf("parsed %d inquiries, %d failures, %d updates, want one inquiry", len(p.Inquiries), len(p.Failures), len(p.Updates))
	}
	return p.Inquiries[0]
}

// What clients send.
const (
	urlencoded = "application/x-www-form-urlencoded"
	asJSON     = "application/json"
	browser    = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)
