//go:build chaos && linux

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Row 7: a disk that is full after n more pages, for every n: senders hear 503
// with the time to come again and readiness ends; when there is room, posts are
// kept again, and nothing that was acknowledged is lost. It mounts a tmpfs of
// 64 KB, which takes root.
func TestDiskFull(t *testing.T) {
	p := newProcess(t, "--segment-size", "8KB", "--disk-floor", "0")
	disk := filepath.Join(p.data, "journal")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Fatalf("mounting a small disk takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p.start()
	t.Cleanup(p.kill)
	var next, kept, refused atomic.Int64
	post := func() int {
		resp, err := http.Post(p.address()+"/f/contact", "application/json", strings.NewReader(posted(int(next.Add(1)))))
		if err != nil {
			t.Error(err)
			return 0
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusOK:
			kept.Add(1)
		case resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "":
			t.Errorf("status %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		default:
			refused.Add(1)
		}
		return resp.StatusCode
	}
	ballast := filepath.Join(disk, "ballast")
	for pages := range 16 {
		fill(t, ballast, pages)
		before := refused.Load()
		var burst sync.WaitGroup // more at once than the workers make room for
		for range 200 {
			burst.Go(func() { post() })
		}
		burst.Wait()
		if pages == 0 && refused.Load() == before {
			t.Error("a full disk took every post")
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		for tries := 0; post() != http.StatusOK; tries++ {
			if tries == 200 {
				t.Fatalf("with %d pages left: nothing is kept after room was made", pages)
			}
		}
	}
	if got := p.stored(int(kept.Load())); got != int(kept.Load()) {
		t.Errorf("%d stored, want the %d acknowledged", got, kept.Load())
	}
	t.Logf("%d acknowledged and stored, %d told to come again", kept.Load(), refused.Load())
}

// fill takes all of a small disk but some pages of 4 KB.
func fill(t *testing.T, path string, pages int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	size := int64(0)
	for {
		n, err := f.Write(page)
		size += int64(n)
		if err != nil {
			break
		}
	}
	if err := f.Truncate(max(0, size-int64(pages)*4096)); err != nil {
		t.Fatal(err)
	}
}
