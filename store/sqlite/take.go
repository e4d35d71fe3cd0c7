package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"leadgate/store"
)

// buryMost is how many jobs of a target that is held for good are buried in one go.
const buryMost = 500

// targetRow is a target of which something is due.
type targetRow struct {
	name  string
	busy  int     // jobs in work
	until int64   // held until then
	gone  bool    // held for good
	cause string  // of the hold
	jobs  []int64 // that may begin, the longest due first
}

// readyTargets finds targets of a kind with something due that may begin, or be
// buried. It steps from target to target along the index, whatever waits behind each.
const readyTargets = `WITH RECURSIVE names(target) AS (
		SELECT min(target) FROM jobs WHERE buried = 0 AND kind = ?1
		UNION ALL
		SELECT (SELECT min(target) FROM jobs WHERE buried = 0 AND kind = ?1 AND target > names.target) FROM names WHERE names.target IS NOT NULL)
	SELECT n.target FROM names n LEFT JOIN held h ON h.kind = ?1 AND h.target = n.target
	WHERE n.target IS NOT NULL AND (h.until IS NULL OR h.until <= ?2) AND (?3 = 0 OR h.kind IS NOT NULL AND h.until IS NULL
			OR (SELECT count(*) FROM jobs WHERE buried = 0 AND leased <> 0 AND kind = ?1 AND target = n.target AND leased > ?2) < ?3)
		AND EXISTS (SELECT 1 FROM jobs WHERE buried = 0 AND kind = ?1 AND target = n.target AND due <= ?2 AND leased <= ?2)`

// Due leases jobs of a kind that are due, one of each target in turn.
func (s *Store) Due(ctx context.Context, t store.Take) ([]store.Job, error) {
	now := micros(s.now())
	var seen []string // asked outside the lock: mostly there is nothing to do
	if err := scanRows(s.read.QueryContext(ctx, readyTargets, t.Kind, now, t.PerTarget))(func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		seen = append(seen, name)
		return err
	}); err != nil {
		return nil, fmt.Errorf("looking for jobs: %w", classed(err))
	}
	if len(seen) == 0 || t.N <= 0 {
		return nil, nil
	}
	var jobs []store.Job
	err := s.update(ctx, "taking jobs", func(ctx context.Context) (err error) {
		jobs, err = s.take(ctx, t, seen, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// take leases what is due at a time of targets that were seen to be ready, under the
// writer's lock. Each is looked at again: another runner may have been there.
func (s *Store) take(ctx context.Context, t store.Take, seen []string, now int64) ([]store.Job, error) {
	first := map[string]int{}
	for _, name := range seen {
		first[name] = 1
	}
	targets, ready := map[string]*targetRow{}, map[string]int{}
	for _, name := range t.Turn(first) { // no more than there are places
		r, err := s.targetNow(ctx, t, name, now)
		if err != nil {
			return nil, err
		}
		if r.gone {
			err = s.buryTarget(ctx, t.Kind, r, now)
		} else if r.until <= now {
			err = s.readDue(ctx, t, r, now)
		}
		if err != nil {
			return nil, err
		}
		targets[name], ready[name] = r, len(r.jobs)
	}
	jobs := []store.Job{}
	for _, name := range t.Turn(ready) {
		r := targets[name]
		j, err := s.leaseJob(ctx, r.jobs[0], fromMicros(now).Add(t.Lease))
		if err != nil {
			return nil, err
		}
		jobs, r.jobs = append(jobs, j), r.jobs[1:]
	}
	return jobs, nil
}

// targetNow reads how a target is, under the writer's lock.
func (s *Store) targetNow(ctx context.Context, t store.Take, name string, now int64) (*targetRow, error) {
	st, err := s.stmt(ctx, `SELECT coalesce(h.until, 0), h.kind IS NOT NULL AND h.until IS NULL, coalesce(h.cause, ''),
		(SELECT count(*) FROM jobs WHERE buried = 0 AND leased <> 0 AND kind = n.kind AND target = n.target AND leased > ?3)
		FROM (SELECT ?1 AS kind, ?2 AS target) n LEFT JOIN held h ON h.kind = n.kind AND h.target = n.target`)
	if err != nil {
		return nil, err
	}
	r := &targetRow{name: name}
	err = st.QueryRowContext(ctx, t.Kind, name, now).Scan(&r.until, &r.gone, &r.cause, &r.busy)
	return r, err
}

// readDue finds which jobs of a target may begin.
func (s *Store) readDue(ctx context.Context, t store.Take, r *targetRow, now int64) error {
	most := t.N
	if t.PerTarget > 0 {
		most = min(most, t.PerTarget-r.busy)
	}
	if most <= 0 {
		return nil
	}
	st, err := s.stmt(ctx, `SELECT id FROM jobs WHERE buried = 0 AND kind = ? AND target = ? AND due <= ? AND leased <= ? ORDER BY due, id LIMIT ?`)
	if err != nil {
		return err
	}
	return scanRows(st.QueryContext(ctx, t.Kind, r.name, now, now, most))(func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		r.jobs = append(r.jobs, id)
		return err
	})
}

func (s *Store) leaseJob(ctx context.Context, id int64, until time.Time) (store.Job, error) {
	st, err := s.stmt(ctx, `UPDATE jobs SET leased = ?, again = NULL WHERE id = ? RETURNING id, kind, key, target, payload, due, since, attempts`)
	if err != nil {
		return store.Job{}, err
	}
	var j store.Job
	var due, since int64
	err = st.QueryRowContext(ctx, micros(until), id).Scan(&j.ID, &j.Kind, &j.Key, &j.Target, &j.Payload, &due, &since, &j.Attempts)
	j.Due, j.Since, j.Lease = fromMicros(due), fromMicros(since), fromMicros(micros(until))
	return j, err
}

// buryTarget buries what is due of a target that is held for good.
func (s *Store) buryTarget(ctx context.Context, kind string, r *targetRow, now int64) error {
	res, err := s.exec(ctx, `UPDATE jobs SET buried = 1, buried_at = ?, leased = 0, again = NULL, cause = ? WHERE id IN (
		SELECT id FROM jobs WHERE buried = 0 AND kind = ? AND target = ? AND due <= ? AND leased <= ? ORDER BY due, id LIMIT ?)`, now, r.cause, kind, r.name, now, now, buryMost)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	c := &store.Changes{Counts: map[string]int64{store.CountJobs + kind: -n, store.CountBuried + kind: n}}
	return s.writeCounts(ctx, c)
}

// Hold lets no job of a kind and target begin until a time, or at all.
func (s *Store) Hold(ctx context.Context, kind, target string, until time.Time, cause string) error {
	return s.update(ctx, "holding target", func(ctx context.Context) error {
		_, err := s.exec(ctx, `INSERT INTO held (kind, target, until, cause) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET until = excluded.until, cause = excluded.cause WHERE until IS NOT NULL AND (excluded.until IS NULL OR excluded.until > until)`,
			kind, target, null(micros(until)), cause)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `DELETE FROM held WHERE until <= ?`, micros(s.now())) // nothing comes of them any more
		return err
	})
}

// Resume ends a hold.
func (s *Store) Resume(ctx context.Context, kind, target string) error {
	return s.update(ctx, "resuming target", func(ctx context.Context) error {
		_, err := s.exec(ctx, `DELETE FROM held WHERE kind = ? AND target = ?`, kind, target)
		return err
	})
}
