package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// A pair that is proposed again keeps its row, with the better reason, and one that
// was decided stays decided.
func TestReviewAgain(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
	defer s.Close()
	a := s.post(t, "1", "Ana Belo", lead.Identity{Kind: lead.IdentityEmail, Value: "a@example.org"})
	b := s.post(t, "2", "Igor Petrov", lead.Identity{Kind: lead.IdentityEmail, Value: "b@example.org"})
	propose := func(score float64, reason string) {
		t.Helper()
		err := s.update(t.Context(), "test", func(ctx context.Context) error {
			return s.writeEntries(ctx, &store.Changes{Reviews: []store.ReviewRow{{At: time.Now(), A: 1, B: 2, Score: score, Reason: reason}}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		score  float64
		reason string
		want   string
	}{{5, "first", "first"}, {9, "better", "better"}, {7, "worse", "better"}} {
		propose(c.score, c.reason)
		pairs, _, err := s.Duplicates(t.Context(), store.Page{Limit: 10})
		if err != nil || len(pairs) != 1 || pairs[0].Reason != c.want || pairs[0].A.Lead.ID != a.Lead {
			t.Fatalf("after %q: %+v, %v; want %q", c.reason, pairs, err, c.want)
		}
	}
	if err := s.NotSame(t.Context(), a.Lead, b.Lead, "tester"); err != nil {
		t.Fatal(err)
	}
	propose(20, "best")
	if pairs, _, err := s.Duplicates(t.Context(), store.Page{Limit: 10}); err != nil || len(pairs) != 0 {
		t.Errorf("a decided pair is proposed: %+v, %v", pairs, err)
	}
	var how, by string
	if err := s.read.QueryRowContext(t.Context(), `SELECT decided_how, decided_by FROM reviews`).Scan(&how, &by); err != nil || how != store.DecidedNotSame || by != "tester" {
		t.Errorf("decided %q by %q, %v", how, by, err)
	}
}
