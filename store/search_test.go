package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A search for a number has digits enough to tell numbers apart; others are words.
// An address is asked for by its two halves.
func TestTerms(t *testing.T) {
	t.Parallel()
	for search, want := range map[string][][]string{
		"0612 345 678":  {{"-876543216", "612345678"}},
		"345678":        {{"-876543", "345678"}},
		"0000":          {{"0000"}},
		"00 00":         {{"00"}, {"00"}},
		"0012":          {{"0012"}},
		"00123":         {{"00123"}},
		"00 12 34":      {{"-4321", "1234"}},
		"room 0000":     {{"room"}, {"0000"}},
		"---- ((((":     nil,
		"Ana@Belo.test": {{"=ana@"}, {"@belo.test"}},
		"Ana@":          {{"=ana@"}},
		"@Belo":         {{"@belo"}},
		"@":             {{"@"}},
		"ana.belo":      {{"ana"}, {"belo"}},
	} {
		if diff := cmp.Diff(want, Terms(search)); diff != "" {
			t.Errorf("Terms(%q) (-want +got):\n%s", search, diff)
		}
	}
}
