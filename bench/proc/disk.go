package proc

import (
	"errors"
	"fmt"
	"os"
	"time"

	"leadgate/bench/hist"
)

// SyncTimes appends 1 KB and syncs, n times over, in a file of its own in dir, and
// returns how long each took. It is the least an acceptance can wait for.
func SyncTimes(dir string, n int) (h *hist.Histogram, err error) {
	f, err := os.CreateTemp(dir, ".sync-*")
	if err != nil {
		return nil, fmt.Errorf("measuring syncs: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 1024)
	h = &hist.Histogram{}
	for range n {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, fmt.Errorf("measuring syncs: %w", err)
		}
		if err := f.Sync(); err != nil {
			return nil, fmt.Errorf("measuring syncs: %w", err)
		}
		h.Record(time.Since(start))
	}
	return h, nil
}
