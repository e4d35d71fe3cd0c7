package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// blobRow is what a transaction sees of a blob.
type blobRow struct {
	generation int64
	state      int
	named      bool
}

// blobRows reads the rows of some blobs, by name.
func (t *tx) blobRows(ctx context.Context, refs []store.BlobRef) (map[[32]byte]blobRow, error) {
	names := make([][]byte, len(refs))
	for i := range refs {
		names[i] = refs[i].Name[:]
	}
	found := map[[32]byte]blobRow{}
	err := t.each(ctx, `SELECT name, generation, state, named FROM blobs WHERE name = ANY($1)`, func(r pgx.Rows) error {
		var name []byte
		var b blobRow
		err := r.Scan(&name, &b.generation, &b.state, &b.named)
		if len(name) == 32 {
			found[[32]byte(name)] = b
		}
		return err
	}, names)
	return found, err
}

// nameBlobs adds to a batch which delivery names which keys, or fails with
// store.ErrBlobGone when one of them may be removed. A row that is named already is
// only held, so that many may name it at once; whoever changed a row since this
// transaction began makes it fail and decide anew.
func (t *tx) nameBlobs(ctx context.Context, b *batch, named map[lead.ID][]string) error {
	if len(named) == 0 {
		return nil
	}
	var keys []string
	for _, list := range named {
		keys = append(keys, list...)
	}
	refs, err := store.ParseBlobs(keys)
	if err != nil {
		return err
	}
	rows, err := t.blobRows(ctx, refs)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		row, ok := rows[ref.Name]
		switch {
		case !ok || row.generation != ref.Generation || row.state != store.BlobThere:
			return store.ErrBlobGone
		case row.named:
			b.exec(`SELECT 1 FROM blobs WHERE name = $1 FOR SHARE`, ref.Name[:])
		default:
			b.exec(`UPDATE blobs SET named = true WHERE name = $1`, ref.Name[:])
		}
	}
	for _, delivery := range slices.SortedFunc(maps.Keys(named), func(a, b lead.ID) int { return slices.Compare(a[:], b[:]) }) {
		refs, err := store.ParseBlobs(named[delivery])
		if err != nil {
			return err
		}
		for _, ref := range refs {
			b.exec(`INSERT INTO blob_refs (name, delivery) VALUES ($1, $2) ON CONFLICT DO NOTHING`, ref.Name[:], [16]byte(delivery))
		}
	}
	return nil
}

