package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// jobs adds jobs, or notes at the one of their key that is being done that it is to be
// done again. One that waits is left as it is, and locked: nobody takes it before what
// it is about is there.
func (w *writing) jobs(c *store.Changes) {
	list := slices.SortedStableFunc(slices.Values(c.Jobs), func(a, b store.Job) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	for _, j := range list {
		payload, due := j.Payload, micros(j.Due)
		if payload == nil {
			payload = []byte{}
		}
		if j.Due.IsZero() { // it goes behind those that wait already
			due = w.now
		}
		w.exec(`WITH added AS (INSERT INTO jobs (kind, key, target, payload, due, since) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (kind, key) WHERE key <> '' AND NOT buried DO UPDATE SET payload = excluded.payload, target = excluded.target,
					again = least(coalesce(jobs.again, excluded.due), excluded.due) WHERE jobs.leased <> 0
				RETURNING again IS NULL AS fresh)
			INSERT INTO counts (name, value) SELECT $7, 1 FROM added WHERE fresh`, text(j.Kind), text(j.Key), text(j.Target), payload, due, w.now, store.CountJobs+text(j.Kind))
	}
}

// Enqueue adds a job.
func (s *Store) Enqueue(ctx context.Context, j store.Job) error {
	return s.update(ctx, "adding job", func(ctx context.Context, t *tx) error {
		w := &writing{l: &loading{tx: t}, now: micros(s.now())}
		w.jobs(&store.Changes{Jobs: []store.Job{j}})
		return w.end(ctx)
	})
}

// settle runs statements on jobs of which some may be in other hands by now. Each
// returns a row for a job that it settled; when that are too few, the error names the
// conflict.
func (s *Store) settle(ctx context.Context, doing string, jobs int, fn func(*writing, func(pgx.Rows) error)) error {
	settled := 0
	err := s.rows(ctx, doing, func(ctx context.Context, t *tx) error {
		settled = 0
		w := &writing{l: &loading{tx: t}}
		fn(w, func(pgx.Rows) error { settled++; return nil })
		return w.end(ctx)
	})
	if err == nil && settled < jobs {
		err = fmt.Errorf("%s: %w: the lease of %d was over", doing, lead.ErrConflict, jobs-settled)
	}
	return err
}

// Done removes jobs that succeeded. One that was enqueued again meanwhile begins anew.
func (s *Store) Done(ctx context.Context, jobs []store.Job) error {
	ids, leases := make([]int64, len(jobs)), make([]int64, len(jobs))
	for i, j := range jobs {
		ids[i], leases[i] = j.ID, micros(j.Lease)
	}
	return s.settle(ctx, "finishing jobs", len(jobs), func(w *writing, one func(pgx.Rows) error) {
		w.query(`WITH ours AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) o(id, leased)),
				gone AS (DELETE FROM jobs j USING ours o WHERE j.id = o.id AND j.leased = o.leased AND j.again IS NULL RETURNING j.id, j.kind),
				counted AS (INSERT INTO counts (name, value) SELECT $3 || kind, -count(*) FROM gone GROUP BY kind)
			SELECT id FROM gone`, one, ids, leases, store.CountJobs)
		w.query(`UPDATE jobs j SET due = again, since = $3, again = NULL, leased = 0, attempts = 0, cause = '' FROM unnest($1::bigint[], $2::bigint[]) o(id, leased)
			WHERE j.id = o.id AND j.leased = o.leased AND j.again IS NOT NULL RETURNING j.id`, one, ids, leases, micros(s.now()))
	})
}

// Retry gives a job back. What was enqueued meanwhile is done by the same try.
func (s *Store) Retry(ctx context.Context, j store.Job, at time.Time, cause string) error {
	return s.settle(ctx, "giving job back", 1, func(w *writing, one func(pgx.Rows) error) {
		w.query(`UPDATE jobs SET due = $3, again = NULL, leased = 0, attempts = attempts + 1, cause = $4 WHERE id = $1 AND leased = $2 RETURNING id`,
			one, j.ID, micros(j.Lease), micros(at), text(cause))
	})
}

// Bury keeps a job that can never succeed. What was enqueued meanwhile is a job of its own.
func (s *Store) Bury(ctx context.Context, j store.Job, cause string) error {
	return s.settle(ctx, "burying job", 1, func(w *writing, one func(pgx.Rows) error) {
		w.query(`WITH gone AS (UPDATE jobs SET buried = true, buried_at = $6, leased = 0, attempts = attempts + 1, cause = $3 WHERE id = $1 AND leased = $2
					RETURNING id, kind, key, target, payload, again),
				added AS (INSERT INTO jobs (kind, key, target, payload, due, since) SELECT kind, key, target, payload, again, $6 FROM gone WHERE again IS NOT NULL RETURNING kind),
				counted AS (INSERT INTO counts (name, value) SELECT c.name || gone.kind, c.value FROM gone, (VALUES ($4, -1), ($5, 1)) c(name, value)
					UNION ALL SELECT $4 || kind, 1 FROM added)
			SELECT id FROM gone`, one, j.ID, micros(j.Lease), text(cause), store.CountJobs, store.CountBuried, micros(s.now()))
	})
}
