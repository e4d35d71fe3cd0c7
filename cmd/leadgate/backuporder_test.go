package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
)

// moving is a store that takes everything over right after the journal was read: the
// worst moment there is for whoever copies it first.
type moving struct {
	j     *journal.Journal
	has   []string
	files *blob.Files
}

func (m *moving) Known(context.Context, []lead.ID) ([]lead.ID, error) { return nil, nil }
func (m *moving) Close() error                                        { return nil }

// Copy stores what the journal has, with a blob of its own, and then tells what there is.
func (m *moving) Copy(ctx context.Context, part func(string, io.Reader) error) (store.Copied, error) {
	for range 3 {
		e, err := m.j.Next(ctx)
		if err != nil {
			return store.Copied{}, err
		}
		m.has = append(m.has, string(e.Payload))
		m.j.Release(e.Pos)
	}
	late := []byte("named by the store since a moment ago")
	if err := m.files.Put(ctx, blob.Name(late), late); err != nil {
		return store.Copied{}, err
	}
	return store.Copied{Engine: "moving"}, part("all", strings.NewReader(strings.Join(m.has, "\n")))
}

// listed is an archive that remembers names, and fails at one.
type listed struct {
	names  []string
	failAt string
}

func (l *listed) put(name string, r io.Reader, _ int64) error {
	l.names = append(l.names, strings.SplitAfter(name, "/")[0])
	if l.failAt != "" && strings.HasPrefix(name, l.failAt) {
		return fmt.Errorf("no room for %s", name)
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

func (l *listed) finish([]byte) error { l.names = append(l.names, manifestName); return nil }

// The journal is read first, then the store, then blobs, then the backup is finished;
// one that fails in between is never finished.
func TestBackupOrder(t *testing.T) {
	t.Parallel()
	want := []string{"journal/", "store/", "blobs/", manifestName}
	for _, failAt := range []string{"", "journal/", "store/", "blobs/"} {
		data := t.TempDir()
		j, err := journal.Open(journal.Options{Dir: filepath.Join(data, "journal"), FreeFloor: -1})
		if err != nil {
			t.Fatal(err)
		}
		files, err := blob.OpenFiles(filepath.Join(data, "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := j.Append(t.Context(), lead.DeriveID("order", fmt.Sprint(i)), fmt.Appendf(nil, "delivery %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		to := &listed{failAt: failAt}
		b := &backupWriter{to: to, names: sha256.New(), m: manifest{Format: manifestFormat}}
		c := &backupCmd{Options: Options{Data: data}}
		err = c.write(t.Context(), io.Discard, b, &moving{j: j, files: files})
		if failAt == "" {
			if err != nil || !slices.Equal(to.names, want) || b.m.Journal != 3 || b.m.Blobs.Count != 1 {
				t.Errorf("%v in the order %v, manifest %+v", err, to.names, b.m)
			}
		} else if i := slices.Index(want, failAt); err == nil || !slices.Equal(to.names, want[:i+1]) {
			t.Errorf("failing at %s: %v, wrote %v", failAt, err, to.names)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
