package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store/blob"
	"leadgate/store/sqlite"
)

// TestLargeBodiesAreDurable is rows 4, 7 and 8 of the fault matrix for bodies that
// are too large for the journal: whatever call fails while they are taken, an
// accepted one is whole after a power cut.
func TestLargeBodiesAreDurable(t *testing.T) {
	t.Parallel()
	for _, kind := range []faultfs.Kind{faultfs.Mkdir, faultfs.Create, faultfs.Write, faultfs.Sync, faultfs.Rename, faultfs.SyncDir} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "leadgate.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			step := 1
			if kind == faultfs.Mkdir {
				step = 67 // most of them make the folders of the blob store
			}
			n := 1
			for acceptLarge(t, s, faultfs.Fault{Kind: kind, Nth: n, Err: syscall.EIO}) {
				n += step
			}
			if n == 1 {
				t.Error("no call of that kind was made")
			}
		})
	}
}

// acceptLarge takes two large bodies, each of them twice as after a refusal, cuts
// the power and looks for them. It reports whether the fault was met.
func acceptLarge(t *testing.T, s *sqlite.Store, fault faultfs.Fault) bool {
	t.Helper()
	disk := faultfs.New()
	disk.Inject(fault)
	options := journal.Options{Dir: "/data/journal", FS: disk, SegmentSize: 16 << 10, FreeFloor: -1}
	j, err := journal.Open(options)
	if err != nil {
		return true
	}
	defer j.Close()
	files, err := blob.OpenFilesOn(disk, "/data/blobs")
	if err != nil {
		return true
	}
	p, err := New(Options{Journal: j, Store: s, Blobs: blob.NewDepot(blob.Options{Local: files, Rows: s}), Sources: &Sources{}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	accepted := map[lead.ID][]byte{}
	for i := range 4 {
		body := bytes.Repeat([]byte{byte('a' + i%2)}, largeBody+1)
		id, err := p.Accept(context.Background(), lead.Delivery{Source: "src", Key: fmt.Sprint(i % 2), Body: body})
		switch {
		case err == nil:
			accepted[id] = body
		case !errors.Is(err, lead.ErrUnavailable) && !errors.Is(err, lead.ErrFull):
			t.Errorf("n=%d: Accept = %v, without a class", fault.Nth, err)
		}
	}
	hit := disk.Hits() > 0
	disk.Heal()
	options.FS = disk.Crash(uint64(fault.Nth))
	found := survivors(t, options, len(accepted))
	for id, body := range accepted {
		if !bytes.Equal(found[id], body) {
			t.Errorf("n=%d: an accepted body of %d bytes has %d after a power cut", fault.Nth, len(body), len(found[id]))
		}
	}
	return hit
}

// survivors reads the deliveries of a journal with their bodies, as many as are
// wanted and those that come right after.
func survivors(t *testing.T, options journal.Options, want int) map[lead.ID][]byte {
	t.Helper()
	j, err := journal.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	blobs, err := blob.OpenFilesOn(options.FS, "/data/blobs")
	if err != nil {
		t.Fatal(err)
	}
	found := map[lead.ID][]byte{}
	for {
		wait := 10 * time.Second
		if len(found) >= want {
			wait = 20 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		e, err := j.Next(ctx)
		cancel()
		if err != nil {
			return found
		}
		var d lead.Delivery
		if err := d.UnmarshalBinary(e.Payload); err != nil {
			t.Fatal(err)
		}
		if found[e.ID], err = blobs.Get(context.Background(), d.Blob); err != nil {
			t.Errorf("the journal names a blob that is not there: %v", err)
		}
	}
}
