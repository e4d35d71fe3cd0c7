package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// A panic inside a transaction undoes it, and the next one is not in its way.
func TestPanicUndoes(t *testing.T) {
	t.Parallel()
	burst := false
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), func() time.Time {
		if burst {
			burst = false
			panic("the clock is broken")
		}
		return time.Now()
	})
	defer s.Close()
	at := time.Now()
	apply := func(n int) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = errors.New("panicked")
			}
		}()
		_, err = s.Apply(t.Context(), []store.Item{benchItem(n, at)})
		return err
	}
	burst = true
	if err := apply(1); err == nil {
		t.Fatal("the clock did not burst")
	}
	for n := range 3 {
		if err := apply(n); err != nil {
			t.Fatalf("Apply after a panic: %v", err)
		}
	}
	if leads, _, err := s.List(t.Context(), store.Query{Page: store.Page{Limit: 10}}); err != nil || len(leads) != 3 {
		t.Errorf("%d leads, %v, want 3", len(leads), err)
	}
}

// Who waits for the writer's turn gives up when its context ends; who reads does
// not wait for it at all.
func TestWriterIsBusy(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
	defer s.Close()
	err := s.update(t.Context(), "holding the turn", func(context.Context) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := s.Apply(ctx, []store.Item{benchItem(1, time.Now())})
		if !errors.Is(err, lead.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Apply = %v, want unavailable and its deadline", err)
		}
		if stages, err := s.Stages(t.Context()); err != nil || len(stages) == 0 {
			t.Errorf("Stages = %v, %v", stages, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is stored and cannot be read is no reason to wait.
func TestUnreadableRow(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC()
	for _, damage := range []string{
		`UPDATE persons SET name = '{'`, `UPDATE persons SET name = '[]'`, `UPDATE leads SET data = '{'`,
	} {
		s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
		if _, err := s.Apply(t.Context(), []store.Item{benchItem(1, at)}); err != nil {
			t.Fatal(err)
		}
		if err := s.update(t.Context(), "damaging", func(ctx context.Context) error { _, err := s.exec(ctx, damage); return err }); err != nil {
			t.Fatal(err)
		}
		again := benchItem(1, at)
		again.Delivery.ID, again.Inquiries[0].Key = lead.NewID(), "another"
		if _, err := s.Apply(t.Context(), []store.Item{again}); !errors.Is(err, lead.ErrPermanent) || errors.Is(err, lead.ErrUnavailable) {
			t.Errorf("%s: Apply = %v, want permanent", damage, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
