package blob

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"leadgate/lead"
)

func TestPutGet(t *testing.T) {
	t.Parallel()
	f, err := OpenFiles(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("body "), 20_000)
	name, err := f.Put(context.Background(), data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Put(context.Background(), data)
	if err != nil || again != name {
		t.Fatalf("second Put = %q, %v; want %q", again, err, name)
	}
	got, err := f.Get(context.Background(), name)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("Get returned %d bytes, %v", len(got), err)
	}
}

func TestGetRefuses(t *testing.T) {
	t.Parallel()
	f, err := OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name, err := f.Put(context.Background(), []byte("whole"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := "00" + name[2:]
	for ask, want := range map[string]error{"../../etc/passwd": lead.ErrInvalid, missing: lead.ErrNotFound, name: lead.ErrPermanent} {
		if _, err := f.Get(context.Background(), ask); !errors.Is(err, want) {
			t.Errorf("Get(%q) = %v, want %v", ask, err, want)
		}
	}
}
