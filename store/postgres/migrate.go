package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"leadgate/lead"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. Nodes that start at once wait for the first
// under an advisory lock of their session: a pooler in transaction mode would give it
// to somebody else, so that Options.Migrate goes around one.
func migrate(ctx context.Context, o Options) error {
	return migrating(o, func(provider *goose.Provider) error {
		if _, err := provider.Up(ctx); err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		current, target, err := provider.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("reading schema version: %w", err)
		}
		if current > target {
			return fmt.Errorf("%w: the store was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, current, target)
		}
		return nil
	})
}

// migrating lends out what migrates.
func migrating(o Options, use func(*goose.Provider) error) (err error) {
	dsn := o.Migrate
	if dsn == "" {
		dsn = o.DSN
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil { // its text shows the DSN, and with it the password
		return fmt.Errorf("%w: the address for migrations is postgres://USER@HOST/DATABASE", lead.ErrInvalid)
	}
	c.ConnectTimeout = connectTime
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("preparing to migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	return use(provider)
}

// migrateTo brings an empty database to a schema.
func migrateTo(ctx context.Context, o Options, schema int64) error {
	return migrating(o, func(provider *goose.Provider) error {
		if _, err := provider.UpTo(ctx, schema); err != nil {
			return fmt.Errorf("making the tables: %w", err)
		}
		return nil
	})
}
