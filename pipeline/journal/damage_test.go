package journal_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"leadgate/internal/disk/faultfs"
	"leadgate/pipeline/journal"
)

// kept is the disk of a killed process with a few hundred small entries in several
// segments, the oracle of them, and the names of the segments that hold any.
func kept(t *testing.T) (*faultfs.FS, *oracle, []string) {
	t.Helper()
	fs, o := faultfs.New(), newOracle()
	opt := small(fs)
	opt.SegmentSize = 8192
	j := open(t, opt)
	for range 40 {
		must(t, o.append(j, 500, 1))
	}
	disk := fs.Clone()
	must(t, j.Close())
	var segments []string
	for _, name := range disk.Names() {
		if len(bytes.Trim(disk.ReadFile(name), "\x00")) > 0 {
			segments = append(segments, name)
		}
	}
	if len(segments) < 3 {
		t.Fatalf("%d segments are too few for this test", len(segments))
	}
	return disk, o, segments
}

// reopen starts on a disk with a file replaced and returns what was lost of the
// acknowledged entries. Phantoms, changed and double entries fail the test.
func reopen(t *testing.T, disk *faultfs.FS, o *oracle, name string, data []byte) (lost int, stats journal.Stats, fs *faultfs.FS) {
	t.Helper()
	fs = disk.Clone()
	fs.WriteFile(name, data)
	opt := small(fs)
	opt.SegmentSize = 8192
	j, err := journal.Open(opt)
	must(t, err)
	defer j.Close()
	entries, err := backlog(j)
	must(t, err)
	sound := newOracle()
	sound.tried = o.tried // nothing is promised of what the disk broke
	must(t, sound.judge(entries))
	return len(o.acked) - len(entries), j.Stats(), fs
}

// TestDamageAtEveryOffset is rows 5 and 6: a byte of the last 4 KB, or of a middle
// segment, is changed, or the file is cut there. At most the entry it stands in is
// lost, and no other changes.
func TestDamageAtEveryOffset(t *testing.T) {
	t.Parallel()
	disk, o, segments := kept(t)
	for _, name := range []string{segments[len(segments)-1], segments[1]} {
		whole := disk.ReadFile(name)
		end := len(bytes.TrimRight(whole, "\x00"))
		last := name == segments[len(segments)-1]
		step := 1
		if !last {
			step = 7
		}
		if os.Getenv("LEADGATE_CHAOS") == "" {
			step *= 5 // a sample: each place of the last segment once, places all over the middle one
		}
		first := max(0, end-4096)
		for off := first; off < end; off += step {
			b := bytes.Clone(whole)
			b[off] ^= byte(1 + off%255)
			if lost, s, _ := reopen(t, disk, o, name, b); lost > 1 || !last && s.Corrupt < int64(lost) {
				t.Fatalf("byte %d of %s changed: %d entries lost, %d counted", off, name, lost, s.Corrupt)
			}
			if (off-first)/step%13 != 0 {
				continue
			}
			left := len(o.acked) - entriesAfter(whole, off)
			if lost, s, _ := reopen(t, disk, o, name, whole[:off]); len(o.acked)-lost != left || !last && s.Corrupt == 0 {
				t.Fatalf("%s cut at %d: %d entries lost, want %d; %d counted", name, off, lost, len(o.acked)-left, s.Corrupt)
			}
		}
	}
}

// entriesAfter counts the entries of a segment that do not lie whole before off.
func entriesAfter(segment []byte, off int) int {
	n := bytes.Count(segment, []byte("\xf7lg\x01")) - 1 // the head
	for at := bytes.Index(segment[4:], []byte("\xf7lg\x01")) + 4; at+556 <= off && n > 0; at += 556 {
		n--
	}
	return n
}

// TestDamageIsQuarantined: row 6. The bad bytes stand beside the segment, the count
// says how many records they were, and after their release the segment goes and the
// copy stays.
func TestDamageIsQuarantined(t *testing.T) {
	t.Parallel()
	disk, o, segments := kept(t)
	b := disk.ReadFile(segments[1])
	clear(b[1024:2048])
	lost, s, fs := reopen(t, disk, o, segments[1], b)
	if lost < 2 || lost > 4 || s.Corrupt != int64(lost) {
		t.Errorf("a page of zeros took %d entries, %d counted", lost, s.Corrupt)
	}
	copied := fs.ReadFile(strings.TrimSuffix(segments[1], ".seg") + ".corrupt")
	if !bytes.HasPrefix(copied, []byte("# offset ")) || !bytes.Contains(copied, make([]byte, 1024)) {
		t.Errorf("the quarantine copy holds %d bytes: %.30q…", len(copied), copied)
	}
	j := open(t, small(fs))
	entries, err := backlog(j)
	must(t, err)
	o.release(j, entries...)
	for _, name := range fs.Names() {
		if name == segments[1] {
			t.Error("the damaged segment stays after its entries are released")
		}
	}
}

// TestTornEndIsKept: row 5. Half a record at the end is cut off and kept beside.
func TestTornEndIsKept(t *testing.T) {
	t.Parallel()
	disk, o, segments := kept(t)
	name := segments[len(segments)-1]
	b := disk.ReadFile(name)
	end := len(bytes.TrimRight(b, "\x00"))
	copy(b[end:], b[56:300])
	lost, s, fs := reopen(t, disk, o, name, b)
	if lost != 0 || s.Corrupt != 0 {
		t.Errorf("%d entries lost, %d counted as damaged", lost, s.Corrupt)
	}
	if tail := fs.ReadFile(strings.TrimSuffix(name, ".seg") + ".tail"); !bytes.Contains(tail, b[56:250]) {
		t.Errorf("the tail kept is %d bytes", len(tail))
	}
	if got := len(fs.ReadFile(name)); got != end {
		t.Errorf("the segment is %d bytes long, want %d", got, end)
	}
}

// TestStaleBytes: row 5. A segment whose unused room holds the records of another
// one gives only its own.
func TestStaleBytes(t *testing.T) {
	t.Parallel()
	disk, o, segments := kept(t)
	name := segments[len(segments)-1]
	b, stale := disk.ReadFile(name), disk.ReadFile(segments[0])
	end := len(bytes.TrimRight(b, "\x00"))
	copy(b[end:], stale[end:])
	if lost, s, _ := reopen(t, disk, o, name, b); lost != 0 || s.Corrupt != 0 {
		t.Errorf("%d entries lost, %d counted as damaged", lost, s.Corrupt)
	}
}

// TestDamageWhileRunning: an entry that rots between its append and Next is counted
// and stepped over; Read says what happened.
func TestDamageWhileRunning(t *testing.T) {
	t.Parallel()
	disk, o, segments := kept(t)
	j := open(t, small(disk))
	must(t, until(func() bool { return j.Stats().Unread == 0 }))
	first, err := j.Next(background)
	must(t, err)
	b := disk.ReadFile(segments[1])
	b[2000] ^= 1
	disk.WriteFile(segments[1], b)
	entries, err := take(j, len(o.acked)-2)
	must(t, err)
	sound := newOracle()
	sound.tried = o.tried
	must(t, sound.judge(append(entries, first)))
	if s := j.Stats(); s.Corrupt != 1 {
		t.Errorf("%d records counted as damaged, want 1", s.Corrupt)
	}
	got, err := j.Read(first.Pos)
	must(t, err)
	if got.ID != first.ID || !bytes.Equal(got.Payload, first.Payload) || !got.At.Equal(first.At) {
		t.Error("Read gives another entry than Next gave")
	}
}
