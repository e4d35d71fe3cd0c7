package journal

import (
	"errors"
	"fmt"
	"io"
	"os"

	"leadgate/lead"
)

// Suffixes of what is kept of bytes that are no records.
const (
	corruptSuffix = ".corrupt"
	tailSuffix    = ".tail"
	copySuffix    = ".tmp" // while it is being written
)

// scanTries is how often a segment is scanned before blocks that cannot be read
// are stepped over.
const scanTries = 3

// recover scans the segments of earlier processes, oldest first, until each is
// read or the journal is closed.
func (j *Journal) recover(old []*segment) {
	sealedAt := j.endings(old)
	for len(old) > 0 {
		var again []*segment
		for _, s := range old {
			if j.ctx.Err() != nil {
				return
			}
			if err := j.admit(s, sealedAt); err != nil {
				j.postpone(s, err)
				again = append(again, s)
			}
			j.wake()
		}
		j.removeSpent()
		if old = again; len(old) == 0 {
			return
		}
		select {
		case <-j.rescan:
		case <-j.ctx.Done():
			return
		}
	}
}

// endings reads the heads of all segments: where earlier ones ended. What cannot
// be read is missing, and then the records alone decide.
func (j *Journal) endings(old []*segment) map[uint64]int64 {
	ends := map[uint64]int64{}
	for _, s := range old {
		file, err := j.fs.OpenFile(j.path(s.name()+segmentSuffix), os.O_RDONLY)
		if err != nil {
			continue
		}
		w := window{file: file, limit: s.size, size: 4 << 10}
		if h, rec, ok, err := w.record(0, s.stamp); ok && err == nil && h.kind == kindHead {
			for _, e := range parseEndings(rec[headerSize:]) {
				ends[e.stamp] = e.end
			}
		}
		file.Close()
	}
	return ends
}

// postpone notes that a segment could not be scanned, so that others go first.
func (j *Journal) postpone(s *segment, err error) {
	j.mu.Lock()
	s.phase = unreadable
	s.scans++
	first := s.scans == 1
	j.mu.Unlock()
	if first {
		j.log.Error("segment cannot be read; trying again", "segment", s.name(), "err", err)
	}
}

// admit scans a segment, puts what is no record aside and gives its entries to Next.
func (j *Journal) admit(s *segment, ends map[uint64]int64) error {
	file, err := j.fs.OpenFile(j.path(s.name()+segmentSuffix), os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("opening segment: %w: %w", lead.ErrUnavailable, err)
	}
	defer file.Close()
	src := &patient{ReaderAt: file, give: s.scans >= scanTries}
	w := window{file: src, limit: s.size}
	sealed := int64(-1)
	if end, ok := ends[s.stamp]; ok {
		sealed = end
	}
	var l ledger
	f, err := scan(&w, s.stamp, sealed, func(off int64, h header) { l.add(j.seed, uint32(off), h.id, h.at) })
	if err != nil {
		return fmt.Errorf("scanning segment: %w: %w", lead.ErrUnavailable, err)
	}
	l.clip()
	held, err := j.putAside(s, &w, f)
	if err != nil {
		return err
	}
	j.enter(s, l, f, held || src.holes)
	return nil
}

// enter puts a scanned segment into use.
func (j *Journal) enter(s *segment, l ledger, f findings, held bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept += f.end - s.bytes()
	s.ledger, s.end, s.size = l, f.end, 0
	s.phase, s.held = sealed, held
	j.depth += l.left
	if l.left == 0 {
		j.spent++
	}
	for _, b := range f.bad {
		j.stats.Corrupt += b.lost
	}
}

