package connectortest

import (
	"context"
	"errors"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// The State in memory keeps what connectors.State promises, so that a connector's tests
// see what it will see.
func TestEnvState(t *testing.T) {
	t.Parallel()
	e, ctx := NewEnv(connectors.Source{Name: "x"}, "", nil), t.Context()
	s := e.State()
	if _, err := s.Get(ctx, "a"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
	first, err := s.Swap(ctx, "a", []byte("1"), 0, 0)
	if err != nil || first == 0 {
		t.Fatalf("Swap = %d, %v", first, err)
	}
	if _, err := s.Swap(ctx, "a", []byte("2"), 0, 0); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("made twice: %v", err)
	}
	if err := s.Put(ctx, "a", []byte("3"), time.Minute); err != nil {
		t.Fatal(err)
	}
	v, err := s.Get(ctx, "a")
	if err != nil || string(v.Data) != "3" || v.Version == first || !v.Expires.Equal(e.Now().Add(time.Minute)) {
		t.Errorf("Get = %+v, %v", v, err)
	}
	e.SetNow(v.Expires)
	if _, err := s.Get(ctx, "a"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := s.Swap(ctx, "a", nil, 0, 0); err != nil {
		t.Errorf("after its end there is none: %v", err)
	}
	if err := errors.Join(s.Drop(ctx, "a"), s.Drop(ctx, "a")); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{"no key": s.Put(ctx, "", nil, 0), "too much": s.Put(ctx, "a", make([]byte, connectors.StateMost+1), 0)} {
		if !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// One runs under a lease at a time, and who has lost it writes nothing.
func TestEnvLease(t *testing.T) {
	t.Parallel()
	e := NewEnv(connectors.Source{Name: "x"}, "", nil)
	took := make(chan struct{})
	ended := make(chan error, 2)
	go func() {
		ended <- e.Lease(t.Context(), "l", func(ctx context.Context, env connectors.Env) error {
			if err := env.State().Put(ctx, "a", []byte("first"), 0); err != nil {
				t.Error(err)
			}
			close(took)
			<-ctx.Done() // another node takes it
			if err := env.State().Put(context.Background(), "a", []byte("late"), 0); !errors.Is(err, lead.ErrConflict) {
				t.Errorf("after the lease was lost: %v", err)
			}
			return nil
		})
	}()
	<-took
	go func() {
		ended <- e.Lease(t.Context(), "l", func(context.Context, connectors.Env) error { return nil })
	}()
	e.LoseLease("l")
	var lost, fine int
	for range 2 {
		switch err := <-ended; {
		case err == nil:
			fine++
		case errors.Is(err, lead.ErrConflict):
			lost++
		default:
			t.Error(err)
		}
	}
	if lost != 1 || fine != 1 {
		t.Errorf("%d lost it, %d did not", lost, fine)
	}
	if v, err := e.State().Get(t.Context(), "a"); err != nil || string(v.Data) != "first" {
		t.Errorf("a is %q, %v", v.Data, err)
	}
}
