package journal_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// TestRealDisk runs an ordinary life on the operating system's files: append, read
// in order, restart, read again, release, and nothing is left.
func TestRealDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "journal")
	opt := journal.Options{Dir: dir, SegmentSize: 16 << 10, FreeFloor: -1}
	j, o := open(t, opt), newOracle()
	for range 100 {
		must(t, o.append(j, 700, 1))
	}
	var first []lead.ID
	entries, err := take(j, 100)
	must(t, err)
	for _, e := range entries {
		first = append(first, e.ID)
		if e.Recovered || !j.Has(e.ID) || e.At.Location() != time.UTC {
			t.Fatalf("entry %v: recovered %v, known %v, at %v", e.ID, e.Recovered, j.Has(e.ID), e.At)
		}
	}
	j.Release(entries[0].Pos)
	must(t, j.Close())
	must(t, j.Close())
	checkModes(t, dir)

	j = open(t, opt)
	entries, err = backlog(j)
	must(t, err)
	must(t, o.judge(entries))
	var again []lead.ID
	for _, e := range entries {
		again = append(again, e.ID)
		if !e.Recovered || !j.Has(e.ID) {
			t.Fatalf("entry %v: recovered %v, known %v", e.ID, e.Recovered, j.Has(e.ID))
		}
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the order changed over a restart:\n%s", diff)
	}
	o.release(j, entries...)
	o.release(j, entries...) // twice is once
	if s := j.Stats(); s.Depth != 0 || s.Segments != 1 || !s.Oldest.IsZero() {
		t.Errorf("after releasing all: %+v", s)
	}
	must(t, j.Close())
	left, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("left on disk: %v", left)
	}
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
}

// TestOneOwner: one process owns a journal.
func TestOneOwner(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]journal.Options{"disk": {Dir: t.TempDir(), FreeFloor: -1}, "memory": small(faultfs.New())} {
		j := open(t, opt)
		if _, err := journal.Open(opt); !errors.Is(err, lead.ErrConflict) {
			t.Errorf("%s: second Open = %v, want conflict", name, err)
		}
		must(t, j.Close())
		must(t, open(t, opt).Close())
	}
	if _, err := journal.Open(journal.Options{}); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("Open without a folder = %v, want invalid", err)
	}
}

// TestAppendRefuses what it cannot keep, and everything once it is closed.
func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	opt := small(faultfs.New())
	j := open(t, opt)
	if err := j.Append(background, lead.NewID(), make([]byte, journal.MaxPayload+1)); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("a payload too long: %v", err)
	}
	long := make([]byte, journal.MaxPayload)
	long[len(long)-1] = 1
	must(t, j.Append(background, lead.NewID(), long))
	e, err := j.Next(background)
	must(t, err)
	if diff := cmp.Diff(len(long), len(e.Payload)); diff != "" || e.Payload[len(long)-1] != 1 {
		t.Errorf("the longest payload came back changed: %s", diff)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := j.Append(ctx, lead.NewID(), nil); !errors.Is(err, lead.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Append of who is gone = %v", err)
	}
	if _, err := j.Next(ctx); !errors.Is(err, lead.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Next of who is gone = %v", err)
	}
	waits := make(chan error)
	go func() { _, err := j.Next(background); waits <- err }()
	must(t, j.Close())
	if err := <-waits; !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Next of a closed journal = %v", err)
	}
	if err := j.Append(background, lead.NewID(), nil); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Append to a closed journal = %v", err)
	}
	if err := j.Ready(); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Ready of a closed journal = %v", err)
	}
}

// TestSegmentsGo when all their entries are released, whatever the order, and the
// one being written only when it is idle.
func TestSegmentsGo(t *testing.T) {
	t.Parallel()
	disk := faultfs.New()
	var now atomic.Int64
	opt := small(disk)
	opt.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	j, o := open(t, opt), newOracle()
	for range 20 {
		must(t, o.append(j, 700, 1))
	}
	entries, err := take(j, 20)
	must(t, err)
	before := j.Stats()
	for i := len(entries) - 1; i > 0; i-- {
		o.release(j, entries[i])
	}
	s := j.Stats()
	if s.Depth != 1 || s.Segments != 2 || s.Segments >= before.Segments || !j.Has(entries[0].ID) || j.Has(entries[19].ID) {
		t.Errorf("with the first entry left: %+v", s)
	}
	if _, err := j.Read(entries[19].Pos); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("Read of a released entry = %v", err)
	}
	if _, err := j.Read(journal.Position{Segment: 99}); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("Read of an unknown segment = %v", err)
	}
	if _, err := j.Read(entries[0].Pos); err != nil {
		t.Errorf("Read of an entry not released = %v", err)
	}
	o.release(j, entries[0])
	j.Tidy()
	if s := j.Stats(); s.Segments != 1 || s.Bytes == 0 {
		t.Errorf("with nothing left: %+v", s)
	}
	now.Add(601)
	j.Tidy()
	must(t, until(func() bool { s := j.Stats(); return s.Segments == 0 && s.Bytes == 0 }))
	must(t, o.append(j, 700, 1))
	if s := j.Stats(); s.Segments != 1 || s.Depth != 1 || s.Oldest.Unix() != now.Load() {
		t.Errorf("after the next append: %+v", s)
	}
}

