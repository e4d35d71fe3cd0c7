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

// nameBlobs writes which delivery names which keys, or fails with store.ErrBlobGone
// when one of them may be removed.
func (s *Store) nameBlobs(ctx context.Context, delivery lead.ID, keys []string) error {
	refs, err := store.ParseBlobs(keys)
	if err != nil {
		return err
	}
	for _, b := range refs {
		there, err := s.changed(ctx, `UPDATE blobs SET named = 1 WHERE name = ? AND generation = ? AND state = 0`, b.Name[:], b.Generation)
		switch {
		case err != nil:
			return fmt.Errorf("naming blob: %w", err)
		case !there:
			return store.ErrBlobGone
		}
		if _, err := s.exec(ctx, `INSERT INTO blob_refs (name, delivery) VALUES (?, ?) ON CONFLICT DO NOTHING`, b.Name[:], delivery[:]); err != nil {
			return fmt.Errorf("naming blob: %w", err)
		}
	}
	return nil
}

func (s *Store) writeBlobs(ctx context.Context, c *store.Changes) error {
	for delivery, keys := range c.NamedBlobs() {
		if err := s.nameBlobs(ctx, delivery, keys); err != nil {
			return err
		}
	}
	return nil
}

// ClaimBlobs returns the keys under which blobs are to be put now.
func (s *Store) ClaimBlobs(ctx context.Context, names []string) ([]string, error) {
	var keys []string
	err := s.update(ctx, "claiming blobs", func(ctx context.Context) error {
		st, err := s.stmt(ctx, `INSERT INTO blobs (name, generation, state, named, at) VALUES (?, 0, 0, 0, ?)
			ON CONFLICT DO UPDATE SET at = excluded.at, generation = generation + (state <> 0), state = 0 RETURNING generation`)
		if err != nil {
			return err
		}
		for _, name := range names {
			b, err := store.ParseBlob(name)
			if err != nil {
				return err
			}
			if err := st.QueryRowContext(ctx, b.Name[:], micros(s.now())).Scan(&b.Generation); err != nil {
				return err
			}
			keys = append(keys, b.Key())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// BlobKey returns the key under which a blob lies.
func (s *Store) BlobKey(ctx context.Context, name string) (string, error) {
	b, err := store.ParseBlob(name)
	if err == nil {
		err = s.read.QueryRowContext(ctx, `SELECT generation FROM blobs WHERE name = ? AND state = 0`, b.Name[:]).Scan(&b.Generation)
	}
	if err != nil {
		return "", fmt.Errorf("looking up blob: %w", classed(err))
	}
	return b.Key(), nil
}

// DoomBlobs dooms blobs that no delivery names. It dooms none before it knows what
// the deliveries name that were stored before there were rows of blobs.
func (s *Store) DoomBlobs(ctx context.Context, before time.Time, n int) ([]string, error) {
	var keys []string
	err := s.update(ctx, "dooming blobs", func(ctx context.Context) error {
		if known, err := s.readEarlier(ctx); err != nil || !known {
			return err
		}
		now := s.now()
		if _, err := s.exec(ctx, `DELETE FROM blobs WHERE named = 0 AND state = 2 AND at < ?`, micros(now.Add(-store.BlobTombstone))); err != nil {
			return err
		}
		st, err := s.stmt(ctx, `UPDATE blobs SET state = 1, at = ? WHERE name IN (
				SELECT name FROM blobs WHERE named = 0 AND (state = 0 AND at < ? OR state = 1 AND at <= ?) ORDER BY at LIMIT ?)
			RETURNING name, generation`)
		if err != nil {
			return err
		}
		return scanRows(st.QueryContext(ctx, micros(now), micros(before), micros(now.Add(-store.BlobRetry)), n))(func(r *sql.Rows) error {
			b, err := scanBlob(r)
			keys = append(keys, b.Key())
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

func scanBlob(r *sql.Rows) (b store.BlobRef, err error) {
	var name []byte
	err = r.Scan(&name, &b.Generation)
	copy(b.Name[:], name)
	return b, err
}

// earlier is how many deliveries from before there were rows of blobs are read in
// one transaction.
const earlier = 500

// readEarlier makes deliveries that an earlier leadgate stored name their large
// bodies, the next few of them, and reports whether that is done for all.
func (s *Store) readEarlier(ctx context.Context) (bool, error) {
	st, err := s.stmt(ctx, `SELECT value FROM counters WHERE name = ?`)
	if err != nil {
		return false, err
	}
	var newest int64
	if err := st.QueryRowContext(ctx, store.CountUnread).Scan(&newest); errors.Is(err, sql.ErrNoRows) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	named := map[lead.ID]string{}
	if st, err = s.stmt(ctx, `SELECT raw FROM deliveries WHERE n <= ? AND n > ?`); err != nil {
		return false, err
	}
	err = scanRows(st.QueryContext(ctx, newest, newest-earlier))(func(r *sql.Rows) error {
		var raw []byte
		var d lead.Delivery
		if err := r.Scan(&raw); err != nil {
			return err
		}
		if d.UnmarshalBinary(raw) == nil && d.Blob != "" { // what cannot be read names nothing
			named[d.ID] = d.Blob
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for id, name := range named {
		if err := s.nameEarlier(ctx, id, name); err != nil {
			return false, err
		}
	}
	if newest -= earlier; newest > 0 {
		_, err = s.exec(ctx, `UPDATE counters SET value = ? WHERE name = ?`, newest, store.CountUnread)
	} else {
		_, err = s.exec(ctx, `DELETE FROM counters WHERE name = ?`, store.CountUnread)
	}
	return newest <= 0, err
}

func (s *Store) nameEarlier(ctx context.Context, id lead.ID, name string) error {
	b, err := store.ParseBlob(name)
	if err != nil {
		return nil // no blob of ours
	}
	if _, err := s.exec(ctx, `INSERT INTO blobs (name, generation, state, named, at) VALUES (?, 0, 0, 1, ?) ON CONFLICT DO UPDATE SET named = 1`, b.Name[:], micros(s.now())); err != nil {
		return err
	}
	_, err = s.exec(ctx, `INSERT INTO blob_refs (name, delivery) VALUES (?, ?) ON CONFLICT DO NOTHING`, b.Name[:], id[:])
	return err
}

// ForgetBlobs says that what lay under doomed keys is removed.
func (s *Store) ForgetBlobs(ctx context.Context, keys []string) error {
	return s.update(ctx, "forgetting blobs", func(ctx context.Context) error {
		for _, k := range keys {
			b, err := store.ParseBlob(k)
			if err != nil {
				return err
			}
			if _, err := s.exec(ctx, `UPDATE blobs SET state = 2, at = ? WHERE name = ? AND generation = ? AND state = 1`, micros(s.now()), b.Name[:], b.Generation); err != nil {
				return err
			}
		}
		return nil
	})
}

// AdoptBlobs takes in keys that were found. It waits for the writer only when one of
// them is unknown.
func (s *Store) AdoptBlobs(ctx context.Context, keys []string) (stale []string, err error) {
	var unknown []store.BlobRef
	for _, k := range keys {
		b, err := store.ParseBlob(k)
		if err != nil {
			return nil, fmt.Errorf("adopting blobs: %w", err)
		}
		var generation, state int64
		err = s.read.QueryRowContext(ctx, `SELECT generation, state FROM blobs WHERE name = ?`, b.Name[:]).Scan(&generation, &state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			unknown = append(unknown, b)
		case err != nil:
			return nil, fmt.Errorf("adopting blobs: %w", classed(err))
		case b.Generation < generation || b.Generation == generation && state == store.BlobGone:
			stale = append(stale, k)
		}
	}
	if len(unknown) == 0 {
		return stale, nil
	}
	return stale, s.update(ctx, "adopting blobs", func(ctx context.Context) error {
		for _, b := range unknown {
			if _, err := s.exec(ctx, `INSERT INTO blobs (name, generation, state, named, at) VALUES (?, ?, 0, 0, ?) ON CONFLICT DO NOTHING`, b.Name[:], b.Generation, micros(s.now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// UnnameBlobs makes deliveries name no blob any more.
func (s *Store) UnnameBlobs(ctx context.Context, deliveries []lead.ID) error {
	return s.update(ctx, "unnaming blobs", func(ctx context.Context) error {
		for _, id := range deliveries {
			if _, err := s.exec(ctx, `UPDATE blobs SET named = 0, at = 0 WHERE name IN (SELECT name FROM blob_refs WHERE delivery = ?1)
				AND NOT EXISTS (SELECT 1 FROM blob_refs r WHERE r.name = blobs.name AND r.delivery <> ?1)`, id[:]); err != nil {
				return err
			}
			if _, err := s.exec(ctx, `DELETE FROM blob_refs WHERE delivery = ?`, id[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