// ClaimBlobs returns the keys under which blobs are to be put now. The row of one that
// is named stays as it is: nobody who names it must wait.
func (s *Store) ClaimBlobs(ctx context.Context, names []string) ([]string, error) {
	refs, err := store.ParseBlobs(names)
	if err != nil {
		return nil, wrapped("claiming blobs", err)
	}
	keys := make([]string, len(names))
	err = s.update(ctx, "claiming blobs", func(ctx context.Context, t *tx) error {
		var b batch
		for _, ref := range refs {
			b.exec(`INSERT INTO blobs AS b (name, generation, state, named, at) VALUES ($1, 0, 0, false, $2)
				ON CONFLICT (name) DO UPDATE SET at = excluded.at, generation = b.generation + (b.state <> 0)::int, state = 0 WHERE NOT b.named`, ref.Name[:], micros(s.now()))
		}
		if err := t.send(ctx, &b); err != nil {
			return err
		}
		rows, err := t.blobRows(ctx, refs)
		for i, name := range names {
			ref, bad := store.ParseBlob(name)
			err = errors.Join(err, bad)
			ref.Generation = rows[ref.Name].generation
			keys[i] = ref.Key()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// BlobKey returns the key under which a blob lies.
func (s *Store) BlobKey(ctx context.Context, name string) (string, error) {
	ref, err := store.ParseBlob(name)
	if err != nil {
		return "", wrapped("looking up blob", err)
	}
	err = s.look(ctx, "looking up blob", func(ctx context.Context, t *tx) error {
		return t.QueryRow(ctx, `SELECT generation FROM blobs WHERE name = $1 AND state = 0`, ref.Name[:]).Scan(&ref.Generation)
	})
	if err != nil {
		return "", err
	}
	return ref.Key(), nil
}

// DoomBlobs dooms blobs that no delivery names. What another node is dooming is
// passed over.
func (s *Store) DoomBlobs(ctx context.Context, before time.Time, n int) ([]string, error) {
	var keys []string
	err := s.update(ctx, "dooming blobs", func(ctx context.Context, t *tx) error {
		keys = nil
		now := s.now()
		if _, err := t.Exec(ctx, `DELETE FROM blobs WHERE NOT named AND state = 2 AND at < $1`, micros(now.Add(-store.BlobTombstone))); err != nil {
			return err
		}
		return t.each(ctx, `UPDATE blobs SET state = 1, at = $1 WHERE name = ANY(ARRAY(
				SELECT name FROM blobs WHERE NOT named AND (state = 0 AND at < $2 OR state = 1 AND at <= $3) ORDER BY at, name LIMIT $4 FOR UPDATE SKIP LOCKED))
			RETURNING name, generation`, func(r pgx.Rows) error {
			var name []byte
			var ref store.BlobRef
			err := r.Scan(&name, &ref.Generation)
			copy(ref.Name[:], name)
			keys = append(keys, ref.Key())
			return err
		}, micros(now), micros(before), micros(now.Add(-store.BlobRetry)), n)
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// ForgetBlobs says that what lay under doomed keys is removed.
func (s *Store) ForgetBlobs(ctx context.Context, keys []string) error {
	refs, err := store.ParseBlobs(keys)
	if err != nil {
		return wrapped("forgetting blobs", err)
	}
	return s.update(ctx, "forgetting blobs", func(ctx context.Context, t *tx) error {
		var b batch
		for _, ref := range refs {
			b.exec(`UPDATE blobs SET state = 2, at = $1 WHERE name = $2 AND generation = $3 AND state = 1`, micros(s.now()), ref.Name[:], ref.Generation)
		}
		return t.send(ctx, &b)
	})
}

// AdoptBlobs takes in keys that were found.
func (s *Store) AdoptBlobs(ctx context.Context, keys []string) ([]string, error) {
	refs, err := store.ParseBlobs(keys)
	if err != nil {
		return nil, wrapped("adopting blobs", err)
	}
	var stale []string
	err = s.update(ctx, "adopting blobs", func(ctx context.Context, t *tx) error {
		stale = nil
		rows, err := t.blobRows(ctx, refs)
		if err != nil {
			return err
		}
		var b batch
		for _, ref := range refs {
			row, known := rows[ref.Name]
			switch {
			case !known:
				b.exec(`INSERT INTO blobs (name, generation, state, named, at) VALUES ($1, $2, 0, false, $3) ON CONFLICT DO NOTHING`, ref.Name[:], ref.Generation, micros(s.now()))
			case ref.Generation < row.generation || ref.Generation == row.generation && row.state == store.BlobGone:
				stale = append(stale, ref.Key())
			}
		}
		return t.send(ctx, &b)
	})
	if err != nil {
		return nil, err
	}
	return stale, nil
}

// UnnameBlobs makes deliveries name no blob any more. It runs alone: who names a blob
// that is named already changes no row of it, and would not be seen.
func (s *Store) UnnameBlobs(ctx context.Context, deliveries []lead.ID) error {
	return s.alone(ctx, "unnaming blobs", func(ctx context.Context, t *tx) error {
		var names [][]byte
		if err := t.each(ctx, `DELETE FROM blob_refs WHERE delivery = ANY($1) RETURNING name`, func(r pgx.Rows) error {
			var name []byte
			err := r.Scan(&name)
			names = append(names, name)
			return err
		}, uuids(deliveries)); err != nil {
			return err
		}
		_, err := t.Exec(ctx, `UPDATE blobs b SET named = false, at = 0 WHERE name = ANY($1) AND NOT EXISTS (SELECT 1 FROM blob_refs r WHERE r.name = b.name)`, names)
		return err
	})
}
