package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// Park keeps deliveries that could not be read or stored. One that is parked already
// gets the new reason; one that is stored stays as it is.
func (s *Store) Park(ctx context.Context, items []store.Parking) error {
	return s.update(ctx, "parking", func(ctx context.Context, t *tx) error {
		w := &writing{l: &loading{tx: t}}
		for i := range items {
			if err := w.park(&items[i]); err != nil {
				return err
			}
		}
		return w.end(ctx)
	})
}

func (w *writing) park(p *store.Parking) error {
	receipt, err := json.Marshal(store.Receipt{ID: p.Delivery.ID, State: store.StateStored, Verdict: lead.Parked, Inquiries: []store.Outcome{}})
	if err != nil {
		return fmt.Errorf("%w: writing receipt: %w", lead.ErrPermanent, err)
	}
	raw := p.Raw
	if raw == nil {
		raw = []byte{}
	}
	w.exec(`WITH kept AS (INSERT INTO deliveries (id, source, at, receipt, parked, attempts, raw) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (id) DO UPDATE SET parked = excluded.parked, attempts = deliveries.attempts + 1 WHERE deliveries.parked IS NOT NULL
			RETURNING xmax = 0 AS fresh)
		INSERT INTO counts (name, value) SELECT c.name, c.value FROM kept, (VALUES ($8, 1), ($9, 1), ($10, $3)) c(name, value) WHERE fresh`,
		[16]byte(p.Delivery.ID), text(p.Delivery.Source), micros(p.Delivery.At), string(receipt), text(p.Reason), p.Attempts, raw,
		store.CountTaken, store.CountParked, store.CountLast+text(p.Delivery.Source))
	return nil
}

// Repark gives a parked delivery a new reason.
func (s *Store) Repark(ctx context.Context, id lead.ID, reason string) error {
	return s.rows(ctx, "parking again", func(ctx context.Context, t *tx) error {
		_, err := t.Exec(ctx, `UPDATE deliveries SET parked = $1, attempts = attempts + 1 WHERE id = $2 AND parked IS NOT NULL`, text(reason), [16]byte(id))
		return err
	})
}

// Known returns which of the deliveries are stored.
func (s *Store) Known(ctx context.Context, ids []lead.ID) (known []lead.ID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.look(ctx, "looking up deliveries", func(ctx context.Context, t *tx) error {
		return t.each(ctx, `SELECT id FROM deliveries WHERE id = ANY($1)`, func(r pgx.Rows) error {
			var x lead.ID
			err := r.Scan(id(&x))
			known = append(known, x)
			return err
		}, uuids(ids))
	})
	return known, err
}

// Receipt returns what became of a delivery.
func (s *Store) Receipt(ctx context.Context, id lead.ID) (r store.Receipt, err error) {
	err = s.look(ctx, "reading receipt", func(ctx context.Context, t *tx) error {
		var body []byte
		if err := t.QueryRow(ctx, `SELECT receipt FROM deliveries WHERE id = $1`, [16]byte(id)).Scan(&body); err != nil {
			return err
		}
		return store.Decode("receipt", body, &r)
	})
	return r, err
}

// Raw returns a delivery as it was stored.
func (s *Store) Raw(ctx context.Context, id lead.ID) (d lead.Delivery, err error) {
	err = s.look(ctx, "reading delivery", func(ctx context.Context, t *tx) error {
		var raw []byte
		if err := t.QueryRow(ctx, `SELECT raw FROM deliveries WHERE id = $1`, [16]byte(id)).Scan(&raw); err != nil {
			return err
		}
		return d.UnmarshalBinary(raw)
	})
	return d, err
}

// Parked returns a page of parked deliveries, newest first.
func (s *Store) Parked(ctx context.Context, p store.Page) ([]store.Held, string, error) {
	return s.held(ctx, p, `SELECT n, id, source, at, parked, attempts, raw FROM deliveries WHERE parked IS NOT NULL AND n < $1 ORDER BY n DESC LIMIT $2`, func(raw []byte, h *store.Held) error {
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
	return s.held(ctx, p, `SELECT n, id, '', taken, reason, 0, touch FROM inquiries WHERE verdict = 'quarantined' AND n < $1 ORDER BY n DESC LIMIT $2`, func(body []byte, h *store.Held) error {
		var t lead.Touch
		if err := store.Decode("touch", body, &t); err != nil {
			return err
		}
		h.Source, h.Preview = t.Source, store.Preview(&t)
		return nil
	})
}

func (s *Store) held(ctx context.Context, p store.Page, text string, fill func([]byte, *store.Held) error) ([]store.Held, string, error) {
	return listed(ctx, s, p, text, func(r pgx.Rows) (h store.Held, n int64, err error) {
		var body []byte
		var at int64
		if err := r.Scan(&n, id(&h.ID), &h.Source, &at, &h.Reason, &h.Attempts, &body); err != nil {
			return h, n, err
		}
		h.At = fromMicros(at)
		return h, n, fill(body, &h)
	})
}

// listed runs a query for a page, newest first. Its parameters are the number the page
// stays below and how many rows are read; scan returns a row's number.
func listed[T any](ctx context.Context, s *Store, p store.Page, text string, scan func(pgx.Rows) (T, int64, error)) (items []T, next string, err error) {
	before, err := cursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	items = []T{}
	last, more := int64(0), false
	err = s.look(ctx, "listing", func(ctx context.Context, t *tx) error {
		return t.each(ctx, text, func(r pgx.Rows) error {
			if len(items) == p.Limit {
				more = true
				return nil
			}
			item, n, err := scan(r)
			items, last = append(items, item), n
			return err
		}, before, p.Limit+1)
	})
	switch {
	case err != nil:
		return nil, "", err
	case more:
		next = strconv.FormatInt(last, 10)
	}
	return items, next, nil
}

// Release applies a quarantined inquiry.
func (s *Store) Release(ctx context.Context, id lead.ID, by string) (store.Outcome, error) {
	var outcome store.Outcome
	err := s.decideAlone(ctx, "releasing", func(ctx context.Context, l *loading, numbers int) (*store.Changes, error) {
		if err := l.load(ctx, s, nil, store.Wanted{Inquiries: []lead.ID{id}}, numbers); err != nil {
			return nil, err
		}
		changes, o, err := store.PlanRelease(l.snap, id, by, s.now().UTC())
		outcome = o
		return changes, err
	})
	if err != nil {
		return store.Outcome{}, err
	}
	return outcome, nil
}
