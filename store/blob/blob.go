// Package blob keeps bodies and parts that are too large for a row.
//
// A blob is named by the SHA-256 of its bytes, so keeping the same bytes twice
// keeps them once, and a name can never point outside the folder. Put returns
// only when the bytes survive a power cut.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"leadgate/lead"
)

// Files keeps blobs as files of one folder, two levels deep.
type Files struct{ dir string }

// OpenFiles opens or makes the folder.
func OpenFiles(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening blob store: %w", err)
	}
	return &Files{dir: dir}, nil
}

// Put keeps the bytes and returns their name. The file and its folder are synced
// before it returns. A full disk wraps lead.ErrFull, anything else lead.ErrUnavailable.
func (f *Files) Put(_ context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	path := f.path(name)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		return name, nil // it was renamed into place, which happens only after its sync
	}
	if err := f.write(path, data); err != nil {
		return "", fmt.Errorf("keeping blob: %w: %w", class(err), err)
	}
	return name, nil
}

func (f *Files) path(name string) string { return filepath.Join(f.dir, name[:2], name) }

func (f *Files) write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.Mkdir(dir, 0o700); err == nil {
		if err := syncDir(f.dir); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get returns the bytes of a blob, checked against its name. A blob that is not
// there wraps lead.ErrNotFound, one whose bytes changed lead.ErrPermanent.
func (f *Files) Get(_ context.Context, name string) ([]byte, error) {
	if !Valid(name) {
		return nil, fmt.Errorf("reading blob: %w: not a blob's name", lead.ErrInvalid)
	}
	data, err := os.ReadFile(f.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("reading blob: %w: %w", lead.ErrUnavailable, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != name {
		return nil, fmt.Errorf("reading blob: %w: its bytes have changed", lead.ErrPermanent)
	}
	return data, nil
}

// Valid reports whether a text can be the name of a blob.
func Valid(name string) bool {
	if len(name) != 2*sha256.Size {
		return false
	}
	_, err := hex.DecodeString(name)
	return err == nil
}
