package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
)

// each runs a query and calls row for each row of it.
func (t *tx) each(ctx context.Context, text string, row func(pgx.Rows) error, args ...any) error {
	rows, err := t.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	return drain(rows, row)
}

// drain calls row for each row and closes them.
func drain(rows pgx.Rows, row func(pgx.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// batch is several statements for one round trip, each with who reads its rows.
type batch struct {
	pgx.Batch
	reads []func(pgx.Rows) error
}

// query adds a query.
func (b *batch) query(text string, row func(pgx.Rows) error, args ...any) {
	b.Queue(text, args...)
	b.reads = append(b.reads, row)
}

// exec adds a statement whose rows nobody reads.
func (b *batch) exec(text string, args ...any) {
	b.query(text, func(pgx.Rows) error { return nil }, args...)
}

// send runs the statements of a batch in one round trip; the first that fails ends it.
func (t *tx) send(ctx context.Context, b *batch) (err error) {
	if len(b.reads) == 0 {
		return nil
	}
	results := t.SendBatch(ctx, &b.Batch)
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed
		}
	}()
	for _, read := range b.reads {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		if err := drain(rows, read); err != nil {
			return err
		}
	}
	return nil
}

// uuids returns ids as the driver knows them.
func uuids(ids []lead.ID) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// id lets an id be read.
func id(to *lead.ID) *[16]byte { return (*[16]byte)(to) }

// lines reads a text of lines; none are nil.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// text makes what people sent fit for a text column: it holds no NUL and only UTF-8.
func text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "\uFFFD")
}

// texts makes texts fit for comparing with text columns.
func texts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}
