// Package blob keeps bodies and parts that are too large for a row.
//
// A blob is named by the SHA-256 of its bytes, so keeping the same bytes twice
// keeps them once, and a name can never point outside the folder. Put returns
// only when the bytes survive a power cut.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Files keeps blobs as files of one folder, two levels deep. One process at a time
// may have it open.
type Files struct {
	fs  disk.FS
	dir string

	// One writes in a sub-folder at a time: the failed sync of one would be the
	// silent loss of the other's name.
	folder [256]sync.Mutex

	mu   sync.Mutex
	kept map[string]bool // names this process put and synced; the newest of them
}

// newest is how many names are remembered at most; what is forgotten is written again.
const newest = 4096

// spare is the folder in which files are written before they get their name.
const spare = "new"

// OpenFiles opens or makes the folder, on the operating system's file system.
func OpenFiles(dir string) (*Files, error) { return OpenFilesOn(disk.OS(), dir) }

// OpenFilesOn opens or makes the folder on a file system. It returns when every
// folder a blob can be in survives a power cut, and removes what a process that
// was ended left half written.
func OpenFilesOn(fsys disk.FS, dir string) (*Files, error) {
	f := &Files{fs: fsys, dir: dir, kept: map[string]bool{}}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("opening blob store: %w: %w", disk.Class(err), err)
	}
	return f, nil
}

func (f *Files) open() error {
	if err := disk.MakeDir(f.fs, f.dir); err != nil {
		return err
	}
	if err := f.makeFolders(); err != nil {
		return err
	}
	left, err := f.fs.List(filepath.Join(f.dir, spare))
	for _, file := range left {
		err = errors.Join(err, f.fs.Remove(filepath.Join(f.dir, spare, file.Name)))
	}
	return err
}

// makeFolders makes the sub-folders, synced together. Those it made are gone again
// when that fails: a sync that failed is not asked a second time.
func (f *Files) makeFolders() (err error) {
	folders := []string{filepath.Join(f.dir, spare)}
	for i := range 256 {
		folders = append(folders, filepath.Join(f.dir, hex.EncodeToString([]byte{byte(i)})))
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

// Put keeps the bytes and returns their name. It returns nil only when the file's
// bytes and its name survive a power cut. A full disk wraps lead.ErrFull, anything
// else lead.ErrUnavailable.
//
// Only what this process synced itself is taken for kept, and only while its bytes
// are right: a file that stands there for any other reason may never have been
// synced, or be damaged, and is replaced.
func (f *Files) Put(_ context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	f.folder[sum[0]].Lock()
	defer f.folder[sum[0]].Unlock()
	if f.keeps(name, data) {
		return name, nil
	}
	if err := disk.WriteFile(f.fs, f.path(name), filepath.Join(f.dir, spare), data); err != nil {
		f.remember(name, false)
		return "", fmt.Errorf("keeping blob: %w: %w", disk.Class(err), err)
	}
	f.remember(name, true)
	return name, nil
}

func (f *Files) path(name string) string { return filepath.Join(f.dir, name[:2], name) }

// keeps reports whether this process kept these bytes and they are still there.
func (f *Files) keeps(name string, data []byte) bool {
	f.mu.Lock()
	kept := f.kept[name]
	f.mu.Unlock()
	if !kept {
		return false
	}
	have, err := disk.ReadFile(f.fs, f.path(name))
	return err == nil && bytes.Equal(have, data)
}

func (f *Files) remember(name string, kept bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !kept {
		delete(f.kept, name)
		return
	}
	if len(f.kept) >= newest {
		clear(f.kept)
	}
	f.kept[name] = true
}

// Get returns the bytes of a blob, checked against its name. A blob that is not
// there wraps lead.ErrNotFound, one whose bytes changed lead.ErrPermanent.
func (f *Files) Get(_ context.Context, name string) ([]byte, error) {
	if !Valid(name) {
		return nil, fmt.Errorf("reading blob: %w: not a blob's name", lead.ErrInvalid)
	}
	data, err := disk.ReadFile(f.fs, f.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("reading blob: %w: %w", lead.ErrUnavailable, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != name {
		return nil, fmt.Errorf("reading blob: %w: its bytes have changed", lead.ErrPermanent)
	}
	return data, nil
}

// Valid reports whether a text can be the name of a blob.
func Valid(name string) bool {
	if len(name) != 2*sha256.Size || bytes.ContainsAny([]byte(name), "ABCDEF") {
		return false
	}
	_, err := hex.DecodeString(name)
	return err == nil
}
