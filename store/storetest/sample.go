package storetest

import (
	"os"
	"testing"

	"pgregory.net/rapid"
)

// sampled is how many rounds a random test of long histories runs; make chaos, which
// sets LEADGATE_CHAOS, lets it run all.
const sampled = 12

// checkSample checks a law on a sample of random histories: each is many transactions.
func checkSample(t *testing.T, law func(*rapid.T)) {
	t.Helper()
	rounds, broken := 0, false
	rapid.Check(t, func(r *rapid.T) {
		if rounds++; rounds > sampled && !broken && os.Getenv("LEADGATE_CHAOS") == "" {
			return
		}
		before := broken
		broken = true // until it holds: then rapid looks for a smaller history
		law(r)
		broken = before
	})
}
