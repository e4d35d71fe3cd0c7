// Package postgres keeps leadgate's store in PostgreSQL, shared by any number of nodes.
//
// A transaction reads one snapshot of the database, decides, and writes. What two
// transactions decide at once about the same person, value or lead meets in a row or a
// unique index: one of them fails, and decides anew on what the other stored. A batch
// that failed several times runs alone (see turn.go). Nothing is kept in a session, so
// that a pooler in transaction mode may stand between. Guarantees are those of package
// store; storetest checks them.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"leadgate/lead"
	"leadgate/store"
)

// Options say where the store is and how it sees the time.
type Options struct {
	DSN     string           // postgres://…, as libpq reads it
	Migrate string           // a DSN that reaches the server without a pooler in transaction mode; "" for DSN
	Writers int              // connections that write; 0 for 6
	Readers int              // connections that read; 0 for 8
	Now     func() time.Time // nil for the system's

	// NoMigrate only looks: nothing is made or brought up to date. A store of an earlier
	// schema, or without any, is *store.SchemaError.
	NoMigrate bool
}

// Store is a store.Store in one database.
type Store struct {
	write *pgxpool.Pool
	read  *pgxpool.Pool // of its own, so that what waits for a lock starves nobody who looks
	now   func() time.Time
	own   bool // that clock is its own, and the database's counts for nothing

	persons numbers
	leads   numbers
	folds   folds
}

var _ store.Store = (*Store)(nil)

// The pools, and how long a connection that is not used is kept.
const (
	defaultWriters = 6
	defaultReaders = 8
	connectTime    = 5 * time.Second
	idleTime       = 5 * time.Minute
)

// Open connects, checks that a commit means what it should, and brings the schema up
// to date, one node after the other. A schema made by a newer leadgate is refused.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{now: o.Now, own: o.Now != nil, persons: numbers{sequence: "person_ids"}, leads: numbers{sequence: "lead_numbers"}}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w", classed(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.write, err = connect(ctx, o.DSN, o.Writers, defaultWriters); err != nil {
		return err
	}
	if s.read, err = connect(ctx, o.DSN, o.Readers, defaultReaders); err != nil {
		return err
	}
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	if o.NoMigrate {
		return look(ctx, o)
	}
	if err := migrate(ctx, o); err != nil {
		return err
	}
	return s.makeStages(ctx)
}

// connect makes a pool. Descriptions of statements are kept here and not on the
// server: no named statement outlives a transaction.
func connect(ctx context.Context, dsn string, size, standard int) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil { // its text shows the DSN, and with it the password
		return nil, fmt.Errorf("%w: --store is postgres://USER@HOST/DATABASE", lead.ErrInvalid)
	}
	if size == 0 {
		size = standard
	}
	c.MaxConns, c.MinConns, c.MaxConnIdleTime = int32(size), 0, idleTime
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	c.ConnConfig.StatementCacheCapacity = 0
	c.ConnConfig.ConnectTimeout = connectTime
	c.PingTimeout = connectTime // of one that nobody used for a while; else a server that went silent is waited for
	return pgxpool.NewWithConfig(ctx, c)
}

// checkServer refuses a server that says committed before it is on disk, and a database
// that cannot hold what people write.
func (s *Store) checkServer(ctx context.Context) error {
	for _, setting := range [...]string{"synchronous_commit", "fsync", "server_encoding"} {
		var value string
		if err := s.write.QueryRow(ctx, `SELECT current_setting($1)`, setting).Scan(&value); err != nil {
			return err
		}
		switch {
		case setting == "server_encoding" && value != "UTF8":
			return fmt.Errorf("%w: the database has the encoding %s, which lacks letters people write with; make it with ENCODING 'UTF8'", lead.ErrInvalid, value)
		case value == "off":
			return fmt.Errorf("%w: PostgreSQL runs with %s=off: what it calls stored would not survive a power cut; set it to on", lead.ErrInvalid, setting)
		}
	}
	return nil
}

// Close ends reads and writes and lets the connections go.
func (s *Store) Close() error {
	for _, p := range []*pgxpool.Pool{s.write, s.read} {
		if p != nil {
			p.Close()
		}
	}
	return nil
}

// makeStages writes the default stages into a new store.
func (s *Store) makeStages(ctx context.Context) error {
	stages, err := s.Stages(ctx)
	if err != nil || len(stages) > 0 {
		return err
	}
	return s.alone(ctx, "writing stages", func(ctx context.Context, t *tx) error {
		var there bool
		if err := t.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM stages)`).Scan(&there); err != nil || there {
			return err
		}
		var b batch
		for i, st := range lead.DefaultStages() {
			b.exec(`INSERT INTO stages (position, id, title, meaning, ask) VALUES ($1, $2, $3, $4, $5)`, i, st.ID, st.Title, string(st.Meaning), st.Ask)
		}
		return t.send(ctx, &b)
	})
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
func null(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}
