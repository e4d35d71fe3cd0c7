package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
)

// Tables are surveyed one time each time they doubled, a few at a time.
const (
	surveyFrom = 8 // pages of a table below which any plan will do
	surveyMost = 3 // tables at once
	surveyRest = 5 * time.Minute
)

// surveyDue surveys, unless it failed a short while ago: what takes longer than a
// transaction may is the server's own to do.
func (s *Store) surveyDue(ctx context.Context) error {
	f := &s.folds
	f.mu.Lock()
	resting := time.Now().Before(f.rest)
	f.mu.Unlock()
	if resting {
		return nil
	}
	err := s.survey(ctx)
	if err == nil || lead.IsPermanent(err) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest = time.Now().Add(surveyRest)
	return nil
}

// survey gathers the statistics of tables that are twice as large as when somebody last
// did. A server does so itself, but looks once a minute only, or never where that is
// turned off; and without statistics it takes standing leads for a rare thing, and reads
// all of them to find one. A table that somebody else vacuums now is left to the next time.
func (s *Store) survey(ctx context.Context) error {
	return s.rows(ctx, "gathering statistics", func(ctx context.Context, t *tx) error {
		if mine, err := t.lock(ctx, lockSurvey); err != nil || !mine {
			return err
		}
		var grown []string
		if err := t.each(ctx, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
				AND pg_relation_size(oid) / current_setting('block_size')::bigint > greatest(2 * relpages::bigint, $1) ORDER BY oid LIMIT $2`, func(r pgx.Rows) error {
			var name string
			err := r.Scan(&name)
			grown = append(grown, pgx.Identifier{name}.Sanitize())
			return err
		}, surveyFrom, surveyMost); err != nil || len(grown) == 0 {
			return err
		}
		_, err := t.Exec(ctx, `ANALYZE (SKIP_LOCKED) `+strings.Join(grown, ", "))
		return err
	})
}
