package postgres

import (
	"testing"
	"time"

	"leadgate/store"
)

// What a batch reads must not grow with how many people are known: no plan may loop
// over a table, whether or not its statistics are fresh. Rows read are counted, since a
// loop over some thousand of them is too quick to be seen by its time.
func TestReadsDoNotGrow(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	at := time.Now().UTC()
	next := 0
	apply := func(known, fresh int) {
		t.Helper()
		var items []store.Item
		for i := range known { // people who were here before, with another question
			it := benchItem(i*7, at)
			it.Delivery.Key += "again" + string(rune('0'+next%10))
			it.Delivery.ID[0]++
			it.Inquiries[0].Key = it.Delivery.Key
			items = append(items, it)
		}
		for range fresh {
			items = append(items, benchItem(next, at))
			next++
		}
		if _, err := s.Apply(t.Context(), items); err != nil {
			t.Fatal(err)
		}
		if err := s.survey(t.Context()); err != nil { // as once a second
			t.Fatal(err)
		}
	}
	cost := func() int64 {
		for range 10 {
			if err := s.survey(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		before := rowsRead(t, s)
		apply(32, 128)
		return rowsRead(t, s) - before
	}
	for next < 1000 {
		apply(0, 250)
	}
	few := cost()
	for next < 6000 {
		apply(0, 500)
	}
	many := cost()
	t.Logf("a batch of 160 inquiries reads %d rows at 1,000 people, %d at 6,000", few, many)
	if many > 2*few+160 {
		t.Errorf("a batch reads %d rows at 6,000 people, %d at 1,000", many, few)
	}
}

// What transactions counted and nobody has added up yet is read by none of them.
func TestCountsAreNotRead(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	at := time.Now().UTC()
	next := 0
	cost := func() int64 {
		before := rowsRead(t, s)
		if _, err := s.Apply(t.Context(), []store.Item{benchItem(next, at)}); err != nil {
			t.Fatal(err)
		}
		next++
		return rowsRead(t, s) - before
	}
	for range 3 { // statistics, connections
		cost()
	}
	first := cost()
	for range 100 {
		cost()
	}
	if last := cost(); last > first+50 {
		t.Errorf("an inquiry reads %d rows after 100 others, %d before", last, first)
	}
}

// rowsRead is how many rows all queries of transactions have read so far. A connection
// reports its counters when it is told to.
func rowsRead(t *testing.T, s *Store) (n int64) {
	t.Helper()
	for _, c := range s.write.AcquireAllIdle(t.Context()) {
		_, err := c.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`)
		c.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.read.QueryRow(t.Context(), `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
