package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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

// clock is the time that leases and values end by: the database's, so that all nodes
// have one, but for a store that was given its own. It is the one of the statement, not
// of the transaction's beginning: that may have waited.
func (s *Store) clock(ctx context.Context, t *tx) (now int64, err error) {
	if s.own {
		return micros(s.now()), nil
	}
	err = t.QueryRow(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&now)
	return now, err
}

// next counts a number up and returns it. Whoever counts it waits for the others.
func (t *tx) next(ctx context.Context, name string) (n int64, err error) {
	return n, t.QueryRow(ctx, `UPDATE revisions SET n = n + 1 WHERE name = $1 RETURNING n`, name).Scan(&n)
}

// State returns the value under a key.
func (s *Store) State(ctx context.Context, key string) (store.StateRecord, error) {
	r := store.StateRecord{Key: key}
	err := s.look(ctx, "reading state", func(ctx context.Context, t *tx) error {
		now, err := s.clock(ctx, t)
		if err != nil {
			return err
		}
		var expires *int64
		err = t.QueryRow(ctx, `SELECT value, version, expires FROM state WHERE key = $1 AND (expires IS NULL OR expires > $2)`, text(key), now).Scan(&r.Value, &r.Version, &expires)
		r.Expires = fromNull(expires)
		return err
	})
	if err != nil {
		return store.StateRecord{}, err
	}
	return r, nil
}

// States returns values whose keys begin with a prefix.
func (s *Store) States(ctx context.Context, prefix, after string, n int) (out []store.StateRecord, err error) {
	err = s.look(ctx, "reading state", func(ctx context.Context, t *tx) error {
		now, err := s.clock(ctx, t)
		if err != nil {
			return err
		}
		return t.each(ctx, `SELECT key, value, version, expires FROM state
			WHERE key > $1 AND key >= $2 AND key < $3 AND (expires IS NULL OR expires > $4) ORDER BY key LIMIT $5`, func(r pgx.Rows) error {
			var x store.StateRecord
			var expires *int64
			err := r.Scan(&x.Key, &x.Value, &x.Version, &expires)
			x.Expires = fromNull(expires)
			out = append(out, x)
			return err
		}, text(after), text(prefix), text(prefix)+lastRune, now, n)
	})
	return out, err
}

func fromNull(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return fromMicros(*n)
}

// PutState writes a value.
func (s *Store) PutState(ctx context.Context, w store.StateWrite) (version int64, err error) {
	if w.Key == "" || len(w.Key) > store.StateKeyMost || len(w.Value) > store.StateValueMost || w.TTL < 0 {
		return 0, fmt.Errorf("writing state: %w: a key has 1 to %d bytes and a value at most %d, and no time is negative", lead.ErrInvalid, store.StateKeyMost, store.StateValueMost)
	}
	value := w.Value
	if value == nil {
		value = []byte{}
	}
	err = s.rows(ctx, "writing state", func(ctx context.Context, t *tx) error {
		now, err := s.mayWrite(ctx, t, w)
		if err != nil {
			return err
		}
		if version, err = t.next(ctx, revisionState); err != nil {
			return err
		}
		var expires *int64
		if w.TTL > 0 {
			expires = null(now + w.TTL.Microseconds())
		}
		if _, err := t.Exec(ctx, `INSERT INTO state (key, value, version, expires) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires`, text(w.Key), value, version, expires); err != nil {
			return err
		}
		return t.announce(ctx, w)
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// DropState removes a value.
func (s *Store) DropState(ctx context.Context, w store.StateWrite) error {
	return s.rows(ctx, "removing state", func(ctx context.Context, t *tx) error {
		if _, err := s.mayWrite(ctx, t, w); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `DELETE FROM state WHERE key = $1`, text(w.Key)); err != nil {
			return err
		}
		return t.announce(ctx, w)
	})
}

// mayWrite takes away what is over and checks what a write depends on. All that write
// state wait for each other here, which they would do at their version anyway: so two
// that want the same key to be free cannot both find it so.
func (s *Store) mayWrite(ctx context.Context, t *tx, w store.StateWrite) (now int64, err error) {
	if _, err := t.Exec(ctx, `SELECT 1 FROM revisions WHERE name = $1 FOR UPDATE`, revisionState); err != nil {
		return 0, err
	}
	if now, err = s.clock(ctx, t); err != nil {
		return 0, err
	}
	if _, err := t.Exec(ctx, `DELETE FROM state WHERE key = $1 AND expires <= $2 OR key IN (SELECT key FROM state WHERE expires IS NOT NULL AND expires <= $2 LIMIT $3)`, text(w.Key), now, prunedAtOnce); err != nil {
		return 0, err
	}
	if w.Lease != nil {
		if err := t.fenced(ctx, w.Lease); err != nil {
			return 0, err
		}
	}
	if w.If == nil {
		return now, nil
	}
	var there int64
	if err := t.QueryRow(ctx, `SELECT version FROM state WHERE key = $1`, text(w.Key)).Scan(&there); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, err
	}
	if there != *w.If {
		return 0, fmt.Errorf("%w: the value has changed", lead.ErrConflict)
	}
	return now, nil
}

func (t *tx) announce(ctx context.Context, w store.StateWrite) error {
	if !w.Announce {
		return nil
	}
	_, err := t.next(ctx, revisionSources)
	return err
}

// Reseal replaces values by the same ones sealed under another key.
func (s *Store) Reseal(ctx context.Context, values []store.Resealed) (n int, err error) {
	err = s.rows(ctx, "sealing anew", func(ctx context.Context, t *tx) error {
		n = 0
		for _, v := range values {
			update, name := `UPDATE state SET value = $1 WHERE key = $2 AND version = $3`, v.Key
			if v.Source != "" {
				update, name = `UPDATE sources SET settings = $1 WHERE name = $2 AND version = $3`, v.Source
			}
			tag, err := t.Exec(ctx, update, v.Value, text(name), v.Version)
			if err != nil {
				return err
			}
			n += int(tag.RowsAffected())
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
