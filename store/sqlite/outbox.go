package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"leadgate/store"
)

// Enqueue adds a job.
func (s *Store) Enqueue(ctx context.Context, j store.Job) error {
	return s.update(ctx, "adding job", func(ctx context.Context) error { return s.writeJob(ctx, j) })
}

// Due leases jobs that are due.
func (s *Store) Due(ctx context.Context, n int, lease time.Duration) ([]store.Job, error) {
	now := s.now()
	var waiting bool // asked outside the lock: mostly there is nothing to do
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE buried = 0 AND due <= ? AND leased <= ?)`, micros(now), micros(now)).Scan(&waiting); err != nil {
		return nil, fmt.Errorf("looking for jobs: %w", classed(err))
	}
	if !waiting {
		return nil, nil
	}
	jobs := map[int64]store.Job{}
	err := s.update(ctx, "taking jobs", func(ctx context.Context) error {
		st, err := s.stmt(ctx, `UPDATE jobs SET leased = ? WHERE id IN (SELECT id FROM jobs WHERE buried = 0 AND due <= ? AND leased <= ? ORDER BY due, id LIMIT ?)
			RETURNING id, kind, key, payload, due, attempts`)
		if err != nil {
			return err
		}
		return scanRows(st.QueryContext(ctx, micros(now.Add(lease)), micros(now), micros(now), n))(func(r *sql.Rows) error {
			var j store.Job
			var due int64
			err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &due, &j.Attempts)
			j.Due = fromMicros(due)
			jobs[j.ID] = j
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(jobs), func(a, b store.Job) int { return int(a.ID - b.ID) }), nil
}

// Done removes jobs that succeeded.
func (s *Store) Done(ctx context.Context, ids []int64) error {
	return s.update(ctx, "finishing jobs", func(ctx context.Context) error {
		for _, id := range ids {
			if _, err := s.exec(ctx, `DELETE FROM jobs WHERE id = ?`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Retry gives a job back.
func (s *Store) Retry(ctx context.Context, id int64, at time.Time, cause string) error {
	return s.update(ctx, "giving job back", func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE jobs SET due = ?, leased = 0, attempts = attempts + 1, cause = ? WHERE id = ?`, micros(at), cause, id)
		return err
	})
}

// Bury keeps a job that can never succeed.
func (s *Store) Bury(ctx context.Context, id int64, cause string) error {
	return s.update(ctx, "burying job", func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE jobs SET buried = 1, leased = 0, attempts = attempts + 1, cause = ? WHERE id = ?`, cause, id)
		return err
	})
}
