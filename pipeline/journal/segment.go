package journal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// phase is where a segment stands in its life.
type phase uint8

const (
	unread     phase = iota // was there at the start and is not scanned yet
	unreadable              // could not be scanned; tried again at every Tidy
	active                  // the one being written
	sealed                  // never written again
)

// segment is one file of the log. Its fields are guarded by Journal.mu.
type segment struct {
	ledger
	id, stamp uint64
	phase     phase
	recovered bool  // was there before this process started
	held      bool  // holds bytes that could not be copied elsewhere: not removed before a restart
	end       int64 // its entries lie before; acknowledged, or found whole by the scan
	size      int64 // of the file, while unread
	next      int   // index of the entry Next hands out next
	tries     int   // how often reading that entry failed
	scans     int   // how often scanning failed
}

const segmentSuffix = ".seg"

// name returns the file's name without suffix.
func (s *segment) name() string { return fmt.Sprintf("%016x-%016x", s.id, s.stamp) }

// bytes returns what the segment counts against the quota.
func (s *segment) bytes() int64 { return max(s.end, s.size) }

// parseName reads a segment's file name.
func parseName(name string) (*segment, bool) {
	base, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(base) != 33 || base[16] != '-' {
		return nil, false
	}
	id, err := strconv.ParseUint(base[:16], 16, 64)
	if err != nil {
		return nil, false
	}
	stamp, err := strconv.ParseUint(base[17:], 16, 64)
	s := &segment{id: id, stamp: stamp, recovered: true}
	return s, err == nil && s.name() == base
}

// newStamp returns a number nobody outside can guess, so that no sender can put
// bytes into a payload that would pass for a record.
func newStamp() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process first
	return binary.LittleEndian.Uint64(b[:])
}

// blank is a segment on disk that holds nothing yet.
type blank struct {
	*segment
	file disk.File
	size int64
	err  error
}

// create makes the file of a segment, with room for size bytes, and its name in
// the folder durable. On an error nothing is left behind.
func (j *Journal) create(id uint64, size int64) blank {
	s := &segment{id: id, stamp: newStamp(), phase: active}
	path := j.path(s.name() + segmentSuffix)
	file, err := j.fs.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return blank{err: fmt.Errorf("creating segment: %w: %w", disk.Class(err), err)}
	}
	err = file.Allocate(size)
	if err != nil {
		err = fmt.Errorf("allocating segment: %w: %w", disk.Class(err), err)
	} else if err = j.fs.SyncDir(j.opt.Dir); err != nil {
		err = fmt.Errorf("syncing folder: %w: %w: %w", errSync, disk.Class(err), err)
	}
	b := blank{s, file, size, nil}
	if err != nil {
		j.discard(b)
		return blank{err: err}
	}
	return b
}

// discard closes and removes a segment that never held an acknowledged entry. If
// that fails the next start finds it and removes it.
func (j *Journal) discard(b blank) {
	if b.file == nil {
		return
	}
	b.file.Close()
	if err := j.fs.Remove(j.path(b.name() + segmentSuffix)); err != nil {
		j.log.Warn("empty segment stays until the next start", "segment", b.name(), "err", err)
	}
}

// drop takes a segment out of the list. The lock is held.
func (j *Journal) drop(s *segment) {
	if i, ok := j.index(s.id); ok {
		j.kept -= s.bytes()
		j.segs = append(j.segs[:i:i], j.segs[i+1:]...)
	}
}

// errClosed is what a closed journal answers.
var errClosed = fmt.Errorf("%w: the journal is closed", lead.ErrUnavailable)
