package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"leadgate/lead"
	"leadgate/store"
)

// Whoever only looks changes neither schema nor content, and leaves no file behind.
func TestLook(t *testing.T) {
	newest := open(t, filepath.Join(t.TempDir(), "x.db"), nil)
	current := schemaOf(t, newest)
	if err := newest.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		schema int64 // -1 for no file
		want   error // nil for none
	}{
		"no file":        {-1, lead.ErrNotFound},
		"empty":          {0, &store.SchemaError{Knows: current}},
		"older":          {current - 1, &store.SchemaError{Has: current - 1, Knows: current}},
		"newest":         {current, nil},
		"newer leadgate": {current + 1, lead.ErrPermanent},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "leadgate.db")
			if tc.schema >= 0 {
				makeSchema(t, path, tc.schema)
			}
			before := contents(t, dir)
			s, err := Open(t.Context(), Options{Path: path, NoMigrate: true})
			if err == nil {
				if _, err := s.Stats(t.Context()); err != nil {
					t.Errorf("Stats: %v", err)
				}
				if err := s.AddToken(t.Context(), store.Token{Name: "x"}); err == nil {
					t.Error("it wrote")
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			want, schema := tc.want, &store.SchemaError{}
			if errors.As(want, &schema) {
				got := &store.SchemaError{}
				if !errors.As(err, &got) || *got != *schema || !errors.Is(err, lead.ErrConflict) {
					t.Errorf("Open: %v, want %v", err, want)
				}
			} else if !errors.Is(err, want) {
				t.Errorf("Open: %v, want %v", err, want)
			}
			if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
				t.Errorf("it changed the folder:\n%.500s", diff)
			}
		})
	}
}

func schemaOf(t *testing.T, s *Store) (n int64) {
	t.Helper()
	if err := s.read.QueryRow(`SELECT max(version_id) FROM goose_db_version`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// makeSchema makes a store of a schema, which may be one that there is not yet.
func makeSchema(t *testing.T, path string, schema int64) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "", "journal_mode(wal)"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	if schema == 0 {
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	if _, err := provider.UpTo(t.Context(), min(schema, known)); err != nil {
		t.Fatal(err)
	}
	if schema > known {
		if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)`, schema); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(body)
	}
	return out
}
