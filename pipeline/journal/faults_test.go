package journal_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"leadgate/internal/disk"
	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// small is a journal whose every part is used by a few dozen records.
func small(fs disk.FS) journal.Options {
	return journal.Options{Dir: "/j", FS: fs, SegmentSize: 4096, FreeFloor: -1}
}

// used is a file system with a backlog: sealed segments, one killed in the middle
// of a write, and what the oracle knows of them.
func used(t *testing.T) (*faultfs.FS, *oracle) {
	t.Helper()
	fs, o := faultfs.New(), newOracle()
	j := open(t, small(fs))
	for range 12 {
		must(t, o.append(j, 700, 1))
	}
	c := fs.Clone()
	must(t, j.Close())
	for _, name := range c.Names() { // a write that stopped half way, in the last one that holds anything
		if b := c.ReadFile(name); len(b) == 4096 && b[1000] != 0 {
			for i := range 300 {
				b[3700+i%100] = 'x'
			}
			c.WriteFile(name, b)
		}
	}
	return c, o
}

// work uses everything a journal has. Errors are what it is about, so they are not
// looked at, only that nothing comes which was refused, and nothing twice.
func work(t *testing.T, fs disk.FS, o *oracle) {
	t.Helper()
	j, err := journal.Open(small(fs))
	if err != nil {
		return
	}
	defer j.Close()
	for i := range 24 {
		o.append(j, 100+i*40, 2)
		if i%6 == 5 {
			j.Tidy()
		}
	}
	seen, had := map[lead.ID]bool{}, len(o.acked)
	for misses, n := 0, 0; misses < 2*3 && len(seen) < had; n++ { // an entry is tried three times
		e, err := nextNow(j)
		if err != nil {
			misses++
			continue
		}
		misses = 0
		if !e.Recovered && !o.acked[e.ID] {
			t.Errorf("entry %v was refused and handed out", e.ID)
		}
		if seen[e.ID] {
			t.Errorf("entry %v was handed out twice", e.ID)
		}
		seen[e.ID] = true
		if n%3 != 0 {
			o.release(j, e)
		}
		if n%5 == 0 {
			j.Tidy()
		}
	}
}

// nextNow is Next for when something should be there already.
func nextNow(j *journal.Journal) (journal.Entry, error) {
	ctx, cancel := context.WithTimeout(background, 2*time.Millisecond)
	defer cancel()
	return j.Next(ctx)
}

// TestEveryCallFails is rows 7, 8, 9 and 11 of the fault matrix, for every call:
// the n-th call of a kind fails, once or from then on, for every n until a run
// does not come to it. Then the disk heals, the process is started again, and
// everything acknowledged is there once.
func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	errnos := []syscall.Errno{syscall.EIO, syscall.ENOSPC}
	for _, kind := range faultfs.Kinds() {
		for _, forever := range []bool{false, true} {
			for _, errno := range errnos {
				t.Run(fmt.Sprintf("%s/%v/forever=%v", kind, errno, forever), func(t *testing.T) {
					t.Parallel()
					for n := 1; ; n++ {
						if hit := failNth(t, faultfs.Fault{Kind: kind, Nth: n, Err: errno, Forever: forever, Part: -(n % 2)}, uint64(n)); !hit {
							if n == 1 {
								t.Error("no call of that kind was made")
							}
							return
						}
					}
				})
			}
		}
	}
}

// failNth works under one fault and reads back twice: after a clean stop, and
// after a power cut. It reports whether the fault was met.
func failNth(t *testing.T, fault faultfs.Fault, seed uint64) bool {
	base, o := used(t)
	base.Inject(fault)
	work(t, base, o)
	hit := base.Hits() > 0
	base.Heal()
	for name, fs := range map[string]*faultfs.FS{"restart": base.Clone(), "power cut": base.Crash(seed)} {
		j := open(t, small(fs))
		entries, err := backlog(j)
		must(t, err)
		if err := o.judge(entries); err != nil {
			t.Fatalf("n=%d, %s: %v", fault.Nth, name, err)
		}
		if err := j.Append(background, lead.NewID(), []byte("afterwards")); err != nil {
			t.Fatalf("n=%d, %s: appending after the fault: %v", fault.Nth, name, err)
		}
		must(t, j.Close())
	}
	return hit
}

// TestErrorClasses: rows 8 and 11. What the disk answers decides what Append answers.
func TestErrorClasses(t *testing.T) {
	t.Parallel()
	for errno, want := range map[syscall.Errno]error{
		syscall.ENOSPC: lead.ErrFull, syscall.EDQUOT: lead.ErrFull, syscall.EROFS: lead.ErrFull,
		syscall.EMFILE: lead.ErrFull, syscall.ENFILE: lead.ErrFull, syscall.EIO: lead.ErrUnavailable,
	} {
		for _, kind := range []faultfs.Kind{faultfs.Write, faultfs.Sync} {
			fs := faultfs.New()
			j, o := open(t, small(fs)), newOracle()
			must(t, o.append(j, 100, 1))
			fs.Inject(faultfs.Fault{Kind: kind, Nth: 1, Err: errno})
			err := o.append(j, 100, 1)
			if !errors.Is(err, want) || !errors.Is(err, errno) {
				t.Errorf("%s answering %v: Append = %v, want class %v", kind, errno, err, want)
			}
			if err := j.Ready(); !errors.Is(err, want) {
				t.Errorf("%s answering %v: Ready = %v, want class %v", kind, errno, err, want)
			}
			must(t, o.append(j, 100, 1))
			must(t, j.Ready())
		}
	}
}

