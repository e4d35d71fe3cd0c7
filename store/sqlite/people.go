package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"leadgate/lead"
	"leadgate/store"
)

// Persons returns the standing persons that hold any of the keys.
func (s *Store) Persons(ctx context.Context, keys []string) ([]lead.Person, error) {
	persons := []lead.Person{}
	if len(keys) == 0 {
		return persons, nil
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(keys)), ",")
	err := scanRows(s.read.QueryContext(ctx, `WITH RECURSIVE held(person) AS (SELECT person FROM holders WHERE key IN (`+marks+`)
			UNION SELECT p.merged_into FROM persons p JOIN held h ON p.id = h.person WHERE p.merged_into IS NOT NULL)
		SELECT id, name, company, holds FROM persons WHERE merged_into IS NULL AND id IN (SELECT person FROM held) ORDER BY id`, texts(keys)...))(func(r *sql.Rows) error {
		var p lead.Person
		var name []byte
		var holds string
		if err := r.Scan(&p.ID, &name, &p.Company, &holds); err != nil {
			return err
		}
		p.Holds = lines(holds)
		err := store.Decode("name", name, &p.Name)
		persons = append(persons, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for persons: %w", classed(err))
	}
	return persons, nil
}

// lines reads a text of lines; none are nil.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// Merges returns a page of merges, newest first.
func (s *Store) Merges(ctx context.Context, p store.Page) ([]store.MergeRow, string, error) {
	return listed(ctx, s, p, `SELECT n, at, person, into_person, lead, into_lead, moved_lead, reason, score, actor, before FROM merges WHERE undone IS NULL AND person > 0 AND n < ? ORDER BY n DESC LIMIT ?`, func(r *sql.Rows) (m store.MergeRow, n int64, err error) {
		var at int64
		var before []byte
		if err := r.Scan(&n, &at, &m.Person, &m.Into, &m.Lead, &m.LeadInto, &m.MovedLead, &m.Reason, &m.Score, &m.By, &before); err != nil {
			return m, n, err
		}
		m.At = fromMicros(at)
		return m, n, store.Decode("merge", before, &m.Before)
	})
}

// Reviews returns a page of pairs of persons that are not decided, newest first.
func (s *Store) Reviews(ctx context.Context, p store.Page) ([]store.ReviewRow, string, error) {
	return listed(ctx, s, p, `SELECT n, at, a, b, reason, score FROM reviews WHERE decided_at IS NULL AND n < ? ORDER BY n DESC LIMIT ?`, func(r *sql.Rows) (v store.ReviewRow, n int64, err error) {
		var at int64
		err = r.Scan(&n, &at, &v.A, &v.B, &v.Reason, &v.Score)
		v.At = fromMicros(at)
		return v, n, err
	})
}
