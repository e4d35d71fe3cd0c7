package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// raising is a transaction that fails with a code, as the server would tell it.
func raising(code string) func(context.Context, *tx) error {
	return func(ctx context.Context, t *tx) error {
		_, err := t.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '`+code+`', DETAIL = 'password hunter2'; END $$`)
		return err
	}
}

// review writes a review as a plan would.
func (s *Store) review(ctx context.Context, r store.ReviewRow) error {
	return s.update(ctx, "proposing", func(ctx context.Context, t *tx) error {
		w := &writing{l: &loading{tx: t}}
		w.reviews(&store.Changes{Reviews: []store.ReviewRow{r}})
		return w.end(ctx)
	})
}

// A panic inside a transaction undoes it, and the next one is not in its way.
func TestPanicUndoes(t *testing.T) {
	t.Parallel()
	burst := false
	s, _ := opened(t, func() time.Time {
		if burst {
			burst = false
			panic("the clock is broken")
		}
		return time.Now()
	})
	apply := func(key string) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = errors.New("panicked")
			}
		}()
		_, err = s.Apply(t.Context(), []store.Item{itemOf(t, key, "Ana Belo")})
		return err
	}
	burst = true
	if err := apply("0"); err == nil {
		t.Fatal("the clock did not burst")
	}
	for _, key := range []string{"0", "1", "2"} {
		if err := apply(key); err != nil {
			t.Fatalf("Apply after a panic: %v", err)
		}
	}
	if leads, _, err := s.List(t.Context(), store.Query{Page: store.Page{Limit: 10}}); err != nil || len(leads) != 3 {
		t.Errorf("%d leads, %v, want 3", len(leads), err)
	}
}

// Who waits for a connection gives up when its context ends; who reads does not wait
// for those who write.
func TestWritersAreBusy(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	s := open(t, Options{DSN: db.DSN(), Writers: 1})
	defer s.Close()
	err := s.alone(t.Context(), "holding the turn", func(context.Context, *tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Apply(ctx, []store.Item{itemOf(t, "1", "Ana Belo")})
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

// Who runs alone may still meet those who take no turn, such as runners of jobs, and
// then decides anew.
func TestAloneMeetsRunners(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	if err := s.Enqueue(t.Context(), store.Job{Kind: "k", Key: "1"}); err != nil {
		t.Fatal(err)
	}
	tries := 0
	err := s.alone(t.Context(), "deciding", func(ctx context.Context, c *tx) error {
		tries++
		var n int
		if err := c.QueryRow(ctx, `SELECT count(*) FROM jobs`).Scan(&n); err != nil {
			return err
		}
		if tries == 1 {
			if jobs, err := s.Due(ctx, store.Take{Kind: "k", N: 1, Lease: time.Minute}); err != nil || len(jobs) != 1 {
				t.Errorf("Due = %v, %v", jobs, err)
			}
		}
		w := &writing{l: &loading{tx: c}, now: micros(s.now())}
		w.jobs(&store.Changes{Jobs: []store.Job{{Kind: "k", Key: "1"}}})
		return w.end(ctx)
	})
	if err != nil || tries != 2 {
		t.Errorf("alone = %v after %d tries, want it done at the second", err, tries)
	}
}

// However much was counted while nobody added it up, adding up goes on.
func TestFoldBacklog(t *testing.T) {
	t.Parallel()
	s, db := opened(t, nil)
	n := 2*foldMost + 10
	db.SQL(t, fmt.Sprintf(`INSERT INTO counts SELECT 'deliveries', 1 FROM generate_series(1, %d); INSERT INTO area_counts SELECT n %% 100, 1 FROM generate_series(1, %d) n`, n, n))
	for i := range 3 {
		s.folds.last = time.Time{}
		if _, err := s.Index(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.TrimSpace(db.SQL(t, `SELECT count(*) FROM counts`)), fmt.Sprint(max(0, n-(i+1)*foldMost)); got != want {
			t.Errorf("%s rows are left after %d, want %s", got, i+1, want)
		}
	}
	if got := strings.TrimSpace(db.SQL(t, `SELECT (SELECT sum(value) FROM counters WHERE name = 'deliveries'), (SELECT sum(persons) FROM areas), (SELECT count(*) FROM area_counts)`)); got != fmt.Sprintf("%d|%d|0", n, n) {
		t.Errorf("counted %s, want %d", got, n)
	}
}
