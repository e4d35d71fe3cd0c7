package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// Persons returns the standing persons that hold any of the keys.
func (s *Store) Persons(ctx context.Context, keys []string) ([]lead.Person, error) {
	persons := []lead.Person{}
	if len(keys) == 0 {
		return persons, nil
	}
	// planned as what it is, a few rows by their keys: without statistics all persons were read
	err := s.view(ctx, "looking for persons", func(ctx context.Context, t *tx) error {
		return t.each(ctx, held+`SELECT id, name, company, holds FROM persons WHERE merged_into IS NULL AND id IN (SELECT person FROM held) ORDER BY id`, func(r pgx.Rows) error {
			p, err := scanPerson(r)
			persons = append(persons, p)
			return err
		}, texts(keys))
	})
	if err != nil {
		return nil, err
	}
	return persons, nil
}

// scanPerson reads id, name, company and holds, and what follows them into more.
func scanPerson(r pgx.Row, more ...any) (p lead.Person, err error) {
	var name []byte
	var holds string
	if err := r.Scan(append([]any{&p.ID, &name, &p.Company, &holds}, more...)...); err != nil {
		return p, err
	}
	p.Holds = lines(holds)
	return p, store.Decode("name", name, &p.Name)
}

// Merges returns a page of merges, newest first.
func (s *Store) Merges(ctx context.Context, p store.Page) ([]store.MergeRow, string, error) {
	return listed(ctx, s, p, `SELECT `+mergeColumns+` FROM merges WHERE undone IS NULL AND person > 0 AND n < $1 ORDER BY n DESC LIMIT $2`, func(r pgx.Rows) (store.MergeRow, int64, error) {
		m, err := scanMerge(r)
		return m.MergeRow, m.ID, err
	})
}

// mergeColumns are what scanMerge reads.
const mergeColumns = `n, seen, person, into_person, lead, into_lead, moved_lead, reason, score, actor, at, before`

func scanMerge(r pgx.Rows) (m store.MergeState, err error) {
	var at int64
	var before []byte
	if err := r.Scan(&m.ID, &m.Seen, &m.Person, &m.Into, &m.Lead, &m.LeadInto, &m.MovedLead, &m.Reason, &m.Score, &m.By, &at, &before); err != nil {
		return m, err
	}
	m.At = fromMicros(at)
	return m, store.Decode("merge", before, &m.Before)
}

// Reviews returns a page of pairs of persons that are not decided, newest first.
func (s *Store) Reviews(ctx context.Context, p store.Page) ([]store.ReviewRow, string, error) {
	return listed(ctx, s, p, selectReviews, func(r pgx.Rows) (store.ReviewRow, int64, error) {
		v, err := scanReview(r)
		return v.ReviewRow, v.n, err
	})
}

const selectReviews = `SELECT n, at, a, b, reason, score FROM reviews WHERE decided_at IS NULL AND n < $1 ORDER BY n DESC LIMIT $2`

// review is a stored review and its number.
type review struct {
	store.ReviewRow
	n int64
}

func scanReview(r pgx.Rows) (v review, err error) {
	var at int64
	err = r.Scan(&v.n, &at, &v.A, &v.B, &v.Reason, &v.Score)
	v.At = fromMicros(at)
	return v, err
}
