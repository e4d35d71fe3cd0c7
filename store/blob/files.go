package blob

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Files keeps blobs as files of one folder, two levels deep. One process at a time
// may have it open, unless all of them opened it as shared.
type Files struct {
	fs  disk.FS
	dir string
	now func() time.Time // as the file system sees it

	// One writes or removes in a sub-folder at a time: the failed sync of one would be
	// the silent loss of the other's name.
	folder [256]sync.Mutex

	mu   sync.Mutex
	kept map[string]time.Time // when this process put and synced a key; the newest of them
}

const (
	// newest is how many keys are remembered at most; what is forgotten is written again.
	newest = 4096
	// fresh is how long a file counts as just put. After that it is written again, so
	// that its time is never more than this before the newest Put of it.
	fresh = time.Minute
	// spare is the folder in which files are written before they get their name.
	spare = "new"
	// halfWritten is how old a file in a shared spare folder is when nobody writes it any more.
	halfWritten = time.Hour
)

// OpenFiles opens or makes the folder, on the operating system's file system.
func OpenFiles(dir string) (*Files, error) { return OpenFilesOn(disk.OS(), dir) }

// OpenShared opens or makes a folder that processes of several machines use at once.
func OpenShared(dir string) (*Files, error) {
	return openFiles(disk.OS(), dir, time.Now().Add(-halfWritten))
}

// OpenFilesOn opens or makes the folder on a file system. It returns when every
// folder a blob can be in survives a power cut, and removes what a process that
// was ended left half written.
func OpenFilesOn(fsys disk.FS, dir string) (*Files, error) {
	return openFiles(fsys, dir, time.Time{})
}

func openFiles(fsys disk.FS, dir string, young time.Time) (*Files, error) {
	f := &Files{fs: fsys, dir: dir, now: time.Now, kept: map[string]time.Time{}}
	if err := f.open(young); err != nil {
		return nil, fmt.Errorf("opening blob store: %w: %w", disk.Class(err), err)
	}
	return f, nil
}

// open makes the folders and removes what is half written, what is younger than a
// time excepted; the zero time excepts nothing.
func (f *Files) open(young time.Time) error {
	if err := disk.MakeDir(f.fs, f.dir); err != nil {
		return err
	}
	if err := f.makeFolders(); err != nil {
		return err
	}
	left, err := f.fs.List(filepath.Join(f.dir, spare))
	for _, file := range left {
		if young.IsZero() || file.Time.Before(young) {
			err = errors.Join(err, missing(f.fs.Remove(filepath.Join(f.dir, spare, file.Name))))
		}
	}
	return err
}

// missing is nil when there was nothing to remove.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// makeFolders makes the sub-folders, synced together. Those it made are gone again
// when that fails: a sync that failed is not asked a second time.
func (f *Files) makeFolders() (err error) {
	folders := []string{filepath.Join(f.dir, spare)}
	for i := range 256 {
		folders = append(folders, f.sub(i))
	}
	var made []string
	defer func() {
		for i := len(made) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, f.fs.Remove(made[i]))
		}
	}()
	for _, name := range folders {
		if err := f.fs.Mkdir(name); err == nil {
			made = append(made, name)
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return f.fs.SyncDir(f.dir)
}

func (f *Files) sub(i int) string { return filepath.Join(f.dir, hex.EncodeToString([]byte{byte(i)})) }

// lock takes the sub-folder of a valid key; the result gives it back.
func (f *Files) lock(key string) (unlock func()) {
	i, _ := strconv.ParseUint(key[:2], 16, 8)
	f.folder[i].Lock()
	return f.folder[i].Unlock
}

// Put keeps bytes under a key. It returns nil only when the file's bytes and its
// name survive a power cut. A full disk wraps lead.ErrFull, anything else
// lead.ErrUnavailable.
//
// Only what this process synced itself a moment ago is taken for kept, and only while
// its bytes are right: a file that stands there for any other reason may never have
// been synced, be damaged, or be so old that it is about to be removed, and is replaced.
func (f *Files) Put(_ context.Context, key string, data []byte) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("keeping blob: %w", err)
	}
	defer f.lock(key)()
	if f.keeps(key, data) {
		return nil
	}
	begun := f.now()
	if err := disk.WriteFile(f.fs, f.path(key), filepath.Join(f.dir, spare), data); err != nil {
		f.remember(key, time.Time{})
		return fmt.Errorf("keeping blob: %w: %w", disk.Class(err), err)
	}
	f.remember(key, begun)
	return nil
}

