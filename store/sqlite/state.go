package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Names of the numbers that only grow.
const (
	revisionSources = "sources"
	revisionState   = "state"
)

// lastRune sorts behind all that may follow a prefix.
const lastRune = "\U0010FFFF"

// prunedAtOnce is how many values whose time is over a write takes away with it.
const prunedAtOnce = 16

// next counts a number up and returns it.
func (s *Store) next(ctx context.Context, name string) (n int64, err error) {
	st, err := s.stmt(ctx, `UPDATE revisions SET n = n + 1 WHERE name = ? RETURNING n`)
	if err != nil {
		return 0, err
	}
	return n, st.QueryRowContext(ctx, name).Scan(&n)
}

// State returns the value under a key.
func (s *Store) State(ctx context.Context, key string) (store.StateRecord, error) {
	r := store.StateRecord{Key: key}
	var expires sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT value, version, expires FROM state WHERE key = ? AND (expires IS NULL OR expires > ?)`, key, micros(s.now())).
		Scan(&r.Value, &r.Version, &expires)
	if err != nil {
		return store.StateRecord{}, fmt.Errorf("reading state: %w", classed(err))
	}
	r.Expires = fromMicros(expires.Int64)
	return r, nil
}

// States returns values whose keys begin with a prefix.
func (s *Store) States(ctx context.Context, prefix, after string, n int) ([]store.StateRecord, error) {
	var out []store.StateRecord
	err := scanRows(s.read.QueryContext(ctx, `SELECT key, value, version, expires FROM state
		WHERE key > ? AND key >= ? AND key < ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?`, after, prefix, prefix+lastRune, micros(s.now()), n))(func(r *sql.Rows) error {
		var x store.StateRecord
		var expires sql.NullInt64
		err := r.Scan(&x.Key, &x.Value, &x.Version, &expires)
		x.Expires = fromMicros(expires.Int64)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading state: %w", classed(err))
	}
	return out, nil
}

// PutState writes a value.
func (s *Store) PutState(ctx context.Context, w store.StateWrite) (version int64, err error) {
	if w.Key == "" || len(w.Key) > store.StateKeyMost || len(w.Value) > store.StateValueMost || w.TTL < 0 {
		return 0, fmt.Errorf("writing state: %w: a key has 1 to %d bytes and a value at most %d, and no time is negative", lead.ErrInvalid, store.StateKeyMost, store.StateValueMost)
	}
	var expires time.Time
	if w.TTL > 0 {
		expires = s.now().Add(w.TTL)
	}
	value := w.Value
	if value == nil {
		value = []byte{}
	}
	err = s.update(ctx, "writing state", func(ctx context.Context) error {
		if err := s.mayWrite(ctx, w); err != nil {
			return err
		}
		if version, err = s.next(ctx, revisionState); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `INSERT INTO state (key, value, version, expires) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires`, w.Key, value, version, null(micros(expires))); err != nil {
			return err
		}
		return s.announce(ctx, w)
	})
	return version, err
}

// DropState removes a value.
func (s *Store) DropState(ctx context.Context, w store.StateWrite) error {
	return s.update(ctx, "removing state", func(ctx context.Context) error {
		if err := s.mayWrite(ctx, w); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `DELETE FROM state WHERE key = ?`, w.Key); err != nil {
			return err
		}
		return s.announce(ctx, w)
	})
}

// mayWrite checks what a write depends on, after it took away what is over.
func (s *Store) mayWrite(ctx context.Context, w store.StateWrite) error {
	now := micros(s.now())
	if _, err := s.exec(ctx, `DELETE FROM state WHERE key = ?1 AND expires <= ?2 OR key IN (SELECT key FROM state WHERE expires IS NOT NULL AND expires <= ?2 LIMIT ?3)`, w.Key, now, prunedAtOnce); err != nil {
		return err
	}
	if w.Lease != nil {
		if err := s.fenced(ctx, w.Lease); err != nil {
			return err
		}
	}
	if w.If == nil {
		return nil
	}
	var there int64
	st, err := s.stmt(ctx, `SELECT version FROM state WHERE key = ?`)
	if err != nil {
		return err
	}
	if err := st.QueryRowContext(ctx, w.Key).Scan(&there); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if there != *w.If {
		return fmt.Errorf("%w: the value has changed", lead.ErrConflict)
	}
	return nil
}

func (s *Store) announce(ctx context.Context, w store.StateWrite) error {
	if !w.Announce {
		return nil
	}
	_, err := s.next(ctx, revisionSources)
	return err
}

// Reseal replaces values by the same ones sealed under another key.
func (s *Store) Reseal(ctx context.Context, values []store.Resealed) (n int, err error) {
	err = s.update(ctx, "sealing anew", func(ctx context.Context) error {
		for _, v := range values {
			text, name := `UPDATE state SET value = ? WHERE key = ? AND version = ?`, v.Key
			if v.Source != "" {
				text, name = `UPDATE sources SET settings = ? WHERE name = ? AND version = ?`, v.Source
			}
			done, err := s.changed(ctx, text, v.Value, name, v.Version)
			if err != nil {
				return err
			}
			if done {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
