// Package sqlite keeps leadgate's store in one SQLite file: the embedded default.
//
// It runs in WAL mode with synchronous=FULL, so that a commit survives a power
// cut. One connection writes, batch by batch, under a lock of its own; any number
// read beside it. Guarantees are those of package store; storetest checks them.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"leadgate/lead"
	"leadgate/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options say where the store is and how it sees the time.
type Options struct {
	Path string           // of the file; it is made when missing
	Now  func() time.Time // nil for the system's

	// NoMigrate only looks: nothing is made, brought up to date or written. A store that
	// is not there is lead.ErrNotFound, one of an earlier schema *store.SchemaError.
	NoMigrate bool

	// Yield is called before every write, and may rest: an engine that works in this
	// process leaves the processors to those who wait for an answer. nil for never.
	Yield func()

	vfs string // SQLite's name of the file system; "" for the system's, tests have others
}

// Store is a store.Store over one file.
type Store struct {
	read  *sql.DB
	write *sql.DB
	tidy  *sql.DB // moves what is committed from the log into the file, beside the writer
	now   func() time.Time
	yield func()
	stop  context.CancelFunc
	done  chan struct{} // closed when checkpoints have ended

	turn   chan struct{} // holds one: whoever put it there writes
	conn   *sql.Conn     // the writing connection
	stmts  map[string]*sql.Stmt
	person int64 // last numbers handed out
	lead   int64
	stages []lead.Stage
	waits  bool // whether any inquiry waits for a lead, or did since the start
	marks  bool // whether any persons were said to be different, or were since the start
	words  vocabulary
}

var _ store.Store = (*Store)(nil)

// Open opens or makes the store and brings its schema up to date. A schema made
// by a newer leadgate is refused.
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", err)
	}
	s := &Store{now: o.Now, yield: o.Yield, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.yield == nil {
		s.yield = func() {}
	}
	if o.NoMigrate {
		if err := s.look(ctx, path, o.vfs); err != nil {
			return nil, errors.Join(fmt.Errorf("opening store: %w", classed(err)), s.Close())
		}
		return s, nil
	}
	if err := s.connect(path, o.vfs); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w", err), s.Close())
	}
	if err := syncLog(path); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w: %w", lead.ErrUnavailable, err), s.Close())
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w", classed(err)), s.Close())
	}
	checking, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	go s.checkpoints(checking)
	return s, nil
}

// connect prepares the connections: one that writes, up to eight that read, one that
// tidies up.
func (s *Store) connect(path, vfs string) (err error) {
	if vfs != "" {
		vfs = "&vfs=" + vfs
	}
	if s.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate"+vfs, "page_size(8192)", "journal_mode(wal)", "synchronous(full)",
		"busy_timeout(10000)", "cache_size(-32768)", "wal_autocheckpoint(16384)", "temp_store(memory)", "foreign_keys(off)")); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite", dsn(path, vfs, "busy_timeout(10000)", "query_only(on)", "cache_size(-16384)", "temp_store(memory)")); err != nil {
		return err
	}
	if s.tidy, err = sql.Open("sqlite", dsn(path, vfs, "busy_timeout(0)", "synchronous(full)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.tidy.SetMaxOpenConns(1)
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(2)
	return nil
}

// syncLog makes what a killed process wrote into the log, and may not have synced,
// survive a power cut before anybody hears that it is stored.
func syncLog(path string) error {
	f, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// checkpointEvery is how often the log is moved into the file.
const checkpointEvery = 500 * time.Millisecond

// checkpoints moves the write-ahead log into the file without holding up the
// writer. What the writer then has left to do when the log is long is little. A
// checkpoint that fails is tried again; nothing depends on one.
func (s *Store) checkpoints(ctx context.Context) {
	defer close(s.done)
	t := time.NewTicker(checkpointEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_, _ = s.tidy.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
		}
	}
}

func dsn(path, extra string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Path: path}
	q := url.Values{}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u.RawQuery = q.Encode()
	if extra != "" {
		u.RawQuery += "&" + extra
	}
	return u.String()
}

func (s *Store) start(ctx context.Context) error {
	provider, err := s.migrations()
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading schema version: %w", err)
	}
	if current > target {
		return tooNew(current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	if err := s.conn.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(id), 0) FROM persons), (SELECT coalesce(max(number), 0) FROM leads), EXISTS (SELECT 1 FROM waiting), EXISTS (SELECT 1 FROM not_same)`).Scan(&s.person, &s.lead, &s.waits, &s.marks); err != nil {
		return err
	}
	if err := s.words.load(s.conn.QueryContext(ctx, `SELECT word FROM common_words`)); err != nil {
		return err
	}
	return s.loadStages(ctx)
}

// Close ends reads and writes and releases the file.
func (s *Store) Close() error {
	if s.stop != nil {
		s.stop()
		<-s.done
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	for _, db := range []*sql.DB{s.tidy, s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("closing store: %w", err)
	}
	return nil
}

// update runs fn in a write transaction, which is over when it returns or panics:
// committed when it returns nil, undone in every other case. A ctx that ends ends
// the wait for the writer's turn; what has begun runs to its end.
func (s *Store) update(ctx context.Context, doing string, fn func(context.Context) error) (err error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, classed(ctx.Err()))
	}
	defer func() { <-s.turn }()
	if err := ctx.Err(); err != nil { // both were there, and chance chose the turn
		return fmt.Errorf("%s: %w", doing, classed(err))
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := s.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("%s: %w", doing, classed(err))
	}
	committed := false
	defer func() {
		if committed {
			return
		}
		if undo := s.rollback(ctx); undo != nil {
			err = errors.Join(err, fmt.Errorf("%s: undoing: %w", doing, classed(undo)))
		}
	}()
	if err := fn(ctx); err != nil {
		return fmt.Errorf("%s: %w", doing, classed(err))
	}
	if _, err := s.exec(ctx, `COMMIT`); err != nil {
		return fmt.Errorf("%s: %w", doing, classed(err))
	}
	committed = true
	return nil
}

// rollback undoes a transaction that the database has not undone by itself, as it
// does on some errors. It yields to nobody.
func (s *Store) rollback(ctx context.Context) error {
	_, err := s.conn.ExecContext(ctx, `ROLLBACK`)
	if noTransaction(err) {
		return nil
	}
	return err
}

// stmt returns the prepared statement of a text on the writing connection. Call
// with the lock held, with constant texts only.
func (s *Store) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st := s.stmts[text]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.stmts[text] = st
	return st, nil
}

func (s *Store) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	s.yield()
	st, err := s.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// classed gives an error of the database its class: what is about the data, asked
// or stored, is permanent, everything else may pass.
func classed(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil, errors.Is(err, lead.ErrInvalid), errors.Is(err, lead.ErrNotFound), errors.Is(err, lead.ErrConflict), lead.IsPermanent(err):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return lead.ErrNotFound
	case unreadable(err):
		return fmt.Errorf("%w: reading what is stored: %w", lead.ErrPermanent, err)
	case errors.As(err, &e):
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
			return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
			return fmt.Errorf("%w: %w: %w", lead.ErrUnavailable, lead.ErrFull, err)
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

func noTransaction(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_ERROR
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// null stores 0 as NULL.
func null(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func blobID(b []byte) (id lead.ID) {
	copy(id[:], b)
	return id
}
