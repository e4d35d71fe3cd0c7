package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Tables are surveyed one time each time they doubled, a few at a time.
const (
	surveyFrom = 8 // pages of a table below which any plan will do
	surveyMost = 6 // tables at once
)

// survey gathers the statistics of tables that are twice as large as when somebody last
// did. A server does so itself, but looks once a minute only, or never where that is
// turned off; and without statistics it takes standing leads for a rare thing, and reads
// all of them to find one. Who meets others leaves it to them.
func (s *Store) survey(ctx context.Context) error {
	return s.rows(ctx, "gathering statistics", func(ctx context.Context, t *tx) error {
		if mine, err := t.lock(ctx, lockSurvey); err != nil || !mine {
			return err
		}
		var grown []string
		if err := t.each(ctx, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
				AND pg_relation_size(oid) / current_setting('block_size')::bigint > greatest(2 * relpages::bigint, $1) ORDER BY oid LIMIT $2`, func(r pgx.Rows) error {
			var name string
			err := r.Scan(&name)
			grown = append(grown, pgx.Identifier{name}.Sanitize())
			return err
		}, surveyFrom, surveyMost); err != nil || len(grown) == 0 {
			return err
		}
		_, err := t.Exec(ctx, `ANALYZE `+strings.Join(grown, ", "))
		return err
	})
}
