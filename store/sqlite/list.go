package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"leadgate/lead"
	"leadgate/store"
)

// The three ways to a page. Each walks from the newest lead downward and stops
// when the page is full, so that a page costs the same wherever it stands:
//
//   - by number, when everything is asked for;
//   - with a filter, the newest of each group of leads with equal source, status
//     and stage, of which there are few, and of these the newest;
//   - with a search, along the search index, in which the filters are words too.
const (
	listAll = `SELECT ` + leadColumns + ` FROM leads WHERE merged_into IS NULL AND number < ?1 ORDER BY number DESC LIMIT ?2`

	listFiltered = `WITH RECURSIVE groups(number, source, status, stage) AS (
			SELECT * FROM (SELECT number, source, status, stage FROM leads WHERE merged_into IS NULL ORDER BY source, status, stage LIMIT 1)
			UNION ALL
			SELECT l.number, l.source, l.status, l.stage FROM groups g JOIN leads l ON l.number = coalesce(
				(SELECT number FROM leads WHERE merged_into IS NULL AND source = g.source AND status = g.status AND stage > g.stage ORDER BY stage LIMIT 1),
				(SELECT number FROM leads WHERE merged_into IS NULL AND source = g.source AND status > g.status ORDER BY status, stage LIMIT 1),
				(SELECT number FROM leads WHERE merged_into IS NULL AND source > g.source ORDER BY source, status, stage LIMIT 1)))
		SELECT ` + leadColumns + ` FROM leads WHERE number IN (
			SELECT l.number FROM groups g JOIN leads l ON l.number IN (SELECT n.number FROM leads n
				WHERE n.merged_into IS NULL AND n.source = g.source AND n.status = g.status AND n.stage = g.stage AND n.number < ?1 ORDER BY n.number DESC LIMIT ?2)
			WHERE ?3 IN ('', g.source) AND ?4 IN ('', g.status) AND ?5 IN ('', g.stage) ORDER BY l.number DESC LIMIT ?2)
		ORDER BY number DESC`

	listFound = `SELECT ` + leadColumns + ` FROM lead_words CROSS JOIN leads ON leads.number = lead_words.rowid
		WHERE lead_words MATCH ?6 AND lead_words.rowid < ?1 AND merged_into IS NULL AND ?3 IN ('', source) AND ?4 IN ('', status) AND ?5 IN ('', stage)
		ORDER BY lead_words.rowid DESC LIMIT ?2`
)

// List returns a page of leads, newest first.
func (s *Store) List(ctx context.Context, q store.Query) ([]lead.Lead, string, error) {
	before, err := cursor(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	text, args := listAll, []any{before, q.Limit + 1}
	if q.Source != "" || q.Status != "" || q.Stage != "" || q.Search != "" {
		text, args = listFiltered, append(args, q.Source, string(q.Status), q.Stage)
	}
	if q.Search != "" {
		match, err := s.match(ctx, &q)
		if err != nil {
			return nil, "", fmt.Errorf("listing leads: %w", classed(err))
		}
		if match == "" {
			return []lead.Lead{}, "", nil
		}
		text, args = listFound, append(args, match)
	}
	leads := []lead.Lead{}
	err = scanRows(s.read.QueryContext(ctx, text, args...))(func(r *sql.Rows) error {
		l, err := scanLead(r)
		leads = append(leads, l)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("listing leads: %w", classed(err))
	}
	next := ""
	if len(leads) > q.Limit {
		leads = leads[:q.Limit]
		next = strconv.FormatInt(leads[q.Limit-1].Number, 10)
	}
	return leads, next, s.addMerged(ctx, leads)
}

// cursor reads a cursor: the number the page stays below.
func cursor(c string) (int64, error) {
	if c == "" {
		return 1 << 62, nil
	}
	n, err := strconv.ParseInt(c, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: not a cursor", lead.ErrInvalid)
	}
	return n, nil
}