// TestRemovalIsTriedAgain: what the disk did not remove, Tidy removes later.
func TestRemovalIsTriedAgain(t *testing.T) {
	t.Parallel()
	disk := faultfs.New()
	j, o := open(t, small(disk)), newOracle()
	for range 10 {
		must(t, o.append(j, 700, 1))
	}
	entries, err := take(j, 10)
	must(t, err)
	disk.Inject(faultfs.Fault{Kind: faultfs.Remove, Nth: 1, Err: syscall.EIO, Forever: true})
	o.release(j, entries...)
	if s := j.Stats(); s.Segments < 2 || s.Depth != 0 {
		t.Errorf("while nothing can be removed: %+v", s)
	}
	disk.Heal()
	j.Tidy()
	if s := j.Stats(); s.Segments != 1 {
		t.Errorf("after Tidy: %+v", s)
	}
}

// TestQuota: at the quota nothing is taken; releasing makes room at once, also when
// all that is kept stands in the segment being written.
func TestQuota(t *testing.T) {
	t.Parallel()
	for _, quota := range []int64{2000, 20_000} {
		opt := small(faultfs.New())
		opt.Quota = quota
		j, o := open(t, opt), newOracle()
		var err error
		for err == nil {
			err = o.append(j, 500, 1)
		}
		if !errors.Is(err, lead.ErrFull) || !errors.Is(j.Ready(), lead.ErrFull) || j.Stats().State != journal.StateFull {
			t.Errorf("at the quota: Append = %v, Ready = %v", err, j.Ready())
		}
		if s := j.Stats(); s.Bytes > quota || s.Bytes < quota-1000 {
			t.Errorf("%d bytes are kept at a quota of %d", s.Bytes, quota)
		}
		entries, err := take(j, len(o.acked))
		must(t, err)
		o.release(j, entries...)
		must(t, o.append(j, 500, 1))
		must(t, j.Ready())
	}
}

// TestReadyAfterTidy: a journal that was full says so until an append succeeds, or,
// when none is sent because it said so, until Tidy finds that one would.
func TestReadyAfterTidy(t *testing.T) {
	t.Parallel()
	disk := faultfs.New()
	j, o := open(t, small(disk)), newOracle()
	disk.Inject(faultfs.Fault{Kind: faultfs.Write, Nth: 1, Err: syscall.ENOSPC, Forever: true})
	if err := o.append(j, 100, 1); !errors.Is(err, lead.ErrFull) {
		t.Fatalf("Append = %v", err)
	}
	j.Tidy()
	if err := j.Ready(); !errors.Is(err, lead.ErrFull) {
		t.Errorf("Ready on a full disk = %v", err)
	}
	disk.Heal()
	must(t, until(func() bool { j.Tidy(); return j.Ready() == nil }))
	must(t, o.append(j, 100, 1))
}

// TestSlowSync is row 10: while a sync takes its time appends gather, one write and
// one sync take them all, and more than MaxWaiting are refused at once.
func TestSlowSync(t *testing.T) {
	t.Parallel()
	disk := faultfs.New()
	opt := small(disk)
	opt.SegmentSize, opt.MaxWaiting = 1<<20, 100
	j := open(t, opt)
	must(t, j.Append(background, lead.NewID(), nil))
	gate := make(chan struct{})
	disk.Before(func(k faultfs.Kind, _ string) {
		if k == faultfs.Sync {
			<-gate
		}
	})
	var kept, full atomic.Int64
	var wg sync.WaitGroup
	for range 300 {
		wg.Go(func() {
			switch err := j.Append(background, lead.NewID(), make([]byte, 100)); {
			case err == nil:
				kept.Add(1)
			case errors.Is(err, lead.ErrFull):
				full.Add(1)
			default:
				t.Errorf("Append = %v", err)
			}
		})
	}
	must(t, until(func() bool { return full.Load() == 200 }))
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	if err := j.Append(ctx, lead.NewID(), nil); err == nil {
		t.Error("an append was answered before its sync")
	}
	if s := j.Stats(); s.Appended != 1 || s.Depth != 1 {
		t.Errorf("before the sync: %+v", s)
	}
	close(gate)
	wg.Wait()
	if s := j.Stats(); kept.Load() != 100 || s.Syncs > 4 {
		t.Errorf("%d kept with %d syncs, want 100 with at most 4", kept.Load(), s.Syncs)
	}
}

