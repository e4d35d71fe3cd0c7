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
)

//go:embed migrations/*.sql
var migrations embed.FS

// lockMigrate is the lock of who brings the schema up to date.
const lockMigrate = 0x6c656164_00000000

// migrate brings the schema up to date. Nodes that start at once wait for the first
// under a lock of its session: a pooler in transaction mode would give it to somebody
// else, so that Options.Migrate goes around one. Whoever finds the schema as it should
// be needs no lock.
func migrate(ctx context.Context, o Options) (err error) {
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
	target := sources[len(sources)-1].Version
	if done, err := upToDate(ctx, db, target); done || err != nil {
		return err
	}
	return locked(ctx, db, func() error {
		if done, err := upToDate(ctx, db, target); done || err != nil {
			return err
		}
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		return nil
	})
}

// upToDate reports whether the schema is what this leadgate knows. One made by a newer
// leadgate is an error.
func upToDate(ctx context.Context, db *sql.DB, target int64) (bool, error) {
	var current int64
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current)
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e) && e.Code == "42P01": // an empty database
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading schema version: %w", err)
	case current > target:
		return false, fmt.Errorf("%w: the store was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, current, target)
	}
	return current == target, nil
}

// locked runs fn while no other node migrates.
func locked(ctx context.Context, db *sql.DB, fn func() error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(lockMigrate)); err != nil {
		return fmt.Errorf("waiting for who migrates: %w", err)
	}
	defer func() {
		_, unlocked := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(lockMigrate))
		err = errors.Join(err, unlocked)
	}()
	return fn()
}
