package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadgate/internal/services"
)

// check says what serve will do to a store, and does none of it.
func TestCheckMigratesNothing(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("ab", 32)
	db := services.Postgres(t).Database(t)
	flags := []string{"check", "--data", t.TempDir(), "--secret-key", key, "--store", db.DSN()}
	out, err := command(t, nil, flags...)
	if err != nil || !strings.Contains(out, "ok    store          the store is empty, which serve brings up to date") {
		t.Errorf("an empty store: %v:\n%s", err, out)
	}
	if tables := db.SQL(t, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); tables != "0" {
		t.Errorf("check made %s tables", tables)
	}
	db.SQL(t, `CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean); INSERT INTO goose_db_version VALUES (1, 1, true)`)
	out, err = command(t, nil, flags...)
	if err != nil || !strings.Contains(out, "ok    store          the store has schema 1, and this leadgate works with ") {
		t.Errorf("an older store: %v:\n%s", err, out)
	}
	db.SQL(t, `INSERT INTO goose_db_version VALUES (2, 99999, true)`)
	out, err = command(t, nil, flags...)
	if err == nil || strings.Count(out, "FAIL") != 1 || !strings.Contains(out, "FAIL  store") || !strings.Contains(out, "made by a newer leadgate (schema 99999") {
		t.Errorf("a newer store: %v:\n%s", err, out)
	}
	if tables := db.SQL(t, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); tables != "1" {
		t.Errorf("check made tables: %s", tables)
	}
}

// An embedded store of an older leadgate stays as it is too, byte for byte.
func TestCheckMigratesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "leadgate.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, nil, "check", "--data", dir)
	if err != nil || !strings.Contains(out, "ok    store          the store is empty, which serve brings up to date") {
		t.Errorf("%v:\n%s", err, out)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("check wrote into the store: %v, %v", info, err)
	}
}
