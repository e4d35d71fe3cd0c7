package blob

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"leadgate/lead"
)

// Breaker is a Store that does not answer for longer than a time-out, and that is
// left alone for a while when it failed several times in a row: whoever asks
// meanwhile hears lead.ErrUnavailable at once, and one of them tries whether it is
// back.
type Breaker struct {
	store   Store
	timeout time.Duration
	now     func() time.Time

	mu     sync.Mutex
	failed int       // in a row
	until  time.Time // nobody asks before
	trying bool      // somebody asks now whether it is back
	why    error     // the last failure
}

const (
	// breakAfter is how many failures in a row make the breaker open.
	breakAfter = 3
	// breakFor is how long it stays open at first; every further failure doubles it.
	breakFor = time.Second
	// breakLongest bounds that.
	breakLongest = 30 * time.Second
)

var _ Store = (*Breaker)(nil)

// NewBreaker returns a breaker in front of a store. now may be nil.
func NewBreaker(store Store, timeout time.Duration, now func() time.Time) *Breaker {
	if now == nil {
		now = time.Now
	}
	return &Breaker{store: store, timeout: timeout, now: now}
}

// enter fails while the store is left alone.
func (b *Breaker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return nil
	}
	if b.trying || b.now().Before(b.until) {
		return fmt.Errorf("%w: the blob store failed %d times in a row, the last time: %w", lead.ErrUnavailable, b.failed, b.why)
	}
	b.trying = true
	return nil
}

// leave notes how it went. What the caller gave up says nothing about the store.
func (b *Breaker) leave(caller context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch {
	case err == nil || !errors.Is(err, lead.ErrUnavailable):
		b.failed, b.why = 0, nil
	case caller.Err() != nil && !errors.Is(caller.Err(), context.DeadlineExceeded):
	default:
		b.failed++
		b.why = err
		if over := b.failed - breakAfter; over >= 0 {
			b.until = b.now().Add(min(breakFor<<min(over, 10), breakLongest))
		}
	}
}

// do asks the store, within the time-out, when it is not left alone.
func (b *Breaker) do(ctx context.Context, ask func(context.Context) error) error {
	if err := b.enter(); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := ask(within)
	b.leave(ctx, err)
	return err
}

// Put keeps bytes under a key.
func (b *Breaker) Put(ctx context.Context, key string, data []byte) error {
	return b.do(ctx, func(ctx context.Context) error { return b.store.Put(ctx, key, data) })
}

// Get returns the bytes under a key.
func (b *Breaker) Get(ctx context.Context, key string) (data []byte, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		data, err = b.store.Get(ctx, key)
		return err
	})
	return data, err
}

// Delete removes what lies under a key.
func (b *Breaker) Delete(ctx context.Context, key string) error {
	return b.do(ctx, func(ctx context.Context) error { return b.store.Delete(ctx, key) })
}

// List returns up to n keys that follow a text.
func (b *Breaker) List(ctx context.Context, after string, n int) (keys []string, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		keys, err = b.store.List(ctx, after, n)
		return err
	})
	return keys, err
}
