package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// pgResult is what raw inserts did.
type pgResult struct {
	rows, bytes    int64
	tables         map[string]int64 // rows of each
	took           time.Duration    // from the first BEGIN to the last COMMIT; reading the rows is left out
	server, client time.Duration    // processor time
}

// pgTable is a table that was read, a slice of values a column. Numbers that the
// database makes itself are left out: it makes them again.
type pgTable struct {
	name    string
	columns []pgColumn
	rows    int
	bytes   int64
}

// pgColumn is a column and its values in the form in which the driver sends arrays.
type pgColumn struct {
	name, kind string
	values     values
}

// values collects the values of a column and gives pieces of them.
type values interface {
	target() any // where the next value is scanned to
	take() int   // takes it in, and returns its bytes
	piece(from, to int) any
}

// column collects values of one type. size tells how many bytes one has.
type column[T any] struct {
	next *T
	list []*T
	size func(T) int
}

func (c *column[T]) target() any { c.next = nil; return &c.next }

func (c *column[T]) take() int {
	c.list = append(c.list, c.next)
	if c.next == nil {
		return 0
	}
	return c.size(*c.next)
}

func (c *column[T]) piece(from, to int) any { return c.list[from:to] }

// blobs collects bytea, ids uuid: both come as bytes.
type blobs struct {
	next []byte
	list [][]byte
}

func (c *blobs) target() any            { c.next = nil; return &c.next }
func (c *blobs) take() int              { c.list = append(c.list, slices.Clone(c.next)); return len(c.next) }
func (c *blobs) piece(from, to int) any { return c.list[from:to] }

type ids struct {
	next string
	list [][16]byte
	bad  bool
}

func (c *ids) target() any { return &c.next }

func (c *ids) take() int {
	var id [16]byte
	if n, err := hex.Decode(id[:], []byte(strings.ReplaceAll(c.next, "-", ""))); err != nil || n != len(id) {
		c.bad = true
	}
	c.list = append(c.list, id)
	return len(id)
}

func (c *ids) piece(from, to int) any { return c.list[from:to] }

// collect returns what collects a column of a type.
func collect(kind string) (values, error) {
	eight := func(int64) int { return 8 }
	switch kind {
	case "bigint":
		return &column[int64]{size: eight}, nil
	case "integer":
		return &column[int32]{size: func(int32) int { return 4 }}, nil
	case "double precision":
		return &column[float64]{size: func(float64) int { return 8 }}, nil
	case "boolean":
		return &column[bool]{size: func(bool) int { return 1 }}, nil
	case "text":
		return &column[string]{size: func(s string) int { return len(s) }}, nil
	case "bytea":
		return &blobs{}, nil
	case "uuid":
		return &ids{}, nil
	}
	return nil, fmt.Errorf("reading rows: a column is of type %s, which is not known here", kind)
}

// readTables reads every table that has rows, in the order in which they were written,
// but for those that have some in an empty store too.
func readTables(ctx context.Context, dsn, empty string) (list []*pgTable, err error) {
	besides, err := namesOf(ctx, empty)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, dsn)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, errors.New("reading rows: the address is no URL")
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, name := range names {
		if slices.Contains(besides, name) {
			continue
		}
		t, err := readTable(ctx, db, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		list = append(list, t)
	}
	return list, nil
}

// namesOf returns the tables of a database that have rows.
func namesOf(ctx context.Context, dsn string) (names []string, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, errors.New("reading rows: the address is no URL")
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	all, err := texts(ctx, db, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`)
	if err != nil {
		return nil, err
	}
	for _, name := range all {
		var some bool
		if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+name+`)`).Scan(&some); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if some {
			names = append(names, name)
		}
	}
	return names, nil
}

func texts(ctx context.Context, db *sql.DB, query string) (list []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func readTable(ctx context.Context, db *sql.DB, name string) (t *pgTable, err error) {
	t = &pgTable{name: name}
	columns, err := texts(ctx, db, `SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = '`+name+`'::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum`)
	if err != nil {
		return nil, err
	}
	var selected []string
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		selected = append(selected, name)
		t.columns = append(t.columns, pgColumn{name: name, kind: kind})
	}
	rows, err := db.QueryContext(ctx, `SELECT `+strings.Join(selected, ", ")+` FROM `+name+` ORDER BY ctid`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ; rows.Next(); t.rows++ {
		to := make([]any, len(t.columns))
		for i := range t.columns {
			c := &t.columns[i]
			if c.values == nil { // only now: a table without rows may be of any type
				if c.values, err = collect(c.kind); err != nil {
					return nil, err
				}
			}
			to[i] = c.values.target()
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		for i := range t.columns {
			t.bytes += int64(t.columns[i].values.take())
		}
	}
	for i := range t.columns {
		if x, ok := t.columns[i].values.(*ids); ok && x.bad {
			return nil, errors.New("an id is none")
		}
	}
	return t, rows.Err()
}

// insert returns the statement that inserts a piece of a table, as the store's own do.
func (t *pgTable) insert() string {
	var columns, arrays []string
	for i, c := range t.columns {
		columns, arrays = append(columns, c.name), append(arrays, fmt.Sprintf("$%d::%s[]", i+1, c.kind))
	}
	return `INSERT INTO ` + t.name + ` (` + strings.Join(columns, ", ") + `) SELECT * FROM unnest(` + strings.Join(arrays, ", ") + `)`
}

// insertTables writes all rows in so many transactions, on so many connections at
// once. Each has its part of every table.
func insertTables(ctx context.Context, dsn string, tables []*pgTable, batches, writers int) (res pgResult, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return res, errors.New("inserting rows: the address is no URL")
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(writers)
	db.SetMaxIdleConns(writers)
	res.tables = map[string]int64{}
	for _, t := range tables {
		res.rows, res.bytes, res.tables[t.name] = res.rows+int64(t.rows), res.bytes+t.bytes, int64(t.rows)
	}
	next := make(chan int, batches)
	for i := range batches {
		next <- i
	}
	close(next)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := time.Now()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range next {
				if err := insertBatch(ctx, db, tables, i, batches); err != nil {
					cancel(fmt.Errorf("inserting rows: %w", err))
					return
				}
			}
		})
	}
	wg.Wait()
	res.took = time.Since(start)
	return res, context.Cause(ctx)
}

// insertBatch is one transaction.
func insertBatch(ctx context.Context, db *sql.DB, tables []*pgTable, i, of int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, t := range tables {
		from, to := t.rows*i/of, t.rows*(i+1)/of
		if from == to {
			continue
		}
		args := make([]any, len(t.columns))
		for c := range t.columns {
			args[c] = t.columns[c].values.piece(from, to)
		}
		if _, err := tx.ExecContext(ctx, t.insert(), args...); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", t.name, err), tx.Rollback())
		}
	}
	return tx.Commit()
}

// most names the tables with the most rows, for reading.
func (r pgResult) most(leads int64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.tables)) {
		if each := float64(r.tables[name]) / float64(max(leads, 1)); each >= 0.005 {
			out = append(out, fmt.Sprintf("%s %.2f", name, each))
		}
	}
	return strings.Join(out, ", ")
}
