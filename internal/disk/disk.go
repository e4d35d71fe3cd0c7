// Package disk is what leadgate needs of a file system where bytes have to survive
// a power cut. Everything durable goes through FS, so that tests can put the faults
// of real disks behind it; package faultfs is such a disk.
package disk

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"leadgate/lead"
)

// FS is a file system. A name that was made, renamed or removed survives a power
// cut once SyncDir of its folder returned nil, the bytes of a file once its Sync did.
type FS interface {
	// Mkdir makes a folder of mode 0700 in one that is there.
	Mkdir(dir string) error
	// Lock takes an exclusive lock on a file, creating it, or fails at once with
	// lead.ErrConflict when another process has it. Closing the result gives it
	// back, and so does the end of the process.
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

// FileInfo names a file and tells its length and age.
type FileInfo struct {
	Name string // without the folder
	Size int64
	Time time.Time // when it was last written to, as far as the system has told the disk
}

// MakeDir makes a folder with the parents it lacks. It returns nil only when the
// folder's name survives a power cut, also when somebody else made the folder and
// may not have come to syncing it.
func MakeDir(fsys FS, dir string) error {
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if parent == dir {
		return nil
	}
	err := fsys.Mkdir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := MakeDir(fsys, parent); err != nil {
			return err
		}
		err = fsys.Mkdir(dir)
	}
	switch {
	case err == nil:
		if err := fsys.SyncDir(parent); err != nil {
			return errors.Join(err, fsys.Remove(dir)) // a sync that failed is not asked again
		}
		return nil
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // a folder we may not even open was prepared for us, by somebody who may
}

// WriteFile puts a file in place of the one of that name, if there is one. It
// returns nil only when the new one survives a power cut; the old one is there
// until then. Before that it is written under a name in the folder spare, on the
// same disk, where an end of the process can leave it.
func WriteFile(fsys FS, name, spare string, data []byte) (err error) {
	tmp := filepath.Join(spare, ".new-"+rand.Text())
	f, err := fsys.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		return errors.Join(err, fsys.Remove(tmp))
	}
	return fsys.SyncDir(filepath.Dir(name))
}

// ReadFile returns the bytes of a file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<62))
	return data, errors.Join(err, f.Close())
}

// Class sorts an error of the file system: what goes away when somebody makes room
// (or remounts, or closes files) is lead.ErrFull, all else is lead.ErrUnavailable.
func Class(err error) error {
	for _, full := range [...]error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EFBIG, lead.ErrFull,
	} {
		if errors.Is(err, full) {
			return lead.ErrFull
		}
	}
	return lead.ErrUnavailable
}
