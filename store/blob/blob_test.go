package blob_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"leadgate/store/blob"
	"leadgate/store/blob/blobtest"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(string) (*blob.Files, error){"own": blob.OpenFiles, "shared": blob.OpenShared} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blobtest.Place {
				dir := filepath.Join(t.TempDir(), "blobs")
				f, err := open(dir)
				if err != nil {
					t.Fatal(err)
				}
				return blobtest.Place{Store: f, Damage: func(t *testing.T, key string) {
					path := filepath.Join(dir, key[:2], key)
					data, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					data[len(data)/2] ^= 1
					if err := os.WriteFile(path, data, 0o600); err != nil {
						t.Fatal(err)
					}
				}}
			})
		})
	}
}

// A folder that others use too is not tidied of what they are just writing.
func TestSharedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := blob.OpenShared(dir); err != nil {
		t.Fatal(err)
	}
	young, old := filepath.Join(dir, "new", ".new-young"), filepath.Join(dir, "new", ".new-old")
	for _, name := range []string{young, old} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.OpenShared(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("what another process writes is gone: %v", err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what nobody writes any more stays")
	}
}
