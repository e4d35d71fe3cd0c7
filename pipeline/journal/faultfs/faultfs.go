// Package faultfs is a file system in memory for tests, with the faults of real
// disks behind it: calls that fail, writes that stop half way, a disk that fills
// up, syncs that take their time, and power that goes away.
//
// It keeps two versions of everything, what programs see and what is on the disk,
// and [FS.Crash] makes a new file system of what could be on the disk. It promises
// no more than POSIX does: unsynced sectors are dropped or kept one by one, a file
// whose sync failed has its unsynced sectors forgotten, and names not yet synced
// come and go in the order they were made.
package faultfs

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"leadgate/lead"
	"leadgate/pipeline/journal"
)

// Kind is a kind of call that can fail.
type Kind string

// The kinds of calls. Create is opening a file that is not there yet.
const (
	Create   Kind = "create"
	Open     Kind = "open"
	Read     Kind = "read"
	Write    Kind = "write"
	Sync     Kind = "sync"
	Allocate Kind = "allocate"
	Truncate Kind = "truncate"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	SyncDir  Kind = "syncdir"
)

// Kinds lists all of them.
func Kinds() []Kind {
	return []Kind{Create, Open, Read, Write, Sync, Allocate, Truncate, Rename, Remove, SyncDir}
}

// Fault is a failure to come.
type Fault struct {
	Kind    Kind
	Nth     int   // which call of that kind fails, from 1, counted from Inject on
	Err     error // what it answers, such as syscall.EIO
	Forever bool  // all later ones fail too
	Part    int   // of a write: bytes that reach the file all the same; -1 for half of them
}

// Sector is what a power cut keeps or drops as a whole, in bytes.
const Sector = 512

// FS is a file system. Its methods may be called from any goroutine.
type FS struct {
	mu     sync.Mutex
	names  map[string]*inode // what programs see
	disk   map[string]*inode // what the disk has
	ops    []nameOp          // between the two, in order
	locks  map[string]bool
	quota  int64 // bytes; 0 for no limit
	faults []*armed
	hook   func(Kind, string)
	dead   bool
}

type armed struct {
	Fault
	calls, hits int
}

// nameOp is a change of names: from loses its file, to gets it.
type nameOp struct {
	from, to string
	file     *inode
}

var _ journal.FS = (*FS)(nil)

// New returns an empty file system.
func New() *FS {
	return &FS{names: map[string]*inode{}, disk: map[string]*inode{}, locks: map[string]bool{}}
}

// Inject arms a fault.
func (f *FS) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &armed{Fault: fault})
}

// Heal disarms all faults.
func (f *FS) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Hits returns how many calls failed by armed faults.
func (f *FS) Hits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, a := range f.faults {
		n += a.hits
	}
	return n
}

// SetQuota sets how many bytes all files together may hold; 0 for no limit.
func (f *FS) SetQuota(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quota = bytes
}

// Before sets what is called before every call of a kind on a name, outside of any
// lock; a hook that waits makes the disk slow.
func (f *FS) Before(hook func(kind Kind, name string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// begin runs the hook, takes the lock and returns the error a fault wants.
// The caller unlocks.
func (f *FS) begin(kind Kind, name string) (*armed, error) {
	f.mu.Lock()
	if hook := f.hook; hook != nil {
		f.mu.Unlock()
		hook(kind, name)
		f.mu.Lock()
	}
	if f.dead {
		return nil, &fs.PathError{Op: string(kind), Path: name, Err: syscall.EIO}
	}
	for _, a := range f.faults {
		if a.Kind != kind {
			continue
		}
		if a.calls++; a.calls == a.Nth || a.Forever && a.calls > a.Nth {
			a.hits++
			return a, &fs.PathError{Op: string(kind), Path: name, Err: a.Err}
		}
	}
	return nil, nil
}

// MkdirAll implements journal.FS. Folders are there as soon as they are named.
func (f *FS) MkdirAll(string) error { return nil }

// Lock implements journal.FS.
func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[name] {
		return nil, fmt.Errorf("locking: %w", lead.ErrConflict)
	}
	f.locks[name] = true
	return unlocker(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.locks, name)
	}), nil
}

type unlocker func()

// Close gives the lock back.
func (u unlocker) Close() error { u(); return nil }

// List implements journal.FS.
func (f *FS) List(dir string) ([]journal.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var files []journal.FileInfo
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		if filepath.Dir(name) == filepath.Clean(dir) {
			files = append(files, journal.FileInfo{Name: filepath.Base(name), Size: int64(len(f.names[name].data))})
		}
	}
	return files, nil
}

// OpenFile implements journal.FS.
func (f *FS) OpenFile(name string, flag int) (journal.File, error) {
	f.mu.Lock()
	kind := Open
	if f.names[name] == nil && flag&os.O_CREATE != 0 {
		kind = Create
	}
	f.mu.Unlock()
	_, err := f.begin(kind, name)
	defer f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	n := f.names[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
	case n == nil:
		n = &inode{dirty: map[int]bool{}}
		f.apply(nameOp{to: name, file: n})
	case flag&os.O_TRUNC != 0:
		n.resize(0)
	}
	return &file{fs: f, name: name, inode: n, readOnly: flag&(os.O_RDWR|os.O_WRONLY) == 0}, nil
}

// apply changes a name for programs and notes it for the disk. The lock is held.
func (f *FS) apply(op nameOp) {
	op.do(f.names)
	f.ops = append(f.ops, op)
}

func (op nameOp) do(names map[string]*inode) {
	if op.from != "" {
		delete(names, op.from)
	}
	if op.to != "" {
		names[op.to] = op.file
	}
}

// Rename implements journal.FS.
func (f *FS) Rename(from, to string) error {
	_, err := f.begin(Rename, from)
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	n := f.names[from]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: syscall.ENOENT}
	}
	f.apply(nameOp{from: from, to: to, file: n})
	return nil
}

// Remove implements journal.FS.
func (f *FS) Remove(name string) error {
	_, err := f.begin(Remove, name)
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	if f.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
	}
	f.apply(nameOp{from: name})
	return nil
}

// SyncDir implements journal.FS. All names of the file system are synced at once.
func (f *FS) SyncDir(dir string) error {
	_, err := f.begin(SyncDir, dir)
	defer f.mu.Unlock()
	if err != nil {
		return err
	}
	f.disk, f.ops = maps.Clone(f.names), nil
	return nil
}

// Free implements journal.FS.
func (f *FS) Free(string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.free(), nil
}

func (f *FS) free() int64 {
	if f.quota == 0 {
		return 1 << 40
	}
	left := f.quota
	for _, n := range f.names {
		left -= int64(len(n.data))
	}
	return max(0, left)
}

// Names returns the names of all files, sorted.
func (f *FS) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.names))
}

// ReadFile returns what a file holds, or nil when there is none, faults or not.
func (f *FS) ReadFile(name string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.names[name]; n != nil {
		return slices.Clone(n.data)
	}
	return nil
}

// WriteFile puts a file on the disk, durable, faults or not.
func (f *FS) WriteFile(name string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &inode{data: slices.Clone(data), disk: slices.Clone(data), dirty: map[int]bool{}}
	f.names[name], f.disk[name] = n, n
}

// Clone returns a copy of what programs see, all of it durable, without faults,
// quota and locks: the disk after a process was killed.
func (f *FS) Clone() *FS {
	c := New()
	for _, name := range f.Names() {
		c.WriteFile(name, f.ReadFile(name))
	}
	return c
}
