package pipeline

import (
	"context"
	"errors"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Times of the nightly comparing of persons.
const (
	compareHour  = 3 // of the day, in the server's time zone
	compareBatch = 8 // persons in one transaction
)

// compare looks every night for persons that may be one, seen with all that was told
// by then. Of many nodes one does it; the others find nothing left when it is through,
// and go on where it ended when it died.
func (p *Pipeline) compare(ctx context.Context) {
	for sleep(ctx, untilNight(p.now())) {
		for more := true; more && ctx.Err() == nil; {
			err := p.o.Leases.Run(ctx, "compare", p.compareNow)
			if more = errors.Is(err, lead.ErrConflict); err != nil && !more && ctx.Err() == nil {
				p.log.WarnContext(ctx, "looking for duplicates", "err", err)
			}
		}
	}
}

// compareNow compares until nobody is left or ctx ends. It only proposes; what is not
// stored yet comes first.
func (p *Pipeline) compareNow(ctx context.Context, _ store.Lease) error {
	for more := true; more && ctx.Err() == nil; {
		if p.window.len() >= batchEntries {
			more = sleep(ctx, time.Second)
			continue
		}
		n, err := p.o.Store.Propose(ctx, compareBatch)
		switch {
		case lead.IsPermanent(err):
			p.log.ErrorContext(ctx, "looking for duplicates", "err", err)
			more = false
		case err != nil: // the store is down, which the workers report
			more = sleep(ctx, time.Minute)
		default:
			more = n >= compareBatch && sleep(ctx, 50*time.Millisecond)
		}
	}
	return nil
}

// untilNight returns how long it is until the next night's comparing.
func untilNight(now time.Time) time.Duration {
	now = now.Local()
	next := time.Date(now.Year(), now.Month(), now.Day(), compareHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next.Sub(now)
}
