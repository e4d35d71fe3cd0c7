package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"leadgate/lead"
)

// FS is what the journal needs of a file system. Tests put faults behind it.
type FS interface {
	// MkdirAll makes a folder of mode 0700 with its parents, if it is not there.
	MkdirAll(dir string) error
	// Lock takes an exclusive lock on a file, creating it, or fails at once.
	// Closing the result gives it back, and so does the end of the process.
	Lock(name string) (io.Closer, error)
	// List returns the regular files of a folder in any order.
	List(dir string) ([]FileInfo, error)
	// OpenFile opens a file with the flags of package os; new files get mode 0600.
	OpenFile(name string, flag int) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in a folder survive a power cut.
	SyncDir(dir string) error
	// Free returns the bytes an ordinary user can still write to the disk of a folder.
	Free(dir string) (int64, error)
}

// File is an open file. Sync makes written bytes survive a power cut; Allocate
// makes the file size bytes long, zeros where nothing was written, with the room
// on disk reserved where the file system can.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Allocate(size int64) error
	Sync() error
}

// FileInfo names a file and its length.
type FileInfo struct {
	Name string // without the folder
	Size int64
}

// osFS is the operating system's file system.
type osFS struct{}

func (osFS) MkdirAll(dir string) error      { return os.MkdirAll(dir, 0o700) }
func (osFS) Rename(from, to string) error   { return os.Rename(from, to) }
func (osFS) Remove(name string) error       { return os.Remove(name) }
func (osFS) Free(dir string) (int64, error) { return free(dir) }
func (f osFile) Sync() error                { return ignoringEINTR(func() error { return datasync(f.File) }) }
func (f osFile) Allocate(size int64) error {
	return ignoringEINTR(func() error { return allocate(f.File, size) })
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("locking %s: %w: another process owns this journal", name, lead.ErrConflict)
	}
	return nil, fmt.Errorf("locking %s: %w", name, err)
}

func (osFS) List(dir string) ([]FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // removed since ReadDir saw it
		}
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			files = append(files, FileInfo{Name: e.Name(), Size: info.Size()})
		}
	}
	return files, nil
}

func (osFS) OpenFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

type osFile struct{ *os.File }

// ignoringEINTR repeats a call that a signal interrupted, as package os does for its own.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// faultClass sorts an error of the file system: what goes away when somebody makes
// room (or remounts, or closes files) is ErrFull, all else is ErrUnavailable.
func faultClass(err error) error {
	for _, full := range [...]error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EFBIG, lead.ErrFull,
	} {
		if errors.Is(err, full) {
			return lead.ErrFull
		}
	}
	return lead.ErrUnavailable
}
