package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"leadgate/store"
)

// Propose compares persons with those who resemble them.
func (s *Store) Propose(ctx context.Context, n int) (int, error) {
	done := 0
	err := s.update(ctx, "looking for duplicates", func(ctx context.Context) error {
		persons, last, err := s.toCompare(ctx, n)
		if err != nil || len(persons) == 0 {
			return err
		}
		snap, err := s.loadAround(ctx, persons)
		if err != nil {
			return err
		}
		if err := s.writeChanges(ctx, store.PlanProposals(snap, persons, s.now().UTC())); err != nil {
			return err
		}
		done = len(persons)
		return s.compared(ctx, persons, last)
	})
	return done, err
}

// toCompare returns persons that grew, then new ones, and the last new one.
func (s *Store) toCompare(ctx context.Context, n int) (persons []int64, last int64, err error) {
	grown, err := s.ids(ctx, `SELECT person FROM grown ORDER BY person LIMIT ?`, n)
	if err != nil {
		return nil, 0, fmt.Errorf("looking up who grew: %w", err)
	}
	fresh, err := s.ids(ctx, `SELECT id FROM persons WHERE id > COALESCE((SELECT value FROM counters WHERE name = ?), 0) ORDER BY id LIMIT ?`, store.CountLooked, n-len(grown))
	if err != nil {
		return nil, 0, fmt.Errorf("looking up who is new: %w", err)
	}
	if len(fresh) > 0 {
		last = fresh[len(fresh)-1]
	}
	return append(grown, fresh...), last, nil
}

// ids returns the numbers a query finds.
func (s *Store) ids(ctx context.Context, text string, args ...any) ([]int64, error) {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	var out []int64
	err = scanRows(st.QueryContext(ctx, args...))(func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// loadAround loads persons and all who resemble them.
func (s *Store) loadAround(ctx context.Context, persons []int64) (*store.Snapshot, error) {
	snap := s.snapshot()
	if err := s.eachPerson(ctx, snap, numbers(persons)); err != nil {
		return nil, fmt.Errorf("looking up persons: %w", err)
	}
	var known []*store.PersonState
	for _, p := range snap.Persons {
		known = append(known, p)
	}
	look := store.LookAround(known)
	around := map[int64]bool{}
	for _, step := range []func() error{
		func() error { return s.readBlocks(ctx, snap, look.Blocks) },
		func() error { return s.loadAreas(ctx, snap, look.Areas) },
		func() error { return s.resolveBlocks(ctx, snap, around) },
		func() error {
			var more []any
			for id := range around {
				if snap.Persons[id] == nil {
					more = append(more, id)
				}
			}
			return s.eachPerson(ctx, snap, more)
		},
		func() error { return s.loadNotSame(ctx, snap) },
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("looking up who resembles them: %w", err)
		}
	}
	return snap, nil
}

// compared remembers that persons were compared.
func (s *Store) compared(ctx context.Context, persons []int64, last int64) error {
	for _, id := range persons {
		if _, err := s.exec(ctx, `DELETE FROM grown WHERE person = ?`, id); err != nil {
			return err
		}
	}
	if last == 0 {
		return nil
	}
	_, err := s.exec(ctx, `INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, store.CountLooked, last)
	return err
}
