package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Leaser runs functions that only one node may run at a time.
type Leaser struct {
	Store store.Leases
	Owner string        // this process; no two have the same
	TTL   time.Duration // how long a node that died is waited for; 0 for half a minute
	Log   *slog.Logger  // nil for none
}

const leaseTTL = 30 * time.Second

// errLost ends what ran under a lease.
var errLost = fmt.Errorf("%w: the lease was lost", lead.ErrConflict)

// Run waits for the lease of a name, runs f while this process holds it, gives it back
// and returns what f returned. The context of f ends when the lease is lost, or cannot
// be renewed in time: before anybody else can get it, unless this process or its clock
// stood still. What f writes under the lease is refused from then on; Run returns
// lead.ErrConflict then, and whoever called it may call it again. Run ends with ctx.
func (l *Leaser) Run(ctx context.Context, name string, f func(ctx context.Context, held store.Lease) error) error {
	held, since, err := l.acquire(ctx, name)
	if err != nil {
		return err
	}
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	renewed := make(chan time.Time, 1)
	go func() { renewed <- l.renew(running, held, since, cancel) }()
	err = f(running, held)
	lost, ended := errors.Is(context.Cause(running), errLost), time.Now()
	cancel(nil)
	since = <-renewed
	// After a standstill f may end before anybody has looked at the clock.
	if lost || !ended.Before(l.end(since)) {
		return fmt.Errorf("running %s: %w", name, errors.Join(errLost, err))
	}
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), l.ttl()/3)
	defer stop()
	if back := l.Store.ReleaseLease(end, held); back != nil { // it ends by itself
		l.log(ctx, "giving lease back", name, back)
	}
	return err
}

func (l *Leaser) ttl() time.Duration {
	if l.TTL > 0 {
		return l.TTL
	}
	return leaseTTL
}

// acquire waits until the lease is free. since is when it was asked for, by a clock
// that only goes on: the lease lasts at least a TTL from then.
func (l *Leaser) acquire(ctx context.Context, name string) (held store.Lease, since time.Time, err error) {
	for reported := false; ; {
		since = time.Now()
		held, err = l.Store.AcquireLease(ctx, name, l.Owner, l.ttl())
		switch {
		case err == nil:
			return held, since, nil
		case lead.IsPermanent(err):
			return held, since, err
		case !errors.Is(err, lead.ErrConflict) && !reported && ctx.Err() == nil:
			reported = true
			l.log(ctx, "taking lease", name, err)
		}
		if !sleep(ctx, jitter(l.ttl()/3)+l.ttl()/10) {
			return held, since, ctx.Err()
		}
	}
}

// end is when a lease counts as lost that was renewed last at a time: before it is.
func (l *Leaser) end(since time.Time) time.Time { return since.Add(l.ttl() * 4 / 5) }

// renew keeps a lease until ctx ends, and ends it when the lease is lost: somebody
// else has it, or four fifths of its time have passed since it was renewed last. It
// returns when that was.
func (l *Leaser) renew(ctx context.Context, held store.Lease, since time.Time, cancel context.CancelCauseFunc) time.Time {
	for {
		end := time.Until(l.end(since))
		if end <= 0 {
			cancel(errLost)
			return since
		}
		if !sleep(ctx, min(l.ttl()/4, end)) {
			return since
		}
		asked := time.Now()
		asking, stop := context.WithDeadline(ctx, l.end(since))
		_, err := l.Store.RenewLease(asking, held, l.ttl())
		stop()
		switch {
		case err == nil:
			since = asked
		case errors.Is(err, lead.ErrConflict):
			cancel(errLost)
			return since
		}
	}
}

func (l *Leaser) log(ctx context.Context, doing, name string, err error) {
	if l.Log != nil {
		l.Log.WarnContext(ctx, doing, "lease", name, "err", err)
	}
}
