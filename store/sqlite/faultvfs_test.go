package sqlite

import (
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// faults is a file system of SQLite's over the system's, with calls that fail.
type faults struct {
	name string

	mu      sync.Mutex
	kind    string // write, sync or truncate
	nth     int    // which call of that kind fails, from 1
	forever bool   // all later ones fail too
	code    int32  // what it answers
	calls   int
	hits    int
	keep    []any // functions SQLite calls, kept from the collector
}

func (f *faults) inject(kind string, nth int, forever bool, code int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.nth, f.forever, f.code, f.calls, f.hits = kind, nth, forever, code, 0, 0
}

// fail returns what a call has to answer, 0 for what the system answers.
func (f *faults) fail(kind string) int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind != f.kind {
		return 0
	}
	if f.calls++; f.calls == f.nth || f.forever && f.calls > f.nth {
		f.hits++
		return f.code
	}
	return 0
}

func (f *faults) met() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits > 0
}

// pointer makes a Go function callable for SQLite, as its translation to Go expects it.
func pointer[F any](f *faults, fn F) uintptr {
	f.keep = append(f.keep, fn)
	return *(*uintptr)(unsafe.Pointer(&fn))
}

// function is the reverse of pointer.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

// at reads C memory, which the collector does not move.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, off int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
)

// newFaults registers a file system under a name.
func newFaults(t *testing.T, name string) *faults {
	t.Helper()
	f := &faults{name: name}
	tls := libc.NewTLS()
	system := at[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
	p := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*system)))
	cname, err := libc.CString(name)
	if p == 0 || err != nil {
		t.Fatal("no memory")
	}
	vfs := at[sqlite3.Tsqlite3_vfs](p)
	*vfs = *system
	vfs.FzName, vfs.FpNext = cname, 0
	open := function[openFunc](system.FxOpen)
	var mu sync.Mutex
	patched := map[uintptr]uintptr{}
	vfs.FxOpen = pointer[openFunc](f, func(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
		rc := open(tls, p, name, file, flags, out)
		if methods := at[sqlite3.Tsqlite3_file](file); rc == sqlite3.SQLITE_OK {
			mu.Lock()
			defer mu.Unlock()
			if patched[methods.FpMethods] == 0 {
				patched[methods.FpMethods] = f.methods(tls, methods.FpMethods)
			}
			methods.FpMethods = patched[methods.FpMethods]
		}
		return rc
	})
	if rc := sqlite3.Xsqlite3_vfs_register(tls, p, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("registering: %d", rc)
	}
	t.Cleanup(func() {
		sqlite3.Xsqlite3_vfs_unregister(tls, p)
		tls.Close()
	})
	return f
}

// methods returns a copy of a table of methods with the faults in it.
func (f *faults) methods(tls *libc.TLS, system uintptr) uintptr {
	p := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	m := at[sqlite3.Tsqlite3_io_methods](p)
	*m = *at[sqlite3.Tsqlite3_io_methods](system)
	write, sync, truncate := function[writeFunc](m.FxWrite), function[syncFunc](m.FxSync), function[truncateFunc](m.FxTruncate)
	m.FxWrite = pointer[writeFunc](f, func(tls *libc.TLS, file, data uintptr, n int32, off int64) int32 {
		if code := f.fail("write"); code != 0 {
			write(tls, file, data, n/2, off) // what a disk did before it failed
			return code
		}
		return write(tls, file, data, n, off)
	})
	m.FxSync = pointer[syncFunc](f, func(tls *libc.TLS, file uintptr, flags int32) int32 {
		if code := f.fail("sync"); code != 0 {
			return code
		}
		return sync(tls, file, flags)
	})
	m.FxTruncate = pointer[truncateFunc](f, func(tls *libc.TLS, file uintptr, size int64) int32 {
		if code := f.fail("truncate"); code != 0 {
			return code
		}
		return truncate(tls, file, size)
	})
	return p
}