func (f *Files) path(key string) string { return filepath.Join(f.dir, key[:2], key) }

// keeps reports whether this process has just kept these bytes and they are still there.
func (f *Files) keeps(key string, data []byte) bool {
	f.mu.Lock()
	at, kept := f.kept[key]
	f.mu.Unlock()
	if !kept || f.now().Sub(at).Abs() > fresh {
		return false
	}
	have, err := disk.ReadFile(f.fs, f.path(key))
	return err == nil && bytes.Equal(have, data)
}

// remember notes when a key was kept; the zero time makes it forgotten.
func (f *Files) remember(key string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.IsZero() {
		delete(f.kept, key)
		return
	}
	if len(f.kept) >= newest {
		clear(f.kept)
	}
	f.kept[key] = at
}

// Get returns the bytes under a key, checked against its name.
func (f *Files) Get(_ context.Context, key string) ([]byte, error) {
	if err := CheckKey(key); err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	data, err := disk.ReadFile(f.fs, f.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("reading blob: %w: %w", lead.ErrUnavailable, err)
	}
	if err := Check(key, data); err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	return data, nil
}

// Delete removes what lies under a key.
func (f *Files) Delete(_ context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("removing blob: %w", err)
	}
	defer f.lock(key)()
	return f.remove(key)
}

// remove removes a file; the lock of its folder is held.
func (f *Files) remove(key string) error {
	f.remember(key, time.Time{})
	if err := missing(f.fs.Remove(f.path(key))); err != nil {
		return fmt.Errorf("removing blob: %w: %w", disk.Class(err), err)
	}
	return nil // what a power cut brings back is found by a listing
}

// DeleteOld removes what lies under a key when it was put before a time, and reports
// whether nothing lies there any more.
func (f *Files) DeleteOld(_ context.Context, key string, before time.Time) (bool, error) {
	if err := CheckKey(key); err != nil {
		return false, fmt.Errorf("removing blob: %w", err)
	}
	defer f.lock(key)()
	files, err := f.fs.List(filepath.Dir(f.path(key)))
	if err != nil {
		return false, fmt.Errorf("removing blob: %w: %w", disk.Class(err), err)
	}
	for _, file := range files {
		if file.Name == key && !file.Time.Before(before.Add(-fresh)) {
			return false, nil
		}
	}
	return true, f.remove(key)
}

// Sweep removes every file that was put before a time and returns how many.
func (f *Files) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	for i := range 256 {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		removed, err := f.sweep(i, before.Add(-fresh))
		if n += removed; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *Files) sweep(folder int, before time.Time) (n int, err error) {
	f.folder[folder].Lock()
	defer f.folder[folder].Unlock()
	files, err := f.fs.List(f.sub(folder))
	if err != nil {
		return 0, fmt.Errorf("sweeping blobs: %w: %w", disk.Class(err), err)
	}
	for _, file := range files {
		if !ValidKey(file.Name) || !file.Time.Before(before) {
			continue
		}
		if err := f.remove(file.Name); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// List returns keys in order.
func (f *Files) List(ctx context.Context, after string, n int) ([]string, error) {
	var keys []string
	for i := range 256 {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("listing blobs: %w: %w", lead.ErrUnavailable, err)
		}
		if len(after) >= 2 && hex.EncodeToString([]byte{byte(i)}) < after[:2] {
			continue
		}
		files, err := f.fs.List(f.sub(i))
		if err != nil {
			return nil, fmt.Errorf("listing blobs: %w: %w", disk.Class(err), err)
		}
		before := len(keys)
		for _, file := range files {
			if ValidKey(file.Name) && file.Name > after {
				keys = append(keys, file.Name)
			}
		}
		slices.Sort(keys[before:])
		if len(keys) >= n {
			return keys[:n], nil
		}
	}
	return keys, nil
}
