package postgres

import (
	"errors"
	"fmt"
	"testing"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/store"
)

// Whoever only looks changes nothing, whatever schema it finds.
func TestLook(t *testing.T) {
	t.Parallel()
	var current int64
	if _, err := fmt.Sscan(migrated(t).SQL(t, `SELECT max(version_id) FROM goose_db_version`), &current); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		schema int64
		has    int64 // of the *store.SchemaError; -1 for none
		want   error // its class; nil for none
	}{
		"empty":          {0, 0, lead.ErrConflict},
		"older":          {current - 1, current - 1, lead.ErrConflict},
		"newest":         {current, -1, nil},
		"newer leadgate": {current + 1, -1, lead.ErrPermanent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := services.Postgres(t).Database(t)
			if tc.schema > 0 {
				if err := migrateTo(t.Context(), Options{DSN: db.DSN()}, min(tc.schema, current)); err != nil {
					t.Fatal(err)
				}
			}
			if tc.schema > current {
				db.SQL(t, fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)`, tc.schema))
			}
			before := written(t, db)
			s, err := Open(t.Context(), Options{DSN: db.DSN(), NoMigrate: true})
			if err == nil {
				if _, err := s.Stats(t.Context()); err != nil {
					t.Errorf("Stats: %v", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("Open: %v, want %v", err, tc.want)
			}
			var schema *store.SchemaError
			if found := errors.As(err, &schema); found != (tc.has >= 0) || found && *schema != (store.SchemaError{Has: tc.has, Knows: current}) {
				t.Errorf("Open: %v", err)
			}
			if after := written(t, db); after != before {
				t.Errorf("it wrote: %s before, %s after", before, after)
			}
		})
	}
}

// written tells which transactions ever changed a database, as far as its catalog and
// the table of its schema tell.
func written(t *testing.T, db *services.Database) string {
	t.Helper()
	out := db.SQL(t, `SELECT count(*), max(xmin::text::bigint), (SELECT count(*) FROM pg_attribute) FROM pg_class`)
	if db.SQL(t, `SELECT to_regclass('stages') IS NOT NULL`) == "t" {
		out += db.SQL(t, `SELECT count(*) FROM stages`)
	}
	return out
}
