package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"leadgate/internal/disk"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/postgres"
	"leadgate/store/sqlite"
)

// restoreCmd puts a backup where the options say a gateway keeps its data. All of the
// backup is checked before anything is touched, and nothing that is there is replaced.
type restoreCmd struct {
	Options
	From       string `arg:"" help:"Folder or tar file of a backup, or - for a tar on standard input."`
	WithoutKey bool   `name:"without-key" help:"Restore although the secret key is lost: what was sealed with it cannot be opened again."`
}

// restoringName stands in a data folder while a restore works on it. A gateway does not
// start over it.
const restoringName = "restoring"

// Run checks, then restores. A restore that ends in between leaves a folder nothing
// starts over: it is emptied, and the restore begins anew.
func (c *restoreCmd) Run(in *common) (err error) {
	if r, ok := running(c.Data); ok {
		return fmt.Errorf("%w: a gateway runs over this folder at %s: stop it", lead.ErrConflict, r.Address)
	}
	if err := c.unfinished(); err != nil {
		return err
	}
	if err := disk.MakeDir(disk.OS(), c.Data); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	from, err := c.open(in.ctx, in.stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	if err := from.verify(in.ctx); err != nil {
		return fmt.Errorf("checking the backup: %w", err)
	}
	if err := c.fits(in.ctx, &from.manifest); err != nil {
		return err
	}
	if err := c.restore(in.ctx, from); err != nil {
		if from.manifest.Store == nil {
			return fmt.Errorf("the restore is unfinished; what was there is as it was, and it can begin again: %w", err)
		}
		return fmt.Errorf("the restore is unfinished: empty %s but for the secret key, and begin again: %w", c.Data, err)
	}
	fmt.Fprintf(in.stdout, "restored the backup of %s: %s\n", from.manifest.Begun.Format("2006-01-02 15:04:05 MST"), from.manifest.summary())
	return nil
}

// open finds the backup. A tar is unpacked into the data folder first.
func (c *restoreCmd) open(ctx context.Context, stdin io.Reader) (*backupReader, error) {
	r := stdin
	if c.From != "-" {
		info, err := os.Stat(c.From)
		if err != nil {
			return nil, fmt.Errorf("opening the backup: %w", err)
		}
		if info.IsDir() {
			return openBackupFolder(c.From, "")
		}
		f, err := os.Open(c.From)
		if err != nil {
			return nil, fmt.Errorf("opening the backup: %w", err)
		}
		defer f.Close()
		r = f
	}
	dir := filepath.Join(c.Data, ".unpacked")
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("unpacking the backup: %w", err)
	}
	err := disk.MakeDir(disk.OS(), dir)
	if err == nil {
		err = unpack(ctx, r, dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unpacking the backup: %w", err), os.RemoveAll(dir))
	}
	return openBackupFolder(dir, dir)
}

// fits refuses a target that holds something, and a key that is another one.
func (c *restoreCmd) fits(ctx context.Context, m *manifest) error {
	if err := c.rightKey(m); err != nil {
		return err
	}
	if m.Store == nil { // a journal alone goes beside what is there: the store absorbs what it knows
		return nil
	}
	if err := c.vacant(ctx, *m.Store); err != nil {
		return err
	}
	for _, folder := range [...]string{"journal", "blobs"} {
		err := filepath.WalkDir(filepath.Join(c.Data, folder), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "lock" {
				return err
			}
			return fmt.Errorf("%w: %s holds files already: restore into an empty data folder", lead.ErrConflict, filepath.Join(c.Data, folder))
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// vacant reports why the store an option names cannot take a copy.
func (c *restoreCmd) vacant(ctx context.Context, m store.Copied) error {
	if c.sharedStore() {
		return postgres.Restorable(ctx, postgres.Options{DSN: c.Store, Migrate: c.StoreMigrate}, m)
	}
	path, err := c.storePath()
	if err != nil {
		return err
	}
	return sqlite.Restorable(path, m)
}

func (c *restoreCmd) restoreStore(ctx context.Context, m store.Copied, open func(string) (io.ReadCloser, error)) error {
	if c.sharedStore() {
		return postgres.Restore(ctx, postgres.Options{DSN: c.Store, Migrate: c.StoreMigrate}, m, open)
	}
	path, err := c.storePath()
	if err != nil {
		return err
	}
	return sqlite.Restore(ctx, path, m, open)
}

// rightKey compares the key there is with the one the backup was made under.
func (c *restoreCmd) rightKey(m *manifest) error {
	if len(m.Keys) == 0 {
		return nil
	}
	ring, err := c.readKeys()
	if c.WithoutKey && (err == nil || errors.Is(err, lead.ErrNotFound)) {
		return nil
	}
	if errors.Is(err, lead.ErrNotFound) {
		return fmt.Errorf("%w: a backup never holds the secret key: put it into %s or name it with --secret-key; if it is lost, --without-key restores all but what was sealed with it",
			lead.ErrInvalid, filepath.Join(c.Data, "secret.key"))
	}
	if err != nil {
		return err
	}
	have := keyNames(ring)
	for _, name := range m.Keys {
		if !slices.Contains(have, name) {
			return fmt.Errorf("%w: the backup was made under the secret key %s, and --secret-key does not give that one", lead.ErrInvalid, name)
		}
	}
	return nil
}

// restore puts blobs, store and journal in place, so that nothing names what is not there.
// The marker tells to empty the folder when it does not end: never while a journal is
// brought in beside what is there, where each half is as good as the whole.
func (c *restoreCmd) restore(ctx context.Context, from *backupReader) error {
	marker := filepath.Join(c.Data, restoringName)
	if from.manifest.Store == nil {
		return c.restoreParts(ctx, from)
	}
	if err := writeFileSynced(marker, nil); err != nil {
		return err
	}
	if err := c.restoreParts(ctx, from); err != nil {
		return err
	}
	if err := os.Remove(marker); err != nil {
		return fmt.Errorf("ending the restore: %w", err)
	}
	return disk.OS().SyncDir(c.Data)
}

func (c *restoreCmd) restoreParts(ctx context.Context, from *backupReader) error {
	folder, err := c.blobFolder()
	if err != nil {
		return err
	}
	blobs, err := blob.OpenShared(folder)
	if err != nil {
		return err
	}
	err = from.blobs(ctx, func(name string, data []byte) error { return blobs.Put(ctx, name, data) })
	if err != nil {
		return err
	}
	if m := &from.manifest; m.Store != nil {
		if err := c.restoreStore(ctx, *m.Store, from.storePart); err != nil {
			return err
		}
		if c.WithoutKey {
			if err := c.dropSealed(ctx); err != nil {
				return err
			}
		}
	}
	return c.restoreJournal(ctx, from)
}

// dropSealed takes out of the restored store what no key opens any more, so that a
// gateway starts with another one.
func (c *restoreCmd) dropSealed(ctx context.Context) (err error) {
	ring, err := c.readKeys()
	if err != nil && !errors.Is(err, lead.ErrNotFound) {
		return err
	}
	s, err := openEngine(ctx, &c.Options, engine{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	_, err = pipeline.DropUnopened(ctx, s, ring)
	return err
}

// restoreJournal appends what waited, as if it came now. The gateway asks the store
// about it when it starts, and stores what is missing.
func (c *restoreCmd) restoreJournal(ctx context.Context, from *backupReader) (err error) {
	if from.manifest.Journal == 0 {
		return nil
	}
	jo, err := c.journal(nil)
	if err != nil {
		return err
	}
	j, err := journal.Open(jo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return appendAll(ctx, j, from)
}

// appenders is how many append at once, so that they share the disk's syncs.
const appenders = 64

// appendAll appends every entry of a backup, in any order.
func appendAll(ctx context.Context, j *journal.Journal, from *backupReader) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	entries := make(chan journalEntry)
	var wg sync.WaitGroup
	for range appenders {
		wg.Go(func() {
			for e := range entries {
				if err := j.Append(ctx, e.ID, e.Raw); err != nil {
					stop(err)
				}
			}
		})
	}
	err := from.entries(ctx, func(e journalEntry) error {
		select {
		case entries <- e:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(entries)
	wg.Wait()
	return cmp.Or(context.Cause(ctx), err)
}

// unfinished fails where a restore began and did not end.
func (o *Options) unfinished() error {
	if _, err := os.Lstat(filepath.Join(o.Data, restoringName)); err == nil {
		return fmt.Errorf("%w: a restore into %s did not end: empty the folder but for the secret key, and restore again", lead.ErrConflict, o.Data)
	}
	return nil
}

// storePart opens a part of the store's copy.
func (b *backupReader) storePart(name string) (io.ReadCloser, error) {
	f, err := b.root.Open(filepath.FromSlash(path.Join(storeFolder, name)))
	if err != nil {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	return f, nil
}
