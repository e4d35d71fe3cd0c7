package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Options says where a journal lives and what it may use. Zero values stand for
// the defaults named.
type Options struct {
	Dir         string
	FS          disk.FS          // the operating system's
	SegmentSize int64            // bytes; 64 MB, at most 2 GB
	Quota       int64            // bytes of records kept, room reserved ahead not counted; 4 GB
	FreeFloor   int64            // bytes of free disk below which nothing is taken; 128 MB, negative for none
	MaxWaiting  int              // appends waiting for the disk at once; 8192
	IdleRotate  time.Duration    // how long released entries may stay when nothing comes; 10 min
	Log         *slog.Logger     // nowhere
	Now         func() time.Time // time.Now
}

func (o Options) withDefaults() (Options, error) {
	o.SegmentSize = cmp.Or(o.SegmentSize, 64<<20)
	o.Quota = cmp.Or(o.Quota, 4<<30)
	o.FreeFloor = cmp.Or(o.FreeFloor, 128<<20)
	o.MaxWaiting = cmp.Or(o.MaxWaiting, 8192)
	o.IdleRotate = cmp.Or(o.IdleRotate, 10*time.Minute)
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dir == "" || o.SegmentSize < 4096 || o.SegmentSize > 2<<30 || o.Quota < 0 || o.MaxWaiting < 0 {
		return o, fmt.Errorf("opening journal: %w: a folder, segments of 4 KB to 2 GB and positive limits are needed", lead.ErrInvalid)
	}
	return o, nil
}

// Journal is an open journal. Its methods may be called from any goroutine; Next
// is meant for one.
type Journal struct {
	opt   Options
	fs    disk.FS
	log   *slog.Logger
	now   func() time.Time
	seed  maphash.Seed
	lock  io.Closer
	queue *queue

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	more   chan struct{} // something new for Next
	rescan chan struct{} // unreadable segments may be tried again
	failed chan struct{}
	reader cursor
	reap   sync.Mutex // one removes at a time

	mu       sync.Mutex
	segs     []*segment // ascending by id
	kept     int64      // bytes counted against the quota
	depth    int
	spent    int // sealed segments that wait for their removal
	appended time.Time
	stats    Stats // counters and state
}

// Open opens the journal in a folder, creating it when it is not there, and starts
// a new segment. It reads nothing of what older segments hold, so that it returns
// in milliseconds whatever their size; they are scanned behind it, oldest first.
// A full or failing disk does not stop it: the first Append tells.
//
// Errors: lead.ErrConflict when another process owns the folder, lead.ErrInvalid
// for options that make no sense, else what the file system answered.
func Open(opt Options) (*Journal, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	j := &Journal{
		opt: opt, fs: opt.FS, log: opt.Log, now: opt.Now, seed: maphash.MakeSeed(),
		queue: newQueue(opt.MaxWaiting, int(min(batchBytes, opt.SegmentSize/2))),
		more:  make(chan struct{}, 1), rescan: make(chan struct{}, 1), failed: make(chan struct{}),
	}
	j.stats.State = StateReady
	if err := disk.MakeDir(j.fs, opt.Dir); err != nil {
		return nil, fmt.Errorf("opening journal: %w: %w", disk.Class(err), err)
	}
	if j.lock, err = j.fs.Lock(j.path("lock")); err != nil {
		return nil, fmt.Errorf("opening journal: %w", err)
	}
	if err := j.list(); err != nil {
		j.lock.Close()
		return nil, fmt.Errorf("opening journal: %w: %w", disk.Class(err), err)
	}
	j.start()
	return j, nil
}

// list finds the segments of earlier processes and removes unfinished copies.
func (j *Journal) list() error {
	files, err := j.fs.List(j.opt.Dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, copySuffix) {
			if err := j.fs.Remove(j.path(f.Name)); err != nil {
				j.log.Warn("unfinished copy stays", "file", f.Name, "err", err)
			}
		}
		if s, ok := parseName(f.Name); ok {
			s.size = f.Size
			j.segs = append(j.segs, s)
		}
	}
	slices.SortFunc(j.segs, func(a, b *segment) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.stamp, b.stamp)) })
	j.segs = slices.CompactFunc(j.segs, func(a, b *segment) bool {
		if a.id == b.id { // never made by us; somebody copied files in by hand
			j.log.Error("segment is left alone: another one has its number", "segment", b.name())
		}
		return a.id == b.id
	})
	for _, s := range j.segs {
		j.kept += s.bytes()
	}
	return nil
}

// start opens the new segment and starts the writer and the scan.
func (j *Journal) start() {
	j.ctx, j.cancel = context.WithCancel(context.Background())
	w := &writer{j: j, nextID: 1}
	if n := len(j.segs); n > 0 {
		w.nextID = j.segs[n-1].id + 1
	}
	if err := w.ready(); err != nil {
		w.failure(err)
	}
	old := slices.DeleteFunc(slices.Clone(j.segs), func(s *segment) bool { return !s.recovered })
	j.wg.Go(w.run)
	j.wg.Go(func() { j.recover(old) })
}

// Close writes what is queued, stops and gives the folder back. Appends and Next
// answer lead.ErrUnavailable from then on. Closing twice is fine.
func (j *Journal) Close() error {
	j.queue.close(errClosed)
	j.cancel()
	j.wg.Wait()
	j.reader.mu.Lock()
	defer j.reader.mu.Unlock()
	j.reader.leave()
	if err := j.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing journal: %w", err)
	}
	return nil
}

func (j *Journal) path(name string) string { return filepath.Join(j.opt.Dir, name) }

// index returns where the segment of that id stands in the list. The lock is held.
func (j *Journal) index(id uint64) (int, bool) {
	return slices.BinarySearchFunc(j.segs, id, func(s *segment, id uint64) int { return cmp.Compare(s.id, id) })
}

// wake tells Next that there is more to look at.
func (j *Journal) wake() {
	select {
	case j.more <- struct{}{}:
	default:
	}
}
