package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/internal/disk"
	"leadgate/lead"
)

// ledger is Rows in memory, as the engines keep it, with the deliveries that name blobs.
type ledger struct {
	now  func() time.Time
	rows map[string]*line
	down bool // answers nothing
}

type line struct {
	generation, state int
	named             bool
	at                time.Time
}

func (l *line) key(name string) string {
	if l.generation == 0 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, l.generation)
}

var errDown = fmt.Errorf("%w: planted", lead.ErrUnavailable)

func (l *ledger) ClaimBlobs(_ context.Context, names []string) ([]string, error) {
	if l.down {
		return nil, errDown
	}
	var keys []string
	for _, name := range names {
		r := l.rows[name]
		if r == nil {
			r = &line{}
			l.rows[name] = r
		}
		if r.state != 0 {
			r.generation++
		}
		r.state, r.at = 0, l.now()
		keys = append(keys, r.key(name))
	}
	return keys, nil
}

// name is a commit; it reports whether all of the keys are there.
func (l *ledger) name(keys []string) bool {
	for _, key := range keys {
		if r := l.rows[NameOf(key)]; r == nil || r.state != 0 || r.key(NameOf(key)) != key {
			return false
		}
	}
	for _, key := range keys {
		l.rows[NameOf(key)].named = true
	}
	return true
}

func (l *ledger) BlobKey(_ context.Context, name string) (string, error) {
	if r := l.rows[name]; r != nil && r.state == 0 {
		return r.key(name), nil
	}
	return "", lead.ErrNotFound
}

