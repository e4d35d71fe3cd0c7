package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"leadgate/lead"
	"leadgate/store/blob"
)

// maxManifest is more than any manifest has.
const maxManifest = 16 << 20

// backupReader reads a backup that stands in a folder. Names lead nowhere else.
type backupReader struct {
	root     *os.Root
	manifest manifest
	remove   string // the folder, when it was made for this
}

// openBackupFolder reads the manifest of a backup. remove is deleted at the end.
func openBackupFolder(dir, remove string) (b *backupReader, err error) {
	b = &backupReader{remove: remove}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.root, err = os.OpenRoot(dir); err != nil {
		return b, fmt.Errorf("opening the backup: %w", err)
	}
	f, err := b.root.Open(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return b, fmt.Errorf("opening the backup: %w: it has no %s, so it was never finished", lead.ErrPermanent, manifestName)
	}
	if err != nil {
		return b, fmt.Errorf("opening the backup: %w", err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return b, fmt.Errorf("opening the backup: %w", err)
	}
	b.manifest, err = readManifest(body)
	return b, err
}

// partName is what a part may be called, as the path of one in a backup.
var partName = regexp.MustCompile(`^(store|journal)/[a-z0-9_][a-z0-9_.-]{0,99}$`)

// readManifest reads a manifest and refuses one that this program cannot restore.
func readManifest(body []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("reading the manifest: %w: %w", lead.ErrPermanent, err)
	}
	if m.Format != manifestFormat {
		return m, fmt.Errorf("reading the manifest: %w: the backup has format %d, and this leadgate reads %d", lead.ErrPermanent, m.Format, manifestFormat)
	}
	var parts []string
	for _, p := range m.Parts {
		if !partName.MatchString(p.Name) || slices.Contains(parts, p.Name) {
			return m, fmt.Errorf("reading the manifest: %w: no part of a backup is called %q", lead.ErrPermanent, p.Name)
		}
		parts = append(parts, p.Name)
	}
	if m.Store == nil {
		return m, nil
	}
	for _, name := range m.Store.Parts {
		if !slices.Contains(parts, path.Join(storeFolder, name)) {
			return m, fmt.Errorf("reading the manifest: %w: the store's part %q is missing", lead.ErrPermanent, name)
		}
	}
	return m, nil
}

func (b *backupReader) close() error {
	var errs []error
	if b.root != nil {
		errs = append(errs, b.root.Close())
	}
	if b.remove != "" {
		errs = append(errs, os.RemoveAll(b.remove))
	}
	return errors.Join(errs...)
}

// verify reads all of a backup and compares it with its manifest.
func (b *backupReader) verify(ctx context.Context) error {
	for _, p := range b.manifest.Parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.verifyPart(p); err != nil {
			return err
		}
	}
	n := int64(0)
	if err := b.entries(ctx, func(journalEntry) error { n++; return nil }); err != nil {
		return err
	}
	if n != b.manifest.Journal {
		return fmt.Errorf("%w: it holds %d deliveries of the journal, and its manifest says %d", lead.ErrPermanent, n, b.manifest.Journal)
	}
	var got blobList
	names := sha256.New()
	err := b.blobs(ctx, func(name string, data []byte) error {
		got.Count, got.Bytes = got.Count+1, got.Bytes+int64(len(data))
		_, err := io.WriteString(names, name+"\n")
		return err
	})
	if err != nil {
		return err
	}
	if got.Names = hex.EncodeToString(names.Sum(nil)); got != b.manifest.Blobs {
		return fmt.Errorf("%w: it holds %d blobs of %d bytes, and its manifest says %d of %d or names others", lead.ErrPermanent, got.Count, got.Bytes, b.manifest.Blobs.Count, b.manifest.Blobs.Bytes)
	}
	return nil
}

func (b *backupReader) verifyPart(p backupPart) error {
	f, err := b.root.Open(filepath.FromSlash(p.Name))
	if err != nil {
		return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", p.Name, err)
	}
	if n != p.Bytes || hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
		return fmt.Errorf("%w: %s is not what was written", lead.ErrPermanent, p.Name)
	}
	return nil
}

// entries calls each with the deliveries that waited in the journal.
func (b *backupReader) entries(ctx context.Context, each func(journalEntry) error) error {
	for _, p := range b.manifest.Parts {
		if !strings.HasPrefix(p.Name, journalFolder+"/") {
			continue
		}
		f, err := b.root.Open(filepath.FromSlash(p.Name))
		if err != nil {
			return fmt.Errorf("reading the backup: %w", err)
		}
		err = readEntries(f, func(e journalEntry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return each(e)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// blobs calls each with the blobs in the order of their names, checked against them.
func (b *backupReader) blobs(ctx context.Context, each func(name string, data []byte) error) error {
	tree := b.root.FS()
	err := fs.WalkDir(tree, blobFolder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := fs.ReadFile(tree, file)
		if err != nil {
			return fmt.Errorf("reading the backup: %w", err)
		}
		name := d.Name()
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != name || path.Dir(file) != path.Join(blobFolder, name[:2]) {
			return fmt.Errorf("%w: a blob is not what was written", lead.ErrPermanent)
		}
		return each(name, data)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unpack writes the files of a tar into an empty folder. What no backup has is refused,
// and so is what comes twice.
func unpack(ctx context.Context, r io.Reader, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	in := tar.NewReader(r)
	for {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: the tar is damaged or cut short: %w", lead.ErrPermanent, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if head.Typeflag != tar.TypeReg || !inBackup(head.Name) {
			return fmt.Errorf("%w: no backup holds %q", lead.ErrPermanent, head.Name)
		}
		if err := unpackFile(root, head.Name, in); err != nil {
			return err
		}
	}
}

// inBackup reports whether a backup may hold a file of that name.
func inBackup(name string) bool {
	rest, ok := strings.CutPrefix(name, blobFolder+"/")
	if !ok {
		return name == manifestName || partName.MatchString(name)
	}
	return len(rest) > 3 && blob.Valid(rest[3:]) && rest[:3] == rest[3:5]+"/"
}

func unpackFile(root *os.Root, name string, r io.Reader) error {
	name = filepath.FromSlash(name)
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, r); errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: the tar is damaged or cut short: %w", lead.ErrPermanent, err)
	}
	return errors.Join(err, f.Close())
}
