package faultfs

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// inode is a file: what programs see of it, what is on the disk, and which sectors
// may differ.
type inode struct {
	dir   bool // a folder, and the rest is empty
	data  []byte
	disk  []byte
	dirty map[int]bool
	made  time.Time
	lost  map[int]bool // forgotten by a failed sync: never written unless written again
}

func (n *inode) touch(from, to int) {
	for s := from / Sector; s*Sector < to; s++ {
		n.dirty[s] = true
		delete(n.lost, s)
	}
}

func (n *inode) resize(size int) {
	old := len(n.data)
	n.touch(min(old, size), max(old, size))
	if size <= old {
		n.data = slices.Clip(n.data[:size])
		return
	}
	n.data = append(n.data, make([]byte, size-old)...)
}

// sync brings what is dirty to the disk.
func (n *inode) sync() {
	disk := make([]byte, len(n.data))
	copy(disk, n.data)
	for s := range n.lost {
		putSector(disk, n.disk, s)
	}
	n.disk = disk
	clear(n.dirty)
}

// forget is what a failed sync does: the dirty sectors count as clean.
func (n *inode) forget() {
	if n.lost == nil {
		n.lost = map[int]bool{}
	}
	maps.Copy(n.lost, n.dirty)
	clear(n.dirty)
}

// putSector copies sector s of from, zeros where from is short, into to.
func putSector(to, from []byte, s int) {
	if s*Sector >= len(to) {
		return
	}
	part := to[s*Sector : min(len(to), (s+1)*Sector)]
	clear(part)
	if s*Sector < len(from) {
		copy(part, from[s*Sector:])
	}
}

// crashed returns what a power cut could leave of the file.
func (n *inode) crashed(rng *rand.Rand) *inode {
	if n.dir {
		return n
	}
	keep := func(int) bool { return rng.IntN(2) == 0 }
	switch rng.IntN(4) {
	case 0:
		keep = func(int) bool { return false }
	case 1:
		keep = func(int) bool { return true }
	case 2: // what was written first
		cut := rng.IntN(len(n.data)/Sector + 1)
		keep = func(s int) bool { return s < cut }
	}
	size := len(n.disk)
	if size == len(n.data) || rng.IntN(2) == 0 {
		size = len(n.data)
	}
	out := make([]byte, size)
	copy(out, n.disk)
	sectors := slices.AppendSeq(slices.Collect(maps.Keys(n.dirty)), maps.Keys(n.lost))
	slices.Sort(sectors)
	for _, s := range sectors {
		if keep(s) {
			putSector(out, n.data, s)
		}
	}
	return &inode{data: out, disk: slices.Clone(out), dirty: map[int]bool{}, made: n.made}
}

// Crash cuts the power: every later call on f fails, locks are gone, and the result
// holds what could be on the disk. The same seed after the same calls gives the
// same result.
func (f *FS) Crash(seed uint64) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	rng := rand.New(rand.NewPCG(seed, 0))
	names := maps.Clone(f.disk)
	for _, op := range f.ops[:rng.IntN(len(f.ops)+1)] {
		op.do(names)
	}
	after := New()
	after.quota = f.quota
	seen := map[*inode]*inode{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		n := names[name]
		if !after.isDir(filepath.Dir(name)) {
			continue // it went with its folder
		}
		if seen[n] == nil {
			seen[n] = n.crashed(rng)
		}
		after.names[name], after.disk[name] = seen[n], seen[n]
	}
	return after
}

// file is an open file.
type file struct {
	fs       *FS
	name     string
	inode    *inode
	readOnly bool
	closed   bool
}

func (h *file) begin(kind Kind) (*armed, error) {
	a, err := h.fs.begin(kind, h.name)
	if h.closed {
		return nil, &fs.PathError{Op: string(kind), Path: h.name, Err: fs.ErrClosed}
	}
	if err == nil && h.readOnly && kind != Read {
		err = &fs.PathError{Op: string(kind), Path: h.name, Err: syscall.EBADF}
	}
	return a, err
}

// ReadAt implements io.ReaderAt.
func (h *file) ReadAt(b []byte, off int64) (int, error) {
	_, err := h.begin(Read)
	defer h.fs.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if off >= int64(len(h.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, h.inode.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt. On a full disk it writes what fits.
func (h *file) WriteAt(b []byte, off int64) (int, error) {
	a, err := h.begin(Write)
	defer h.fs.mu.Unlock()
	if err != nil && a == nil {
		return 0, err
	}
	n := len(b)
	if a != nil {
		if n = min(a.Part, len(b)); a.Part < 0 {
			n = len(b) / 2
		}
	}
	if room := int64(len(h.inode.data)) + h.fs.free() - off; int64(n) > room {
		n = int(max(0, room))
		if err == nil {
			err = &fs.PathError{Op: "write", Path: h.name, Err: syscall.ENOSPC}
		}
	}
	if n > 0 {
		if end := int(off) + n; end > len(h.inode.data) {
			h.inode.resize(end)
		}
		copy(h.inode.data[off:], b[:n])
		h.inode.touch(int(off), int(off)+n)
	}
	return n, err
}

// Allocate implements disk.File.
func (h *file) Allocate(size int64) error {
	_, err := h.begin(Allocate)
	defer h.fs.mu.Unlock()
	if err != nil {
		return err
	}
	more := size - int64(len(h.inode.data))
	if more > h.fs.free() {
		return &fs.PathError{Op: "allocate", Path: h.name, Err: syscall.ENOSPC}
	}
	if more > 0 {
		h.inode.resize(int(size))
	}
	return nil
}

// Truncate implements disk.File.
func (h *file) Truncate(size int64) error {
	_, err := h.begin(Truncate)
	defer h.fs.mu.Unlock()
	if err != nil {
		return err
	}
	h.inode.resize(int(size))
	return nil
}

// Sync implements disk.File.
func (h *file) Sync() error {
	a, err := h.begin(Sync)
	defer h.fs.mu.Unlock()
	if a != nil {
		h.inode.forget()
	}
	if err != nil {
		return err
	}
	h.inode.sync()
	return nil
}

// Close implements io.Closer.
func (h *file) Close() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.closed {
		return &fs.PathError{Op: "close", Path: h.name, Err: fs.ErrClosed}
	}
	h.closed = true
	return nil
}
