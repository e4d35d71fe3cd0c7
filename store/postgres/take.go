package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

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
		(SELECT min(target) FROM jobs WHERE NOT buried AND kind = $1)
		UNION ALL
		SELECT (SELECT min(target) FROM jobs WHERE NOT buried AND kind = $1 AND target > names.target) FROM names WHERE names.target IS NOT NULL)
	SELECT n.target FROM names n LEFT JOIN held h ON h.kind = $1 AND h.target = n.target
	WHERE n.target IS NOT NULL AND (h.until IS NULL OR h.until <= $5) AND ($3::bigint = 0 OR h.kind IS NOT NULL AND h.until IS NULL
			OR (SELECT count(*) FROM jobs WHERE NOT buried AND leased <> 0 AND kind = $1 AND target = n.target AND leased > $2) < $3)
		AND EXISTS (SELECT 1 FROM jobs WHERE NOT buried AND kind = $1 AND target = n.target AND due <= $4 AND leased <= $2)`

// times are what a take goes by. A lease goes by the database's clock, so that nodes
// whose clocks differ take no job from each other. A due time and the end of a hold were
// told by the clock of some node: what this node's clock or the database's finds due is
// due, and a hold is over when both say so.
type times struct{ lease, due, held int64 }

func (s *Store) times(ctx context.Context, c *tx) (times, error) {
	now, err := s.clock(ctx, c)
	own := micros(s.now())
	return times{lease: now, due: max(now, own), held: min(now, own)}, err
}

// Due leases jobs of a kind that are due, one of each target in turn. Nodes take jobs of
// a kind one after the other, so that together they keep the limit of a target.
func (s *Store) Due(ctx context.Context, t store.Take) ([]store.Job, error) {
	var now times
	var seen []string // asked before: mostly there is nothing to do
	err := s.look(ctx, "looking for jobs", func(ctx context.Context, c *tx) (err error) {
		seen = nil
		if now, err = s.times(ctx, c); err != nil {
			return err
		}
		return c.each(ctx, readyTargets, func(r pgx.Rows) error {
			var name string
			err := r.Scan(&name)
			seen = append(seen, name)
			return err
		}, text(t.Kind), now.lease, t.PerTarget, now.due, now.held)
	})
	if err != nil || len(seen) == 0 || t.N <= 0 {
		return nil, err
	}
	var jobs []store.Job
	err = s.rows(ctx, "taking jobs", func(ctx context.Context, c *tx) (err error) {
		if _, err := c.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('leadgate jobs ' || $1, 0))`, text(t.Kind)); err != nil {
			return err
		}
		if now, err = s.times(ctx, c); err != nil { // it may have waited for another node
			return err
		}
		jobs, err = c.take(ctx, t, seen, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// take leases what is due at a time of targets that were seen to be ready. Each is
// looked at again: another runner may have been there.
func (c *tx) take(ctx context.Context, t store.Take, seen []string, now times) ([]store.Job, error) {
	first := map[string]int{}
	for _, name := range seen {
		first[name] = 1
	}
	targets, ready := map[string]*targetRow{}, map[string]int{}
	for _, name := range t.Turn(first) { // no more than there are places
		r, err := c.targetNow(ctx, t, name, now)
		if err != nil {
			return nil, err
		}
		if r.gone {
			err = c.buryTarget(ctx, t.Kind, r, now)
		} else if r.until <= now.held {
			err = c.readDue(ctx, t, r, now)
		}
		if err != nil {
			return nil, err
		}
		targets[name], ready[name] = r, len(r.jobs)
	}
	var order []int64
	for _, name := range t.Turn(ready) {
		r := targets[name]
		order, r.jobs = append(order, r.jobs[0]), r.jobs[1:]
	}
	return c.leaseJobs(ctx, order, fromMicros(now.lease).Add(t.Lease))
}

// targetNow reads how a target is.
func (c *tx) targetNow(ctx context.Context, t store.Take, name string, now times) (*targetRow, error) {
	r := &targetRow{name: name}
	err := c.QueryRow(ctx, `SELECT coalesce(h.until, 0), h.kind IS NOT NULL AND h.until IS NULL, coalesce(h.cause, ''),
		(SELECT count(*) FROM jobs WHERE NOT buried AND leased <> 0 AND kind = n.kind AND target = n.target AND leased > $3)
		FROM (SELECT $1::text AS kind, $2::text AS target) n LEFT JOIN held h ON h.kind = n.kind AND h.target = n.target`, text(t.Kind), name, now.lease).
		Scan(&r.until, &r.gone, &r.cause, &r.busy)
	return r, err
}

// readDue finds which jobs of a target may begin, and locks them. What somebody else
// has locked is passed over.
func (c *tx) readDue(ctx context.Context, t store.Take, r *targetRow, now times) error {
	most := t.N
	if t.PerTarget > 0 {
		most = min(most, t.PerTarget-r.busy)
	}
	if most <= 0 {
		return nil
	}
	return c.each(ctx, `SELECT id FROM jobs WHERE NOT buried AND kind = $1 AND target = $2 AND due <= $3 AND leased <= $5 ORDER BY due, id LIMIT $4 FOR UPDATE SKIP LOCKED`, func(rows pgx.Rows) error {
		var id int64
		err := rows.Scan(&id)
		r.jobs = append(r.jobs, id)
		return err
	}, text(t.Kind), r.name, now.due, most, now.lease)
}

// leaseJobs leases jobs, and returns them in the order asked for.
func (c *tx) leaseJobs(ctx context.Context, order []int64, until time.Time) ([]store.Job, error) {
	jobs := make([]store.Job, len(order))
	if len(order) == 0 {
		return jobs, nil
	}
	place := map[int64]int{}
	for i, id := range order {
		place[id] = i
	}
	err := c.each(ctx, `UPDATE jobs SET leased = $1, again = NULL WHERE id = ANY($2) RETURNING id, kind, key, target, payload, due, since, attempts`, func(r pgx.Rows) error {
		var j store.Job
		var due, since int64
		err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Target, &j.Payload, &due, &since, &j.Attempts)
		j.Due, j.Since, j.Lease = fromMicros(due), fromMicros(since), fromMicros(micros(until))
		jobs[place[j.ID]] = j
		return err
	}, micros(until), order)
	return jobs, err
}

