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
		payload := j.Payload
		if payload == nil {
			payload = []byte{}
		}
		w.exec(`WITH added AS (INSERT INTO jobs (kind, key, payload, due) VALUES ($1, $2, $3, $4)
				ON CONFLICT (kind, key) WHERE key <> '' AND NOT buried DO UPDATE SET payload = excluded.payload, again = least(coalesce(jobs.again, excluded.due), excluded.due) WHERE jobs.leased <> 0
				RETURNING again IS NULL AS fresh)
			INSERT INTO counts (name, value) SELECT $5, 1 FROM added WHERE fresh`, text(j.Kind), text(j.Key), payload, micros(j.Due), store.CountJobs)
	}
}

// Enqueue adds a job.
func (s *Store) Enqueue(ctx context.Context, j store.Job) error {
	return s.update(ctx, "adding job", func(ctx context.Context, t *tx) error {
		w := &writing{l: &loading{tx: t}}
		w.jobs(&store.Changes{Jobs: []store.Job{j}})
		return w.end(ctx)
	})
}

// Due leases jobs of a kind that are due. What others are taking is passed over.
func (s *Store) Due(ctx context.Context, kind string, n int, lease time.Duration) ([]store.Job, error) {
	now := s.now()
	until := micros(now.Add(lease))
	var waiting bool // asked before: mostly there is nothing to do
	err := s.look(ctx, "looking for jobs", func(ctx context.Context, t *tx) error {
		return t.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE NOT buried AND kind = $1 AND due <= $2 AND leased <= $2)`, text(kind), micros(now)).Scan(&waiting)
	})
	if err != nil || !waiting {
		return nil, err
	}
	var jobs []store.Job
	err = s.rows(ctx, "taking jobs", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `UPDATE jobs SET leased = $1, again = NULL WHERE id IN (
				SELECT id FROM jobs WHERE NOT buried AND kind = $2 AND due <= $3 AND leased <= $3 ORDER BY due, id LIMIT $4 FOR UPDATE SKIP LOCKED)
			RETURNING id, kind, key, payload, due, attempts`, func(r pgx.Rows) error {
			var j store.Job
			var due int64
			err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &due, &j.Attempts)
			j.Due, j.Lease = fromMicros(due), fromMicros(until)
			jobs = append(jobs, j)
			return err
		}, until, text(kind), micros(now), n)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(jobs, func(a, b store.Job) int { return cmp.Compare(a.ID, b.ID) })
	return jobs, nil
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
				gone AS (DELETE FROM jobs j USING ours o WHERE j.id = o.id AND j.leased = o.leased AND j.again IS NULL RETURNING j.id),
				counted AS (INSERT INTO counts (name, value) SELECT $3, -count(*) FROM gone HAVING count(*) > 0)
			SELECT id FROM gone`, one, ids, leases, store.CountJobs)
		w.query(`UPDATE jobs j SET due = again, again = NULL, leased = 0, attempts = 0, cause = '' FROM unnest($1::bigint[], $2::bigint[]) o(id, leased)
			WHERE j.id = o.id AND j.leased = o.leased AND j.again IS NOT NULL RETURNING j.id`, one, ids, leases)
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
		w.query(`WITH gone AS (UPDATE jobs SET buried = true, leased = 0, attempts = attempts + 1, cause = $3 WHERE id = $1 AND leased = $2 RETURNING id, kind, key, payload, again),
				added AS (INSERT INTO jobs (kind, key, payload, due) SELECT kind, key, payload, again FROM gone WHERE again IS NOT NULL RETURNING id),
				counted AS (INSERT INTO counts (name, value) SELECT c.name, c.value FROM gone, (VALUES ($4, -1), ($5, 1)) c(name, value) UNION ALL SELECT $4, 1 FROM added)
			SELECT id FROM gone`, one, j.ID, micros(j.Lease), text(cause), store.CountJobs, store.CountBuried)
	})
}