func (l *ledger) DoomBlobs(_ context.Context, before time.Time, _ int) ([]string, error) {
	if l.down {
		return nil, errDown
	}
	var keys []string
	for name, r := range l.rows {
		if !r.named && (r.state == 0 && r.at.Before(before) || r.state == 1) {
			r.state = 1
			keys = append(keys, r.key(name))
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (l *ledger) ForgetBlobs(_ context.Context, keys []string) error {
	if l.down {
		return errDown
	}
	for _, key := range keys {
		if r := l.rows[NameOf(key)]; r.state == 1 && r.key(NameOf(key)) == key {
			r.state = 2
		}
	}
	return nil
}

func (l *ledger) AdoptBlobs(_ context.Context, keys []string) (stale []string, err error) {
	for _, key := range keys {
		name := NameOf(key)
		switch r := l.rows[name]; {
		case r == nil:
			l.rows[name] = &line{at: l.now()}
		case r.key(name) != key || r.state == 2:
			stale = append(stale, key)
		}
	}
	return stale, nil
}

// slowClock is a disk in memory whose files have the times of a test's clock, but for
// what a power cut made them forget.
type slowClock struct {
	disk.FS
	now   func() time.Time
	files map[string]map[string]*slowFile // by folder
}

type slowFile struct {
	disk.File
	data []byte
	at   time.Time
}

func newSlowClock(now func() time.Time) *slowClock {
	return &slowClock{now: now, files: map[string]map[string]*slowFile{"/": {}}}
}

func (c *slowClock) Mkdir(dir string) error {
	if c.files[dir] != nil {
		return fs.ErrExist
	}
	c.files[dir] = map[string]*slowFile{}
	return nil
}

func (c *slowClock) SyncDir(string) error { return nil }

func (c *slowClock) OpenFile(name string, flag int) (disk.File, error) {
	in := c.files[filepath.Dir(name)]
	if flag&os.O_CREATE != 0 {
		in[filepath.Base(name)] = &slowFile{}
	}
	if in[filepath.Base(name)] == nil {
		return nil, fs.ErrNotExist
	}
	return in[filepath.Base(name)], nil
}

func (c *slowClock) Rename(from, to string) error {
	f := c.files[filepath.Dir(from)][filepath.Base(from)]
	f.at = c.now()
	c.files[filepath.Dir(to)][filepath.Base(to)] = f
	delete(c.files[filepath.Dir(from)], filepath.Base(from))
	return nil
}

func (c *slowClock) Remove(name string) error {
	in := c.files[filepath.Dir(name)]
	if in[filepath.Base(name)] == nil {
		return fs.ErrNotExist
	}
	delete(in, filepath.Base(name))
	return nil
}

func (c *slowClock) List(dir string) (list []disk.FileInfo, err error) {
	for name, f := range c.files[dir] {
		list = append(list, disk.FileInfo{Name: name, Size: int64(len(f.data)), Time: f.at})
	}
	return list, nil
}

func (f *slowFile) WriteAt(data []byte, off int64) (int, error) {
	f.data = append(f.data[:off], data...)
	return len(data), nil
}

func (f *slowFile) ReadAt(data []byte, off int64) (int, error) {
	return bytes.NewReader(f.data).ReadAt(data, off)
}

func (f *slowFile) Sync() error  { return nil }
func (f *slowFile) Close() error { return nil }

// entry is a delivery that waits in the journal.
type entry struct {
	name string
	at   time.Time
}

// machine is a node with its journal, disk and clock, over rows that outlive it.
type machine struct {
	t       *rapid.T
	shared  bool
	clock   time.Time
	fs      *slowClock
	far     Store // the place of all nodes
	rows    *ledger
	journal []entry
	bodies  map[string][]byte
	named   map[string]bool

	files     *Files
	depot     *Depot
	collector *Collector
}

func (m *machine) now() time.Time { return m.clock }

// start is a new process; what the old one remembered is gone.
func (m *machine) start() {
	var err error
	if m.files, err = OpenFilesOn(m.fs, "/data/blobs"); err != nil {
		m.t.Fatal(err)
	}
	m.files.now = m.now
	o := Options{Local: m.files, Rows: m.rows, Now: m.now}
	if m.shared {
		o.Place = m.far
	}
	m.depot = NewDepot(o)
	m.collector = NewCollector(m.depot, func() (time.Time, bool) {
		var oldest time.Time
		for _, e := range m.journal {
			if oldest.IsZero() || e.at.Before(oldest) {
				oldest = e.at
			}
		}
		return oldest, true
	}, slog.New(slog.DiscardHandler))
}

func (m *machine) accept() {
	data := fmt.Appendf(nil, "body %d", rapid.IntRange(0, 5).Draw(m.t, "body"))
	name, err := m.depot.Put(context.Background(), data)
	if err != nil {
		m.t.Fatal(err)
	}
	m.bodies[name] = data
	m.clock = m.clock.Add(time.Duration(rapid.IntRange(0, 30).Draw(m.t, "wait")) * time.Second)
	m.journal = append(m.journal, entry{name: name, at: m.clock})
}

// work reads an entry and commits it, or dies somewhere on the way.
func (m *machine) work() {
	if len(m.journal) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.journal)-1).Draw(m.t, "entry")
	e := m.journal[i]
	for range 2 {
		data, err := m.depot.Get(context.Background(), e.name)
		if err != nil {
			m.t.Fatalf("a body of the journal cannot be read: %v", err)
		}
		keys, err := m.depot.Keep(context.Background(), data, []byte("logo"))
		if errors.Is(err, lead.ErrUnavailable) {
			return
		}
		if err != nil {
			m.t.Fatal(err)
		}
		if rapid.IntRange(0, 3).Draw(m.t, "known") == 0 { // the delivery is stored already, with another body
			m.journal = slices.Delete(m.journal, i, i+1)
			return
		}
		m.rest() // anything may happen before the commit
		if m.rows.down {
			return
		}
		if !m.rows.name(keys) {
			m.depot.Forget(keys...)
			continue
		}
		for _, key := range keys {
			m.named[NameOf(key)] = true
		}
		if rapid.Bool().Draw(m.t, "released") {
			m.journal = slices.Delete(m.journal, i, i+1)
		}
		return
	}
}

// rest is what happens between two steps of a worker.
func (m *machine) rest() {
	switch rapid.IntRange(0, 5).Draw(m.t, "meanwhile") {
	case 0:
		m.clock = m.clock.Add(30 * time.Hour)
		_ = m.collector.Round(context.Background())
	case 1:
		m.clock = m.clock.Add(time.Minute)
	}
}

// cut ends the process, and makes files forget their times as a power cut may.
func (m *machine) cut() {
	forgets := rapid.Bool().Draw(m.t, "forgets")
	for _, in := range m.fs.files {
		for _, f := range in {
			if forgets {
				f.at = f.at.Add(-100 * time.Hour)
			}
		}
	}
	m.start()
}

// check is the promise: what waits in the journal and what is named can be read.
func (m *machine) check() {
	for _, e := range m.journal {
		if _, err := m.depot.Get(context.Background(), e.name); err != nil {
			m.t.Fatalf("a body of the journal cannot be read: %v", err)
		}
	}
	for name := range m.named {
		if _, err := m.depot.Get(context.Background(), name); err != nil {
			m.t.Fatalf("a named blob cannot be read: %v", err)
		}
	}
}

func TestCollection(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		t.Run(map[bool]string{false: "one folder", true: "shared"}[shared], rapid.MakeCheck(func(t *rapid.T) { collectAnyhow(t, shared) }))
	}
}

