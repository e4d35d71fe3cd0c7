package postgres

import (
	"context"
	"errors"

	"leadgate/lead"
	"leadgate/store"
)

// decideAlone is decide for what people do now and then: it runs alone, and reads as
// much as it needs.
func (s *Store) decideAlone(ctx context.Context, doing string, plan func(context.Context, *loading, int) (*store.Changes, error)) error {
	for numbers := spareNumbers; ; numbers *= 4 {
		err := s.alone(ctx, doing, func(ctx context.Context, t *tx) error {
			l := s.loading(t)
			defer l.leave()
			changes, err := plan(ctx, l, numbers)
			if err != nil {
				return err
			}
			if l.short() {
				return errShort
			}
			return s.commit(ctx, l, changes)
		})
		if !errors.Is(err, errShort) {
			return err
		}
	}
}

// begin loads what every plan needs.
func (l *loading) begin(ctx context.Context, s *Store, numbers int) error {
	var b batch
	l.base(&b, s, numbers)
	return l.send(ctx, &b)
}

// Merge makes the persons of two leads one.
func (s *Store) Merge(ctx context.Context, a, b lead.ID, by string) (lead.Lead, error) {
	var stays int64
	err := s.decideAlone(ctx, "merging leads", func(ctx context.Context, l *loading, numbers int) (*store.Changes, error) {
		if err := l.begin(ctx, s, numbers); err != nil {
			return nil, err
		}
		f, pair, err := l.loadPair(ctx, a, b)
		if err != nil {
			return nil, err
		}
		changes, number, err := store.PlanMerge(l.snap, f, pair[0], pair[1], by, s.now().UTC())
		stays = number
		return changes, err
	})
	if err != nil {
		return lead.Lead{}, err
	}
	return s.numbered(ctx, stays)
}

// NotSame remembers that the persons of two leads are not the same.
func (s *Store) NotSame(ctx context.Context, a, b lead.ID, by string) error {
	return s.decideAlone(ctx, "keeping persons apart", func(ctx context.Context, l *loading, numbers int) (*store.Changes, error) {
		if err := l.begin(ctx, s, numbers); err != nil {
			return nil, err
		}
		f, pair, err := l.loadPair(ctx, a, b)
		if err != nil {
			return nil, err
		}
		return store.PlanNotSame(l.snap, f, pair[0], pair[1], by, s.now().UTC())
	})
}

// Unmerge undoes a merge.
func (s *Store) Unmerge(ctx context.Context, id lead.ID, by string) ([]lead.Lead, error) {
	var pair [2]int64
	err := s.decideAlone(ctx, "undoing a merge", func(ctx context.Context, l *loading, numbers int) (*store.Changes, error) {
		if err := l.begin(ctx, s, numbers); err != nil {
			return nil, err
		}
		f, number, err := l.loadMerged(ctx, id)
		if err != nil {
			return nil, err
		}
		changes, apart, err := store.PlanUnmerge(l.snap, f, number, by, s.now().UTC())
		pair = apart
		return changes, err
	})
	if err != nil {
		return nil, err
	}
	leads := []lead.Lead{}
	for i, n := range pair {
		if n == 0 || i == 1 && n == pair[0] {
			continue
		}
		l, err := s.numbered(ctx, n)
		if err != nil {
			return nil, err
		}
		leads = append(leads, l)
	}
	return leads, nil
}
