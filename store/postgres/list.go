package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// The ways to a page. Each walks from the newest lead downward and stops when the page
// is full, so that a page costs the same wherever it stands:
//
//   - by number, when everything is asked for;
//   - with a filter, the newest of each group of leads with equal source, status
//     and stage, of which there are few, and of these the newest;
//   - with a search, through the search index: see search.go.
const (
	listAll = `SELECT ` + leadColumns + ` FROM leads WHERE merged_into IS NULL AND number < $1 ORDER BY number DESC LIMIT $2`

	listFiltered = `WITH RECURSIVE groups AS (
			(SELECT source, status, stage FROM leads WHERE merged_into IS NULL ORDER BY source, status, stage LIMIT 1)
			UNION ALL
			SELECT n.source, n.status, n.stage FROM groups g CROSS JOIN LATERAL (SELECT source, status, stage FROM leads
				WHERE merged_into IS NULL AND (source, status, stage) > (g.source, g.status, g.stage) ORDER BY source, status, stage LIMIT 1) n)
		SELECT ` + leadColumns + ` FROM leads WHERE number = ANY(ARRAY(
			SELECT l.number FROM groups g CROSS JOIN LATERAL (SELECT n.number FROM leads n
				WHERE n.merged_into IS NULL AND n.source = g.source AND n.status = g.status AND n.stage = g.stage AND n.number < $1
				ORDER BY n.source DESC, n.status DESC, n.stage DESC, n.number DESC LIMIT $2) l
			WHERE $3 IN ('', g.source) AND $4 IN ('', g.status) AND $5 IN ('', g.stage) ORDER BY l.number DESC LIMIT $2))
		ORDER BY number DESC`
)

// List returns a page of leads, newest first.
func (s *Store) List(ctx context.Context, q store.Query) ([]lead.Lead, string, error) {
	before, err := cursor(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	q.Source, q.Status, q.Stage = text(q.Source), lead.Status(text(string(q.Status))), text(q.Stage)
	leads := []lead.Lead{}
	err = s.view(ctx, "listing leads", func(ctx context.Context, t *tx) (err error) {
		switch {
		case q.Search != "":
			leads, err = t.search(ctx, &q, before)
		case q.Source != "" || q.Status != "" || q.Stage != "":
			leads, err = t.leads(ctx, listFiltered, before, q.Limit+1, q.Source, string(q.Status), q.Stage)
		default:
			leads, err = t.leads(ctx, listAll, before, q.Limit+1)
		}
		if err != nil {
			return err
		}
		return t.addMerged(ctx, leads)
	})
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(leads) > q.Limit {
		leads = leads[:q.Limit]
		next = strconv.FormatInt(leads[q.Limit-1].Number, 10)
	}
	return leads, next, nil
}

// leads returns the leads a query finds.
func (t *tx) leads(ctx context.Context, text string, args ...any) ([]lead.Lead, error) {
	leads := []lead.Lead{}
	err := t.each(ctx, text, func(r pgx.Rows) error {
		l, err := scanLead(r)
		leads = append(leads, l)
		return err
	}, args...)
	return leads, err
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
