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

// AcquireLease takes a lease that nobody holds.
func (s *Store) AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	l := store.Lease{Name: name, Owner: owner}
	if name == "" || owner == "" || ttl <= 0 {
		return store.Lease{}, fmt.Errorf("taking lease: %w: it needs a name, an owner and a time", lead.ErrInvalid)
	}
	taken := false
	err := s.rows(ctx, "taking lease", func(ctx context.Context, t *tx) error {
		now, err := s.clock(ctx, t)
		if err != nil {
			return err
		}
		l.Until = fromMicros(now + ttl.Microseconds())
		err = t.QueryRow(ctx, `INSERT INTO leases AS l (name, owner, epoch, until, ttl) VALUES ($1, $2, 1, $3, $4)
			ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until, ttl = excluded.ttl WHERE l.until <= $5 RETURNING epoch`,
			text(name), text(owner), micros(l.Until), ttl.Microseconds(), now).Scan(&l.Epoch)
		if taken = err == nil; taken || !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		_, err = t.Exec(ctx, `UPDATE leases SET until = $2::bigint + ttl WHERE name = $1 AND until > $2::bigint + ttl`, text(name), now)
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
	err := s.rows(ctx, "renewing lease", func(ctx context.Context, t *tx) error {
		now, err := s.clock(ctx, t)
		if err != nil {
			return err
		}
		l.Until = fromMicros(now + ttl.Microseconds())
		tag, err := t.Exec(ctx, `UPDATE leases SET until = $3, ttl = $4 WHERE name = $1 AND epoch = $2`, text(l.Name), l.Epoch, micros(l.Until), ttl.Microseconds())
		if err == nil && tag.RowsAffected() == 0 {
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
	return s.rows(ctx, "giving lease back", func(ctx context.Context, t *tx) error {
		_, err := t.Exec(ctx, `UPDATE leases SET until = 0, epoch = epoch + 1 WHERE name = $1 AND epoch = $2`, text(l.Name), l.Epoch)
		return err
	})
}

var errOver = fmt.Errorf("%w: the lease is over", lead.ErrConflict)

// fenced fails with lead.ErrConflict when the epoch of a lease is over. Until the
// transaction it protects has ended, nobody takes the lease.
func (t *tx) fenced(ctx context.Context, l *store.Lease) error {
	var holds bool
	err := t.QueryRow(ctx, `SELECT true FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE`, text(l.Name), l.Epoch).Scan(&holds)
	if errors.Is(err, pgx.ErrNoRows) {
		return errOver
	}
	return err
}
