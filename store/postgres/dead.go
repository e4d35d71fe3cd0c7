package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"leadgate/store"
)

// deadWhere finds jobs that were given up, by all that a query may ask.
const deadWhere = ` FROM jobs WHERE buried AND id < $1 AND ($2::bigint = 0 OR id = $2) AND $3::text IN ('', kind) AND $4::text IN ('', target) AND $5::text IN ('', cause)
	AND ($6::bigint = 0 OR buried_at < $6) ORDER BY id DESC LIMIT $7`

func deadArgs(q *store.DeadQuery, limit int) ([]any, error) {
	before, err := cursor(q.Cursor)
	return []any{before, q.ID, text(q.Kind), text(q.Target), text(q.Cause), micros(q.Before), limit}, err
}

// Dead returns a page of jobs that were given up, newest first.
func (s *Store) Dead(ctx context.Context, q store.DeadQuery) ([]store.DeadJob, string, error) {
	args, err := deadArgs(&q, q.Limit+1)
	if err != nil {
		return nil, "", err
	}
	jobs := []store.DeadJob{}
	err = s.look(ctx, "listing dead jobs", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT id, kind, target, cause, attempts, since, buried_at`+deadWhere, func(r pgx.Rows) error {
			var j store.DeadJob
			var since, at int64
			err := r.Scan(&j.ID, &j.Kind, &j.Target, &j.Cause, &j.Attempts, &since, &at)
			j.Since, j.At = fromMicros(since), fromMicros(at)
			jobs = append(jobs, j)
			return err
		}, args...)
	})
	if err != nil {
		return nil, "", err
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
	return s.unbury(ctx, "replaying jobs", q, func(w *writing, jobs []store.Job) {
		for _, j := range jobs {
			w.exec(`DELETE FROM held WHERE kind = $1 AND target = $2`, j.Kind, j.Target)
		}
		w.jobs(&store.Changes{Jobs: jobs})
	})
}

// Purge removes jobs that were given up.
func (s *Store) Purge(ctx context.Context, q store.DeadQuery) (int, error) {
	return s.unbury(ctx, "removing dead jobs", q, func(*writing, []store.Job) {})
}

// unbury takes jobs out of those that were given up, in one transaction, gives them
// to what is to become of them, and returns how many there were. What somebody else is
// taking out is passed over.
func (s *Store) unbury(ctx context.Context, doing string, q store.DeadQuery, then func(*writing, []store.Job)) (int, error) {
	args, err := deadArgs(&q, q.Limit)
	if err != nil {
		return 0, err
	}
	n := 0
	err = s.rows(ctx, doing, func(ctx context.Context, t *tx) error {
		n = 0
		w := &writing{l: &loading{tx: t}, now: micros(s.now())}
		var jobs []store.Job
		var ids []int64
		err := t.each(ctx, `SELECT id, kind, key, target, payload`+deadWhere+` FOR UPDATE SKIP LOCKED`, func(r pgx.Rows) error {
			var j store.Job
			err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Target, &j.Payload)
			jobs, ids = append(jobs, j), append(ids, j.ID)
			return err
		}, args...)
		if err != nil || len(jobs) == 0 {
			return err
		}
		w.exec(`WITH gone AS (DELETE FROM jobs WHERE id = ANY($1) RETURNING kind)
			INSERT INTO counts (name, value) SELECT $2 || kind, -count(*) FROM gone GROUP BY kind`, ids, store.CountBuried)
		then(w, jobs)
		n = len(jobs)
		return w.end(ctx)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// jobStats asks which jobs are in work and whose wait.
func (s *Store) jobStats(b *batch, st *store.JobStats) {
	now := micros(s.now())
	b.query(`SELECT kind, count(*) FROM jobs WHERE NOT buried AND leased <> 0 AND leased > $1 GROUP BY kind`, func(r pgx.Rows) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		st.Kind(kind).Running = n
		return err
	}, now)
	b.query(`SELECT kind, target, coalesce(until, 0), cause FROM held WHERE until IS NULL OR until > $1 ORDER BY kind COLLATE "C", target COLLATE "C" LIMIT $2`, func(r pgx.Rows) error {
		var h store.HeldTarget
		var until int64
		err := r.Scan(&h.Kind, &h.Target, &until, &h.Cause)
		h.Until = fromMicros(until)
		st.Held = append(st.Held, h)
		return err
	}, now, store.HeldMost)
}
