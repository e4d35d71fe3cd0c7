package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

const selectStages = `SELECT id, title, meaning, ask FROM stages ORDER BY position`

func scanStage(r pgx.Rows) (x lead.Stage, err error) {
	var meaning string
	err = r.Scan(&x.ID, &x.Title, &meaning, &x.Ask)
	x.Meaning = lead.Status(meaning)
	return x, err
}

// Stages returns the stages in order.
func (s *Store) Stages(ctx context.Context) (stages []lead.Stage, err error) {
	err = s.look(ctx, "reading stages", func(ctx context.Context, t *tx) error {
		return t.each(ctx, selectStages, func(r pgx.Rows) error {
			x, err := scanStage(r)
			stages = append(stages, x)
			return err
		})
	})
	return stages, err
}

// Sources returns the sources made in the store.
func (s *Store) Sources(ctx context.Context) (out []store.SourceRecord, err error) {
	err = s.look(ctx, "reading sources", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT name, kind, title, region, settings, disabled, version FROM sources ORDER BY name COLLATE "C"`, func(r pgx.Rows) error {
			var x store.SourceRecord
			err := r.Scan(&x.Name, &x.Kind, &x.Title, &x.Region, &x.Settings, &x.Disabled, &x.Version)
			out = append(out, x)
			return err
		})
	})
	return out, err
}

// PutSource makes or replaces a source.
func (s *Store) PutSource(ctx context.Context, x store.SourceRecord) (version int64, err error) {
	settings := x.Settings
	if settings == nil {
		settings = []byte{}
	}
	err = s.rows(ctx, "writing source", func(ctx context.Context, t *tx) error {
		if version, err = t.next(ctx, revisionSources); err != nil {
			return err
		}
		change := `UPDATE sources SET title = $3, region = $4, settings = $5, disabled = $6, version = $7 WHERE name = $1 AND kind = $2 AND version = $8`
		if x.Version == 0 {
			change = `INSERT INTO sources (name, kind, title, region, settings, disabled, version) SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $8 = 0::bigint ON CONFLICT DO NOTHING`
		}
		tag, err := t.Exec(ctx, change, text(x.Name), text(x.Kind), text(x.Title), text(x.Region), settings, x.Disabled, version, x.Version)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("%w: it is there already, or has changed", lead.ErrConflict)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// SourcesRevision returns a number that grows with every change of a source.
func (s *Store) SourcesRevision(ctx context.Context) (n int64, err error) {
	err = s.look(ctx, "reading the revision of sources", func(ctx context.Context, t *tx) error {
		return t.QueryRow(ctx, `SELECT n FROM revisions WHERE name = $1`, revisionSources).Scan(&n)
	})
	return n, err
}

// AddToken keeps the hash of an API token under a name.
func (s *Store) AddToken(ctx context.Context, k store.Token) error {
	return s.rows(ctx, "adding token", func(ctx context.Context, t *tx) error {
		tag, err := t.Exec(ctx, `INSERT INTO tokens (name, hash, created, expires) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
			text(k.Name), k.Hash[:], micros(k.Created), micros(k.Expires))
		if err == nil && tag.RowsAffected() == 0 {
			return fmt.Errorf("%w: there is a token of this name", lead.ErrConflict)
		}
		return err
	})
}

// Tokens returns all API tokens.
func (s *Store) Tokens(ctx context.Context) (out []store.Token, err error) {
	err = s.look(ctx, "reading tokens", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT name, hash, created, expires FROM tokens ORDER BY name COLLATE "C"`, func(r pgx.Rows) error {
			var k store.Token
			var hash []byte
			var created, expires int64
			if err := r.Scan(&k.Name, &hash, &created, &expires); err != nil {
				return err
			}
			copy(k.Hash[:], hash)
			k.Created, k.Expires = fromMicros(created), fromMicros(expires)
			out = append(out, k)
			return nil
		})
	})
	return out, err
}

// DropToken removes an API token.
func (s *Store) DropToken(ctx context.Context, name string) error {
	return s.rows(ctx, "removing token", func(ctx context.Context, t *tx) error {
		tag, err := t.Exec(ctx, `DELETE FROM tokens WHERE name = $1`, text(name))
		if err == nil && tag.RowsAffected() == 0 {
			return lead.ErrNotFound
		}
		return err
	})
}