func collectAnyhow(t *rapid.T, shared bool) {
	m := &machine{t: t, shared: shared, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), bodies: map[string][]byte{}, named: map[string]bool{}}
	m.rows = &ledger{now: m.now, rows: map[string]*line{}}
	m.fs = newSlowClock(m.now)
	far, err := OpenFilesOn(newSlowClock(m.now), "/far")
	if err != nil {
		t.Fatal(err)
	}
	m.far = &flaky{Store: far, t: t}
	m.start()
	t.Repeat(map[string]func(*rapid.T){
		"accept": func(*rapid.T) { m.accept() },
		"work":   func(*rapid.T) { m.work() },
		"wait": func(*rapid.T) {
			m.clock = m.clock.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "minutes")) * time.Minute)
		},
		"collect": func(*rapid.T) { _ = m.collector.Round(context.Background()) },
		"restart": func(*rapid.T) { m.start() },
		"cut":     func(*rapid.T) { m.cut() },
		"down":    func(*rapid.T) { m.rows.down = !m.rows.down },
		"":        func(*rapid.T) { m.check() },
	})
	m.settle()
}

// settle lets the journal run empty and time pass: then nothing stays but what is named.
func (m *machine) settle() {
	m.rows.down, m.journal = false, nil
	m.far.(*flaky).healed = true
	for range 8 {
		m.clock = m.clock.Add(25 * time.Hour)
		if err := m.collector.Round(context.Background()); err != nil {
			m.t.Fatal(err)
		}
	}
	m.check()
	left, err := m.depot.o.Place.List(context.Background(), "", 1000)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(left) != len(m.named) {
		m.t.Fatalf("%d blobs stay, and %d are named", len(left), len(m.named))
	}
	if staged, err := m.files.List(context.Background(), "", 1000); m.shared && (err != nil || len(staged) > 0) {
		m.t.Fatalf("staged bodies stay: %d, %v", len(staged), err)
	}
}

// flaky is a place whose removals fail or are lost, now and then.
type flaky struct {
	Store
	t      *rapid.T
	healed bool
}

func (f *flaky) Delete(ctx context.Context, key string) error {
	if !f.healed {
		switch rapid.IntRange(0, 3).Draw(f.t, "removal") {
		case 0:
			return errDown
		case 1:
			return nil // it will not come to it, and says it did
		}
	}
	return f.Store.Delete(ctx, key)
}

// stubborn is a disk that removes no more than some files.
type stubborn struct {
	*slowClock
	after int
}

func (s *stubborn) Remove(name string) error {
	if s.after--; s.after < 0 {
		return fs.ErrPermission
	}
	return s.slowClock.Remove(name)
}

// A removal that fails is tried again, and what cannot be removed keeps nothing else.
func TestCollectGoesOn(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return clock }
	rows := &ledger{now: now, rows: map[string]*line{}}
	disk := &stubborn{slowClock: newSlowClock(now)}
	files, err := OpenFilesOn(disk, "/blobs")
	if err != nil {
		t.Fatal(err)
	}
	files.now = now
	d := NewDepot(Options{Local: files, Rows: rows, Now: now})
	c := NewCollector(d, func() (time.Time, bool) { return time.Time{}, true }, slog.New(slog.DiscardHandler))
	for i := range 3 {
		if _, err := d.Keep(t.Context(), fmt.Appendf(nil, "%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	clock = clock.Add(25 * time.Hour)
	disk.after = 1
	if _, err := c.Collect(t.Context()); !errors.Is(err, lead.ErrUnavailable) {
		t.Fatalf("Collect = %v, want ErrUnavailable", err)
	}
	if left, _ := files.List(t.Context(), "", 10); len(left) != 2 {
		t.Fatalf("%d stay, want 2", len(left))
	}
	disk.after = 100
	if n, err := c.Collect(t.Context()); err != nil || n != 2 {
		t.Fatalf("Collect = %d, %v", n, err)
	}
	if left, _ := files.List(t.Context(), "", 10); len(left) != 0 {
		t.Fatalf("%d stay, want none", len(left))
	}
}
