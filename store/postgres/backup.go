package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// engine is what a copy of this engine is called.
const engine = "postgres"

// A copy has a part for each table, as COPY writes it in text, and last one that tells
// of all of them.
const (
	tableSuffix = ".copy"
	tablesName  = "tables.json"
)

// tables is the part that tells of the others.
type tables struct {
	Tables    []table          `json:"tables"`
	Sequences map[string]int64 `json:"sequences"` // the last value; those that gave none are left out
}

type table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Backup copies a store that may be in use. Make it with OpenBackup.
type Backup struct{ conn *pgx.Conn }

var _ store.Backup = (*Backup)(nil)

// OpenBackup connects to a store for copying. A pooler in transaction mode may stand
// between. A database without a store is lead.ErrNotFound.
func OpenBackup(ctx context.Context, dsn string) (*Backup, error) {
	conn, err := single(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("opening store for a backup: %w", classed(err))
	}
	schema, err := schemaOf(ctx, conn)
	if err == nil && schema == 0 {
		err = fmt.Errorf("%w: the database holds no store", lead.ErrNotFound)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening store for a backup: %w", classed(err)), conn.Close(ctx))
	}
	return &Backup{conn}, nil
}

// single makes one connection, which leaves no statement behind on the server.
func single(ctx context.Context, dsn string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil { // its text shows the DSN, and with it the password
		return nil, fmt.Errorf("%w: --store is postgres://USER@HOST/DATABASE", lead.ErrInvalid)
	}
	c.DefaultQueryExecMode, c.StatementCacheCapacity, c.ConnectTimeout = pgx.QueryExecModeCacheDescribe, 0, connectTime
	return pgx.ConnectConfig(ctx, c)
}

// schemaOf returns the newest migration of a database, 0 for none.
func schemaOf(ctx context.Context, conn *pgx.Conn) (version int64, err error) {
	var there bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, conn.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
}

// Close ends the connection.
func (b *Backup) Close() error {
	if err := b.conn.Close(context.Background()); err != nil {
		return fmt.Errorf("closing store: %w", err)
	}
	return nil
}

// Known returns which of the deliveries are stored.
func (b *Backup) Known(ctx context.Context, ids []lead.ID) (known []lead.ID, err error) {
	rows, err := b.conn.Query(ctx, `SELECT id FROM deliveries WHERE id = ANY($1)`, uuids(ids))
	if err == nil {
		err = drain(rows, func(r pgx.Rows) error {
			var x lead.ID
			err := r.Scan(id(&x))
			known = append(known, x)
			return err
		})
	}
	return known, wrapped("looking up deliveries", err)
}

// beginCopy takes one snapshot for all tables, and as long as it needs.
const beginCopy = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = 0`

// Copy implements store.Backup. Sequences stand outside of snapshots: what they gave is
// read after it, and so is no less than what is used in it.
func (b *Backup) Copy(ctx context.Context, part func(string, io.Reader) error) (c store.Copied, err error) {
	defer func() { err = wrapped("copying store", err) }()
	if err := simply(ctx, b.conn, beginCopy); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, simply(context.WithoutCancel(ctx), b.conn, `ROLLBACK`)) }()
	c = store.Copied{Engine: engine, Rows: map[string]int64{}}
	if c.Schema, err = schemaOf(ctx, b.conn); err != nil {
		return c, err
	}
	all, err := tablesOf(ctx, b.conn)
	if err != nil {
		return c, err
	}
	for _, t := range all.Tables {
		name := t.Name + tableSuffix
		if c.Rows[t.Name], err = copyOut(ctx, b.conn, t, func(r io.Reader) error { return part(name, r) }); err != nil {
			return c, fmt.Errorf("table %s: %w", t.Name, err)
		}
		c.Parts = append(c.Parts, name)
	}
	body, err := json.Marshal(all)
	if err != nil {
		return c, err
	}
	c.Parts = append(c.Parts, tablesName)
	return c, part(tablesName, bytes.NewReader(body))
}

// simply runs statements without parameters, several at once.
func simply(ctx context.Context, conn *pgx.Conn, statements string) error {
	_, err := conn.PgConn().Exec(ctx, statements).ReadAll()
	return err
}

// tablesOf lists what is copied. What goose writes is not: whoever restores migrates.
func tablesOf(ctx context.Context, conn *pgx.Conn) (all tables, err error) {
	rows, err := conn.Query(ctx, `SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'goose_db_version'
		AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname ORDER BY c.relname`)
	if err == nil {
		err = drain(rows, func(r pgx.Rows) error {
			var t table
			err := r.Scan(&t.Name, &t.Columns)
			all.Tables = append(all.Tables, t)
			return err
		})
	}
	if err != nil {
		return all, fmt.Errorf("listing tables: %w", err)
	}
	all.Sequences = map[string]int64{}
	rows, err = conn.Query(ctx, `SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL AND sequencename NOT LIKE 'goose_%'`)
	if err == nil {
		err = drain(rows, func(r pgx.Rows) error {
			var name string
			var last int64
			err := r.Scan(&name, &last)
			all.Sequences[name] = last
			return err
		})
	}
	if err != nil {
		return all, fmt.Errorf("listing sequences: %w", err)
	}
	return all, nil
}

// columns is a table with its columns, for COPY.
func (t table) columns() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(names, ", ") + ")"
}

// copyOut lets take read a table, and returns how many rows it has.
func copyOut(ctx context.Context, conn *pgx.Conn, t table, take func(io.Reader) error) (int64, error) {
	r, w := io.Pipe()
	type result struct {
		rows int64
		err  error
	}
	done := make(chan result, 1)
	go func() {
		tag, err := conn.PgConn().CopyTo(ctx, w, `COPY `+t.columns()+` TO STDOUT`)
		w.CloseWithError(err) // nil is the end
		done <- result{tag.RowsAffected(), err}
	}()
	err := take(r)
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // whoever stopped reading lets go of the writer
	end := <-done
	if err == nil {
		err = end.err
	}
	return end.rows, err
}
