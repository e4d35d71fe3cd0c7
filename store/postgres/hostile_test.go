package postgres

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// hostile is text that is no text for a database.
var hostile = []string{"a\x00b", "\xff\xfe", "\xed\xa0\x80", "'; DROP TABLE leads; --", "%s $1 ?", "\u202e\u0000x", "{\"a\":1", string(make([]byte, 300))}

// Text that people send is stored, repaired where it must be, wherever it stands.
func TestHostileText(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	for i, bad := range hostile {
		at := time.Now().UTC()
		q := lead.Inquiry{Key: "k" + bad, Event: bad, Scope: "src", Source: "src", Channel: bad, Received: at, Name: lead.Name{Display: bad + " " + bad}, Company: bad, Subject: bad, Text: bad, Origin: "WEBFORM",
			Fields: []lead.Field{{Key: bad, Label: bad, Value: bad}}, Reason: bad,
			Identities: []lead.Identity{{Kind: lead.IdentityEmail, Value: bad + "@example.org"}, {Kind: "handle", Value: bad, Scope: bad}, {Kind: lead.IdentityPhone, Value: bad}},
			Address:    &lead.Address{Street: bad, City: bad, Postcode: bad}, BirthDate: bad}
		normal.Inquiry(&q, "FR") // as the pipeline does
		d := lead.Delivery{ID: lead.NewID(), Source: "src", Key: bad + fmt.Sprint(i), At: at, Body: []byte(bad)}
		encoded, err := d.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		it := store.Item{Delivery: d, Raw: encoded, Inquiries: []lead.Inquiry{q}, Failures: []lead.Failure{{Key: bad, Reason: bad}}, By: bad}
		r, err := s.Apply(t.Context(), []store.Item{it})
		if err != nil {
			t.Errorf("%q: Apply: %v", bad, err)
			continue
		}
		s.hostileLead(t, bad, r[0].Lead)
		s.hostileDesk(t, bad)
	}
	for {
		n, err := s.Index(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (s *Store) hostileLead(t *testing.T, bad string, id lead.ID) {
	t.Helper()
	if id.IsZero() {
		return
	}
	if _, err := s.Patch(t.Context(), id, store.Patch{Title: &bad, Owner: &bad, Company: &bad, Tags: &[]string{bad}, Fields: map[string]*string{bad: &bad}, By: bad}); err != nil {
		t.Errorf("%q: Patch: %v", bad, err)
	}
	l, err := s.Lead(t.Context(), id)
	if err != nil {
		t.Errorf("%q: Lead: %v", bad, err)
	}
	if _, _, err := s.Timeline(t.Context(), l.Number); err != nil {
		t.Errorf("%q: Timeline: %v", bad, err)
	}
}

func (s *Store) hostileDesk(t *testing.T, bad string) {
	t.Helper()
	d := lead.Delivery{ID: lead.NewID(), Source: bad, At: time.Now()}
	for what, err := range map[string]error{
		"Park":      s.Park(t.Context(), []store.Parking{{Delivery: d, Raw: []byte(bad), Reason: bad}}),
		"Repark":    s.Repark(t.Context(), d.ID, bad),
		"Enqueue":   s.Enqueue(t.Context(), store.Job{Kind: bad, Key: bad, Payload: []byte(bad)}),
		"DropToken": notFound(s.DropToken(t.Context(), bad)),
		"AddToken":  s.AddToken(t.Context(), store.Token{Name: bad, Hash: [32]byte{bad[0], bad[1], byte(len(bad))}}),
	} {
		if err != nil {
			t.Errorf("%q: %s: %v", bad, what, err)
		}
	}
	for _, q := range []store.Query{{Search: bad}, {Source: bad}, {Stage: bad}, {Status: lead.Status(bad)}, {Search: "ana " + bad, Source: bad}} {
		q.Limit = 10
		if _, _, err := s.List(t.Context(), q); err != nil {
			t.Errorf("%q: List(%+v): %v", bad, q, err)
		}
	}
	if _, err := s.Holding(t.Context(), []string{bad}); err != nil {
		t.Errorf("%q: Holding: %v", bad, err)
	}
	if _, err := s.Persons(t.Context(), []string{bad}); err != nil {
		t.Errorf("%q: Persons: %v", bad, err)
	}
	if _, _, err := s.Parked(t.Context(), store.Page{Limit: 5}); err != nil {
		t.Errorf("%q: Parked: %v", bad, err)
	}
	if _, _, err := s.List(t.Context(), store.Query{Page: store.Page{Cursor: bad, Limit: 1}}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("%q as a cursor: %v", bad, err)
	}
}

func notFound(err error) error {
	if errors.Is(err, lead.ErrNotFound) {
		return nil
	}
	return err
}
