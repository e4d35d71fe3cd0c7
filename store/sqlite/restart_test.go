package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// Who resembles somebody is found, and counted, after a restart as before.
func TestResemblanceAfterRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	post := func(key, name, email string) store.Outcome {
		s := open(t, path, func() time.Time { return now })
		defer s.Close()
		q := lead.Inquiry{Key: key, Kind: lead.KindImport, Source: "src", Scope: "src", Received: now, Name: lead.Name{Display: name}, BirthDate: "1985-03-12",
			Address: &lead.Address{Street: "12 rue des Lilas", City: "Lyon", Postcode: "69003"}}
		if email != "" {
			q.Identities = []lead.Identity{{Kind: lead.IdentityEmail, Value: email}}
		}
		normal.Inquiry(&q, "FR")
		d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: now, Body: []byte(key)}
		raw, err := d.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Apply(t.Context(), []store.Item{{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}})
		if err != nil {
			t.Fatal(err)
		}
		return r[0].Inquiries[0]
	}
	first := post("1", "Ana Belo", "ana@example.org")
	second := post("2", "Anna Belo", "")
	third := post("3", "Ana Belo", "")
	if second.Lead != first.Lead || third.Lead != first.Lead {
		t.Errorf("%+v and %+v, want lead %v", second, third, first.Lead)
	}
	s := open(t, path, nil)
	defer s.Close()
	var areas, names int64
	if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM areas WHERE persons = 1`).Scan(&areas); err != nil || areas != 3 {
		t.Errorf("%d areas with one person, want 3: %v", areas, err)
	}
	if err := s.read.QueryRowContext(t.Context(), `SELECT coalesce(sum(value), 0) FROM counters WHERE name = ?`, store.CountKept+"src").Scan(&names); err != nil || names != 2 {
		t.Errorf("%d names kept, want 2: %v", names, err)
	}
}
