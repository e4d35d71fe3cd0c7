package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"leadgate/lead"
	"leadgate/store"
)

// loadStages reads the stages, after writing the default ones into a new store.
func (s *Store) loadStages(ctx context.Context) error {
	return s.update(ctx, "reading stages", func(ctx context.Context) error {
		st, err := s.stmt(ctx, selectStages)
		if err != nil {
			return err
		}
		stages, err := scanStages(st.QueryContext(ctx))
		if err != nil || len(stages) > 0 {
			s.stages = stages
			return err
		}
		s.stages = lead.DefaultStages()
		for i, st := range s.stages {
			if _, err := s.exec(ctx, `INSERT INTO stages (position, id, title, meaning, ask) VALUES (?, ?, ?, ?, ?)`, i, st.ID, st.Title, string(st.Meaning), st.Ask); err != nil {
				return err
			}
		}
		return nil
	})
}

const selectStages = `SELECT id, title, meaning, ask FROM stages ORDER BY position`

func scanStages(rows *sql.Rows, err error) ([]lead.Stage, error) {
	var stages []lead.Stage
	err = scanRows(rows, err)(func(r *sql.Rows) error {
		var x lead.Stage
		err := r.Scan(&x.ID, &x.Title, &x.Meaning, &x.Ask)
		stages = append(stages, x)
		return err
	})
	return stages, err
}

// Stages returns the stages in order. It does not wait for the writer.
func (s *Store) Stages(ctx context.Context) ([]lead.Stage, error) {
	stages, err := scanStages(s.read.QueryContext(ctx, selectStages))
	if err != nil {
		return nil, fmt.Errorf("reading stages: %w", classed(err))
	}
	return stages, nil
}

// Sources returns the sources made in the store.
func (s *Store) Sources(ctx context.Context) ([]store.SourceRecord, error) {
	var out []store.SourceRecord
	err := scanRows(s.read.QueryContext(ctx, `SELECT name, kind, title, region, settings, disabled, version FROM sources ORDER BY name`))(func(r *sql.Rows) error {
		var x store.SourceRecord
		err := r.Scan(&x.Name, &x.Kind, &x.Title, &x.Region, &x.Settings, &x.Disabled, &x.Version)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading sources: %w", classed(err))
	}
	return out, nil
}

// PutSource makes or replaces a source.
func (s *Store) PutSource(ctx context.Context, x store.SourceRecord) (version int64, err error) {
	err = s.update(ctx, "writing source", func(ctx context.Context) error {
		if version, err = s.next(ctx, revisionSources); err != nil {
			return err
		}
		text := `UPDATE sources SET title = ?3, region = ?4, settings = ?5, disabled = ?6, version = ?7 WHERE name = ?1 AND kind = ?2 AND version = ?8`
		if x.Version == 0 {
			text = `INSERT INTO sources (name, kind, title, region, settings, disabled, version) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?8 = 0 ON CONFLICT DO NOTHING`
		}
		done, err := s.changed(ctx, text, x.Name, x.Kind, x.Title, x.Region, x.Settings, x.Disabled, version, x.Version)
		if err == nil && !done {
			err = fmt.Errorf("%w: it is there already, or has changed", lead.ErrConflict)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// SourcesRevision returns a number that grows with every change of a source. It does
// not wait for the writer.
func (s *Store) SourcesRevision(ctx context.Context) (n int64, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT n FROM revisions WHERE name = ?`, revisionSources).Scan(&n); err != nil {
		return 0, fmt.Errorf("reading the revision of sources: %w", classed(err))
	}
	return n, nil
}

// AddToken keeps the hash of an API token under a name.
func (s *Store) AddToken(ctx context.Context, t store.Token) error {
	return s.update(ctx, "adding token", func(ctx context.Context) error {
		res, err := s.exec(ctx, `INSERT INTO tokens (name, hash, created, expires) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`, t.Name, t.Hash[:], micros(t.Created), micros(t.Expires))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			return fmt.Errorf("%w: there is a token of this name", lead.ErrConflict)
		}
		return nil
	})
}

// Tokens returns all API tokens.
func (s *Store) Tokens(ctx context.Context) ([]store.Token, error) {
	var out []store.Token
	err := scanRows(s.read.QueryContext(ctx, `SELECT name, hash, created, expires FROM tokens ORDER BY name`))(func(r *sql.Rows) error {
		var t store.Token
		var hash []byte
		var created, expires int64
		if err := r.Scan(&t.Name, &hash, &created, &expires); err != nil {
			return err
		}
		copy(t.Hash[:], hash)
		t.Created, t.Expires = fromMicros(created), fromMicros(expires)
		out = append(out, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading tokens: %w", classed(err))
	}
	return out, nil
}

// DropToken removes an API token.
func (s *Store) DropToken(ctx context.Context, name string) error {
	return s.update(ctx, "removing token", func(ctx context.Context) error {
		res, err := s.exec(ctx, `DELETE FROM tokens WHERE name = ?`, name)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			return lead.ErrNotFound
		}
		return nil
	})
}
