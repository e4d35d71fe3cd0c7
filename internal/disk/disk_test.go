package disk_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"leadgate/internal/disk"
	"leadgate/internal/disk/faultfs"
	"leadgate/lead"
)

// Whatever call fails, a folder MakeDir answered nil for is there after a power
// cut, with what is in it.
func TestMakeDir(t *testing.T) {
	t.Parallel()
	for _, kind := range []faultfs.Kind{faultfs.Mkdir, faultfs.SyncDir} {
		for n := 1; n < 8; n++ {
			for seed := range uint64(8) {
				f := faultfs.New()
				f.Inject(faultfs.Fault{Kind: kind, Nth: n, Err: syscall.EIO})
				for disk.MakeDir(f, "/var/lib/leadgate/") != nil { // until it answers nil
				}
				after := f.Crash(seed)
				if err := after.Mkdir("/var/lib/leadgate"); !errors.Is(err, fs.ErrExist) {
					t.Fatalf("%s %d, seed %d: the folder is gone after a power cut: %v", kind, n, seed, err)
				}
			}
		}
	}
}

// A folder another process made and did not come to syncing is synced.
func TestMakeDirOfAnother(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		f := faultfs.New()
		if err := errors.Join(f.Mkdir("/data"), disk.MakeDir(f, "/data")); err != nil {
			t.Fatal(err)
		}
		if err := f.Crash(seed).Mkdir("/data"); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("seed %d: the folder is gone after a power cut: %v", seed, err)
		}
	}
}

// Whatever call fails, there is the old file or the new one, and the new one once
// WriteFile answered nil.
func TestWriteFile(t *testing.T) {
	t.Parallel()
	for _, kind := range []faultfs.Kind{faultfs.Create, faultfs.Write, faultfs.Sync, faultfs.Rename, faultfs.SyncDir} {
		for seed := range uint64(32) {
			f := faultfs.New()
			f.WriteFile("/data/key", []byte("old"))
			f.Inject(faultfs.Fault{Kind: kind, Nth: 1, Err: syscall.EIO, Part: -1})
			if err := disk.WriteFile(f, "/data/key", "/data", []byte("new")); !errors.Is(err, syscall.EIO) {
				t.Fatalf("%s: WriteFile = %v", kind, err)
			}
			if seed%2 == 0 {
				if err := disk.WriteFile(f, "/data/key", "/data", []byte("new")); err != nil {
					t.Fatal(err)
				}
			}
			got, err := disk.ReadFile(f.Crash(seed), "/data/key")
			if err != nil || string(got) != "new" && (string(got) != "old" || seed%2 == 0) {
				t.Errorf("%s, seed %d: the file holds %q, %v", kind, seed, got, err)
			}
		}
	}
}

// The operating system's file system does what the one in memory stands for.
func TestOS(t *testing.T) {
	t.Parallel()
	fsys, dir := disk.OS(), filepath.Join(t.TempDir(), "a", "b")
	if err := errors.Join(disk.MakeDir(fsys, dir), disk.MakeDir(fsys, dir)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info, err)
	}
	lock, err := fsys.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := fsys.Lock(filepath.Join(dir, "lock")); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("second lock: %v, want ErrConflict", err)
	}
	name, data := filepath.Join(dir, "file"), bytes.Repeat([]byte("x"), 100_000)
	for _, body := range [][]byte{[]byte("first"), data} {
		if err := disk.WriteFile(fsys, name, dir, body); err != nil {
			t.Fatal(err)
		}
		if got, err := disk.ReadFile(fsys, name); err != nil || !bytes.Equal(got, body) {
			t.Errorf("ReadFile: %d bytes, %v", len(got), err)
		}
	}
	files, err := fsys.List(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("List: %v, %v, want the file and the lock", files, err)
	}
	if _, err := disk.ReadFile(fsys, filepath.Join(dir, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile of nothing: %v", err)
	}
}
