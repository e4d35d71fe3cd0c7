package pipeline

import (
	"testing"
	"time"
)

func TestUntilNight(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]time.Duration{"02:59:00": time.Minute, "03:00:00": 24 * time.Hour, "03:00:01": 24*time.Hour - time.Second, "23:00:00": 4 * time.Hour} {
		now, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-01-05 "+at, time.Local) // no clock is changed that night
		if err != nil {
			t.Fatal(err)
		}
		if got := untilNight(now); got != want {
			t.Errorf("at %s: %v, want %v", at, got, want)
		}
	}
}
