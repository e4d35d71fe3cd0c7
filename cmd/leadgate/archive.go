package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"leadgate/internal/disk"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/store"
)

// manifestName is the file that is written last: a backup without it is unfinished.
const manifestName = "manifest.json"

// manifestFormat is the layout of backups this program writes, and the newest it reads.
const manifestFormat = 1

// manifest says what a backup holds. docs/operations.md tells people.
type manifest struct {
	Format   int           `json:"format"`
	Version  string        `json:"version"` // of the leadgate that wrote it
	Begun    time.Time     `json:"begun"`   // what was acknowledged before is in it
	Finished time.Time     `json:"finished"`
	Store    *store.Copied `json:"store"` // nil in a backup of a journal alone
	Parts    []backupPart  `json:"parts"`
	Journal  int64         `json:"journal"` // deliveries the store did not have
	Blobs    blobList      `json:"blobs"`
	Keys     []string      `json:"keys,omitzero"` // the names of the secret keys there were, which tell nothing about them
}

// backupPart is one file of a backup.
type backupPart struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// blobList sums up the blobs, whose names are their sums.
type blobList struct {
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
	Names string `json:"names_sha256"` // of the names in order, each with a line feed
}

// Parts of a backup are in folders: the copy of the store, the journal, blobs.
const (
	storeFolder   = "store"
	journalFolder = "journal"
	blobFolder    = "blobs"
)

// keyNames are the names of keys, as the store knows them too.
func keyNames(ring *seal.Ring) []string {
	var names []string
	for _, id := range ring.IDs() {
		names = append(names, id.String())
	}
	return names
}

// archive is where a backup is written to. put gets size -1 when nobody knows it.
type archive interface {
	put(name string, r io.Reader, size int64) error
	// finish puts the manifest behind all else, and returns when the backup is durable
	// as far as that is in our hands.
	finish(manifest []byte) error
}

// folderArchive is a folder that was empty. Its files are private and synced.
type folderArchive struct {
	dir  string
	made map[string]bool
}

func newFolderArchive(dir string) (*folderArchive, error) {
	if err := disk.MakeDir(disk.OS(), dir); err != nil {
		return nil, fmt.Errorf("making the backup's folder: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("making the backup's folder: %w", err)
	}
	if len(list) > 0 {
		return nil, fmt.Errorf("%w: %s is not empty: a backup wants a folder of its own", lead.ErrConflict, dir)
	}
	return &folderArchive{dir: dir, made: map[string]bool{}}, nil
}

func (a *folderArchive) put(name string, r io.Reader, _ int64) (err error) {
	file := filepath.Join(a.dir, filepath.FromSlash(name))
	if dir := filepath.Dir(file); !a.made[dir] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for d := dir; !a.made[d] && d != a.dir; d = filepath.Dir(d) {
			a.made[d] = true
		}
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(cmp.Or(err, f.Sync()), f.Close())
}

func (a *folderArchive) finish(manifest []byte) error {
	for dir := range a.made {
		if err := disk.OS().SyncDir(dir); err != nil {
			return err
		}
	}
	return writeFileSynced(filepath.Join(a.dir, manifestName), manifest)
}

// tarArchive is one stream. What has no known size rests in a file first.
type tarArchive struct {
	w       *tar.Writer
	scratch string
	now     time.Time
}

func (a *tarArchive) put(name string, r io.Reader, size int64) (err error) {
	if size < 0 {
		var f *os.File
		if f, size, err = a.rest(r); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
		r = f
	}
	head := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.now, Format: tar.FormatPAX}
	if err := a.w.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.Copy(a.w, r)
	return err
}

// rest keeps what r has in a file, to learn its size.
func (a *tarArchive) rest(r io.Reader) (f *os.File, size int64, err error) {
	if f, err = os.CreateTemp(a.scratch, "part-*"); err != nil {
		return nil, 0, err
	}
	if size, err = io.Copy(f, r); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, size, nil
}

func (a *tarArchive) finish(manifest []byte) error {
	if err := a.put(manifestName, bytes.NewReader(manifest), int64(len(manifest))); err != nil {
		return err
	}
	return a.w.Close()
}

// backupWriter writes parts and remembers what they are.
type backupWriter struct {
	to    archive
	m     manifest
	names hash.Hash // of the blobs' names
}

// part writes one file and its sum.
func (b *backupWriter) part(name string, r io.Reader) error {
	size := int64(-1)
	if f, ok := r.(*os.File); ok {
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		size = info.Size()
	}
	sum := sha256.New()
	n := &counter{w: sum}
	if err := b.to.put(name, io.TeeReader(r, n), size); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	b.m.Parts = append(b.m.Parts, backupPart{Name: name, Bytes: n.n, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// blob writes one blob, in the order of names.
func (b *backupWriter) blob(name string, data []byte) error {
	if err := b.to.put(path.Join(blobFolder, name[:2], name), bytes.NewReader(data), int64(len(data))); err != nil {
		return fmt.Errorf("writing blob: %w", err)
	}
	b.m.Blobs.Count++
	b.m.Blobs.Bytes += int64(len(data))
	_, err := io.WriteString(b.names, name+"\n")
	return err
}

func (b *backupWriter) finish() error {
	b.m.Blobs.Names = hex.EncodeToString(b.names.Sum(nil))
	b.m.Finished = time.Now().UTC()
	body, err := json.MarshalIndent(b.m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	if err := b.to.finish(append(body, '\n')); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return nil
}

// counter counts what passes.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
