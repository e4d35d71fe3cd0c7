package postgres

import (
	"context"
	"errors"

	"leadgate/lead"
	"leadgate/store"
)

// spareNumbers is how many persons and leads a batch may make beyond one an inquiry.
const spareNumbers = 8

// Apply stores a batch in one transaction.
func (s *Store) Apply(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	w := store.Want(items)
	numbers := spareNumbers
	for i := range items {
		numbers += len(items[i].Inquiries) + len(items[i].Updates)
	}
	var receipts []store.Receipt
	err := s.decide(ctx, "storing inquiries", numbers, func(ctx context.Context, l *loading, numbers int) (*store.Changes, error) {
		if err := l.load(ctx, s, items, w, numbers); err != nil {
			return nil, err
		}
		var changes *store.Changes
		changes, receipts = store.Plan(l.snap, items, s.now().UTC())
		return changes, nil
	})
	if err != nil {
		return nil, err
	}
	return receipts, nil
}

// errAlone ends a transaction that may only be run alone.
var errAlone = errors.New("must run alone")

// decide runs, in one transaction, plan and what it decided to write. What two
// transactions could decide beside each other without meeting in a row runs alone: an
// inquiry that waits for a key, which somebody may be about to hold.
func (s *Store) decide(ctx context.Context, doing string, numbers int, plan func(context.Context, *loading, int) (*store.Changes, error)) error {
	for {
		var short bool
		one := func(alone bool) func(context.Context, *tx) error {
			return func(ctx context.Context, t *tx) error {
				l := s.loading(t)
				defer l.leave()
				changes, err := plan(ctx, l, numbers)
				switch {
				case err != nil:
					return err
				case l.short():
					short = true
					return errShort
				case !alone && len(changes.Waits) > 0:
					return errAlone
				}
				return s.commit(ctx, l, changes)
			}
		}
		err := s.update(ctx, doing, one(false))
		if errors.Is(err, errAlone) {
			err = s.alone(ctx, doing, one(true))
		}
		if !short {
			return err
		}
		numbers *= 4
	}
}

// errShort ends a transaction that had too few numbers.
var errShort = errors.Join(lead.ErrUnavailable, errors.New("too few numbers"))
