package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Position says where an entry stands. It is good until the entry is released.
type Position struct {
	Segment uint64
	Offset  int64
}

// Entry is one appended record.
type Entry struct {
	ID        lead.ID
	At        time.Time // of the append, UTC, microseconds
	Pos       Position
	Payload   []byte // the caller's own
	Recovered bool   // was there before this process started
}

// readTries is how often Next fails on one entry before it goes on without it.
const readTries = 3

// cursor is where Next reads.
type cursor struct {
	mu   sync.Mutex // held by Next, also while it waits
	seg  *segment
	file disk.File
	win  window
}

// Next returns the next entry that is durable and not released: those of earlier
// processes first, then in order of append, each once. It waits until there is
// one. It is meant for one caller; each payload is that caller's to keep.
//
// Errors: lead.ErrUnavailable when ctx ends, the journal is closed, or the disk
// cannot read the entry. In the last case the same entry is tried again by the
// next call; after three failures Next goes on without it, and it stays on the
// disk, unreleased, for the next process to try. An entry that was damaged since
// it was written is quarantined, counted and stepped over.
func (j *Journal) Next(ctx context.Context) (Entry, error) {
	j.reader.mu.Lock()
	defer j.reader.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return Entry{}, fmt.Errorf("waiting for an entry: %w: %w", lead.ErrUnavailable, err)
		}
		if j.ctx.Err() != nil {
			return Entry{}, errClosed
		}
		seg, off, end := j.pick()
		if seg != nil {
			e, ok, err := j.read(seg, off, end)
			if ok || err != nil {
				return e, err
			}
			continue
		}
		select {
		case <-j.more:
		case <-ctx.Done():
		case <-j.ctx.Done():
		}
	}
}

// More reports whether Next would return at once. It is for the caller of Next.
func (j *Journal) More() bool {
	j.reader.mu.Lock()
	defer j.reader.mu.Unlock()
	seg, _, _ := j.pick()
	return seg != nil
}

// pick returns where the next entry stands, or nil when Next has to wait: all are
// handed out, or the scan has not come to an older segment yet.
func (j *Journal) pick() (seg *segment, off, end int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.reader.seg; s != nil && s.advance() {
		return s, int64(s.offs[s.next]), s.end
	}
	for _, s := range j.segs {
		if s.phase == unread {
			return nil, 0, 0
		}
		if s.advance() {
			return s, int64(s.offs[s.next]), s.end
		}
	}
	return nil, 0, 0
}

// advance moves next past what is released and reports whether there is an entry.
func (s *segment) advance() bool {
	for s.next < len(s.offs) && s.released(s.next) {
		s.next++
	}
	return s.next < len(s.offs)
}

// read reads the entry that Next has come to and moves past it. ok is false when
// there is none to hand out there after all.
func (j *Journal) read(seg *segment, off, end int64) (e Entry, ok bool, err error) {
	c := &j.reader
	if err = c.enter(j, seg); err == nil {
		c.win.limit = end
		e, ok, err = entry(&c.win, seg, off)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		c.leave()
		if i, listed := j.index(seg.id); !listed || j.segs[i] != seg {
			return Entry{}, false, nil // released and removed meanwhile
		}
		if seg.tries++; seg.tries < readTries {
			return Entry{}, false, fmt.Errorf("reading entry: %w: %w", lead.ErrUnavailable, err)
		}
		j.log.Error("entry cannot be read; it stays on the disk", "segment", seg.name(), "offset", off, "err", err)
	}
	if err == nil && !ok {
		j.stats.Corrupt++
		seg.held = true // the file itself is the quarantine copy
		j.log.Error("entry was damaged after it was written", "segment", seg.name(), "offset", off)
	}
	seg.next, seg.tries = seg.next+1, 0
	return e, ok, nil
}

// enter opens the segment's file, unless it is the one being read.
func (c *cursor) enter(j *Journal, seg *segment) error {
	if c.seg == seg {
		return nil
	}
	c.leave()
	file, err := j.fs.OpenFile(j.path(seg.name()+segmentSuffix), os.O_RDONLY)
	if err != nil {
		return err
	}
	c.seg, c.file = seg, file
	c.win = window{file: file, buf: c.win.buf[:0]}
	return nil
}

func (c *cursor) leave() {
	if c.file != nil {
		c.file.Close()
	}
	c.seg, c.file = nil, nil
}

// entry reads the entry at off. ok is false when there is none that is whole.
func entry(w *window, seg *segment, off int64) (Entry, bool, error) {
	h, rec, ok, err := w.record(off, seg.stamp)
	if !ok || err != nil || h.kind != kindEntry {
		return Entry{}, false, err
	}
	payload := make([]byte, h.length)
	copy(payload, rec[headerSize:])
	return Entry{
		ID: h.id, At: time.UnixMicro(h.at).UTC(), Pos: Position{seg.id, off}, Payload: payload, Recovered: seg.recovered,
	}, true, nil
}

// Read reads one entry again, at a position Next gave.
//
// Errors: lead.ErrNotFound when it is released or never was; lead.ErrUnavailable
// when the disk cannot read it; lead.ErrPermanent when it was damaged.
func (j *Journal) Read(pos Position) (Entry, error) {
	seg, end := j.lookup(pos)
	if seg == nil {
		return Entry{}, fmt.Errorf("reading entry: %w: released or unknown", lead.ErrNotFound)
	}
	file, err := j.fs.OpenFile(j.path(seg.name()+segmentSuffix), os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return Entry{}, fmt.Errorf("reading entry: %w: released", lead.ErrNotFound)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("reading entry: %w: %w", lead.ErrUnavailable, err)
	}
	defer file.Close()
	w := window{file: file, limit: end, size: 4 << 10}
	e, ok, err := entry(&w, seg, pos.Offset)
	if err != nil {
		return Entry{}, fmt.Errorf("reading entry: %w: %w", lead.ErrUnavailable, err)
	}
	if !ok {
		return Entry{}, fmt.Errorf("reading entry: %w: damaged on disk", lead.ErrPermanent)
	}
	return e, nil
}

// lookup returns the segment of an unreleased entry and where that segment ends.
func (j *Journal) lookup(pos Position) (*segment, int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, ok := j.index(pos.Segment)
	if !ok {
		return nil, 0
	}
	s := j.segs[i]
	if k, ok := s.find(pos.Offset); !ok || s.released(k) {
		return nil, 0
	}
	return s, s.end
}
