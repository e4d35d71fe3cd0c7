package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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

// wide is text of so many of the longest letters, none of which repeats another.
func wide(seed, n int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	var b strings.Builder
	for range n {
		b.WriteRune(rune(0x20000 + r.IntN(0xa000)))
	}
	return b.String()
}

// However long what somebody is found by, it fits into an index.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	handle := lead.Identity{Kind: "handle", Scope: wide(1, 500), Value: wide(2, 500)}
	for i := range 45 { // a crowd: those who come late are found by value and name
		it := itemOf(t, fmt.Sprint(i), "", handle, lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"})
		q := &it.Inquiries[0]
		q.Name, q.Thread, q.Event, q.Company = lead.Name{Given: wide(3+2*i, 600), Family: wide(4+2*i, 600)}, wide(5, 600), wide(6, 600), wide(7, 600)
		if i > 0 {
			q.Identities = q.Identities[1:]
			q.Thread = ""
		}
		normal.Inquiry(q, "FR")
		if _, err := s.Apply(t.Context(), []store.Item{it}); err != nil {
			t.Fatalf("Apply %d: %v", i, err)
		}
	}
	up := lead.Update{About: wide(8, 600), Scope: wide(9, 600), Event: wide(10, 600), Kind: lead.UpdateKind(wide(11, 300)), Patch: lead.Inquiry{Identities: []lead.Identity{handle}}}
	normal.Update(&up, "FR")
	it := itemOf(t, "update", "Eva Lund")
	it.Updates = []lead.Update{up}
	if _, err := s.Apply(t.Context(), []store.Item{it}); err != nil {
		t.Fatalf("Apply of an update: %v", err)
	}
}
