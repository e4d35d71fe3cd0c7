package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"leadgate/lead"
	"leadgate/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// lockMigrate is the lock of who brings the schema up to date.
const lockMigrate = 0x6c656164_00000000

// migrate brings the schema up to date. Nodes that start at once wait for the first. Whoever finds the schema as it should
// be needs no lock.
func migrate(ctx context.Context, o Options) error { return migrateTo(ctx, o, 0) }

// migrateTo brings it to one of the migrations, 0 for the newest.
func migrateTo(ctx context.Context, o Options, schema int64) error {
	return withMigrations(o, func(db *sql.DB, provider *goose.Provider, target int64) error {
		if schema > 0 {
			target = schema
		}
		if done, err := upToDate(ctx, db, target); done || err != nil {
			return err
		}
		return locked(ctx, db, func() error {
			if done, err := upToDate(ctx, db, target); done || err != nil {
				return err
			}
			if _, err := provider.UpTo(ctx, target); err != nil {
				return fmt.Errorf("migrating: %w", err)
			}
			return nil
		})
	})
}

// look fails with *store.SchemaError when there is something to migrate.
func look(ctx context.Context, o Options) error {
	return withMigrations(o, func(db *sql.DB, _ *goose.Provider, target int64) error {
		current, err := schemaNow(ctx, db)
		switch {
		case err != nil:
			return err
		case current > target:
			return tooNew(current, target)
		case current < target:
			return &store.SchemaError{Has: current, Knows: target}
		}
		return nil
	})
}

// withMigrations runs fn with a connection that may migrate. target is the newest schema.
func withMigrations(o Options, fn func(db *sql.DB, provider *goose.Provider, target int64) error) (err error) {
	dsn := o.Migrate
	if dsn == "" {
		dsn = o.DSN
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil { // its text shows the DSN, and with it the password
		return fmt.Errorf("%w: the address for migrations is postgres://USER@HOST/DATABASE", lead.ErrInvalid)
	}
	c.ConnectTimeout, c.DefaultQueryExecMode, c.StatementCacheCapacity = connectTime, pgx.QueryExecModeCacheDescribe, 0
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	sources := provider.ListSources()
	return fn(db, provider, sources[len(sources)-1].Version)
}

// upToDate reports whether the schema is what this leadgate knows. One made by a newer
// leadgate is an error.
func upToDate(ctx context.Context, db *sql.DB, target int64) (bool, error) {
	current, err := schemaNow(ctx, db)
	if err == nil && current > target {
		err = tooNew(current, target)
	}
	return err == nil && current == target, err
}

func tooNew(current, target int64) error {
	return fmt.Errorf("%w: the store was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, current, target)
}

// schemaNow reads the schema that a database has, 0 for none.
func schemaNow(ctx context.Context, db *sql.DB) (current int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current)
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e) && e.Code == "42P01": // an empty database
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("reading schema version: %w", err)
	}
	return current, nil
}

// locked runs fn while no other node migrates. The lock is one of a transaction, so that
// a pooler gives neither the session nor the lock to somebody else.
func locked(ctx context.Context, db *sql.DB, fn func() error) (err error) {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Rollback()) }() // it wrote nothing
	for _, statement := range [...]string{`SET LOCAL statement_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = 0`, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, int64(lockMigrate))} {
		if _, err := t.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("waiting for who migrates: %w", err)
		}
	}
	return fn()
}
