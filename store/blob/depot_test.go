package blob

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"leadgate/lead"
)

func openTemp(t *testing.T) *Files {
	t.Helper()
	f, err := OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// away is a place that does not answer.
type away struct{ Store }

func (away) Get(context.Context, string) ([]byte, error) { return nil, errDown }
func (away) Put(context.Context, string, []byte) error   { return errDown }

// A blob is read from wherever it is, and that it is nowhere is said only when every
// place was asked.
func TestDepotReadsAnywhere(t *testing.T) {
	t.Parallel()
	local, far, earlier := openTemp(t), openTemp(t), openTemp(t)
	rows := &ledger{now: time.Now, rows: map[string]*line{}}
	d := NewDepot(Options{Local: local, Place: far, Rows: rows, Earlier: earlier})
	data := []byte("body")
	name := Name(data)
	read := func(what string) {
		t.Helper()
		if got, err := d.Get(t.Context(), name); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	if _, err := d.Get(t.Context(), name); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := d.Get(t.Context(), "../x"); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("no name: %v", err)
	}
	if err := earlier.Put(t.Context(), name, data); err != nil {
		t.Fatal(err)
	}
	read("where blobs lay before")
	if err := errors.Join(earlier.Delete(t.Context(), name), local.Put(t.Context(), name, data)); err != nil {
		t.Fatal(err)
	}
	read("on this node")
	if err := errors.Join(os.WriteFile(local.path(name), []byte("bodx"), 0o600), far.Put(t.Context(), name+".3", data)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), name); !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("damaged here, unknown elsewhere: %v", err)
	}
	rows.rows[name] = &line{generation: 3}
	read("damaged here, under a later key elsewhere")
	d.o.Place = away{far}
	if _, err := d.Get(t.Context(), name); !errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err) {
		t.Errorf("damaged here, and the place is away: %v", err)
	}
}

// What was brought to its place is not brought again at once, unless the store says
// that it is gone; what failed is.
func TestDepotKeepsOnce(t *testing.T) {
	t.Parallel()
	local, far := openTemp(t), openTemp(t)
	clock := time.Now()
	rows := &ledger{now: time.Now, rows: map[string]*line{}}
	d := NewDepot(Options{Local: local, Place: away{far}, Rows: rows, Now: func() time.Time { return clock }})
	a, b := []byte("a"), []byte("b")
	if _, err := d.Keep(t.Context(), a); !errors.Is(err, lead.ErrUnavailable) {
		t.Fatalf("Keep while the place is away: %v", err)
	}
	d.o.Place = far
	keep := func(want ...string) {
		t.Helper()
		keys, err := d.Keep(t.Context(), a, b, a)
		if err != nil || len(keys) != 3 || keys[0] != want[0] || keys[1] != want[1] || keys[2] != want[0] {
			t.Fatalf("Keep = %v, %v, want %v", keys, err, want)
		}
		for _, key := range want {
			if _, err := far.Get(t.Context(), key); err != nil {
				t.Errorf("%s is not there: %v", key, err)
			}
		}
	}
	keep(Name(a), Name(b))
	rows.down = true
	keep(Name(a), Name(b)) // nobody is asked
	rows.down = false
	rows.rows[Name(a)].state = 1
	d.Forget(Name(a), Name(b)+".7")
	keep(Name(a)+".1", Name(b))
	clock = clock.Add(2 * keptFor)
	rows.rows[Name(a)].state = 2
	keep(Name(a)+".2", Name(b))
}