// TestSyncFailsForGood: row 9. The second failure in a row ends the journal; what
// was acknowledged is still handed out, and a restart reads it back.
func TestSyncFailsForGood(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	j, o := open(t, small(fs)), newOracle()
	for range 5 {
		must(t, o.append(j, 500, 1))
	}
	fs.Inject(faultfs.Fault{Kind: faultfs.Sync, Nth: 1, Err: syscall.EIO, Forever: true})
	for i := range 2 {
		select {
		case <-j.Failed():
			t.Fatalf("failed after %d failures", i)
		default:
		}
		if err := o.append(j, 500, 1); !errors.Is(err, lead.ErrUnavailable) {
			t.Fatalf("Append = %v, want unavailable", err)
		}
	}
	<-j.Failed()
	if err := j.Ready(); !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Ready = %v, want unavailable", err)
	}
	if s := j.Stats(); s.State != journal.StateFailed || s.Reason == "" {
		t.Errorf("state %q (%s), want failed with a reason", s.State, s.Reason)
	}
	entries, err := take(j, 5)
	must(t, err)
	must(t, o.judge(entries))
	hits := fs.Hits()
	o.append(j, 500, 3)
	if fs.Hits() != hits {
		t.Error("a journal that failed went on syncing")
	}
	must(t, j.Close())
	fs.Heal()
	entries, err = backlog(open(t, small(fs.Crash(1))))
	must(t, err)
	must(t, o.judge(entries))
}

// TestFailedSyncIsNotRepeated: row 8. A file whose sync failed is never written or
// synced again, and a failure followed by a success is not the second in a row.
func TestFailedSyncIsNotRepeated(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	j, o := open(t, small(fs)), newOracle()
	var bad, last string
	touched := map[string]int{}
	for range 3 {
		fs.Before(func(k faultfs.Kind, name string) {
			if k == faultfs.Sync {
				last = name
			}
			if k == faultfs.Sync || k == faultfs.Write || k == faultfs.Truncate {
				touched[name]++
			}
		})
		must(t, o.append(j, 300, 1))
		fs.Inject(faultfs.Fault{Kind: faultfs.Sync, Nth: 1, Err: syscall.EIO})
		if err := o.append(j, 300, 1); !errors.Is(err, lead.ErrUnavailable) {
			t.Fatalf("Append = %v, want unavailable", err)
		}
		bad = last
		before := touched[bad]
		must(t, o.append(j, 300, 1))
		if touched[bad] != before {
			t.Errorf("%s was touched again after its sync failed", bad)
		}
	}
	select {
	case <-j.Failed():
		t.Error("single failures ended the journal")
	default:
	}
}

// TestSmallDisk: row 7 on a disk of 64 KB: it fills up, refuses, and takes again
// once what was released is gone. Nothing acknowledged is lost.
func TestSmallDisk(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	fs.SetQuota(64 << 10)
	opt := journal.Options{Dir: "/j", FS: fs, SegmentSize: 16 << 10, FreeFloor: -1}
	j, o := open(t, opt), newOracle()
	var err error
	for err == nil {
		err = o.append(j, 900, 1)
	}
	if !errors.Is(err, lead.ErrFull) || !errors.Is(j.Ready(), lead.ErrFull) {
		t.Fatalf("on a full disk Append = %v, Ready = %v", err, j.Ready())
	}
	if len(o.acked) < 40 {
		t.Errorf("only %d KB of 64 were usable", len(o.acked))
	}
	for range 20 {
		if err := o.append(j, 900, 1); !errors.Is(err, lead.ErrFull) {
			t.Fatalf("on a full disk Append = %v", err)
		}
	}
	entries, err := take(j, len(o.acked))
	must(t, err)
	must(t, o.judge(entries))
	o.release(j, entries[:40]...)
	j.Tidy()
	must(t, until(func() bool { return j.Ready() == nil }))
	must(t, o.append(j, 900, 1))
	entries, err = backlog(open(t, journal.Options{Dir: "/j", FS: fs.Clone(), SegmentSize: 16 << 10, FreeFloor: -1}))
	must(t, err)
	must(t, o.judge(entries))
}

// TestFreeFloor: below the floor nothing is taken, above it at once.
func TestFreeFloor(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	opt := small(fs)
	opt.FreeFloor = 10_000
	fs.SetQuota(9_000)
	j, o := open(t, opt), newOracle()
	if err := o.append(j, 100, 1); !errors.Is(err, lead.ErrFull) {
		t.Errorf("Append below the floor = %v", err)
	}
	if err := j.Ready(); !errors.Is(err, lead.ErrFull) {
		t.Errorf("Ready below the floor = %v", err)
	}
	fs.SetQuota(40_000)
	must(t, o.append(j, 100, 1))
	must(t, j.Ready())
}
