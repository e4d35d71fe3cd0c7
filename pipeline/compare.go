package pipeline

import (
	"context"
	"time"

	"leadgate/lead"
)

// Times of the nightly comparing of persons.
const (
	compareHour  = 3 // of the day, in the server's time zone
	compareBatch = 8 // persons in one transaction
)

// compare looks every night for persons that may be one, seen with all that was told
// by then. It only proposes; what is not stored yet comes first.
func (p *Pipeline) compare(ctx context.Context) {
	for sleep(ctx, untilNight(p.now())) {
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
	}
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
