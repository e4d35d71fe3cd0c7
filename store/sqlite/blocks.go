package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"leadgate/store"
)

// loadBlocks loads who is found under the keys of what senders resemble, and what is
// counted of where they live and of the names at their sources.
func (s *Store) loadBlocks(ctx context.Context, snap *store.Snapshot, items []store.Item, w store.Wanted) error {
	blocks, areas, sources := w.Blocks, w.Areas, w.Sources
	if len(snap.Inquiries) > 0 {
		look, more := snap.Around()
		blocks, areas, sources = union(blocks, look.Blocks), union(areas, look.Areas), union(sources, more)
	}
	if err := s.readBlocks(ctx, snap, blocks); err != nil {
		return err
	}
	finer := slices.DeleteFunc(snap.Finer(items), func(k int64) bool { return snap.Blocks[k] != nil })
	if err := s.readBlocks(ctx, snap, finer); err != nil {
		return err
	}
	if err := s.loadAreas(ctx, snap, areas); err != nil {
		return err
	}
	return s.loadNames(ctx, snap, sources)
}

// union joins two sorted lists, each value once.
func union[T cmp.Ordered](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Store) readBlocks(ctx context.Context, snap *store.Snapshot, keys []int64) error {
	if len(keys) == 0 {
		return nil
	}
	return s.each(ctx, `SELECT b.key, b.person, p.merged_into IS NOT NULL FROM blocks b JOIN persons p ON p.id = b.person WHERE b.key IN (%s)`, numbers(keys), func(r *sql.Rows) error {
		var row store.BlockRow
		var merged bool
		if err := r.Scan(&row.Key, &row.Person, &merged); err != nil {
			return err
		}
		if merged { // resolved to the survivor below
			row.Person = -row.Person
		}
		snap.Blocks[row.Key] = append(snap.Blocks[row.Key], row)
		return nil
	})
}

// resolveBlocks follows merged persons to their survivors, and says that they are
// to be loaded. Those of a crowded block are not: nobody asks for them.
func (s *Store) resolveBlocks(ctx context.Context, snap *store.Snapshot, persons map[int64]bool) error {
	for _, rows := range snap.Blocks {
		if store.Crowded(rows) {
			continue
		}
		for i := range rows {
			if rows[i].Person < 0 {
				survivor, err := s.survivor(ctx, -rows[i].Person)
				if err != nil {
					return err
				}
				rows[i].Person = survivor
			}
			persons[rows[i].Person] = true
		}
	}
	return nil
}

// loadNames loads what was seen of names at the sources of a batch.
func (s *Store) loadNames(ctx context.Context, snap *store.Snapshot, sources []string) error {
	names := make([]any, 0, 2*len(sources))
	source := map[string]string{}
	for _, n := range sources {
		for _, prefix := range [...]string{store.CountKept, store.CountReplaced} {
			source[prefix+n] = n
			names = append(names, prefix+n)
		}
	}
	return s.each(ctx, `SELECT name, value FROM counters WHERE name IN (%s)`, names, func(r *sql.Rows) error {
		var name string
		var value int64
		if err := r.Scan(&name, &value); err != nil {
			return err
		}
		n := snap.Names[source[name]]
		if name == store.CountKept+source[name] {
			n.Kept = value
		} else {
			n.Replaced = value
		}
		snap.Names[source[name]] = n
		return nil
	})
}

// loadAreas loads how many live where the senders do.
func (s *Store) loadAreas(ctx context.Context, snap *store.Snapshot, keys []int64) error {
	if len(keys) == 0 {
		return nil
	}
	return s.each(ctx, `SELECT key, persons FROM areas WHERE key IN (%s)`, numbers(keys), func(r *sql.Rows) error {
		var key, n int64
		err := r.Scan(&key, &n)
		snap.Areas[key] = n
		return err
	})
}

func numbers(list []int64) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

func (s *Store) writeBlocks(ctx context.Context, c *store.Changes) error {
	for _, b := range c.Blocks {
		if _, err := s.exec(ctx, `INSERT INTO blocks (key, person) VALUES (?, ?) ON CONFLICT DO NOTHING`, b.Key, b.Person); err != nil {
			return fmt.Errorf("writing what a person resembles: %w", err)
		}
	}
	for _, id := range c.Grown {
		if _, err := s.exec(ctx, `INSERT INTO grown (person) VALUES (?) ON CONFLICT DO NOTHING`, id); err != nil {
			return fmt.Errorf("noting who grew: %w", err)
		}
	}
	for key, n := range c.Areas {
		if _, err := s.exec(ctx, `INSERT INTO areas (key, persons) VALUES (?, ?) ON CONFLICT DO UPDATE SET persons = persons + excluded.persons`, key, n); err != nil {
			return fmt.Errorf("counting who lives where: %w", err)
		}
	}
	return nil
}