// buryTarget buries what is due of a target that is held for good.
func (c *tx) buryTarget(ctx context.Context, kind string, r *targetRow, now times) error {
	_, err := c.Exec(ctx, `WITH gone AS (UPDATE jobs SET buried = true, buried_at = $1, leased = 0, again = NULL, cause = $2 WHERE id IN (
				SELECT id FROM jobs WHERE NOT buried AND kind = $3 AND target = $4 AND due <= $8 AND leased <= $9 ORDER BY due, id LIMIT $5 FOR UPDATE SKIP LOCKED) RETURNING kind)
		INSERT INTO counts (name, value) SELECT c.name || $3, c.value * (SELECT count(*) FROM gone) FROM (VALUES ($6, -1), ($7, 1)) c(name, value)`,
		now.lease, r.cause, text(kind), r.name, buryMost, store.CountJobs, store.CountBuried, now.due, now.lease)
	return err
}

// Hold lets no job of a kind and target begin until a time, or at all.
func (s *Store) Hold(ctx context.Context, kind, target string, until time.Time, cause string) error {
	return s.rows(ctx, "holding target", func(ctx context.Context, t *tx) error {
		if _, err := t.Exec(ctx, `INSERT INTO held AS h (kind, target, until, cause) VALUES ($1, $2, $3, $4)
			ON CONFLICT (kind, target) DO UPDATE SET until = excluded.until, cause = excluded.cause WHERE h.until IS NOT NULL AND (excluded.until IS NULL OR excluded.until > h.until)`,
			text(kind), text(target), null(micros(until)), text(cause)); err != nil {
			return err
		}
		now, err := s.times(ctx, t)
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, `DELETE FROM held WHERE (kind, target) IN (SELECT kind, target FROM held WHERE until <= $1 ORDER BY kind, target FOR UPDATE SKIP LOCKED)`, now.held) // nothing comes of them any more
		return err
	})
}

// Resume ends a hold.
func (s *Store) Resume(ctx context.Context, kind, target string) error {
	return s.rows(ctx, "resuming target", func(ctx context.Context, t *tx) error {
		_, err := t.Exec(ctx, `DELETE FROM held WHERE kind = $1 AND target = $2`, text(kind), text(target))
		return err
	})
}
