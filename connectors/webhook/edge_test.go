package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

func settings(t *testing.T, raw map[string]any) connectors.Settings {
	t.Helper()
	s, err := connectors.NewSettings(New().Fields, raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A look at the address is answered; whatever brings data is a post, in any method.
func TestDataInTheAddressIsKept(t *testing.T) {
	t.Parallel()
	c, s := New(), settings(t, map[string]any{"auth": "none"})
	const person = "id=g-1&name=Ana+Belo&phone=%2B351912345678"
	for _, tc := range []struct{ method, query, kind, body, name, key string }{
		{"GET", person, "", "", "Ana Belo", "g-1"},
		{"POST", person, "", "", "Ana Belo", "g-1"},
		{"POST", person, "application/json", `{"name":"Bo Lind"}`, "Bo Lind", "g-1"},
		{"POST", person, "application/x-www-form-urlencoded", "name=Bo+Lind&id=b-1", "Bo Lind", "b-1"},
	} {
		d := lead.Delivery{Method: tc.method, Query: tc.query, Body: []byte(tc.body), Header: lead.Header{{Name: "Content-Type", Value: tc.kind}}}
		if _, ok := c.Push.Handshake(&d, s, time.Time{}); ok {
			t.Fatalf("%s ?%s is taken for a look", tc.method, tc.query)
		}
		if err := c.Push.Check(&d, s); err != nil {
			t.Fatal(err)
		}
		p, err := c.Parse(d, s)
		if err != nil || len(p.Inquiries) != 1 || p.Inquiries[0].Name.String() != tc.name || c.Push.Key(&d, s) != tc.key || p.Inquiries[0].Key != tc.key {
			t.Errorf("%s ?%s %s: %+v, %v", tc.method, tc.query, tc.body, p.Inquiries, err)
		}
	}
	for _, method := range []string{"GET", "HEAD"} {
		if _, ok := c.Push.Handshake(&lead.Delivery{Method: method}, s, time.Time{}); !ok {
			t.Errorf("%s without anything is no look", method)
		}
	}
	// What a signature does not cover is not read.
	signed := settings(t, map[string]any{"auth": "hmac", "secret": "0123456789"})
	d := lead.Delivery{Method: "POST", Query: person, Body: []byte(`{"message":"hi"}`), Header: lead.Header{{Name: "Content-Type", Value: "application/json"}}}
	p, err := c.Parse(d, signed)
	if err != nil || c.Push.Key(&d, signed) != "" || p.Inquiries[0].Key != "" || p.Inquiries[0].Name.String() != "" {
		t.Errorf("%+v, %v", p.Inquiries, err)
	}
	if err := c.Push.Check(&lead.Delivery{Method: "GET", Query: person}, signed); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("unsigned data alone: %v", err)
	}
}

// A secret that cannot stand in an address is refused before anybody needs it.
func TestSecretInAnAddress(t *testing.T) {
	t.Parallel()
	c := New()
	for secret, ok := range map[string]bool{"abc/def+123==": false, "abcdefgh%20": false, "abc def ghi": false, "0123456789-._~Az": true} {
		for _, name := range []string{"secret", "secret_previous"} {
			raw := map[string]any{"auth": "url", "secret": "0123456789", name: secret}
			var field *connectors.FieldError
			err := c.Check(settings(t, raw))
			if (err == nil) != ok || err != nil && (!errors.As(err, &field) || field.Field != name || strings.Contains(err.Error(), secret)) {
				t.Errorf("%s %s: %v", name, secret, err)
			}
		}
		if err := c.Check(settings(t, map[string]any{"auth": "bearer", "secret": secret})); err != nil {
			t.Error(err)
		}
	}
}

// Packed or not, a body that nobody could send plain is not opened to its end.
func TestMediaTypes(t *testing.T) {
	t.Parallel()
	c, s := New(), settings(t, map[string]any{"auth": "none"})
	for kind, want := range map[string]bool{"application/json": true, "application/xml": false, "application/octet-stream": false, "": true} {
		d := lead.Delivery{Body: []byte("<a/>"), Header: lead.Header{{Name: "Content-Type", Value: kind}}}
		if got := c.Push.Takes(&d, s); got != want {
			t.Errorf("%s: %v", kind, got)
		}
		named := settings(t, map[string]any{"preset": "tally", "secret": "0123456789"})
		if !c.Push.Takes(&d, named) {
			t.Errorf("a named sender's %s is not taken", kind)
		}
	}
}
