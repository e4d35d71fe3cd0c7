package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"leadgate/internal/disk"
	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/postgres"
	"leadgate/store/sqlite"
)

// backupCmd copies what a gateway keeps, beside one that runs. The order makes the
// copy whole, see docs/adr/0018-backup.md: the journal, then the store, then blobs.
type backupCmd struct {
	Options
	To   string `arg:"" help:"Folder to make, or - for a tar on standard output."`
	Only string `help:"journal: only what waits in this node's journal, for the other nodes of an installation." default:"" enum:",journal"`
}

func (c *backupCmd) Run(in *common) (err error) {
	scratch, done, err := c.scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	from, err := openBackup(in.ctx, &c.Options, scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	b := &backupWriter{names: sha256.New(), m: manifest{Format: manifestFormat, Version: version(), Begun: time.Now().UTC()}}
	if b.to, err = c.archive(in.stdout, scratch); err != nil {
		return err
	}
	if ring, err := c.readKeys(); err == nil {
		b.m.Keys = keyNames(ring)
	} else if !errors.Is(err, lead.ErrNotFound) {
		return err
	}
	if err := c.write(in.ctx, in.stderr, b, from); err != nil {
		return fmt.Errorf("the backup is unfinished and cannot be restored: %w", err)
	}
	fmt.Fprintf(in.stderr, "backup finished: %s\nit holds people's data in clear, and not the secret key: keep that apart from it\n", b.m.summary())
	return nil
}

// write copies part after part. What a receipt told of before it began is in the
// journal when that is read, or has left it for the store, which is copied after; and
// what both name is among the blobs, which are copied last.
func (c *backupCmd) write(ctx context.Context, stderr io.Writer, b *backupWriter, from store.Backup) error {
	if err := b.journal(ctx, filepath.Join(c.Data, "journal"), from); err != nil {
		return err
	}
	if c.Only == "" {
		copied, err := from.Copy(ctx, func(name string, r io.Reader) error { return b.part(path.Join(storeFolder, name), r) })
		if err != nil {
			return err
		}
		b.m.Store = &copied
	}
	place, err := c.blobFolder()
	if err != nil {
		return err
	}
	damaged, err := b.blobs(ctx, filepath.Join(c.Data, "blobs"), filepath.Join(c.Data, "staging"), place)
	if err != nil {
		return err
	}
	if damaged > 0 {
		fmt.Fprintf(stderr, "%d blobs were damaged on the disk and are left out\n", damaged)
	}
	return b.finish()
}

// archive opens the target. What was there before stays untouched.
func (c *backupCmd) archive(stdout io.Writer, scratch string) (archive, error) {
	if c.To != "-" {
		return newFolderArchive(c.To)
	}
	if f, ok := stdout.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return nil, fmt.Errorf("%w: a backup is not for a terminal: send standard output into a file", lead.ErrInvalid)
		}
	}
	return &tarArchive{w: tar.NewWriter(stdout), scratch: scratch, now: time.Now()}, nil
}

// scratch makes a folder that is removed at the end, where there is room: the copy of
// the store is made there. What a backup that was ended left in it goes first; while
// one runs a second is lead.ErrConflict.
func (c *backupCmd) scratch() (string, func() error, error) {
	if err := c.stored(); err != nil {
		return "", nil, err
	}
	dir := filepath.Join(c.Data, ".backup")
	if err := disk.MakeDir(disk.OS(), dir); err != nil {
		return "", nil, fmt.Errorf("making room for the copy: %w", err)
	}
	lock, err := disk.OS().Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", nil, fmt.Errorf("starting a backup: %w", err)
	}
	done := func() error { return errors.Join(os.RemoveAll(dir), lock.Close()) }
	left, err := disk.OS().List(dir)
	for _, f := range left {
		if f.Name != "lock" {
			err = errors.Join(err, os.Remove(filepath.Join(dir, f.Name)))
		}
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("making room for the copy: %w", err), done())
	}
	return dir, done, nil
}

