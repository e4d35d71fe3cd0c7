package journal

import (
	"errors"
	"os"

	"leadgate/lead"
)

// Release forgets entries: they are not handed out any more, and a segment that is
// no longer written and holds no others is removed. Positions that are unknown or
// released already are passed over. Nothing about it is written down; see the
// package comment.
func (j *Journal) Release(pos ...Position) {
	j.mu.Lock()
	for _, p := range pos {
		i, ok := j.index(p.Segment)
		if !ok {
			continue
		}
		s := j.segs[i]
		if k, ok := s.find(p.Offset); ok && s.release(k) {
			j.depth--
			if s.left == 0 && s.phase == sealed {
				j.spent++
			}
		}
	}
	spent := j.spent > 0
	j.mu.Unlock()
	if spent {
		j.removeSpent()
	}
}

// Has reports whether an entry of that id is durable here and not released. It
// does not know the entries of segments the scan has not come to yet (Stats.Unread).
func (j *Journal) Has(id lead.ID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.segs) - 1; i >= 0; i-- { // who asks mostly asks for something new
		if j.segs[i].has(j.seed, id) {
			return true
		}
	}
	return false
}

// Tidy does what must not wait for the next append: it has an idle segment of
// released entries removed, tries again what the disk refused (removals, scans),
// and finds out whether a full or failed journal can take appends again. The owner
// calls it about once a second; it does not wait for the disk's writer.
func (j *Journal) Tidy() {
	j.mu.Lock()
	ask, again := j.stats.State != StateReady, false
	for _, s := range j.segs {
		ask = ask || s.phase == active && len(s.offs) > 0 && s.left == 0 && j.now().Sub(j.appended) >= j.opt.IdleRotate
		again = again || s.phase == unreadable
	}
	j.mu.Unlock()
	if ask {
		j.queue.ask()
	}
	if again {
		select {
		case j.rescan <- struct{}{}:
		default:
		}
	}
	j.removeSpent()
}

// removeSpent removes the sealed segments all of whose entries are released. What
// cannot be removed is tried again by the next call.
func (j *Journal) removeSpent() {
	j.reap.Lock()
	defer j.reap.Unlock()
	var spent []*segment
	j.mu.Lock()
	if j.spent > 0 {
		for _, s := range j.segs {
			if s.phase == sealed && s.left == 0 && !s.held {
				spent = append(spent, s)
			}
		}
		j.spent = 0
	}
	j.mu.Unlock()
	if len(spent) == 0 {
		return
	}
	for _, s := range spent {
		err := j.fs.Remove(j.path(s.name() + segmentSuffix))
		j.mu.Lock()
		if err == nil || errors.Is(err, os.ErrNotExist) {
			j.drop(s)
		} else {
			j.spent++
			j.log.Warn("released segment cannot be removed yet", "segment", s.name(), "err", err)
		}
		j.mu.Unlock()
	}
	if err := j.fs.SyncDir(j.opt.Dir); err != nil { // at worst released entries come again after a power cut
		j.log.Warn("removal of released segments may not last", "err", err)
	}
}
