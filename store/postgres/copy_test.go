package postgres

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"leadgate/lead"
)

// copied is a table with a column of every kind of value.
const copied = `CREATE TABLE copied (k bigint PRIMARY KEY, u uuid, t text, f text, b bytea, i integer, d double precision, n bigint, a bigint[])`

// value is a row of it.
type value struct {
	k       int64
	u       lead.ID
	t, f    string
	b       []byte
	i       int32
	d       float64
	n       int64
	numbers []int64
}

func (v value) into(r *inserts) {
	r.row().bigint(v.k).uuid(v.u).text(v.t).filled(v.f).bytea(v.b).integer(v.i).double(v.d).known(v.n).bigints(v.numbers)
}

func copiedRows() *inserts { return (&writing{}).into(`copied (k, u, t, f, b, i, d, n, a)`) }

// What is copied reads back as it was, in any size and with every NULL.
func TestInsert(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	if _, err := s.write.Exec(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	values := []value{
		{k: 1, u: lead.NewID(), t: "a\tb\\N\n", f: "x", b: []byte{0, 255}, i: -1, d: math.Inf(-1), n: math.MinInt64, numbers: []int64{1, -2}},
		{k: 2, d: -0.5, numbers: []int64{}},
		{k: math.MaxInt64, t: strings.Repeat("é", 300_000), b: []byte{}, i: math.MaxInt32, n: 7, numbers: make([]int64, 5_000)},
	}
	rows, more := copiedRows(), copiedRows()
	for _, v := range values[:2] {
		v.into(rows)
	}
	values[2].into(more)
	if err := s.rows(t.Context(), "copying", func(ctx context.Context, x *tx) error { return x.insert(ctx, []*inserts{rows, copiedRows(), more}, "") }); err != nil {
		t.Fatal(err)
	}
	for _, want := range values {
		var got value
		var f *string
		var n *int64
		if err := s.read.QueryRow(t.Context(), `SELECT k, u, t, f, b, i, d, n, a FROM copied WHERE k = $1`, want.k).
			Scan(&got.k, id(&got.u), &got.t, &f, &got.b, &got.i, &got.d, &n, &got.numbers); err != nil {
			t.Fatal(err)
		}
		if (f == nil) != (want.f == "") || (n == nil) != (want.n == 0) || (got.b == nil) != (want.b == nil) {
			t.Errorf("row %d: NULL stands where it should not, or is missing: %v, %v, %v", want.k, f, n, got.b)
		}
		if got.u != want.u || got.t != want.t || f != nil && *f != want.f || !slices.Equal(got.b, want.b) || got.i != want.i || got.d != want.d || n != nil && *n != want.n || !slices.Equal(got.numbers, want.numbers) {
			t.Errorf("row %d reads back otherwise", want.k)
		}
	}
}

// A row that is refused undoes everything, names its cause, and leaves the connection
// as good as before, whatever was sent behind it.
func TestInsertRefused(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	if _, err := s.write.Exec(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	var session uint32
	for name, c := range map[string]struct {
		spoil func(*inserts)
		code  string
	}{
		"twice":        {func(r *inserts) { value{k: 1}.into(r); value{k: 1}.into(r) }, "23505"},
		"no UTF-8":     {func(r *inserts) { value{k: 1, t: "\xff"}.into(r) }, "22021"},
		"NUL":          {func(r *inserts) { value{k: 1, t: "\x00"}.into(r) }, "22021"},
		"short":        {func(r *inserts) { r.row().bigint(1) }, "22P04"},
		"wide":         {func(r *inserts) { r.columns++; value{k: 1}.into(r) }, "22P04"},
		"no table":     {func(r *inserts) { r.table = "nowhere (k)"; value{k: 1}.into(r) }, "42P01"},
		"large behind": {func(r *inserts) { value{k: 1}.into(r); value{k: 1, t: strings.Repeat("x", 4<<20)}.into(r) }, "23505"},
	} {
		err := s.turn(t.Context(), s.write, beginRows, func(ctx context.Context, x *tx) error {
			pid := x.Conn.Conn().PgConn().PID()
			if session != 0 && pid != session {
				t.Errorf("%s: the connection before was thrown away", name)
			}
			session = pid
			good, bad, behind := copiedRows(), copiedRows(), copiedRows()
			value{k: 10}.into(good)
			c.spoil(bad)
			value{k: 11, t: strings.Repeat("y", 200_000)}.into(behind)
			return x.insert(ctx, []*inserts{good, bad, behind}, `COMMIT`)
		})
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		var n int
		if err := s.write.QueryRow(t.Context(), `SELECT count(*) FROM copied`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d rows are left, %v", name, n, err)
		}
	}
}

// A server that is gone in the middle is an error, and its connection is not used again.
func TestInsertCutOff(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	if _, err := s.write.Exec(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	rows := copiedRows()
	value{k: 1, t: strings.Repeat("x", 1<<20)}.into(rows)
	err := s.turn(t.Context(), s.write, beginRows, func(ctx context.Context, x *tx) error {
		if _, err := s.read.Exec(ctx, `SELECT pg_terminate_backend($1)`, int32(x.Conn.Conn().PgConn().PID())); err != nil {
			return err
		}
		return x.insert(ctx, []*inserts{rows}, `COMMIT`)
	})
	if classed(err) == nil || lead.IsPermanent(classed(err)) {
		t.Errorf("insert = %v, want an error that may pass", err)
	}
	var n int
	if err := s.write.QueryRow(t.Context(), `SELECT count(*) FROM copied`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}
