package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"leadgate/store"
)

// deadWhere finds jobs that were given up, by all that a query may ask.
const deadWhere = ` FROM jobs WHERE buried = 1 AND id < ?1 AND (?2 = 0 OR id = ?2) AND ?3 IN ('', kind) AND ?4 IN ('', target) AND ?5 IN ('', cause)
	AND (?6 = 0 OR buried_at < ?6) ORDER BY id DESC LIMIT ?7`

func deadArgs(q *store.DeadQuery, limit int) ([]any, error) {
	before, err := cursor(q.Cursor)
	return []any{before, q.ID, q.Kind, q.Target, q.Cause, micros(q.Before), limit}, err
}

// Dead returns a page of jobs that were given up, newest first.
func (s *Store) Dead(ctx context.Context, q store.DeadQuery) ([]store.DeadJob, string, error) {
	args, err := deadArgs(&q, q.Limit+1)
	if err != nil {
		return nil, "", err
	}
	jobs := []store.DeadJob{}
	err = scanRows(s.read.QueryContext(ctx, `SELECT id, kind, target, cause, attempts, since, buried_at`+deadWhere, args...))(func(r *sql.Rows) error {
		var j store.DeadJob
		var since, at int64
		err := r.Scan(&j.ID, &j.Kind, &j.Target, &j.Cause, &j.Attempts, &since, &at)
		j.Since, j.At = fromMicros(since), fromMicros(at)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("listing dead jobs: %w", classed(err))
	}
	next := ""
	if len(jobs) > q.Limit {
		jobs = jobs[:q.Limit]
		next = strconv.FormatInt(jobs[q.Limit-1].ID, 10)
	}
	return jobs, next, nil
}

// Redo enqueues jobs that were given up anew. One whose key waits or is in work
// joins what is there, as if it had just been enqueued.
func (s *Store) Redo(ctx context.Context, q store.DeadQuery) (int, error) {
	return s.unbury(ctx, "replaying jobs", q, func(ctx context.Context, c *store.Changes, j store.Job) error {
		if _, err := s.exec(ctx, `DELETE FROM held WHERE kind = ? AND target = ?`, j.Kind, j.Target); err != nil {
			return err
		}
		return s.writeJob(ctx, c, j)
	})
}

// Purge removes jobs that were given up.
func (s *Store) Purge(ctx context.Context, q store.DeadQuery) (int, error) {
	return s.unbury(ctx, "removing dead jobs", q, func(context.Context, *store.Changes, store.Job) error { return nil })
}

// unbury takes jobs out of those that were given up, in one transaction, gives each
// to what is to become of it, and returns how many there were.
func (s *Store) unbury(ctx context.Context, doing string, q store.DeadQuery, each func(context.Context, *store.Changes, store.Job) error) (int, error) {
	args, err := deadArgs(&q, q.Limit)
	if err != nil {
		return 0, err
	}
	n := 0
	err = s.update(ctx, doing, func(ctx context.Context) error {
		st, err := s.stmt(ctx, `SELECT id, kind, key, target, payload`+deadWhere)
		if err != nil {
			return err
		}
		var jobs []store.Job
		if err := scanRows(st.QueryContext(ctx, args...))(func(r *sql.Rows) error {
			var j store.Job
			err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Target, &j.Payload)
			jobs = append(jobs, j)
			return err
		}); err != nil {
			return err
		}
		c := &store.Changes{Counts: map[string]int64{}}
		for _, j := range jobs {
			if _, err := s.exec(ctx, `DELETE FROM jobs WHERE id = ?`, j.ID); err != nil {
				return err
			}
			c.Count(store.CountBuried+j.Kind, -1)
			if err := each(ctx, c, j); err != nil {
				return err
			}
		}
		n = len(jobs)
		return s.writeCounts(ctx, c)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// addJobs brings into the stats which jobs are in work and whose wait.
func (s *Store) addJobs(ctx context.Context, st *store.JobStats) error {
	now := micros(s.now())
	err := scanRows(s.read.QueryContext(ctx, `SELECT kind, count(*) FROM jobs WHERE buried = 0 AND leased <> 0 AND leased > ? GROUP BY kind`, now))(func(r *sql.Rows) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		st.Kind(kind).Running = n
		return err
	})
	if err != nil {
		return err
	}
	return scanRows(s.read.QueryContext(ctx, `SELECT kind, target, coalesce(until, 0), cause FROM held WHERE until IS NULL OR until > ? ORDER BY kind, target LIMIT ?`, now, store.HeldMost))(func(r *sql.Rows) error {
		var h store.HeldTarget
		var until int64
		err := r.Scan(&h.Kind, &h.Target, &until, &h.Cause)
		h.Until = fromMicros(until)
		st.Held = append(st.Held, h)
		return err
	})
}
