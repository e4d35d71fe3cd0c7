package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
)

func body(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "body %d ", n), 500+n) }

// TestEveryCallFails is rows 4, 7, 8 and 11 of the fault matrix for blobs: the n-th
// call of a kind fails, once or from then on, for every n until a run does not come
// to it. Whatever Put answered nil for is there after a power cut, whole.
func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	for _, kind := range []faultfs.Kind{faultfs.Mkdir, faultfs.Create, faultfs.Write, faultfs.Sync, faultfs.Rename, faultfs.SyncDir} {
		for _, forever := range []bool{false, true} {
			for _, errno := range []syscall.Errno{syscall.EIO, syscall.ENOSPC} {
				t.Run(fmt.Sprintf("%s/%v/forever=%v", kind, errno, forever), func(t *testing.T) {
					t.Parallel()
					n := 1
					for failNth(t, faultfs.Fault{Kind: kind, Nth: n, Err: errno, Forever: forever, Part: -(n % 2)}) {
						n++
					}
					if n == 1 {
						t.Error("no call of that kind was made")
					}
				})
			}
		}
	}
}

func failNth(t *testing.T, fault faultfs.Fault) bool {
	fs, kept := faultfs.New(), map[string][]byte{}
	fs.Inject(fault)
	f, err := OpenFilesOn(fs, "/data/blobs")
	if err != nil { // a sender is refused, and the next start may work
		if f, err = OpenFilesOn(fs, "/data/blobs"); err != nil {
			return true
		}
	}
	for i := range 6 {
		data := body(i % 3) // each comes again, as after a refusal
		name := Name(data)
		err := f.Put(context.Background(), name, data)
		switch {
		case err == nil:
			kept[name] = data
		case !errors.Is(err, lead.ErrFull) && !errors.Is(err, lead.ErrUnavailable):
			t.Errorf("n=%d: Put = %v, without a class", fault.Nth, err)
		}
	}
	hit := fs.Hits() > 0
	fs.Heal()
	for seed := range uint64(8) {
		after := fs.Crash(seed)
		again, err := OpenFilesOn(after, "/data/blobs")
		if err != nil {
			t.Fatalf("n=%d: opening after a power cut: %v", fault.Nth, err)
		}
		for name, data := range kept {
			if got, err := again.Get(context.Background(), name); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("n=%d, seed %d: a kept blob is gone after a power cut: %v", fault.Nth, seed, err)
			}
		}
		for _, name := range after.Names() {
			if strings.Contains(name, "/new/") {
				t.Errorf("n=%d: %s stays for ever", fault.Nth, name)
			}
		}
	}
	return hit
}

// The same bytes come again after the sync of their name failed: what stands there
// was never synced, and is not taken for kept.
func TestRepeatAfterFailedSync(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	f, err := OpenFilesOn(fs, "/data/blobs")
	if err != nil {
		t.Fatal(err)
	}
	fs.Inject(faultfs.Fault{Kind: faultfs.SyncDir, Nth: 1, Err: syscall.EIO})
	if err := f.Put(context.Background(), Name(body(1)), body(1)); !errors.Is(err, lead.ErrUnavailable) {
		t.Fatalf("Put = %v, want unavailable", err)
	}
	name := Name(body(1))
	if err := f.Put(context.Background(), name, body(1)); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(32) {
		again, err := OpenFilesOn(fs.Crash(seed), "/data/blobs")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Get(context.Background(), name); err != nil || !bytes.Equal(got, body(1)) {
			t.Fatalf("seed %d: Get after a power cut: %v", seed, err)
		}
	}
}

// A damaged blob is healed by the next one who sends its bytes, whoever wrote it.
func TestRepeatHeals(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	f, err := OpenFilesOn(fs, "/data/blobs")
	if err != nil {
		t.Fatal(err)
	}
	name := Name(body(1))
	if err := f.Put(context.Background(), name, body(1)); err != nil {
		t.Fatal(err)
	}
	another, err := OpenFilesOn(fs, "/data/blobs") // the next process
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*Files{f, another} {
		fs.WriteFile(f.path(name), bytes.Repeat([]byte("x"), len(body(1))))
		if _, err := f.Get(context.Background(), name); !errors.Is(err, lead.ErrPermanent) {
			t.Errorf("Get of a damaged blob = %v, want permanent", err)
		}
		if err := f.Put(context.Background(), name, body(1)); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Get(context.Background(), name); err != nil || !bytes.Equal(got, body(1)) {
			t.Errorf("Get after the bytes came again: %v", err)
		}
	}
}

// Many put the same few bodies at once while syncs fail: who was answered nil finds
// their body after a power cut.
func TestConcurrentPuts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		fs := faultfs.New()
		f, err := OpenFilesOn(fs, "/data/blobs")
		if err != nil {
			t.Fatal(err)
		}
		for n := range 6 {
			fs.Inject(faultfs.Fault{Kind: faultfs.SyncDir, Nth: 1 + 2*n, Err: syscall.EIO})
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		kept := map[string][]byte{}
		for i := range 24 {
			wg.Go(func() {
				data := body(i % 4)
				if f.Put(context.Background(), Name(data), data) == nil {
					mu.Lock()
					kept[Name(data)] = data
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		fs.Heal()
		again, err := OpenFilesOn(fs.Crash(seed), "/data/blobs")
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range kept {
			if got, err := again.Get(context.Background(), name); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("seed %d: a kept blob is gone: %v", seed, err)
			}
		}
	}
}

// A full disk is told as such, and after it has room again bodies are kept.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	fs := faultfs.New()
	f, err := OpenFilesOn(fs, "/data/blobs")
	if err != nil {
		t.Fatal(err)
	}
	fs.SetQuota(1000)
	for range 3 {
		if err := f.Put(context.Background(), Name(body(1)), body(1)); !errors.Is(err, lead.ErrFull) {
			t.Fatalf("Put on a full disk = %v, want full", err)
		}
	}
	if left := fs.Names(); len(left) > 0 {
		t.Errorf("refused bodies stay: %v", left)
	}
	fs.SetQuota(0)
	if err := f.Put(context.Background(), Name(body(1)), body(1)); err != nil {
		t.Errorf("Put after the disk has room again: %v", err)
	}
}
