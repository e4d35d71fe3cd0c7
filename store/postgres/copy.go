package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"leadgate/lead"
)

// inserts are new rows of one table in the binary form of COPY (PostgreSQL's manual, COPY,
// "Binary Format"). Nothing is planned for them, and the server takes a page at a time:
// a batch costs about half of what INSERT costs.
type inserts struct {
	table   string // with its columns, in the order of a row's values
	columns int
	count   int
	data    []byte
}

// usualRow is more bytes than most rows have.
const usualRow = 1 << 10

// The header of the binary form, without extensions, and what comes after the last row.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// row begins a row. Its values follow, one for each column.
func (r *inserts) row() *inserts {
	if r.count++; r.count == 1 {
		r.data = append(r.data, copyHeader...)
	}
	if cap(r.data)-len(r.data) < usualRow { // append alone would copy a large batch many times
		r.data = slices.Grow(r.data, len(r.data)+usualRow)
	}
	r.data = binary.BigEndian.AppendUint16(r.data, uint16(r.columns))
	return r
}

// size begins a value of n bytes.
func (r *inserts) size(n int) { r.data = binary.BigEndian.AppendUint32(r.data, uint32(int32(n))) }

func (r *inserts) uuid(x lead.ID) *inserts {
	r.size(len(x))
	r.data = append(r.data, x[:]...)
	return r
}

func (r *inserts) text(s string) *inserts {
	r.size(len(s))
	r.data = append(r.data, s...)
	return r
}

// bytea is bytes, or NULL for nil.
func (r *inserts) bytea(b []byte) *inserts {
	if b == nil {
		return r.null()
	}
	r.size(len(b))
	r.data = append(r.data, b...)
	return r
}

func (r *inserts) bigint(n int64) *inserts {
	r.size(8)
	r.data = binary.BigEndian.AppendUint64(r.data, uint64(n))
	return r
}

func (r *inserts) integer(n int32) *inserts {
	r.size(4)
	r.data = binary.BigEndian.AppendUint32(r.data, uint32(n))
	return r
}

func (r *inserts) double(f float64) *inserts { return r.bigint(int64(math.Float64bits(f))) }

func (r *inserts) null() *inserts {
	r.size(-1)
	return r
}

// filled is a text, or NULL for an empty one.
func (r *inserts) filled(s string) *inserts {
	if s == "" {
		return r.null()
	}
	return r.text(s)
}

// known is a number, or NULL for 0.
func (r *inserts) known(n int64) *inserts {
	if n == 0 {
		return r.null()
	}
	return r.bigint(n)
}

// bigints is an array: one dimension that counts from 1, and no NULL.
func (r *inserts) bigints(list []int64) *inserts {
	const dimensions, header, oid = 1, 20, 20
	r.size(header + len(list)*12)
	for _, n := range [...]int{dimensions, 0, oid, len(list), 1} {
		r.size(n)
	}
	for _, n := range list {
		r.bigint(n)
	}
	return r
}

// bufferedRows is how much is gathered before it is sent.
const bufferedRows = 64 << 10

// insert sends the rows of all tables, and a last statement unless it is "", in one round
// trip, and returns the first error. No answer is waited for in between: what follows a
// table that was refused is refused too, or ignored, as the protocol has it.
func (t *tx) insert(ctx context.Context, tables []*inserts, last string) error {
	tables = slices.DeleteFunc(tables, func(r *inserts) bool { return r.count == 0 })
	answers := len(tables)
	if last != "" {
		answers++
	}
	if answers == 0 {
		return nil
	}
	conn := t.Conn.Conn().PgConn()
	err := sendRows(ctx, conn, tables, last)
	if err == nil {
		err = awaitRows(ctx, conn, answers)
	}
	if e := (*pgconn.PgError)(nil); err != nil && !errors.As(err, &e) { // who knows what the server still says
		return errors.Join(err, conn.Close(ctx))
	}
	return err
}

func sendRows(ctx context.Context, conn *pgconn.PgConn, tables []*inserts, last string) error {
	deadline, _ := ctx.Deadline()
	if err := conn.Conn().SetWriteDeadline(deadline); err != nil {
		return err
	}
	front := conn.Frontend()
	buffered := 0
	for _, r := range tables {
		front.SendQuery(&pgproto3.Query{String: "COPY " + r.table + " FROM STDIN BINARY"})
		front.Send(&pgproto3.CopyData{Data: append(r.data, copyTrailer...)})
		front.Send(&pgproto3.CopyDone{})
		if buffered += len(r.data); buffered < bufferedRows {
			continue
		}
		if err := front.Flush(); err != nil {
			return err
		}
		buffered = 0
	}
	if last != "" {
		front.SendQuery(&pgproto3.Query{String: last})
	}
	if err := front.Flush(); err != nil {
		return err
	}
	return conn.Conn().SetWriteDeadline(time.Time{})
}

// awaitRows reads what the server says of so many statements.
func awaitRows(ctx context.Context, conn *pgconn.PgConn, statements int) error {
	var failed error
	for statements > 0 {
		m, err := conn.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			if failed == nil {
				failed = pgconn.ErrorResponseToPgError(m)
			}
		case *pgproto3.ReadyForQuery:
			statements--
		}
	}
	return failed
}
