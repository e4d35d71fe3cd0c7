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

// AcquireLease takes a lease that nobody holds.
func (s *Store) AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	l := store.Lease{Name: name, Owner: owner}
	if name == "" || owner == "" || ttl <= 0 {
		return store.Lease{}, fmt.Errorf("taking lease: %w: it needs a name, an owner and a time", lead.ErrInvalid)
	}
	taken := false
	err := s.update(ctx, "taking lease", func(ctx context.Context) error {
		now := s.now()
		l.Until = fromMicros(micros(now.Add(ttl)))
		st, err := s.stmt(ctx, `INSERT INTO leases (name, owner, epoch, until, ttl) VALUES (?1, ?2, 1, ?3, ?4)
			ON CONFLICT DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, until = excluded.until, ttl = excluded.ttl WHERE until <= ?5 RETURNING epoch`)
		if err != nil {
			return err
		}
		err = st.QueryRowContext(ctx, name, owner, micros(l.Until), ttl.Microseconds(), micros(now)).Scan(&l.Epoch)
		if taken = err == nil; taken || !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = s.exec(ctx, `UPDATE leases SET until = ?2 + ttl WHERE name = ?1 AND until > ?2 + ttl`, name, micros(now))
		return err
	})
	if err == nil && !taken { // the transaction stands: it may have bounded what is left
		err = fmt.Errorf("taking lease: %w: it is held", lead.ErrConflict)
	}
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// RenewLease lets a lease last for a time from now.
func (s *Store) RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	if ttl <= 0 {
		return store.Lease{}, fmt.Errorf("renewing lease: %w: it needs a time", lead.ErrInvalid)
	}
	err := s.update(ctx, "renewing lease", func(ctx context.Context) error {
		l.Until = fromMicros(micros(s.now().Add(ttl)))
		ours, err := s.changed(ctx, `UPDATE leases SET until = ?, ttl = ? WHERE name = ? AND epoch = ?`, micros(l.Until), ttl.Microseconds(), l.Name, l.Epoch)
		if err == nil && !ours {
			err = errOver
		}
		return err
	})
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// ReleaseLease ends a lease and its epoch.
func (s *Store) ReleaseLease(ctx context.Context, l store.Lease) error {
	return s.update(ctx, "giving lease back", func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE leases SET until = 0, epoch = epoch + 1 WHERE name = ? AND epoch = ?`, l.Name, l.Epoch)
		return err
	})
}

var errOver = fmt.Errorf("%w: the lease is over", lead.ErrConflict)

// fenced fails with lead.ErrConflict when the epoch of a lease is over. Call it in the
// transaction it protects.
func (s *Store) fenced(ctx context.Context, l *store.Lease) error {
	st, err := s.stmt(ctx, `SELECT EXISTS (SELECT 1 FROM leases WHERE name = ? AND epoch = ?)`)
	if err != nil {
		return err
	}
	var holds bool
	if err := st.QueryRowContext(ctx, l.Name, l.Epoch).Scan(&holds); err != nil {
		return err
	}
	if !holds {
		return errOver
	}
	return nil
}
