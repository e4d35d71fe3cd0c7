package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/sqlite"
)

// rawBatch is how many deliveries' rows go into one transaction: what a worker of
// the gateway takes at most.
const rawBatch = 256

// tables are those the hot transaction writes a row to for each new person, with
// the column that rises with the deliveries.
var tables = [...]struct{ name, order string }{{"deliveries", "n"}, {"persons", "id"}, {"holders", "person"}, {"leads", "number"}, {"inquiries", "n"}}

// rawResult is what raw inserts did.
type rawResult struct {
	rows, bytes int64
	took        time.Duration // from BEGIN to COMMIT; reading the rows is left out
}

// copyRows reads the rows of the first n leads and writes them to a new file with
// plain batched statements: the same schema, made by the store's own migrations,
// the same settings, and the store's own checkpoints beside it.
func copyRows(ctx context.Context, from, to string, n int64, words bool) (res rawResult, err error) {
	beside, err := sqlite.Open(ctx, sqlite.Options{Path: to})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, beside.Close()) }()
	src, err := sql.Open("sqlite", dsn(from, "query_only(on)"))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := sql.Open("sqlite", dsn(to, "synchronous(full)", "busy_timeout(10000)", "cache_size(-65536)", "wal_autocheckpoint(16384)", "temp_store(memory)"))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	dst.SetMaxOpenConns(1)
	c := &copier{dst: dst, stmts: map[string]*sql.Stmt{}, counts: map[string]int64{}, words: words}
	for _, t := range tables {
		s, err := openStream(ctx, src, t.name, t.order, n)
		if err != nil {
			return res, err
		}
		defer s.rows.Close()
		c.streams = append(c.streams, s)
	}
	for hi := int64(rawBatch); hi < n+rawBatch; hi += rawBatch {
		if err := c.batch(ctx, min(hi, n)); err != nil {
			return res, fmt.Errorf("inserting rows: %w", err)
		}
	}
	return c.res, c.whole(n)
}

// whole returns an error when rows are missing that each lead has: less work would
// be less time.
func (c *copier) whole(n int64) error {
	for _, t := range tables {
		if got := c.counts[t.name]; got < n {
			return fmt.Errorf("inserting rows: of %d leads there are %d %s", n, got, t.name)
		}
	}
	return nil
}

func dsn(path string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()}
	return u.String()
}

// stream is a table read in the order of its deliveries.
type stream struct {
	table   string
	insert  string
	rows    *sql.Rows
	columns []string
	order   int   // index of the ordering column
	pending []any // read, and beyond the batch it was read for
}

func openStream(ctx context.Context, db *sql.DB, table, order string, n int64) (*stream, error) {
	rows, err := db.QueryContext(ctx, `SELECT * FROM `+table+` WHERE `+order+` BETWEEN 1 AND ? ORDER BY `+order, n)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	cols, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", table, err), rows.Close())
	}
	s := &stream{table: table, rows: rows, columns: cols, order: slices.Index(cols, order)}
	s.insert = `INSERT INTO ` + table + ` (` + strings.Join(cols, ", ") + `) VALUES (?` + strings.Repeat(", ?", len(cols)-1) + `)`
	return s, nil
}

// upTo returns the rows not given yet whose order is at most hi.
func (s *stream) upTo(hi int64) ([][]any, error) {
	var out [][]any
	for {
		row := s.pending
		if s.pending = nil; row == nil {
			if !s.rows.Next() {
				return out, s.rows.Err()
			}
			row = make([]any, len(s.columns))
			to := make([]any, len(row))
			for i := range row {
				to[i] = &row[i]
			}
			if err := s.rows.Scan(to...); err != nil {
				return nil, err
			}
		}
		if at, ok := row[s.order].(int64); !ok || at > hi {
			s.pending = row
			return out, nil
		}
		out = append(out, row)
	}
}

// copier writes batches.
type copier struct {
	dst     *sql.DB
	streams []*stream
	stmts   map[string]*sql.Stmt
	counts  map[string]int64 // rows read, by table
	words   bool             // the search index too
	res     rawResult
}

// statement is one insert that is ready to run.
type statement struct {
	text string
	args []any
}

func (c *copier) batch(ctx context.Context, hi int64) error {
	var todo []statement
	for _, s := range c.streams {
		rows, err := s.upTo(hi)
		if err != nil {
			return err
		}
		c.counts[s.table] += int64(len(rows))
		for _, row := range rows {
			todo = append(todo, statement{s.insert, row})
			if s.table != "leads" || !c.words {
				continue
			}
			words, err := wordsOf(s, row)
			if err != nil {
				return err
			}
			todo = append(todo, statement{`INSERT INTO lead_words (rowid, words) VALUES (?, ?)`, []any{row[s.order], words}})
		}
	}
	for _, st := range todo {
		if err := c.prepare(ctx, st.text); err != nil {
			return err
		}
		c.res.bytes += size(st.args)
	}
	c.res.rows += int64(len(todo))
	return c.write(ctx, todo)
}

func (c *copier) prepare(ctx context.Context, text string) (err error) {
	if c.stmts[text] == nil {
		c.stmts[text], err = c.dst.PrepareContext(ctx, text) // closed with the database
	}
	return err
}

// write is what is timed.
func (c *copier) write(ctx context.Context, todo []statement) error {
	start := time.Now()
	tx, err := c.dst.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	bound := make(map[string]*sql.Stmt, len(c.stmts))
	for text, st := range c.stmts {
		bound[text] = tx.StmtContext(ctx, st)
	}
	for _, st := range todo {
		if _, err := bound[st.text].ExecContext(ctx, st.args...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	c.res.took += time.Since(start)
	return nil
}

// wordsOf makes what the search index holds of a lead, which cannot be read back.
func wordsOf(s *stream, row []any) (string, error) {
	var data []byte
	switch v := row[slices.Index(s.columns, "data")].(type) {
	case []byte:
		data = v
	case string:
		data = []byte(v)
	}
	var l lead.Lead
	if err := store.DecodeLead(data, &l); err != nil {
		return "", err
	}
	return strings.Join(store.Tokens(&l), " "), nil
}

// size is how many bytes values have: those of texts, eight for a number.
func size(row []any) int64 {
	n := 0
	for _, v := range row {
		switch v := v.(type) {
		case []byte:
			n += len(v)
		case string:
			n += len(v)
		case nil:
		default:
			n += 8
		}
	}
	return int64(n)
}
