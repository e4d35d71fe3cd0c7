package sqlite

import (
	"errors"
	"fmt"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"leadgate/lead"
	"leadgate/store"
)

// TestEveryCallFails is rows 7 and 8 of the fault matrix for the store: the n-th
// write or sync fails, once or from then on, for every n until a run does not come
// to it. What fails says that waiting helps; once the disk heals, the same store
// goes on without being opened again; and what was stored is there once.
func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	for kind, codes := range map[string][]int32{
		"write": {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_FULL}, "sync": {sqlite3.SQLITE_IOERR_FSYNC},
	} {
		for _, code := range codes {
			for _, forever := range []bool{false, true} {
				name := fmt.Sprintf("%s-%d-%v", kind, code, forever)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					f := newFaults(t, name)
					n := 1
					for ; failNth(t, f, kind, n, forever, code); n += 1 + n/8 {
					}
					if n == 1 {
						t.Error("no call of that kind was made")
					}
				})
			}
		}
	}
}

func failNth(t *testing.T, f *faults, kind string, n int, forever bool, code int32) bool {
	t.Helper()
	path, at := migrated(t), time.Now().UTC()
	f.inject("", 0, false, 0)
	s, err := Open(t.Context(), Options{Path: path, vfs: f.name})
	if err != nil {
		t.Fatal(err)
	}
	f.inject(kind, n, forever, code)
	var refused []store.Item
	for i := range 6 {
		it := benchItem(i, at)
		if _, err := s.Apply(t.Context(), []store.Item{it}); err != nil {
			refused = append(refused, it)
			if !errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err) || errors.Is(err, lead.ErrFull) != (code == sqlite3.SQLITE_FULL) {
				t.Errorf("n=%d: Apply = %v", n, err)
			}
		}
	}
	hit := f.met()
	f.inject("", 0, false, 0)
	for _, it := range refused {
		if r, err := s.Apply(t.Context(), []store.Item{it}); err != nil || r[0].Verdict != lead.Created {
			t.Errorf("n=%d: what was refused is stored as %+v, %v after the fault", n, r, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("n=%d: Close: %v", n, err)
	}
	s = open(t, path, nil)
	defer s.Close()
	leads, _, err := s.List(t.Context(), store.Query{Page: store.Page{Limit: 50}})
	var sound string
	if err := errors.Join(err, s.read.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&sound)); err != nil || len(leads) != 6 || sound != "ok" {
		t.Errorf("n=%d: %d leads, integrity %q, %v", n, len(leads), sound, err)
	}
	return hit
}
