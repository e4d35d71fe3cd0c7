package sqlite

import (
	"slices"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/storetest"
)

// fill stores n leads of a crowd and indexes them, and gives every tenth another stage.
func fill(b *testing.B, s *Store, n int) {
	b.Helper()
	c, at := storetest.NewCrowd(), time.Now().UTC()
	stages := lead.DefaultStages()
	for first := 1; first <= n; first += 512 {
		var items []store.Item
		var numbers []int64
		for i := first; i <= min(n, first+511); i++ {
			items, numbers = append(items, c.Item(i, at)), append(numbers, int64(i))
		}
		receipts, err := s.Apply(b.Context(), items)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < len(receipts); i += 10 {
			stage, reason := stages[c.Rand.IntN(len(stages))].ID, "no answer"
			if _, err := s.Patch(b.Context(), receipts[i].Lead, store.Patch{Stage: &stage, Reason: &reason}); err != nil {
				b.Fatal(err)
			}
		}
		for part := range slices.Chunk(numbers, 128) {
			if err := s.indexThese(b.Context(), part); err != nil {
				b.Fatal(err)
			}
		}
	}
}