// TestMore: More says whether Next would wait.
func TestMore(t *testing.T) {
	t.Parallel()
	j := open(t, journal.Options{Dir: t.TempDir()})
	if j.More() {
		t.Error("an empty journal has more")
	}
	fill(t, j, 2, 10)
	for _, want := range []bool{true, false} {
		if _, err := j.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		if j.More() != want {
			t.Errorf("More = %v, want %v", !want, want)
		}
	}
}

// TestNextUnderLoad: one reads and releases while many append; each entry comes
// once, those of one appender in its order.
func TestNextUnderLoad(t *testing.T) {
	t.Parallel()
	opt := journal.Options{Dir: t.TempDir(), SegmentSize: 64 << 10, FreeFloor: -1}
	j := open(t, opt)
	const writers, each = 8, 400
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := lead.ID{0: byte(w), 1: byte(i >> 8), 2: byte(i)}
				if err := j.Append(background, id, []byte(strings.Repeat(string(rune('a'+w)), i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := [writers]int{}
	for range writers * each {
		e, err := j.Next(background)
		must(t, err)
		w, i := int(e.ID[0]), int(e.ID[1])<<8|int(e.ID[2])
		if i != next[w] || len(e.Payload) != i || strings.Trim(string(e.Payload), string(rune('a'+w))) != "" {
			t.Fatalf("writer %d: entry %d of %d bytes came, want %d", w, i, len(e.Payload), next[w])
		}
		next[w]++
		if i%2 == 0 {
			j.Release(e.Pos)
		} else {
			wg.Go(func() { j.Release(e.Pos) })
		}
	}
	wg.Wait()
	j.Tidy()
	if s := j.Stats(); s.Depth != 0 || s.Segments > 1 || s.Appended != writers*each {
		t.Errorf("at the end: %+v", s)
	}
}

// TestBacklogNeedsNoMemory: reading 200,000 entries back holds on to none of their
// bytes, and Open does not wait for them.
func TestBacklogNeedsNoMemory(t *testing.T) {
	dir := t.TempDir()
	opt := journal.Options{Dir: dir, SegmentSize: 8 << 20, FreeFloor: -1}
	j := open(t, opt)
	const n = 200_000
	fill(t, j, n, 300)
	must(t, j.Close())
	base := heap()
	started := time.Now()
	j = open(t, opt)
	if took := time.Since(started); took > 500*time.Millisecond {
		t.Errorf("Open took %v", took)
	}
	for i := range n {
		e, err := j.Next(background)
		must(t, err)
		if !e.Recovered || len(e.Payload) != 300 {
			t.Fatalf("entry %d: %d bytes, recovered %v", i, len(e.Payload), e.Recovered)
		}
		if i%40_000 == 0 {
			if grown := heap() - base; grown > n*48+4<<20 {
				t.Fatalf("after %d entries the heap grew by %d MB", i, grown>>20)
			}
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestForeignFiles in the folder are left alone, unfinished copies go, and a second
// file with the number of a segment does not stop the start.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opt := journal.Options{Dir: dir, SegmentSize: 16 << 10, FreeFloor: -1}
	j, o := open(t, opt), newOracle()
	must(t, o.append(j, 100, 1))
	must(t, j.Close())
	segs, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	must(t, err)
	foreign := []string{"note.txt", filepath.Base(segs[0])[:17] + "ffffffffffffffff.seg", "0.seg"}
	for _, name := range append(foreign, "x.corrupt.tmp") {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("by hand"), 0o600))
	}
	entries, err := backlog(open(t, opt))
	must(t, err)
	must(t, o.judge(entries))
	for _, name := range foreign {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x.corrupt.tmp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an unfinished copy stays: %v", err)
	}
}
