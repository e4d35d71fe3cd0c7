package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"leadgate/store"
)

// upwards selects whom a person, and everybody they were merged into, was merged into.
const upwards = `WITH RECURSIVE up(one, next) AS (SELECT id, merged_into FROM persons WHERE id = ?
	UNION ALL SELECT p.id, p.merged_into FROM persons p JOIN up ON p.id = up.next) `

// twoTrees selects two standing persons with everybody merged into each.
const twoTrees = `WITH RECURSIVE tree(top, one) AS (SELECT id, id FROM persons WHERE id IN (?1, ?2)
	UNION ALL SELECT t.top, p.id FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL) `

// Duplicates returns a page of persons that may be one, newest first.
func (s *Store) Duplicates(ctx context.Context, p store.Page) ([]store.Pair, string, error) {
	pairs, next := []store.Pair{}, ""
	for rest := p; ; {
		reviews, err := s.reviews(ctx, rest)
		if err != nil {
			return nil, "", err
		}
		for _, r := range reviews.rows {
			if len(pairs) == p.Limit { // one more than fits: there is a next page
				return pairs, next, nil
			}
			pair, ok, err := s.pair(ctx, r)
			if err != nil {
				return nil, "", fmt.Errorf("listing duplicates: %w", classed(err))
			}
			if ok {
				pairs, next = append(pairs, pair), strconv.FormatInt(r.n, 10)
			}
		}
		if rest.Cursor = reviews.next; rest.Cursor == "" {
			return pairs, "", nil
		}
	}
}

// review is a stored review and its number.
type review struct {
	store.ReviewRow
	n int64
}

type reviewPage struct {
	rows []review
	next string
}

func (s *Store) reviews(ctx context.Context, p store.Page) (reviewPage, error) {
	rows, next, err := listed(ctx, s, p, `SELECT n, at, a, b, reason, score FROM reviews WHERE decided_at IS NULL AND n < ? ORDER BY n DESC LIMIT ?`, func(r *sql.Rows) (v review, n int64, err error) {
		var at int64
		err = r.Scan(&v.n, &at, &v.A, &v.B, &v.Reason, &v.Score)
		v.At = fromMicros(at)
		return v, v.n, err
	})
	return reviewPage{rows, next}, err
}

// pair returns both sides of a review as they stand. ok is false when there is
// nothing to decide any more, or a newer review is of the same two.
func (s *Store) pair(ctx context.Context, r review) (p store.Pair, ok bool, err error) {
	var tops [2]int64
	for i, person := range [...]int64{r.A, r.B} {
		if err := s.read.QueryRowContext(ctx, upwards+`SELECT one FROM up WHERE next IS NULL`, person).Scan(&tops[i]); err != nil {
			return p, false, err
		}
	}
	if tops[0] == tops[1] {
		return p, false, nil
	}
	var differ bool
	var newest int64
	err = s.read.QueryRowContext(ctx, twoTrees+`SELECT
			EXISTS (SELECT 1 FROM tree x JOIN not_same m ON m.person = x.one JOIN tree y ON y.one = m.other WHERE x.top <> y.top),
			(SELECT coalesce(max(r.n), 0) FROM tree x JOIN reviews r ON r.a = x.one JOIN tree y ON y.one = r.b WHERE x.top <> y.top AND r.decided_at IS NULL)`,
		tops[0], tops[1]).Scan(&differ, &newest)
	if err != nil || differ || newest != r.n {
		return p, false, err
	}
	p = store.Pair{Score: r.Score, Reason: r.Reason, At: r.At}
	for i, side := range [...]*store.Side{&p.A, &p.B} {
		found, err := s.side(ctx, tops[i], side)
		if err != nil || !found {
			return p, false, err
		}
	}
	return p, true, nil
}

// side reads a standing person and the newest lead. found is false when there is
// none, which no rule makes.
func (s *Store) side(ctx context.Context, person int64, out *store.Side) (found bool, err error) {
	var name []byte
	var holds string
	var last int64
	if err := s.read.QueryRowContext(ctx, `SELECT id, name, company, holds, last_lead FROM persons WHERE id = ?`, person).Scan(&out.Person.ID, &name, &out.Person.Company, &holds, &last); err != nil {
		return false, err
	}
	out.Person.Holds = lines(holds)
	if err := store.Decode("name", name, &out.Person.Name); err != nil || last == 0 {
		return false, err
	}
	if out.Lead, err = s.numbered(ctx, last); err != nil {
		return false, err
	}
	var heard sql.NullInt64
	err = s.read.QueryRowContext(ctx, family+` SELECT max(q.taken) FROM inquiries q JOIN family f ON q.lead = f.number WHERE q.lead > 0`, out.Lead.Number).Scan(&heard)
	out.Heard = fromMicros(heard.Int64)
	return true, err
}
