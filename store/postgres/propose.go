package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"leadgate/store"
)

// Propose compares persons with those who resemble them. It runs alone: whoever is
// stored beside it with a smaller number than the last it looked at would be missed.
func (s *Store) Propose(ctx context.Context, n int) (int, error) {
	done := 0
	err := s.alone(ctx, "looking for duplicates", func(ctx context.Context, t *tx) error {
		done = 0
		persons, last, err := t.toCompare(ctx, n)
		if err != nil || len(persons) == 0 {
			return err
		}
		l := s.loading(t)
		defer l.leave()
		if err := l.around(ctx, s, persons); err != nil {
			return fmt.Errorf("looking up who resembles them: %w", err)
		}
		if err := t.compared(ctx, persons, last); err != nil {
			return err
		}
		done = len(persons)
		return s.commit(ctx, l, store.PlanProposals(l.snap, persons, s.now().UTC()))
	})
	if err != nil {
		return 0, err
	}
	return done, nil
}

// toCompare returns persons that grew, then new ones, and the last new one.
func (t *tx) toCompare(ctx context.Context, n int) (persons []int64, last int64, err error) {
	one := func(r pgx.Rows) error {
		var id int64
		err := r.Scan(&id)
		persons = append(persons, id)
		return err
	}
	if err := t.each(ctx, `SELECT person FROM grown ORDER BY person LIMIT $1`, one, n); err != nil {
		return nil, 0, fmt.Errorf("looking up who grew: %w", err)
	}
	grown := len(persons)
	if err := t.each(ctx, `SELECT id FROM persons WHERE id > coalesce((SELECT value FROM counters WHERE name = $1), 0) ORDER BY id LIMIT $2`, one, store.CountLooked, n-grown); err != nil {
		return nil, 0, fmt.Errorf("looking up who is new: %w", err)
	}
	if len(persons) > grown {
		last = persons[len(persons)-1]
	}
	return persons, last, nil
}

// around loads persons and all who resemble them.
func (l *loading) around(ctx context.Context, s *Store, persons []int64) error {
	if err := l.begin(ctx, s, 0); err != nil {
		return err
	}
	if err := l.persons(ctx, persons); err != nil {
		return err
	}
	known := make([]*store.PersonState, 0, len(l.snap.Persons))
	for _, p := range l.snap.Persons {
		known = append(known, p)
	}
	look := store.LookAround(known)
	var b batch
	l.blocks(&b, look.Blocks)
	l.areas(&b, look.Areas)
	if err := l.send(ctx, &b); err != nil {
		return err
	}
	found := map[int64]bool{}
	if err := l.resolve(ctx, found); err != nil {
		return err
	}
	var more []int64
	for id := range found {
		if l.snap.Persons[id] == nil {
			more = append(more, id)
		}
	}
	if err := l.persons(ctx, more); err != nil {
		return err
	}
	b = batch{}
	marks := l.marks(&b)
	if err := l.send(ctx, &b); err != nil {
		return err
	}
	return l.notSame(ctx, *marks)
}

// persons loads persons that stand.
func (l *loading) persons(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var b batch
	l.standing(&b, ids)
	return l.send(ctx, &b)
}

// compared remembers that persons were compared.
func (t *tx) compared(ctx context.Context, persons []int64, last int64) error {
	if _, err := t.Exec(ctx, `DELETE FROM grown WHERE person = ANY($1)`, persons); err != nil || last == 0 {
		return err
	}
	_, err := t.Exec(ctx, `INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, store.CountLooked, last)
	return err
}
