package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"leadgate/lead"
	"leadgate/store"
)

// Repark gives a parked delivery a new reason.
func (s *Store) Repark(ctx context.Context, id lead.ID, reason string) error {
	return s.update(ctx, "parking again", func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE deliveries SET parked = ?, attempts = attempts + 1 WHERE id = ? AND parked IS NOT NULL`, reason, id[:])
		return err
	})
}

// Known returns which of the deliveries are stored.
func (s *Store) Known(ctx context.Context, ids []lead.ID) ([]lead.ID, error) {
	var known []lead.ID
	const text = `SELECT id FROM deliveries WHERE id IN (` +
		`?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
	for part := range slices.Chunk(ids, chunk) {
		args := make([]any, chunk)
		copy(args, blobs(part))
		err := scanRows(s.read.QueryContext(ctx, text, args...))(func(r *sql.Rows) error {
			var id []byte
			err := r.Scan(&id)
			known = append(known, blobID(id))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking up deliveries: %w", classed(err))
		}
	}
	return known, nil
}

// Receipt returns what became of a delivery.
func (s *Store) Receipt(ctx context.Context, id lead.ID) (store.Receipt, error) {
	var body []byte
	var r store.Receipt
	if err := s.read.QueryRowContext(ctx, `SELECT receipt FROM deliveries WHERE id = ?`, id[:]).Scan(&body); err != nil {
		return r, fmt.Errorf("reading receipt: %w", classed(err))
	}
	err := store.Decode("receipt", body, &r)
	return r, err
}

// Raw returns a delivery as it was stored.
func (s *Store) Raw(ctx context.Context, id lead.ID) (lead.Delivery, error) {
	var raw []byte
	var d lead.Delivery
	if err := s.read.QueryRowContext(ctx, `SELECT raw FROM deliveries WHERE id = ?`, id[:]).Scan(&raw); err != nil {
		return d, fmt.Errorf("reading delivery: %w", classed(err))
	}
	err := d.UnmarshalBinary(raw)
	return d, err
}

// Parked returns a page of parked deliveries, newest first.
func (s *Store) Parked(ctx context.Context, p store.Page) ([]store.Held, string, error) {
	return s.page(ctx, p, `SELECT n, id, source, at, parked, attempts, raw FROM deliveries WHERE parked IS NOT NULL AND n < ? ORDER BY n DESC LIMIT ?`, func(raw []byte, h *store.Held) error {
		var d lead.Delivery
		if err := d.UnmarshalBinary(raw); err != nil {
			return nil // it is shown without a preview
		}
		h.Preview = store.PreviewBody(d.Body)
		return nil
	})
}

// Quarantined returns a page of quarantined inquiries, newest first.
func (s *Store) Quarantined(ctx context.Context, p store.Page) ([]store.Held, string, error) {
	return s.page(ctx, p, `SELECT n, id, '', taken, reason, 0, touch FROM inquiries WHERE verdict = 'quarantined' AND n < ? ORDER BY n DESC LIMIT ?`, func(body []byte, h *store.Held) error {
		var t lead.Touch
		if err := store.Decode("touch", body, &t); err != nil {
			return err
		}
		h.Source, h.Preview = t.Source, store.Preview(&t)
		return nil
	})
}

func (s *Store) page(ctx context.Context, p store.Page, text string, fill func([]byte, *store.Held) error) ([]store.Held, string, error) {
	return listed(ctx, s, p, text, func(r *sql.Rows) (h store.Held, n int64, err error) {
		var id, body []byte
		var at int64
		if err := r.Scan(&n, &id, &h.Source, &at, &h.Reason, &h.Attempts, &body); err != nil {
			return h, n, err
		}
		h.ID, h.At = blobID(id), fromMicros(at)
		return h, n, fill(body, &h)
	})
}

// listed runs a query for a page, newest first. Its last parameters are the number
// the page stays below and how many rows are read; scan returns a row's number.
func listed[T any](ctx context.Context, s *Store, p store.Page, text string, scan func(*sql.Rows) (T, int64, error)) ([]T, string, error) {
	before, err := cursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	items, last, more := []T{}, int64(0), false
	err = scanRows(s.read.QueryContext(ctx, text, before, p.Limit+1))(func(r *sql.Rows) error {
		if len(items) == p.Limit {
			more = true
			return nil
		}
		item, n, err := scan(r)
		items, last = append(items, item), n
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("listing: %w", classed(err))
	}
	if !more {
		return items, "", nil
	}
	return items, strconv.FormatInt(last, 10), nil
}

// Release applies a quarantined inquiry.
func (s *Store) Release(ctx context.Context, id lead.ID, by string) (store.Outcome, error) {
	var outcome store.Outcome
	err := s.update(ctx, "releasing", func(ctx context.Context) error {
		snap, err := s.load(ctx, nil, store.Wanted{Inquiries: []lead.ID{id}})
		if err != nil {
			return err
		}
		changes, o, err := store.PlanRelease(snap, id, by, s.now().UTC())
		if err != nil {
			return err
		}
		outcome = o
		return s.writeChanges(ctx, changes)
	})
	return outcome, err
}
