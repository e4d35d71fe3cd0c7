// Package faultfs is a file system in memory for tests, with the faults of real
// disks behind it: calls that fail, writes that stop half way, a disk that fills
// up, syncs that take their time, and power that goes away.
//
// It keeps two versions of everything, what programs see and what is on the disk,
// and [FS.Crash] makes a new file system of what could be on the disk. It promises
// no more than POSIX does: unsynced sectors are dropped or kept one by one, a file
// whose sync failed has its unsynced sectors forgotten, names not yet synced come
// and go in the order they were made, those whose sync failed are never synced by
// the next one, and what is in a folder goes with it.
package faultfs

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// Kind is a kind of call that can fail.
type Kind string

// The kinds of calls. Create is opening a file that is not there yet.
const (
	Mkdir    Kind = "mkdir"
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
	return []Kind{Mkdir, Create, Open, Read, Write, Sync, Allocate, Truncate, Rename, Remove, SyncDir}
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

// nameOp is a change of names in one folder: from loses its file, to gets it.
type nameOp struct {
	from, to string
	file     *inode
	lost     bool // its sync failed: a later one answers nil and does nothing for it
}

func (op *nameOp) dir() string { return filepath.Dir(cmp.Or(op.to, op.from)) }

var _ disk.FS = (*FS)(nil)

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

// Mkdir implements disk.FS. Only "/" and "." are there from the start.
func (f *FS) Mkdir(dir string) error {
	dir = filepath.Clean(dir)
	_, err := f.begin(Mkdir, dir)
	defer f.mu.Unlock()
	switch {
	case err != nil:
		return err
	case f.names[dir] != nil || root(dir):
		return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.EEXIST}
	case !f.isDir(filepath.Dir(dir)):
		return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOENT}
	}
	f.apply(nameOp{to: dir, file: &inode{dir: true}})
	return nil
}

func root(dir string) bool { return dir == "/" || dir == "." }

// isDir reports whether programs see a folder of that name. The lock is held.
func (f *FS) isDir(dir string) bool {
	return root(dir) || f.names[dir] != nil && f.names[dir].dir
}

// Lock implements disk.FS.
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

// List implements disk.FS.
func (f *FS) List(dir string) ([]disk.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isDir(filepath.Clean(dir)) {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOENT}
	}
	var files []disk.FileInfo
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		if filepath.Dir(name) == filepath.Clean(dir) && !f.names[name].dir {
			files = append(files, disk.FileInfo{Name: filepath.Base(name), Size: int64(len(f.names[name].data)), Time: f.names[name].made})
		}
	}
	return files, nil
}

// OpenFile implements disk.FS.
func (f *FS) OpenFile(name string, flag int) (disk.File, error) {
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
	case n == nil && (flag&os.O_CREATE == 0 || !f.isDir(filepath.Dir(name))):
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EEXIST}
	case n == nil:
		n = &inode{dirty: map[int]bool{}, made: time.Now()}
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

// Rename implements disk.FS.
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
	if !f.isDir(filepath.Dir(to)) {
		return &fs.PathError{Op: "rename", Path: to, Err: syscall.ENOENT}
	}
	if filepath.Dir(from) == filepath.Dir(to) {
		f.apply(nameOp{from: from, to: to, file: n})
		return nil
	}
	f.apply(nameOp{to: to, file: n}) // each folder tells of its own change
	f.apply(nameOp{from: from})
	return nil
}

// Remove implements disk.FS.
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

// SyncDir implements disk.FS.
func (f *FS) SyncDir(dir string) error {
	dir = filepath.Clean(dir)
	a, err := f.begin(SyncDir, dir)
	defer f.mu.Unlock()
	if err == nil && !f.isDir(dir) {
		err = &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOENT}
	}
	var left []nameOp
	for _, op := range f.ops {
		switch {
		case op.dir() != dir:
		case a != nil:
			op.lost = true
		case err == nil && !op.lost:
			op.do(f.disk)
			left = slices.DeleteFunc(left, func(was nameOp) bool { return was.lost && cmp.Or(was.to, was.from) == cmp.Or(op.to, op.from) })
			continue
		}
		left = append(left, op)
	}
	f.ops = left
	return err
}

// Free implements disk.FS.
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
	names := slices.Sorted(maps.Keys(f.names))
	return slices.DeleteFunc(names, func(name string) bool { return f.names[name].dir })
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

// WriteFile puts a file on the disk with the folders above it, durable, faults or not.
func (f *FS) WriteFile(name string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &inode{data: slices.Clone(data), disk: slices.Clone(data), dirty: map[int]bool{}, made: time.Now()}
	f.names[name], f.disk[name] = n, n
	f.parents(name)
}

// parents makes the folders above a name, durable. The lock is held.
func (f *FS) parents(name string) {
	for dir := filepath.Dir(name); !root(dir); dir = filepath.Dir(dir) {
		if f.names[dir] == nil {
			f.names[dir] = &inode{dir: true}
		}
		f.disk[dir] = f.names[dir]
	}
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
