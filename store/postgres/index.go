package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// Words that say where a lead is, beside those it is found by.
const (
	bySource = ":source:"
	byStatus = ":status:"
	byStage  = ":stage:"
)

// Index brings leads that changed into the search index, and adds up what was counted.
// One node at a time does it: pieces must be in the order in which leads were read.
func (s *Store) Index(ctx context.Context, n int) (int, error) {
	if err := s.fold(ctx); err != nil {
		return 0, err
	}
	var waiting bool // asked before: mostly there is nothing to do
	err := s.look(ctx, "looking for leads to index", func(ctx context.Context, t *tx) error {
		return t.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM unindexed)`).Scan(&waiting)
	})
	if err != nil || !waiting {
		return 0, err
	}
	done := 0
	err = s.rows(ctx, "indexing leads", func(ctx context.Context, t *tx) error {
		done = 0
		mine, err := t.lock(ctx, lockIndex)
		if err != nil || !mine {
			return err
		}
		numbers, err := t.takeUnindexed(ctx, n)
		if err != nil || len(numbers) == 0 {
			return err
		}
		done = len(numbers)
		return t.index(ctx, numbers)
	})
	if err != nil {
		return 0, err
	}
	return done, nil
}

// takeUnindexed takes up to n numbers out of the rows of unindexed.
func (t *tx) takeUnindexed(ctx context.Context, n int) ([]int64, error) {
	var numbers, rows, rest []int64
	if err := t.each(ctx, `SELECT n, leads FROM unindexed ORDER BY n LIMIT $1`, func(r pgx.Rows) error {
		if len(numbers) >= n {
			return nil
		}
		var row int64
		var leads []int64
		if err := r.Scan(&row, &leads); err != nil {
			return err
		}
		take := min(len(leads), n-len(numbers))
		numbers, rest, rows = append(numbers, leads[:take]...), leads[take:], append(rows, row)
		return nil
	}, n); err != nil || len(rows) == 0 {
		return nil, err
	}
	var b batch
	if len(rest) > 0 {
		last := len(rows) - 1
		b.exec(`UPDATE unindexed SET leads = $2 WHERE n = $1`, rows[last], rest)
		rows = rows[:last]
	}
	b.exec(`DELETE FROM unindexed WHERE n = ANY($1)`, rows)
	b.exec(`INSERT INTO counts (name, value) VALUES ($1, $2)`, store.CountUnindexed, -len(numbers))
	return numbers, t.send(ctx, &b)
}

// index writes a piece for each bucket the leads are in. A merged lead has no words,
// and neither has a damaged one, which holds up no other.
func (t *tx) index(ctx context.Context, numbers []int64) error {
	words, leads := map[int64][]found{}, map[int64]*leadSet{}
	for _, n := range numbers {
		if leads[bucketOf(n)] == nil {
			leads[bucketOf(n)] = &leadSet{}
		}
		leads[bucketOf(n)].add(offsetOf(n))
	}
	err := t.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE merged_into IS NULL AND number = ANY($1)`, func(r pgx.Rows) error {
		l, err := scanLead(r)
		if lead.IsPermanent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		bucket, offset := bucketOf(l.Number), offsetOf(l.Number)
		for _, w := range indexWords(&l) {
			words[bucket] = append(words[bucket], found{w, offset})
		}
		return nil
	}, numbers)
	if err != nil {
		return err
	}
	for _, bucket := range slices.Sorted(maps.Keys(leads)) {
		if err := t.addPiece(ctx, bucket, leads[bucket], pages(words[bucket])); err != nil {
			return err
		}
	}
	return nil
}

// indexWords returns what the index holds of a lead.
func indexWords(l *lead.Lead) []string {
	words := append(store.Tokens(l), bySource+l.Source, byStatus+string(l.Status), byStage+l.Stage)
	for i, w := range words {
		words[i] = w[:min(len(w), maxWord)]
	}
	return words
}

// addPiece writes a piece of a bucket, after merging it with those before it when there
// are many.
func (t *tx) addPiece(ctx context.Context, bucket int64, leads *leadSet, pages []page) error {
	var ids []int64
	sizes := []int{len(leads.offsets())}
	if err := t.each(ctx, `SELECT n, size FROM pieces WHERE bucket = $1 ORDER BY n DESC`, func(r pgx.Rows) error {
		var n int64
		var size int
		err := r.Scan(&n, &size)
		ids, sizes = append(ids, n), append(sizes, size)
		return err
	}, bucket); err != nil {
		return err
	}
	if count := toMerge(sizes); count > 0 {
		fresh := &piece{leads: *leads}
		for _, p := range pages {
			fresh.pages = append(fresh.pages, p.body)
		}
		old, err := t.takePieces(ctx, ids[:count-1])
		if err != nil {
			return err
		}
		*leads, pages = merged(append([]*piece{fresh}, old...))
	}
	return t.putPiece(ctx, bucket, leads, pages)
}

// takePieces reads and removes pieces, newest first.
func (t *tx) takePieces(ctx context.Context, ids []int64) ([]*piece, error) {
	var out []*piece
	byID := map[int64]*piece{}
	var b batch
	b.query(`SELECT n, leads FROM pieces WHERE n = ANY($1) ORDER BY n DESC`, func(r pgx.Rows) error {
		var p piece
		var leads []byte
		err := r.Scan(&p.n, &leads)
		p.leads.addRuns(leads)
		out, byID[p.n] = append(out, &p), &p
		return err
	}, ids)
	b.query(`SELECT piece, body FROM pages WHERE piece = ANY($1) ORDER BY piece, first`, func(r pgx.Rows) error {
		var n int64
		var body []byte
		err := r.Scan(&n, &body)
		byID[n].pages = append(byID[n].pages, body)
		return err
	}, ids)
	b.exec(`DELETE FROM pages WHERE piece = ANY($1)`, ids)
	b.exec(`DELETE FROM pieces WHERE n = ANY($1)`, ids)
	return out, t.send(ctx, &b)
}

func (t *tx) putPiece(ctx context.Context, bucket int64, leads *leadSet, pages []page) error {
	offsets := leads.offsets()
	first, bodies := make([][]byte, len(pages)), make([][]byte, len(pages))
	for i, p := range pages {
		first[i], bodies[i] = p.first, p.body
	}
	_, err := t.Exec(ctx, `WITH piece AS (INSERT INTO pieces (bucket, size, leads) VALUES ($1, $2, $3) RETURNING n)
		INSERT INTO pages (piece, first, body) SELECT n, first, body FROM piece, unnest($4::bytea[], $5::bytea[]) p(first, body)`,
		bucket, len(offsets), appendRuns([]byte{}, offsets), first, bodies)
	return err
}
