package postgres

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/internal/services"
	"leadgate/store"
	"leadgate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

// opened returns a store in a new database, which is closed after the test.
func opened(t testing.TB, now func() time.Time) (*Store, *services.Database) {
	t.Helper()
	db := services.Postgres(t).Database(t)
	s := open(t, Options{DSN: db.DSN(), Now: now})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, db
}

// migrated makes a database as the newest migration leaves it.
func migrated(t testing.TB) *services.Database {
	t.Helper()
	db := services.Postgres(t).Database(t)
	if err := open(t, Options{DSN: db.DSN()}).Close(); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestStore(t *testing.T) {
	template := migrated(t)
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return open(t, Options{DSN: template.Copy(t).DSN(), Now: now})
	})
}
