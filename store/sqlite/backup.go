package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"leadgate/internal/disk"
	"leadgate/lead"
	"leadgate/store"
)

// engine is what a copy of this engine is called, copyName its only part: a database
// that any SQLite opens.
const (
	engine   = "sqlite"
	copyName = "leadgate.db"
)

// Backup copies a store that may be in use. Make it with OpenBackup.
type Backup struct {
	db      *sql.DB
	scratch string
}

var _ store.Backup = (*Backup)(nil)

// OpenBackup opens the store in a file for copying. The copy is made in the folder
// scratch, which needs room for it, before it is handed over. A file that is not there
// is lead.ErrNotFound.
func OpenBackup(ctx context.Context, path, scratch string) (*Backup, error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening store for a backup: %w", err)
	}
	return &Backup{db: db, scratch: scratch}, nil
}

// openFile opens a database that must be there.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s", lead.ErrNotFound, filepath.Base(path))
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=rw", "busy_timeout(10000)", "temp_store(memory)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(classed(err), db.Close())
	}
	return db, nil
}

// Close releases the database.
func (b *Backup) Close() error {
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("closing store: %w", err)
	}
	return nil
}

// Known returns which of the deliveries are stored.
func (b *Backup) Known(ctx context.Context, ids []lead.ID) ([]lead.ID, error) {
	return (&Store{read: b.db}).Known(ctx, ids)
}

// Copy implements store.Backup. It reads one snapshot, beside whoever writes.
func (b *Backup) Copy(ctx context.Context, part func(string, io.Reader) error) (c store.Copied, err error) {
	path := filepath.Join(b.scratch, ".copy-of-"+copyName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("copying store: %w", err)
	}
	defer func() {
		if e := os.Remove(path); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	if _, err := b.db.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return c, fmt.Errorf("copying store: %w", classed(err))
	}
	if c, err = inspect(ctx, path); err != nil {
		return c, fmt.Errorf("copying store: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return c, fmt.Errorf("copying store: %w", err)
	}
	defer f.Close()
	return c, part(copyName, f)
}

// inspect counts what a database that nobody writes holds.
func inspect(ctx context.Context, path string) (c store.Copied, err error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c = store.Copied{Engine: engine, Parts: []string{copyName}, Rows: map[string]int64{}}
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&c.Schema); err != nil {
		return c, fmt.Errorf("reading schema version: %w", classed(err))
	}
	// Tables SQLite keeps for itself and for the search index are left out.
	var names []string
	err = scanRows(db.QueryContext(ctx, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'`))(func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("listing tables: %w", classed(err))
	}
	for _, name := range names {
		var n int64
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM `+quoted).Scan(&n); err != nil {
			return c, fmt.Errorf("counting %s: %w", name, classed(err))
		}
		c.Rows[name] = n
	}
	return c, nil
}

// Restore puts a copy in place as the store in a file that must not be there yet. The
// file stands only when it is whole, holds what the copy says, and survives a power cut.
// The next Open brings an older schema up to date.
//
// Errors: lead.ErrConflict when there is a store, lead.ErrPermanent when the copy is not
// what it says or is of another engine or a newer schema.
func Restore(ctx context.Context, path string, c store.Copied, open func(name string) (io.ReadCloser, error)) (err error) {
	if err := Restorable(path, c); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := disk.MakeDir(disk.OS(), dir); err != nil {
		return fmt.Errorf("restoring store: %w", err)
	}
	tmp := filepath.Join(dir, ".restoring-"+filepath.Base(path))
	defer func() {
		for _, leftover := range [...]string{tmp, tmp + "-wal", tmp + "-shm", tmp + "-journal"} {
			if e := os.Remove(leftover); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	if err := writeCopy(tmp, open); err != nil {
		return fmt.Errorf("restoring store: %w", err)
	}
	if err := compare(ctx, tmp, c); err != nil {
		return fmt.Errorf("restoring store: %w", damage(err))
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("restoring store: %w", err)
	}
	if err := disk.OS().SyncDir(dir); err != nil {
		return fmt.Errorf("restoring store: %w", err)
	}
	return nil
}

// Restorable reports, before anything is touched, why a copy cannot become the store in
// a file.
func Restorable(path string, c store.Copied) error {
	if c.Engine != engine || !slices.Equal(c.Parts, []string{copyName}) {
		return fmt.Errorf("restoring store: %w: the copy is of the engine %q, and the target is %s", lead.ErrPermanent, c.Engine, engine)
	}
	newest, err := newestSchema()
	if err != nil {
		return fmt.Errorf("restoring store: %w", err)
	}
	if c.Schema > newest {
		return fmt.Errorf("restoring store: %w: the copy was made by a newer leadgate (schema %d, this one knows %d)", lead.ErrPermanent, c.Schema, newest)
	}
	for _, name := range [...]string{path, path + "-wal"} {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("restoring store: %w: there is a store already, %s", lead.ErrConflict, filepath.Base(name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restoring store: %w", err)
		}
	}
	return nil
}

// newestSchema is the last of our migrations.
func newestSchema() (int64, error) {
	list, err := migrations.ReadDir("migrations")
	newest := int64(0)
	for _, f := range list {
		var n int64
		if _, err := fmt.Sscanf(f.Name(), "%d_", &n); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, err
}

// writeCopy writes the copy's only part into a file that survives a power cut.
func writeCopy(path string, open func(string) (io.ReadCloser, error)) (err error) {
	in, err := open(copyName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(cmp.Or(err, out.Sync()), out.Close())
}

// damage makes an error permanent when it says that the file is no good database.
func damage(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
	}
	return err
}

// compare checks a database as SQLite does, and that it holds what the copy says.
func compare(ctx context.Context, path string, want store.Copied) (err error) {
	db, err := openFile(ctx, path)
	if err != nil {
		return err
	}
	var answer string
	err = db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&answer)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("checking the database: %w: %w", lead.ErrPermanent, err)
	}
	if answer != "ok" {
		return fmt.Errorf("checking the database: %w: SQLite finds damage in it", lead.ErrPermanent)
	}
	got, err := inspect(ctx, path)
	if err != nil {
		return err
	}
	if got.Schema != want.Schema {
		return fmt.Errorf("%w: its schema is %d, and the backup says %d", lead.ErrPermanent, got.Schema, want.Schema)
	}
	for table, n := range want.Rows {
		if got.Rows[table] != n {
			return fmt.Errorf("%w: table %s has %d rows, and the backup says %d", lead.ErrPermanent, table, got.Rows[table], n)
		}
	}
	return nil
}
