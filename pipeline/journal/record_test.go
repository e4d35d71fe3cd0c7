package journal

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
)

// image builds the file of a segment: a head, then batches of entries.
func image(stamp uint64, batches ...[]string) []byte {
	var file []byte
	seq := uint32(0)
	for i, batch := range batches {
		start := len(file)
		if i == 0 {
			file = appendRecord(file, kindHead, lead.ID{}, 1, appendEndings(nil, []ending{{7, 4096}}))
			seal(file, stamp, seq, 0)
			seq++
		}
		for _, p := range batch {
			at := len(file)
			file = appendRecord(file, kindEntry, lead.DeriveID("image", p), 2, []byte(p))
			seal(file[at:], stamp, seq, uint32(at-start))
			seq++
		}
	}
	return file
}

// scanned returns the payloads a scan keeps, and what else it found.
func scanned(t testing.TB, file []byte, stamp uint64, sealed int64) ([]string, findings) {
	t.Helper()
	var kept []string
	w := window{file: bytes.NewReader(file), limit: int64(len(file))}
	f, err := scan(&w, stamp, sealed, func(off int64, h header) {
		kept = append(kept, string(file[off+headerSize:off+h.size()]))
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept, f
}

// TestScanTellsDamageFromTornWrites: the begin of a batch is what separates them.
func TestScanTellsDamageFromTornWrites(t *testing.T) {
	t.Parallel()
	whole := image(9, []string{"a", "b"}, []string{"c", "d", "e"})
	at := func(p string) int { return bytes.Index(whole, idBytes(p)) - 40 }
	size := int64(len(whole))
	zeros := func(from, to int) []byte {
		b := slices.Clone(whole)
		clear(b[from:to])
		return b
	}
	for name, c := range map[string]struct {
		file   []byte
		sealed int64
		kept   []string
		want   findings
	}{
		"whole":             {whole, -1, []string{"a", "b", "c", "d", "e"}, findings{end: size}},
		"room behind":       {append(slices.Clone(whole), make([]byte, 100)...), -1, []string{"a", "b", "c", "d", "e"}, findings{end: size, torn: []span{{size, size + 100, 0}}}},
		"acknowledged gone": {zeros(at("b"), at("c")), -1, []string{"a", "c", "d", "e"}, findings{end: size, bad: []span{{int64(at("b")), int64(at("c")), 1}}}},
		"two gone":          {zeros(at("a"), at("c")), -1, []string{"c", "d", "e"}, findings{end: size, bad: []span{{int64(at("a")), int64(at("c")), 2}}}},
		"last batch torn":   {zeros(at("c"), at("d")), -1, []string{"a", "b", "d", "e"}, findings{end: size, torn: []span{{int64(at("c")), int64(at("d")), 1}}}},
		"it was sealed":     {zeros(at("c"), at("d")), size, []string{"a", "b", "d", "e"}, findings{end: size, bad: []span{{int64(at("c")), int64(at("d")), 1}}}},
		"end torn":          {zeros(at("e"), len(whole)), -1, []string{"a", "b", "c", "d"}, findings{end: int64(at("e")), torn: []span{{int64(at("e")), size, 0}}}},
		"sealed end gone":   {whole[:at("d")], size, []string{"a", "b", "c"}, findings{end: int64(at("d")), bad: []span{{int64(at("d")), int64(at("d")), 1}}}},
		"not acknowledged":  {whole, int64(at("c")), []string{"a", "b"}, findings{end: int64(at("c")), torn: []span{{int64(at("c")), size, 0}}}},
		"nothing":           {make([]byte, 5000), -1, nil, findings{torn: []span{{0, 5000, 0}}}},
		"other segment":     {image(8, []string{"a"}), -1, nil, findings{torn: []span{{0, int64(len(image(8, []string{"a"}))), 0}}}},
	} {
		kept, f := scanned(t, c.file, 9, c.sealed)
		if diff := cmp.Diff(c.kept, kept); diff != "" {
			t.Errorf("%s: entries (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.want, f, cmp.AllowUnexported(findings{}, span{})); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", name, diff)
		}
	}
}

// TestScanIgnoresWhatSendersWrite: a payload that holds the bytes of a record of
// another segment, or a stale record of the same one, is never read as records.
func TestScanIgnoresWhatSendersWrite(t *testing.T) {
	t.Parallel()
	forged := string(image(8, []string{"forged"}))
	file := image(9, []string{"a", forged, "b"})
	file[bytes.Index(file, []byte(forged))-10] ^= 1 // breaks the record around it
	kept, _ := scanned(t, file, 9, -1)
	if diff := cmp.Diff([]string{"a", "b"}, kept); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	again := append(image(9, []string{"a", "b"}), image(9, []string{"stale"})...)
	kept, _ = scanned(t, again, 9, -1)
	if diff := cmp.Diff([]string{"a", "b"}, kept); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// FuzzScan: whatever a file holds, a scan ends, stays inside it, and keeps only
// records that are whole; what it kept and what it calls bad do not overlap.
func FuzzScan(f *testing.F) {
	whole := image(9, []string{"a", "bb"}, []string{"ccc"})
	f.Add(whole, int64(-1))
	f.Add(whole[:len(whole)-1], int64(60))
	f.Add(append(slices.Clone(whole[10:]), whole...), int64(1000))
	f.Add([]byte(magic), int64(-1))
	f.Fuzz(func(t *testing.T, file []byte, sealed int64) {
		used, last := int64(0), int64(-1)
		w := window{file: bytes.NewReader(file), limit: int64(len(file))}
		found, err := scan(&w, 9, sealed, func(off int64, h header) {
			if off < used || off+h.size() > int64(len(file)) || !intact(file[off:off+h.size()]) {
				t.Fatalf("entry at %d of %d bytes after %d", off, h.size(), used)
			}
			if sealed >= 0 && off+h.size() > sealed {
				t.Fatalf("entry at %d comes after the sealed end %d", off, sealed)
			}
			if int64(h.seq) <= last {
				t.Fatalf("sequence %d after %d", h.seq, last)
			}
			used, last = off+h.size(), int64(h.seq)
		})
		if err != nil || found.end < used || found.end > int64(len(file)) {
			t.Fatalf("end %d after %d of %d, err %v", found.end, used, len(file), err)
		}
		for _, s := range slices.Concat(found.bad, found.torn) {
			if s.from < 0 || s.from > s.to || s.to > int64(len(file)) {
				t.Fatalf("range %+v in %d bytes", s, len(file))
			}
		}
	})
}

// FuzzRecord: what was appended reads back the same, and no flipped bit goes unseen.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("payload"), uint64(9), uint32(1), uint32(0), int64(5), uint(70))
	f.Add([]byte{}, uint64(0), uint32(1<<31), uint32(1<<20), int64(-1), uint(0))
	f.Fuzz(func(t *testing.T, payload []byte, stamp uint64, seq, back uint32, at int64, flip uint) {
		id := lead.DeriveID("fuzz", string(payload))
		rec := appendRecord(nil, kindEntry, id, at, payload)
		seal(rec, stamp, seq, back)
		got, ok := parseHeader(rec, stamp)
		want := header{seq: seq, back: back, length: uint32(len(payload)), kind: kindEntry, at: at, id: id}
		if !ok || got != want || !intact(rec) || got.size() != int64(len(rec)) || recordSize(rec) != len(rec) {
			t.Fatalf("header %+v, want %+v", got, want)
		}
		rec[flip/8%uint(len(rec))] ^= 1 << (flip % 8)
		w := window{file: bytes.NewReader(rec), limit: int64(len(rec))}
		if _, _, ok, err := w.record(0, stamp); ok || err != nil {
			t.Fatalf("bit %d is flipped and the record is taken (err %v)", flip, err)
		}
	})
}

// TestParseName: only names we made are segments.
func TestParseName(t *testing.T) {
	t.Parallel()
	s := segment{id: 12, stamp: 0xfeed}
	if got, ok := parseName(s.name() + segmentSuffix); !ok || got.id != 12 || got.stamp != 0xfeed {
		t.Errorf("parseName = %+v, %v", got, ok)
	}
	for _, name := range []string{
		"", "lock", s.name(), s.name() + corruptSuffix, "x" + s.name() + segmentSuffix, "+00000000000000c-000000000000feed.seg",
		"000000000000000C-000000000000feed.seg", "000000000000000c_000000000000feed.seg",
	} {
		if _, ok := parseName(name); ok {
			t.Errorf("parseName(%q) is taken for a segment", name)
		}
	}
}

func idBytes(p string) []byte {
	id := lead.DeriveID("image", p)
	return id[:]
}
