package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"leadgate/store"
)

// twoTrees selects two standing persons with everybody merged into each.
const twoTrees = `WITH RECURSIVE tree(top, one) AS (SELECT id, id FROM persons WHERE id IN ($1, $2)
	UNION ALL SELECT t.top, p.id FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL) `

// Duplicates returns a page of persons that may be one, newest first.
func (s *Store) Duplicates(ctx context.Context, p store.Page) (pairs []store.Pair, next string, err error) {
	before, err := cursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	err = s.view(ctx, "listing duplicates", func(ctx context.Context, t *tx) (err error) {
		pairs, next, err = t.pairs(ctx, before, p.Limit)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return pairs, next, nil
}

// pairs walks along the reviews, newest first, until it has a page of pairs.
func (t *tx) pairs(ctx context.Context, before int64, limit int) ([]store.Pair, string, error) {
	pairs, next := []store.Pair{}, ""
	for {
		var reviews []review
		if err := t.each(ctx, selectReviews, func(r pgx.Rows) error {
			v, err := scanReview(r)
			reviews = append(reviews, v)
			return err
		}, before, limit+1); err != nil {
			return nil, "", err
		}
		for _, r := range reviews {
			before = r.n
			if len(pairs) == limit { // one more may be there: there is a next page
				return pairs, next, nil
			}
			pair, ok, err := t.pair(ctx, r)
			if err != nil {
				return nil, "", err
			}
			if ok {
				pairs, next = append(pairs, pair), strconv.FormatInt(r.n, 10)
			}
		}
		if len(reviews) <= limit {
			return pairs, "", nil
		}
	}
}

// pair returns both sides of a review as they stand. ok is false when there is
// nothing to decide any more, or a newer review is of the same two.
func (t *tx) pair(ctx context.Context, r review) (p store.Pair, ok bool, err error) {
	stands, err := t.follow(ctx, selectSurvivors, []int64{r.A, r.B})
	a, b := stands[r.A], stands[r.B]
	if err != nil || a == b || a == 0 || b == 0 {
		return p, false, err
	}
	var differ bool
	var newest int64
	err = t.QueryRow(ctx, twoTrees+`SELECT
			EXISTS (SELECT 1 FROM tree x JOIN not_same m ON m.person = x.one JOIN tree y ON y.one = m.other WHERE x.top <> y.top),
			(SELECT coalesce(max(r.n), 0) FROM tree x JOIN reviews r ON r.a = x.one JOIN tree y ON y.one = r.b WHERE x.top <> y.top AND r.decided_at IS NULL)`,
		a, b).Scan(&differ, &newest)
	if err != nil || differ || newest != r.n {
		return p, false, err
	}
	p = store.Pair{Score: r.Score, Reason: r.Reason, At: r.At}
	found, err := t.side(ctx, a, &p.A)
	if err != nil || !found {
		return p, false, err
	}
	found, err = t.side(ctx, b, &p.B)
	return p, found, err
}

// side reads a standing person and the newest lead. found is false when there is
// none, which no rule makes.
func (t *tx) side(ctx context.Context, person int64, out *store.Side) (found bool, err error) {
	var last int64
	out.Person, err = scanPerson(t.QueryRow(ctx, `SELECT id, name, company, holds, last_lead FROM persons WHERE id = $1`, person), &last)
	if err != nil || last == 0 {
		return false, err
	}
	if out.Lead, err = t.answered(ctx, standingByNumber, last); err != nil {
		return false, err
	}
	var heard *int64
	err = t.QueryRow(ctx, family+` SELECT max(q.taken) FROM inquiries q JOIN family f ON q.lead = f.number WHERE q.lead > 0`, out.Lead.Number).Scan(&heard)
	if heard != nil {
		out.Heard = fromMicros(*heard)
	}
	return true, err
}