// openBackup opens the store an option names for copying.
func openBackup(ctx context.Context, o *Options, scratch string) (store.Backup, error) {
	if o.sharedStore() {
		b, err := postgres.OpenBackup(ctx, o.Store)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	path, err := o.storePath()
	if err != nil {
		return nil, err
	}
	b, err := sqlite.OpenBackup(ctx, path, scratch)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Limits of what is gathered of the journal.
const (
	journalAsk  = 256      // deliveries the store is asked about at once
	journalPart = 32 << 20 // bytes of a part
)

// journalEntry is a line of the journal's parts.
type journalEntry struct {
	ID  lead.ID   `json:"id"`
	At  time.Time `json:"at"`
	Raw []byte    `json:"raw"`
}

// journal copies the entries that the store does not know. One it knows now is in the
// copy that is made later.
func (b *backupWriter) journal(ctx context.Context, dir string, from store.Backup) error {
	var waiting []journal.Entry
	var lines bytes.Buffer
	n, size := 0, 0
	flush := func(all bool) error {
		if lines.Len() > journalPart || all && lines.Len() > 0 {
			n++
			if err := b.part(fmt.Sprintf("%s/%06d.jsonl", journalFolder, n), bytes.NewReader(lines.Bytes())); err != nil {
				return err
			}
			lines.Reset()
		}
		return nil
	}
	ask := func() error {
		unknown, err := unknownTo(ctx, from, waiting)
		if err != nil {
			return err
		}
		enc := json.NewEncoder(&lines)
		for _, e := range unknown {
			if err := enc.Encode(journalEntry{e.ID, e.At, e.Payload}); err != nil {
				return err
			}
			b.m.Journal++
		}
		waiting, size = waiting[:0], 0
		return flush(false)
	}
	err := journal.Peek(ctx, dir, func(e journal.Entry) error {
		waiting, size = append(waiting, e), size+len(e.Payload)
		if len(waiting) < journalAsk && size < journalPart {
			return nil
		}
		return ask()
	})
	if err == nil {
		err = ask()
	}
	if err == nil {
		err = flush(true)
	}
	return err
}

// unknownTo returns the entries a store does not have.
func unknownTo(ctx context.Context, s store.Backup, entries []journal.Entry) ([]journal.Entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	ids := make([]lead.ID, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	list, err := s.Known(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[lead.ID]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	return slices.DeleteFunc(entries, func(e journal.Entry) bool { return known[e.ID] }), nil
}

// blobs copies the bodies of blob folders in the order of their names, each once, and
// returns how many were not what their names say. One that goes meanwhile had lost its
// last use.
func (b *backupWriter) blobs(ctx context.Context, dirs ...string) (damaged int, err error) {
	files := map[string]string{} // by name
	for _, dir := range dirs {
		if err := findBlobs(dir, files); err != nil {
			return 0, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := ctx.Err(); err != nil {
			return damaged, err
		}
		data, err := os.ReadFile(files[name])
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return damaged, fmt.Errorf("reading blob: %w", err)
		}
		if blob.Name(data) != name {
			damaged++
			continue
		}
		if err := b.blob(name, data); err != nil {
			return damaged, err
		}
	}
	return damaged, nil
}

// findBlobs notes where the blobs of a folder lie, by name. Of one that was removed and
// put again the last file counts, as it lies under the last of its keys.
func findBlobs(dir string, files map[string]string) error {
	folders, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing blobs: %w", err)
	}
	for _, folder := range folders {
		if len(folder.Name()) != 2 || !folder.IsDir() {
			continue
		}
		list, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			return fmt.Errorf("listing blobs: %w", err)
		}
		for _, f := range list {
			if name := blob.NameOf(f.Name()); blob.Valid(name) && name[:2] == folder.Name() {
				files[name] = filepath.Join(dir, folder.Name(), f.Name())
			}
		}
	}
	return nil
}

// summary says in words what a backup holds.
func (m *manifest) summary() string {
	text := fmt.Sprintf("%d deliveries of the journal, %d blobs (%d bytes)", m.Journal, m.Blobs.Count, m.Blobs.Bytes)
	if m.Store != nil {
		text = fmt.Sprintf("%d leads and %d deliveries of the store (%s, schema %d), ", m.Store.Rows["leads"], m.Store.Rows["deliveries"], m.Store.Engine, m.Store.Schema) + text
	}
	return text
}

// readEntries calls each with the entries of a part of the journal.
func readEntries(r io.Reader, each func(journalEntry) error) error {
	dec := json.NewDecoder(bufio.NewReader(r))
	for {
		var e journalEntry
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a delivery of the backup: %w: %w", lead.ErrPermanent, err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
}
