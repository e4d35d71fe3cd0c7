package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store/blob"
)

// chunkSize is how many bytes of a blob one row holds.
const chunkSize = 256 << 10

// beginChunks begins a transaction of blobs. It takes no turn: nobody decides on what
// it writes, and a long one must hold up nobody.
const beginChunks = `BEGIN; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '10s'`

// Chunks is a blob.Store in rows of the store's database.
type Chunks struct{ s *Store }

var _ blob.Store = Chunks{}

// Chunks returns the place of blobs in this store.
func (s *Store) Chunks() Chunks { return Chunks{s} }

// Put keeps bytes under a key, in one transaction and a row at a time.
func (c Chunks) Put(ctx context.Context, key string, data []byte) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("keeping blob: %w", err)
	}
	return c.write(ctx, "keeping blob", func(ctx context.Context, t *tx) error {
		n := 0
		for {
			part := data[:min(chunkSize, len(data))]
			if _, err := t.Exec(ctx, `INSERT INTO blob_chunks (key, n, data) VALUES ($1, $2, $3) ON CONFLICT (key, n) DO UPDATE SET data = excluded.data`, key, n, part); err != nil {
				return err
			}
			n++
			if data = data[len(part):]; len(data) == 0 {
				break
			}
		}
		_, err := t.Exec(ctx, `DELETE FROM blob_chunks WHERE key = $1 AND n >= $2`, key, n)
		return err
	})
}

// write runs a transaction, once more when it met another one about the same key.
func (c Chunks) write(ctx context.Context, doing string, fn func(context.Context, *tx) error) error {
	err := c.s.turn(ctx, c.s.write, beginChunks, fn)
	if met(err) {
		err = c.s.turn(ctx, c.s.write, beginChunks, fn)
	}
	return wrapped(doing, err)
}

// Get returns the bytes under a key, checked against its name.
func (c Chunks) Get(ctx context.Context, key string) ([]byte, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	var data []byte
	found := false
	err := c.s.look(ctx, "reading blob", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT data FROM blob_chunks WHERE key = $1 ORDER BY n`, func(r pgx.Rows) error {
			found = true
			var part []byte
			err := r.Scan((*pgxBytes)(&part))
			data = append(data, part...)
			return err
		}, key)
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	}
	if err := blob.Check(key, data); err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	return data, nil
}

// pgxBytes takes bytes without a copy; they are good until the next row.
type pgxBytes []byte

// ScanBytes implements pgtype.BytesScanner.
func (b *pgxBytes) ScanBytes(v []byte) error {
	if v == nil {
		return errors.New("no bytes")
	}
	*b = v
	return nil
}

// Delete removes what lies under a key.
func (c Chunks) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return fmt.Errorf("removing blob: %w", err)
	}
	return c.write(ctx, "removing blob", func(ctx context.Context, t *tx) error {
		_, err := t.Exec(ctx, `DELETE FROM blob_chunks WHERE key = $1`, key)
		return err
	})
}

// List returns keys in order.
func (c Chunks) List(ctx context.Context, after string, n int) ([]string, error) {
	var keys []string
	err := c.s.look(ctx, "listing blobs", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT key FROM blob_chunks WHERE key > $1 AND n = 0 ORDER BY key LIMIT $2`, func(r pgx.Rows) error {
			var key string
			err := r.Scan(&key)
			keys = append(keys, key)
			return err
		}, after, n)
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}
