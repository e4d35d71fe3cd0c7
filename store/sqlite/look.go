package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"

	"leadgate/lead"
	"leadgate/store"
)

// look opens a store of which nothing is to be changed. Closing it may still move what
// is committed from the log into the file, as whoever closes it last does: a connection
// that may not even do that leaves files behind.
func (s *Store) look(ctx context.Context, path, vfs string) (err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no such file", lead.ErrNotFound)
	}
	if vfs != "" {
		vfs = "&vfs=" + vfs
	}
	for _, db := range []**sql.DB{&s.write, &s.read} {
		if *db, err = sql.Open("sqlite", dsn(path, "mode=rw"+vfs, "busy_timeout(10000)", "query_only(on)", "temp_store(memory)")); err != nil {
			return err
		}
	}
	var there bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')`).Scan(&there); err != nil {
		return err
	}
	var current int64
	if there {
		if err := s.read.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current); err != nil {
			return fmt.Errorf("reading schema version: %w", err)
		}
	}
	provider, err := s.migrations()
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	switch target := sources[len(sources)-1].Version; {
	case current > target:
		return tooNew(current, target)
	case current < target:
		return &store.SchemaError{Has: current, Knows: target}
	}
	s.conn, err = s.write.Conn(ctx) // it refuses whoever writes all the same
	return err
}

func tooNew(current, target int64) error {
	return fmt.Errorf("%w: the store was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, current, target)
}

func (s *Store) migrations() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.write, dir)
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	return provider, nil
}
