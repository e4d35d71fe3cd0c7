package journal

import (
	"errors"
	"fmt"
	"time"

	"leadgate/lead"
)

// State is what became of the last try to write.
type State string

// The states of a journal. Full and failed ones are left by the next append that
// succeeds, or when Tidy finds that one would.
const (
	StateReady  State = "ready"
	StateFull   State = "full"
	StateFailed State = "failed"
)

// Stats is what a journal tells of itself. Counts are since Open.
type Stats struct {
	Segments int
	Bytes    int64     // of records kept, as the quota counts them
	Depth    int       // entries not released, in the segments scanned so far
	Unread   int       // segments of earlier processes not scanned yet
	Oldest   time.Time // of the entries not released, at most 63 entries early; zero when there is none
	Corrupt  int64     // records lost to damage and quarantined
	Appended int64     // records acknowledged
	Batches  int64     // writes
	Syncs    int64     // syncs that succeeded
	State    State
	Reason   string // why it is not ready, in words
}

// Stats returns what stands now.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Segments, s.Bytes, s.Depth = len(j.segs), j.kept, j.depth
	for _, seg := range j.segs {
		if seg.phase == unread || seg.phase == unreadable {
			s.Unread++
		}
		if s.Oldest.IsZero() && seg.left > 0 {
			s.Oldest = seg.oldest()
		}
	}
	return s
}

// Ready returns nil when an append would be expected to succeed now, else the
// error it would meet: lead.ErrFull or lead.ErrUnavailable.
func (j *Journal) Ready() error {
	j.queue.mu.Lock()
	closed := j.queue.closed
	j.queue.mu.Unlock()
	if closed != nil {
		return closed
	}
	j.mu.Lock()
	state, reason, kept := j.stats.State, j.stats.Reason, j.kept
	j.mu.Unlock()
	switch {
	case state == StateFailed:
		return fmt.Errorf("%w: %s", lead.ErrUnavailable, reason)
	case state == StateFull:
		return fmt.Errorf("%w: %s", lead.ErrFull, reason)
	case kept >= j.opt.Quota:
		return j.overQuota(kept)
	}
	_, err := j.freeSpace()
	return err
}

// Spacious returns nil when there is room for what is large and can be sent again
// later: Ready, less than four fifths of the quota kept, and four times the floor
// free. The error wraps lead.ErrFull.
func (j *Journal) Spacious() error {
	if err := j.Ready(); err != nil {
		return err
	}
	if kept := j.keeps(); kept > j.opt.Quota/5*4 {
		return fmt.Errorf("%w: %d of %d bytes are kept", lead.ErrFull, kept, j.opt.Quota)
	}
	if free, _ := j.freeSpace(); free < 4*j.opt.FreeFloor {
		return fmt.Errorf("%w: %d bytes of disk are free", lead.ErrFull, free)
	}
	return nil
}

// Failed is closed after the second failed sync in a row, the second one on a
// fresh segment. Nothing is taken any more: the process has to end with an error,
// and the next one reads back what was acknowledged.
func (j *Journal) Failed() <-chan struct{} { return j.failed }

// trouble notes an error of the disk in the state and logs it when it is news.
func (j *Journal) trouble(err error) {
	state := StateFailed
	if errors.Is(err, lead.ErrFull) {
		state = StateFull
	}
	j.mu.Lock()
	news := j.stats.State != state
	j.stats.State, j.stats.Reason = state, err.Error()
	j.mu.Unlock()
	if news {
		j.log.Error("journal takes nothing", "state", state, "err", err)
	}
}

// works notes that writing does. The lock is held.
func (j *Journal) works() {
	if j.stats.State != StateReady {
		j.log.Info("journal takes appends again", "was", j.stats.State)
		j.stats.State, j.stats.Reason = StateReady, ""
	}
}

func (j *Journal) overQuota(kept int64) error {
	return fmt.Errorf("appending: %w: %d bytes are kept, the quota is %d", lead.ErrFull, kept, j.opt.Quota)
}

// freeSpace returns the free bytes of the disk, and an error when they are below
// the floor. A disk that cannot tell is taken as roomy: writing will show.
func (j *Journal) freeSpace() (int64, error) {
	if j.opt.FreeFloor < 0 {
		return 1 << 62, nil
	}
	n, err := j.fs.Free(j.opt.Dir)
	if err != nil {
		return 1 << 62, nil
	}
	if n < j.opt.FreeFloor {
		return n, fmt.Errorf("appending: %w: %d bytes of disk are free, the floor is %d", lead.ErrFull, n, j.opt.FreeFloor)
	}
	return n, nil
}
