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

// Enqueue adds a job.
func (s *Store) Enqueue(ctx context.Context, j store.Job) error {
	return s.update(ctx, "adding job", func(ctx context.Context) error {
		c := &store.Changes{Counts: map[string]int64{}}
		if err := s.writeJob(ctx, c, j); err != nil {
			return err
		}
		return s.writeCounts(ctx, c)
	})
}

// writeJob adds a job, or notes at the one of its key that is being done that it
// is to be done again.
func (s *Store) writeJob(ctx context.Context, c *store.Changes, j store.Job) error {
	payload := j.Payload
	if payload == nil {
		payload = []byte{}
	}
	s.yield()
	now := s.now()
	if j.Due.IsZero() { // it goes behind those that wait already
		j.Due = now
	}
	st, err := s.stmt(ctx, `INSERT INTO jobs (kind, key, target, payload, due, since) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, key) WHERE key <> '' AND buried = 0 DO UPDATE SET payload = excluded.payload, target = excluded.target, again = min(coalesce(again, excluded.due), excluded.due) WHERE leased <> 0
		RETURNING again IS NULL`)
	if err != nil {
		return err
	}
	var added bool
	err = st.QueryRowContext(ctx, j.Kind, j.Key, j.Target, payload, micros(j.Due), micros(now)).Scan(&added)
	switch {
	case errors.Is(err, sql.ErrNoRows): // one waits
		return nil
	case err != nil:
		return fmt.Errorf("writing job: %w", err)
	case added:
		c.Count(store.CountJobs+j.Kind, 1)
	}
	return nil
}

// settle runs, for each job that is still leased by who settles it, what it is given.
// The others are left alone, and the error names the conflict.
func (s *Store) settle(ctx context.Context, doing string, jobs []store.Job, one func(context.Context, *store.Changes, store.Job) (bool, error)) error {
	lost := 0
	err := s.update(ctx, doing, func(ctx context.Context) error {
		c := &store.Changes{Counts: map[string]int64{}}
		for _, j := range jobs {
			ours, err := one(ctx, c, j)
			if err != nil {
				return err
			}
			if !ours {
				lost++
			}
		}
		return s.writeCounts(ctx, c)
	})
	if err == nil && lost > 0 {
		err = fmt.Errorf("%s: %w: the lease of %d was over", doing, lead.ErrConflict, lost)
	}
	return err
}

// changed runs a statement and reports whether it changed a row.
func (s *Store) changed(ctx context.Context, text string, args ...any) (bool, error) {
	res, err := s.exec(ctx, text, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Done removes jobs that succeeded. One that was enqueued again meanwhile begins anew.
func (s *Store) Done(ctx context.Context, jobs []store.Job) error {
	return s.settle(ctx, "finishing jobs", jobs, func(ctx context.Context, c *store.Changes, j store.Job) (bool, error) {
		gone, err := s.changed(ctx, `DELETE FROM jobs WHERE id = ? AND leased = ? AND again IS NULL`, j.ID, micros(j.Lease))
		if gone || err != nil {
			c.Count(store.CountJobs+j.Kind, -1)
			return gone, err
		}
		return s.changed(ctx, `UPDATE jobs SET due = again, since = ?, again = NULL, leased = 0, attempts = 0, cause = '' WHERE id = ? AND leased = ?`, micros(s.now()), j.ID, micros(j.Lease))
	})
}

// Retry gives a job back. What was enqueued meanwhile is done by the same try.
func (s *Store) Retry(ctx context.Context, j store.Job, at time.Time, cause string) error {
	return s.settle(ctx, "giving job back", []store.Job{j}, func(ctx context.Context, _ *store.Changes, j store.Job) (bool, error) {
		return s.changed(ctx, `UPDATE jobs SET due = ?, again = NULL, leased = 0, attempts = attempts + 1, cause = ? WHERE id = ? AND leased = ?`, micros(at), cause, j.ID, micros(j.Lease))
	})
}

// Bury keeps a job that can never succeed. What was enqueued meanwhile is a job of its own.
func (s *Store) Bury(ctx context.Context, j store.Job, cause string) error {
	return s.settle(ctx, "burying job", []store.Job{j}, func(ctx context.Context, c *store.Changes, j store.Job) (bool, error) {
		now := micros(s.now())
		ours, err := s.changed(ctx, `UPDATE jobs SET buried = 1, buried_at = ?, leased = 0, attempts = attempts + 1, cause = ? WHERE id = ? AND leased = ?`, now, cause, j.ID, micros(j.Lease))
		if !ours || err != nil {
			return ours, err
		}
		c.Count(store.CountJobs+j.Kind, -1)
		c.Count(store.CountBuried+j.Kind, 1)
		again, err := s.changed(ctx, `INSERT INTO jobs (kind, key, target, payload, due, since) SELECT kind, key, target, payload, again, ? FROM jobs WHERE id = ? AND again IS NOT NULL`, now, j.ID)
		if again {
			c.Count(store.CountJobs+j.Kind, 1)
		}
		return true, err
	})
}
