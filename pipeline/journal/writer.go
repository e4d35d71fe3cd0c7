package journal

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// errSync marks errors of a sync: after one, nobody knows what is on the disk.
var errSync = errors.New("sync failed")

// What the writer remembers at most of where segments ended, for the next head.
const maxEndings = 128

// writer is the one that writes. All of it belongs to the goroutine in run.
type writer struct {
	j      *Journal
	cur    blank // the active segment; file is nil when there is none
	seq    uint32
	nextID uint64
	ends   []ending   // of segments left behind, until a head that tells them is synced
	spare  chan blank // the next segment, prepared behind our back; nil when none was asked for
	fails  int        // syncs that failed in a row

	checked time.Time // when the free space was last looked at
	since   int64     // bytes written since then
	low     bool      // it was below the floor
}

// run writes batch after batch until the queue is closed and empty.
func (w *writer) run() {
	q := w.j.queue
	for {
		runtime.Gosched() // those just answered may have the next thing to append
		b, more := q.take()
		switch {
		case b != nil:
			err := w.commit(b)
			if err != nil {
				w.failure(err)
			}
			q.finish(b, err)
		case more:
			w.tend()
		default:
			w.leave()
			if w.spare != nil {
				w.j.discard(<-w.spare)
			}
			w.j.removeSpent()
			return
		}
	}
}

// commit makes a batch durable and gives its entries to Next, or leaves no trace
// of it that this process would ever hand out.
func (w *writer) commit(b *batch) error {
	need := int64(len(b.buf))
	if err := w.room(need); err != nil {
		return err
	}
	if err := w.open(need); err != nil {
		return err
	}
	w.seal(b)
	if _, err := w.cur.file.WriteAt(b.buf, w.cur.end); err != nil {
		w.abandon(true)
		return fmt.Errorf("writing batch: %w: %w", disk.Class(err), err)
	}
	if err := w.cur.file.Sync(); err != nil {
		w.abandon(false)
		return fmt.Errorf("syncing batch: %w: %w: %w", errSync, disk.Class(err), err)
	}
	w.fails, w.ends = 0, nil
	w.publish(b)
	return nil
}

// seal gives every record of a batch its place in the active segment. The head is
// synced with the first batch and so belongs to it.
func (w *writer) seal(b *batch) {
	before := 0
	if len(w.cur.offs) == 0 {
		before = int(w.cur.end)
	}
	for off := 0; off < len(b.buf); w.seq++ {
		n := recordSize(b.buf[off:])
		seal(b.buf[off:off+n], w.cur.stamp, w.seq, uint32(before+off))
		off += n
	}
}

// publish enters the records of a synced batch into the ledger.
func (w *writer) publish(b *batch) {
	j, s := w.j, w.cur.segment
	j.mu.Lock()
	for off := 0; off < len(b.buf); {
		h, _ := parseHeader(b.buf[off:], s.stamp)
		s.add(j.seed, uint32(s.end)+uint32(off), h.id, h.at)
		off += int(h.size())
	}
	s.end += int64(len(b.buf))
	j.kept += int64(len(b.buf))
	j.depth += b.n
	j.appended = j.now()
	j.stats.Appended += int64(b.n)
	j.stats.Batches++
	j.stats.Syncs++
	j.works()
	j.mu.Unlock()
	j.wake()
}

// failure notes why a batch was not kept. The second failed sync in a row ends
// the journal: the disk, not the file, is broken. A full disk ends nothing.
func (w *writer) failure(err error) {
	w.j.trouble(err)
	if !errors.Is(err, errSync) || errors.Is(err, lead.ErrFull) {
		return
	}
	if w.fails++; w.fails == 2 {
		w.j.queue.close(fmt.Errorf("%w: syncing failed twice in a row, the process has to restart", lead.ErrUnavailable))
		close(w.j.failed)
	}
}

// room checks the quota, and the free space at most every 100 ms or every
// megabyte; when the disk was low, at every try.
func (w *writer) room(need int64) error {
	j := w.j
	if j.keeps()+need > j.opt.Quota {
		w.leaveIdle(0) // what is released should not keep others out
		if kept := j.keeps(); kept+need > j.opt.Quota {
			return j.overQuota(kept)
		}
	}
	w.since += need
	now := j.now()
	if age := now.Sub(w.checked); !w.low && w.since < 1<<20 && age >= 0 && age < 100*time.Millisecond {
		return nil
	}
	_, err := j.freeSpace()
	w.checked, w.since, w.low = now, 0, err != nil
	return err
}

