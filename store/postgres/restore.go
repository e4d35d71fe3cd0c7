package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// Restore fills a database that holds no store, or one in which nothing was kept yet,
// in one transaction. The next Open brings an older schema up to date.
//
// Errors: lead.ErrConflict when something is kept there, lead.ErrPermanent when the copy
// is not what it says or is of another engine or a newer schema.
func Restore(ctx context.Context, o Options, c store.Copied, open func(name string) (io.ReadCloser, error)) (err error) {
	defer func() { err = wrapped("restoring store", err) }()
	if err := restorable(ctx, o, c); err != nil {
		return err
	}
	all, err := readTables(open)
	if err != nil {
		return err
	}
	if err := migrateTo(ctx, o, c.Schema); err != nil {
		return err
	}
	conn, err := single(ctx, o.DSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := simply(ctx, conn, `BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'; LOCK TABLE turn IN EXCLUSIVE MODE`); err != nil {
		return err
	}
	if err := fillTables(ctx, conn, c, all, open); err != nil {
		return errors.Join(err, simply(context.WithoutCancel(ctx), conn, `ROLLBACK`))
	}
	if err := simply(ctx, conn, `COMMIT`); err != nil {
		return err
	}
	return simply(ctx, conn, `ANALYZE`) // how large tables are now, for their plans
}

// Restorable reports, before anything is touched, why a copy cannot become the store of
// a database.
func Restorable(ctx context.Context, o Options, c store.Copied) error {
	return wrapped("restoring store", restorable(ctx, o, c))
}

func restorable(ctx context.Context, o Options, c store.Copied) (err error) {
	if c.Engine != engine {
		return fmt.Errorf("%w: the copy is of the engine %q, and the target is %s", lead.ErrPermanent, c.Engine, engine)
	}
	newest, err := newestSchema()
	if err != nil {
		return err
	}
	if c.Schema > newest {
		return fmt.Errorf("%w: the copy was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, c.Schema, newest)
	}
	conn, err := single(ctx, o.DSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	return vacant(ctx, conn, c.Schema)
}

// vacant reports what stands in the way of a copy of a schema.
func vacant(ctx context.Context, conn *pgx.Conn, schema int64) error {
	current, err := schemaOf(ctx, conn)
	if err != nil || current == 0 {
		return err
	}
	if current != schema {
		return fmt.Errorf("%w: the database has the tables of schema %d, and the copy is of %d: restore into an empty one", lead.ErrConflict, current, schema)
	}
	all, err := tablesOf(ctx, conn)
	if err != nil {
		return err
	}
	for _, t := range all.Tables {
		var kept bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+pgx.Identifier{t.Name}.Sanitize()+`)`).Scan(&kept); err != nil {
			return err
		}
		if kept && !seeded(t.Name) {
			return fmt.Errorf("%w: the database holds a store already", lead.ErrConflict)
		}
	}
	return nil
}

// seeded reports whether a table holds something before anything was kept: what
// migrations and the first start write. The copy has it too.
func seeded(table string) bool { return table == "stages" || table == "revisions" }

// newestSchema is the last of our migrations.
func newestSchema() (int64, error) {
	list, err := migrations.ReadDir("migrations")
	newest := int64(0)
	for _, f := range list {
		var n int64
		if _, err := fmt.Sscanf(f.Name(), "%d_", &n); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, err
}

// readTables reads the part that tells of the others.
func readTables(open func(string) (io.ReadCloser, error)) (all tables, err error) {
	f, err := open(tablesName)
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := json.NewDecoder(f).Decode(&all); err != nil {
		return all, fmt.Errorf("%w: reading %s: %w", lead.ErrPermanent, tablesName, err)
	}
	return all, nil
}

// fillTables copies every table in and checks that it has the rows it should.
func fillTables(ctx context.Context, conn *pgx.Conn, c store.Copied, all tables, open func(string) (io.ReadCloser, error)) error {
	if len(all.Tables) != len(c.Rows) {
		return fmt.Errorf("%w: it tells of %d tables, and the backup of %d", lead.ErrPermanent, len(all.Tables), len(c.Rows))
	}
	for _, t := range all.Tables {
		if seeded(t.Name) {
			if err := simply(ctx, conn, `DELETE FROM `+pgx.Identifier{t.Name}.Sanitize()); err != nil {
				return err
			}
		}
		n, err := copyIn(ctx, conn, t, open)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		if want, ok := c.Rows[t.Name]; !ok || n != want {
			return fmt.Errorf("%w: table %s has %d rows, and the backup says %d", lead.ErrPermanent, t.Name, n, want)
		}
	}
	for name, last := range all.Sequences {
		if _, err := conn.Exec(ctx, `SELECT setval($1::text::regclass, $2)`, pgx.Identifier{name}.Sanitize(), last); err != nil {
			return fmt.Errorf("sequence %s: %w", name, err)
		}
	}
	return nil
}

func copyIn(ctx context.Context, conn *pgx.Conn, t table, open func(string) (io.ReadCloser, error)) (n int64, err error) {
	f, err := open(t.Name + tableSuffix)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	tag, err := conn.PgConn().CopyFrom(ctx, f, `COPY `+t.columns()+` FROM STDIN`)
	return tag.RowsAffected(), err
}
