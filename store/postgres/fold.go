package postgres

import (
	"context"
	"sync"
	"time"
)

// added is the value of a counter of which some rows are not added up yet: of times
// it is the newest.
const added = `(CASE WHEN name LIKE 'last.%' THEN max(value) ELSE sum(value) END)::bigint`

// The locks of jobs that one node at a time does, each for the length of a transaction.
const (
	lockFold   = 0x6c656164_00000001
	lockIndex  = 0x6c656164_00000002
	lockSurvey = 0x6c656164_00000003
)

// foldEvery is how often a node adds up what transactions counted.
const foldEvery = time.Second

// foldMost is how many rows of a table are added up in one transaction: whatever waits,
// its time suffices.
const foldMost = 100_000

// folds knows when this node added up last.
type folds struct {
	mu   sync.Mutex
	last time.Time
	rest time.Time // until when no table is surveyed, since one took too long
}

// due reports whether it is time, and takes the turn if it is.
func (f *folds) due() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.last) < foldEvery {
		return false
	}
	f.last = time.Now()
	return true
}

// fold adds up what transactions counted. It meets nobody: they only add rows, and a
// reader sees a row or the counter it went into.
func (s *Store) fold(ctx context.Context) error {
	if !s.folds.due() {
		return nil
	}
	if err := s.surveyDue(ctx); err != nil {
		return err
	}
	return s.rows(ctx, "adding up counters", func(ctx context.Context, t *tx) error {
		if mine, err := t.lock(ctx, lockFold); err != nil || !mine {
			return err
		}
		var b batch
		b.exec(`WITH gone AS (DELETE FROM counts WHERE ctid = ANY(ARRAY(SELECT ctid FROM counts LIMIT $1)) RETURNING name, value)
			INSERT INTO counters AS c (name, value) SELECT name, `+added+` FROM gone GROUP BY name ORDER BY name
			ON CONFLICT (name) DO UPDATE SET value = CASE WHEN c.name LIKE 'last.%' THEN greatest(c.value, excluded.value) ELSE c.value + excluded.value END`, foldMost)
		b.exec(`WITH gone AS (DELETE FROM area_counts WHERE ctid = ANY(ARRAY(SELECT ctid FROM area_counts LIMIT $1)) RETURNING key, persons)
			INSERT INTO areas AS a (key, persons) SELECT key, sum(persons) FROM gone GROUP BY key ORDER BY key
			ON CONFLICT (key) DO UPDATE SET persons = a.persons + excluded.persons`, foldMost)
		return t.send(ctx, &b)
	})
}

// lock takes a lock until the transaction ends, if nobody has it.
func (t *tx) lock(ctx context.Context, which int64) (mine bool, err error) {
	err = t.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, which).Scan(&mine)
	return mine, err
}
