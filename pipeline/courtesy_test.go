package pipeline

import (
	"testing"
	"testing/synctest"
	"time"
)

// Work rests while a crowd waits, and then still gets its slices.
func TestCourtesy(t *testing.T) {
	t.Parallel()
	for waiting, want := range map[int]time.Duration{0: 0, crowd: 0, crowd + 1: 50 * rest, 1000: 50 * rest} {
		synctest.Test(t, func(t *testing.T) {
			var c Courtesy
			for range waiting {
				c.enter(time.Now())
			}
			start := time.Now()
			const step = slice / 10
			for range 50 * 10 { // fifty slices of work
				if waiting > 0 { // one leaves and the next one comes
					c.leave()
					c.enter(time.Now())
				}
				c.Yield()
				time.Sleep(step)
			}
			if rested := time.Since(start) - 500*step; rested < want || rested > want+rest {
				t.Errorf("with %d waiting, work rested for %v, want %v", waiting, rested, want)
			}
			for range waiting {
				c.leave()
			}
			time.Sleep(crowdSpan)
			start = time.Now()
			c.Yield()
			if rested := time.Since(start); rested > 0 {
				t.Errorf("work rests for %v after the crowd of %d has gone", rested, waiting)
			}
		})
	}
}
