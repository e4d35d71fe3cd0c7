package blob

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leadgate/lead"
)

// stub answers every call with err, or hangs until the caller gives up.
type stub struct {
	Store
	err   error
	hang  bool
	calls int
}

func (s *stub) Get(ctx context.Context, _ string) ([]byte, error) {
	s.calls++
	if s.hang {
		<-ctx.Done()
		return nil, fmt.Errorf("%w: %w", lead.ErrUnavailable, ctx.Err())
	}
	return nil, s.err
}

// A place that hangs holds up three callers for the time-out each, then one every
// while, and everybody again once it answers.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{hang: true}
		b := NewBreaker(s, 10*time.Second, nil)
		start := time.Now()
		for range 100 {
			if _, err := b.Get(t.Context(), ""); !errors.Is(err, lead.ErrUnavailable) {
				t.Fatalf("Get = %v, want ErrUnavailable", err)
			}
		}
		if took := time.Since(start); took != 30*time.Second || s.calls != 3 {
			t.Errorf("100 callers waited %v for %d calls, want 30s for 3", took, s.calls)
		}
		for range 600 {
			_, _ = b.Get(t.Context(), "")
			time.Sleep(time.Second)
		}
		if s.calls > 30 {
			t.Errorf("%d calls in ten minutes and more", s.calls)
		}
		s.hang = false
		time.Sleep(breakLongest)
		for range 10 {
			if _, err := b.Get(t.Context(), ""); err != nil {
				t.Fatalf("Get of one that is back: %v", err)
			}
		}
	})
}

// What a place says about one blob, and who gives up waiting, opens nothing.
func TestBreakerStaysClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{lead.ErrNotFound, lead.ErrPermanent, lead.ErrInvalid} {
			s := &stub{err: err}
			b := NewBreaker(s, time.Second, nil)
			for range 10 {
				_, _ = b.Get(t.Context(), "")
			}
			if s.calls != 10 {
				t.Errorf("%v: %d of 10 calls", err, s.calls)
			}
		}
		s := &stub{hang: true}
		b := NewBreaker(s, time.Minute, nil)
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = b.Get(ctx, "")
		}
		if s.calls != 10 {
			t.Errorf("given up: %d of 10 calls", s.calls)
		}
	})
}