// putAside copies damaged ranges and the torn end to files of their own, then cuts
// the end off. held tells that the segment must stay because a copy failed; an
// error, that the segment could not be read.
func (j *Journal) putAside(s *segment, w *window, f findings) (held bool, err error) {
	if len(f.bad) > 0 {
		var lost, bytes int64
		for _, b := range f.bad {
			lost, bytes = lost+b.lost, bytes+b.to-b.from
		}
		j.log.Error("segment is damaged; the rest of it is read", "segment", s.name(), "records", lost, "bytes", bytes, "ranges", len(f.bad))
		if held, err = j.copyOut(s, corruptSuffix, w, f.bad); err != nil {
			return true, err
		}
	}
	torn := f.torn[:0:0]
	for _, t := range f.torn {
		last, err := w.lastByte(t.from, t.to)
		if err != nil {
			return held, fmt.Errorf("reading torn end: %w: %w", lead.ErrUnavailable, err)
		}
		if last > t.from {
			torn = append(torn, span{t.from, last, t.lost})
		}
	}
	if len(torn) > 0 {
		j.log.Warn("the last write to a segment was torn", "segment", s.name(), "end", f.end)
		if failed, err := j.copyOut(s, tailSuffix, w, torn); failed || err != nil {
			return true, err
		}
	}
	if f.end > 0 && f.end < s.size {
		j.cut(s, f.end)
	}
	return held, nil
}

// cut shortens a segment of an earlier process. Failing is harmless: what lies
// after the end is no record, and the next start cuts again.
func (j *Journal) cut(s *segment, end int64) {
	file, err := j.fs.OpenFile(j.path(s.name()+segmentSuffix), os.O_RDWR)
	if err == nil {
		err = file.Truncate(end)
		file.Close()
	}
	if err != nil {
		j.log.Warn("segment keeps its torn end", "segment", s.name(), "err", err)
	}
}

// copyOut writes ranges of a segment to a file beside it, each behind a line that
// says where it was. failed tells that it could not be written; an error, that the
// ranges could not be read.
func (j *Journal) copyOut(s *segment, suffix string, w *window, spans []span) (failed bool, err error) {
	name := j.path(s.name() + suffix)
	out, werr := j.fs.OpenFile(name+copySuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if werr == nil {
		at := int64(0)
		put := func(b []byte) {
			if werr == nil {
				_, werr = out.WriteAt(b, at)
				at += int64(len(b))
			}
		}
		for _, sp := range spans {
			put(fmt.Appendf(nil, "# offset %d length %d\n", sp.from, sp.to-sp.from))
			for off := sp.from; off < sp.to && err == nil && werr == nil; {
				var b []byte
				if b, err = w.at(off, int(min(windowSize, sp.to-off))); len(b) == 0 {
					break
				}
				put(b)
				off += int64(len(b))
			}
			put([]byte("\n"))
		}
		if werr == nil {
			werr = out.Sync()
		}
		out.Close()
	}
	if err != nil {
		j.fs.Remove(name + copySuffix)
		return true, fmt.Errorf("copying from segment: %w: %w", lead.ErrUnavailable, err)
	}
	if werr == nil {
		werr = j.fs.Rename(name+copySuffix, name)
	}
	if werr == nil {
		werr = j.fs.SyncDir(j.opt.Dir)
	}
	if werr != nil {
		j.log.Error("copy of damaged bytes cannot be kept; the segment stays", "segment", s.name(), "err", werr)
	}
	return werr != nil, nil
}

// patient reads a file of which the disk gives only parts: once told to give up,
// blocks that cannot be read are zeros.
type patient struct {
	io.ReaderAt
	give  bool
	holes bool // there were such blocks
}

// ReadAt implements io.ReaderAt.
func (p *patient) ReadAt(b []byte, off int64) (int, error) {
	n, err := p.ReaderAt.ReadAt(b, off)
	if err == nil || errors.Is(err, io.EOF) || !p.give {
		return n, err
	}
	const block = 4 << 10
	for at := 0; at < len(b); {
		end := min(len(b), at+block-int((off+int64(at))%block))
		n, err := p.ReaderAt.ReadAt(b[at:end], off+int64(at))
		if errors.Is(err, io.EOF) {
			return at + n, err
		}
		if err != nil {
			clear(b[at:end])
			p.holes = true
		}
		at = end
	}
	return len(b), nil
}
