package postgres

import (
	"testing"

	"leadgate/store"
)

// Whoever got a number before Propose came by, and is stored after it, is compared all
// the same.
func TestProposeSeesEverybody(t *testing.T) {
	t.Parallel()
	s, db := opened(t, nil)
	other := open(t, Options{DSN: db.DSN()})
	defer other.Close()
	s.post(t, "1", "Ana Belo") // leaves numbers over, which a later batch gets
	for i := range 3 {
		other.post(t, string(rune('a'+i)), "Igor Petrov")
	}
	if n, err := s.Propose(t.Context(), 100); err != nil || n != 4 {
		t.Fatalf("Propose = %d, %v, want 4", n, err)
	}
	if _, err := s.Apply(t.Context(), []store.Item{itemOf(t, "2", "Eva Lund")}); err != nil {
		t.Fatal(err)
	}
	if n, err := other.Propose(t.Context(), 100); err != nil || n != 1 {
		t.Errorf("Propose = %d, %v, want the one who came late: %s", n, err, db.SQL(t, `SELECT max(id), (SELECT value FROM counters WHERE name = 'looked') FROM persons`))
	}
	if n, err := s.Propose(t.Context(), 100); err != nil || n != 0 {
		t.Errorf("Propose = %d, %v, want 0", n, err)
	}
}
