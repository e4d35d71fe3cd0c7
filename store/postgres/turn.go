package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"leadgate/lead"
)

// tx is a transaction on a connection of its own.
type tx struct{ *pgxpool.Conn }

// How transactions begin. LOCK comes before the first statement that reads, which is
// where the snapshot is taken: whoever ran alone before is seen whole. Settings hold
// for the transaction only, since a pooler may give the session to others. What is asked
// here is a few rows by their keys, whatever a table's statistics say today, and so it
// is planned.
const (
	settings = `SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '10s'; ` +
		`SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; `
	beginWrite = `BEGIN ISOLATION LEVEL REPEATABLE READ; ` + settings + `LOCK TABLE turn IN ROW SHARE MODE`
	beginAlone = `BEGIN ISOLATION LEVEL REPEATABLE READ; ` + settings + `LOCK TABLE turn IN EXCLUSIVE MODE`
	beginRead  = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ` + settings
	beginRows  = `BEGIN ISOLATION LEVEL READ COMMITTED; ` + settings
)

const (
	turnTime   = 12 * time.Second // for a whole transaction, so that a server that went silent is noticed
	aloneAfter = 3                // tries beside others, before a transaction runs alone
	retryPause = 4 * time.Millisecond
)

// update runs fn in a transaction beside others. When it meets one of them in a row or
// a unique index it runs again, on what the other stored, and in the end alone, where
// it meets nobody. A ctx that ends ends the wait for a connection; what has begun runs
// to its end.
func (s *Store) update(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	for try := 1; try <= aloneAfter; try++ {
		err := s.turn(ctx, s.write, beginWrite, fn)
		if !met(err) {
			return wrapped(doing, err)
		}
		time.Sleep(rand.N(retryPause << try))
	}
	return s.alone(ctx, doing, fn)
}

// alone runs fn in a transaction while no other one takes part in deciding. Those that
// take rows, such as jobs, may still be met: then it runs again.
func (s *Store) alone(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	return s.again(ctx, s.write, beginAlone, doing, fn)
}

// again runs fn in a transaction, and some times more when it met another one.
func (s *Store) again(ctx context.Context, pool *pgxpool.Pool, begin, doing string, fn func(context.Context, *tx) error) error {
	for try := 1; ; try++ {
		err := s.turn(ctx, pool, begin, fn)
		if try > aloneAfter || !met(err) {
			return wrapped(doing, err)
		}
		time.Sleep(rand.N(retryPause << try))
	}
}

// view runs fn in a transaction that only reads, all of it in one snapshot.
func (s *Store) view(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	return wrapped(doing, s.turn(ctx, s.read, beginRead, fn))
}

// rows runs fn in a transaction that takes rows nobody else has locked: each of its
// statements sees what is there when it begins.
func (s *Store) rows(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	return s.again(ctx, s.write, beginRows, doing, fn)
}

// look runs fn on a connection that reads, without a transaction: for a single statement.
func (s *Store) look(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	conn, err := s.read.Acquire(ctx)
	if err != nil {
		return wrapped(doing, err)
	}
	defer conn.Release()
	return wrapped(doing, fn(ctx, &tx{conn}))
}

// turn runs one transaction: committed when fn returns nil, undone in every other case.
func (s *Store) turn(ctx context.Context, pool *pgxpool.Pool, begin string, fn func(context.Context, *tx) error) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // one whose transaction is not over is closed, which undoes it
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), turnTime)
	defer cancel()
	if err := simple(ctx, conn, begin); err != nil {
		return err
	}
	if err := fn(ctx, &tx{conn}); err != nil {
		return errors.Join(err, rollback(ctx, conn))
	}
	if conn.Conn().PgConn().TxStatus() == 'I' { // fn committed with its last statements
		return nil
	}
	return simple(ctx, conn, `COMMIT`)
}

func rollback(ctx context.Context, conn *pgxpool.Conn) error {
	if conn.Conn().IsClosed() {
		return nil
	}
	return simple(ctx, conn, `ROLLBACK`)
}

// simple runs statements without parameters in one round trip.
func simple(ctx context.Context, conn *pgxpool.Conn, text string) error {
	_, err := conn.Conn().PgConn().Exec(ctx, text).ReadAll()
	return err
}

// met reports whether a transaction failed because it met another one: deciding anew
// helps. A unique index tells so too: what stands in it was not seen.
func met(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01" || e.Code == "23505")
}

func wrapped(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, classed(err))
}

// classed gives an error of the database its class: what is about the data, asked or
// stored, is permanent, everything else may pass. Messages of the server are kept and
// its details are not: they show values.
func classed(err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, lead.ErrInvalid), errors.Is(err, lead.ErrNotFound), errors.Is(err, lead.ErrConflict), lead.IsPermanent(err):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return lead.ErrNotFound
	case unreadable(err):
		return fmt.Errorf("%w: reading what is stored: %w", lead.ErrPermanent, err)
	case errors.As(err, &e):
		switch e.Code[:2] {
		case "22", "23", "54": // data, constraints, program limits
			return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
		}
		switch e.Code {
		case "53100":
			return fmt.Errorf("%w: %w: %w", lead.ErrUnavailable, lead.ErrFull, err)
		case "57014", "55P03": // the time of a statement, or for a lock
			return fmt.Errorf("%w: %w: %w", lead.ErrUnavailable, context.DeadlineExceeded, err)
		}
	}
	return fmt.Errorf("%w: %w", lead.ErrUnavailable, err)
}

// unreadable reports whether a stored value is not what it should be: reading it
// again gives the same.
func unreadable(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var number *strconv.NumError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.As(err, &number)
}
