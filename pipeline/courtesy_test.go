package pipeline

import (
	"testing"
	"testing/synctest"
	"time"
)

// Work rests only while a crowd waits, and then still gets its slices.
func TestCourtesy(t *testing.T) {
	t.Parallel()
	for waiting, want := range map[int32]time.Duration{0: 0, crowd: 0, crowd + 1: 50 * rest, 1000: 50 * rest} {
		synctest.Test(t, func(t *testing.T) {
			var c Courtesy
			c.waiting.Store(waiting)
			start := time.Now()
			const step = slice / 10
			for range 50 * 10 { // fifty slices of work
				c.Yield()
				time.Sleep(step)
			}
			if rested := time.Since(start) - 500*step; rested < want || rested > want+rest {
				t.Errorf("with %d waiting, work rested for %v, want %v", waiting, rested, want)
			}
		})
	}
}