// open makes sure that the active segment has room for need bytes.
func (w *writer) open(need int64) error {
	if w.cur.file != nil && w.cur.end+need <= w.cur.size {
		return nil
	}
	w.leave()
	head := appendRecord(nil, kindHead, lead.ID{}, w.j.now().UnixMicro(), appendEndings(nil, w.ends))
	b := w.fresh(int64(len(head)) + need)
	if b.err != nil {
		return b.err
	}
	seal(head, b.stamp, 0, 0)
	if _, err := b.file.WriteAt(head, 0); err != nil {
		w.j.discard(b)
		return fmt.Errorf("writing head: %w: %w", disk.Class(err), err)
	}
	b.end = int64(len(head))
	w.cur, w.seq = b, 1
	w.j.mu.Lock()
	w.j.segs = append(w.j.segs, b.segment)
	w.j.kept += b.end
	w.j.mu.Unlock()
	w.prepare()
	return nil
}

// fresh returns the spare segment when it is there and large enough, else one made now.
func (w *writer) fresh(need int64) blank {
	if w.spare != nil {
		b := <-w.spare // still being made means: being made as fast as we could
		w.spare = nil
		if b.err == nil && b.size >= need {
			return b
		}
		w.j.discard(b)
	}
	b := w.j.create(w.nextID, max(w.j.opt.SegmentSize, need))
	w.nextID++
	return b
}

// prepare has the next segment made in the background, if there is room for one.
func (w *writer) prepare() {
	j := w.j
	if free, _ := j.freeSpace(); w.spare != nil || free < max(0, j.opt.FreeFloor)+j.opt.SegmentSize {
		return
	}
	id, spare := w.nextID, make(chan blank, 1)
	w.nextID++
	w.spare = spare
	j.wg.Go(func() { spare <- j.create(id, j.opt.SegmentSize) })
}

// leave seals the active segment: its file is cut to what it holds and closed.
func (w *writer) leave() {
	if w.cur.file == nil {
		return
	}
	if err := w.cur.file.Truncate(w.cur.end); err != nil {
		w.j.log.Warn("sealed segment keeps its reserved room", "segment", w.cur.name(), "err", err)
	}
	w.retire()
}

// abandon seals the active segment after an error. Whatever the failed batch left
// behind lies after the segment's end. After a failed write it is cut off, for the
// next process too; after a failed sync the file is not touched again.
func (w *writer) abandon(cut bool) {
	if cut {
		w.leave()
		return
	}
	w.retire()
}

func (w *writer) retire() {
	w.cur.file.Close() // nothing unsynced is in it that anyone was promised
	end := w.cur.end
	if len(w.cur.offs) == 0 { // not even its head was ever synced
		end = 0
	}
	if w.ends = append(w.ends, ending{w.cur.stamp, end}); len(w.ends) > maxEndings {
		w.ends = w.ends[len(w.ends)-maxEndings:]
	}
	w.j.mu.Lock()
	w.cur.phase = sealed
	w.cur.clip()
	if w.cur.left == 0 {
		w.j.spent++
	}
	w.j.mu.Unlock()
	w.cur = blank{}
}

// leaveIdle seals the active segment when all its entries are released and the
// last append is older than that.
func (w *writer) leaveIdle(age time.Duration) {
	j := w.j
	j.mu.Lock()
	idle := w.cur.file != nil && len(w.cur.offs) > 0 && w.cur.left == 0 && j.now().Sub(j.appended) >= age
	j.mu.Unlock()
	if idle {
		w.leave()
		j.removeSpent()
	}
}

// tend does what Tidy asked for: seal an idle segment, find out whether a disk
// that was full or failing takes writes again.
func (w *writer) tend() {
	w.leaveIdle(w.j.opt.IdleRotate)
	if w.j.Stats().State == StateReady {
		return
	}
	if err := w.ready(); err != nil {
		w.failure(err)
		return
	}
	w.j.mu.Lock()
	w.j.works()
	w.j.mu.Unlock()
}

// ready reports whether a small record could be written now, as far as this can be
// told without writing one.
func (w *writer) ready() error {
	if err := w.room(headerSize); err != nil {
		return err
	}
	return w.open(headerSize)
}

func (j *Journal) keeps() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.kept
}
