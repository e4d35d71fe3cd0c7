package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"leadgate/lead"
)

// OS returns the operating system's file system.
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) Mkdir(dir string) error         { return os.Mkdir(dir, 0o700) }
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
		return nil, fmt.Errorf("locking %s: %w: another process owns it", name, lead.ErrConflict)
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
			files = append(files, FileInfo{Name: e.Name(), Size: info.Size(), Time: info.ModTime()})
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
	err = ignoringEINTR(d.Sync)
	return errors.Join(err, d.Close())
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
