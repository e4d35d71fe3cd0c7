package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
	"leadgate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path, Now: now})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

// empty is the file of a new store: reading and running the migrations is most of what
// a short test would cost.
var empty = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "leadgate-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "leadgate.db")
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the log of a closed store stays: %v", err)
	}
	return os.ReadFile(path)
})

// migrated returns the path of an empty store that no migration waits for.
func migrated(t *testing.T) string {
	t.Helper()
	file, err := empty()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return open(t, migrated(t), now)
	})
}

// A store made by a newer leadgate is refused, not guessed at.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	s := open(t, path, nil)
	err := s.update(t.Context(), "test", func(ctx context.Context) error {
		_, err := s.exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("Open = %v, want ErrPermanent", err)
	}
}

// holders returns who holds a key, row by row.
func (s *Store) holders(t *testing.T, key string) []int64 {
	t.Helper()
	var out []int64
	err := scanRows(s.read.QueryContext(t.Context(), `SELECT person FROM holders WHERE key = ? ORDER BY person`, key))(func(r *sql.Rows) error {
		var person int64
		err := r.Scan(&person)
		out = append(out, person)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// post applies one inquiry by somebody.
func (s *Store) post(t *testing.T, key, name string, ids ...lead.Identity) store.Outcome {
	t.Helper()
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: time.Now().UTC()}
	raw, _ := d.AppendBinary(nil)
	q := lead.Inquiry{Key: key, Scope: "src", Source: "src", Received: d.At, Name: lead.Name{Display: name}, Identities: ids}
	normal.Inquiry(&q, "FR")
	r, err := s.Apply(t.Context(), []store.Item{{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}})
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Inquiries[0]
}

// The rows of a merged person stay theirs: the survivor gets none of its own for
// the same values, so that undoing a merge knows whose they were.
func TestHoldersAfterMerge(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
	defer s.Close()
	mail, phone := lead.Identity{Kind: lead.IdentityEmail, Value: "ana@example.org"}, lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}
	s.post(t, "1", "Ana Belo", mail)
	s.post(t, "2", "", phone)
	s.post(t, "3", "Ana Belo", mail, phone)
	s.post(t, "4", "Igor Petrov", phone) // from now on the phone is shared, and asks who was heard last
	s.post(t, "5", "Ana Belo", mail, phone)
	if got := s.holders(t, "phone:+33612345678"); !slices.Equal(got, []int64{2, 3}) {
		t.Errorf("the phone is held by %v, want the merged person 2 and the stranger 3", got)
	}
	if got := s.holders(t, "email:ana@example.org"); !slices.Equal(got, []int64{1}) {
		t.Errorf("the address is held by %v, want 1", got)
	}
}

// However many people share a value, few rows are read for it.
func TestCrowdedRows(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
	defer s.Close()
	const names = "abcdefghijklmnopqrstuvwxyz"
	phone := lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}
	for i := range 60 {
		given := strings.Repeat(names[i%26:i%26+1], 5) + "o"
		s.post(t, fmt.Sprint(i), given+" "+given+strings.Repeat("x", 4+i/26*5), phone)
	}
	if got := len(s.holders(t, "phone:+33612345678")); got != 20 {
		t.Errorf("%d rows are read for one phone, want 20", got)
	}
}

// What is stored and cannot be read is permanent: waiting for it would be for ever.
func TestDamagedRows(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{`UPDATE persons SET name = '{'`, `UPDATE leads SET data = '{'`, `UPDATE inquiries SET touch = '{'`, `UPDATE deliveries SET receipt = '{'`} {
		s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
		mail := lead.Identity{Kind: lead.IdentityEmail, Value: "ana@example.org"}
		s.post(t, "1", "Ana Belo", mail)
		if err := s.update(t.Context(), "test", func(ctx context.Context) error {
			_, err := s.exec(ctx, damage)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		d := lead.Delivery{ID: lead.DeriveID("src", "1"), Source: "src", Key: "1"}
		raw, _ := d.AppendBinary(nil)
		q := lead.Inquiry{Key: "1", Event: "2", Scope: "src", Source: "src", Identities: []lead.Identity{mail}}
		if _, err := s.Apply(t.Context(), []store.Item{{Delivery: d, Raw: raw, Replay: true, Inquiries: []lead.Inquiry{q}}}); !errors.Is(err, lead.ErrPermanent) {
			t.Errorf("after %s: Apply = %v, want ErrPermanent", damage, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
