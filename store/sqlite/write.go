package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// writeChanges writes what Plan decided. Objects are written in the order of
// their numbers, so that the indexes grow at their end.
func (s *Store) writeChanges(ctx context.Context, c *store.Changes) error {
	e := encode(c)
	defer e.wait()
	for _, write := range []func(context.Context, *store.Changes) error{
		s.writeBlobs, s.writeReceipts, s.writeDeliveries, s.writePersons, s.writeHolders, s.writeBlocks, e.writeLeads(s), s.writeMerges, s.writeRebased, s.writeMarks, e.writeInquiries(s), s.writeWaits, s.writeEntries, s.writeJobs, s.writeTouched, s.writeCounts,
	} {
		if err := write(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) writeDeliveries(ctx context.Context, c *store.Changes) error {
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		receipt, err := json.Marshal(d.Receipt)
		if err != nil {
			return fmt.Errorf("%w: writing receipt: %w", lead.ErrPermanent, err)
		}
		var parked any
		if d.Reason != "" {
			parked = d.Reason
		}
		if d.Again {
			if err := s.unpark(ctx, c, d, receipt, parked); err != nil {
				return err
			}
			continue
		}
		c.Count(store.CountTaken, 1)
		if parked != nil {
			c.Count(store.CountParked, 1)
		}
		if _, err := s.exec(ctx, `INSERT INTO deliveries (id, source, at, receipt, parked, attempts, raw) VALUES (?, ?, ?, ?, ?, 0, ?)`,
			d.Item.Delivery.ID[:], d.Item.Delivery.Source, micros(d.Item.Delivery.At), receipt, parked, d.Item.Raw); err != nil {
			return fmt.Errorf("writing delivery: %w", err)
		}
	}
	return nil
}

// writeReceipts writes the receipts of earlier deliveries that are told anew.
func (s *Store) writeReceipts(ctx context.Context, c *store.Changes) error {
	for id, r := range c.Snapshot.Receipts {
		if !r.Changed {
			continue
		}
		receipt, err := json.Marshal(r.Receipt)
		if err != nil {
			return fmt.Errorf("%w: writing receipt: %w", lead.ErrPermanent, err)
		}
		if _, err := s.exec(ctx, `UPDATE deliveries SET receipt = ? WHERE id = ?`, receipt, id[:]); err != nil {
			return fmt.Errorf("writing receipt: %w", err)
		}
	}
	return nil
}

// unpark writes the outcome of a replay.
func (s *Store) unpark(ctx context.Context, c *store.Changes, d *store.DeliveryRow, receipt []byte, parked any) error {
	var was bool
	st, err := s.stmt(ctx, `SELECT parked IS NOT NULL FROM deliveries WHERE id = ?`)
	if err != nil {
		return err
	}
	if err := st.QueryRowContext(ctx, d.Item.Delivery.ID[:]).Scan(&was); err != nil {
		return fmt.Errorf("reading parked delivery: %w", err)
	}
	switch {
	case was && parked == nil:
		c.Count(store.CountParked, -1)
	case !was && parked != nil:
		c.Count(store.CountParked, 1)
	}
	_, err = s.exec(ctx, `UPDATE deliveries SET receipt = ?, parked = ?, attempts = attempts + 1 WHERE id = ?`, receipt, parked, d.Item.Delivery.ID[:])
	return err
}

func (s *Store) writePersons(ctx context.Context, c *store.Changes) error {
	for _, id := range slices.Sorted(maps.Keys(c.Snapshot.Persons)) {
		p := c.Snapshot.Persons[id]
		if !p.New && !p.Changed {
			continue
		}
		name, err := json.Marshal(p.Name)
		if err != nil {
			return fmt.Errorf("%w: writing name: %w", lead.ErrPermanent, err)
		}
		profiles, err := json.Marshal(p.Profiles)
		if err != nil {
			return fmt.Errorf("%w: writing profiles: %w", lead.ErrPermanent, err)
		}
		text := `UPDATE persons SET name = ?, company = ?, holds = ?, profiles = ?, last_lead = ?, merged_into = ? WHERE id = ?`
		if p.New {
			text = `INSERT INTO persons (name, company, holds, profiles, last_lead, merged_into, id) VALUES (?, ?, ?, ?, ?, ?, ?)`
		}
		if _, err := s.exec(ctx, text, name, p.Company, strings.Join(p.Holds, "\n"), profiles, p.LastLead, null(p.MergedInto), p.ID); err != nil {
			return fmt.Errorf("writing person: %w", err)
		}
	}
	return nil
}

func (s *Store) writeHolders(ctx context.Context, c *store.Changes) error {
	for _, holders := range c.Snapshot.Holders {
		for _, h := range holders {
			var err error
			switch {
			case h.Drop:
				_, err = s.exec(ctx, `DELETE FROM holders WHERE key = ? AND person = ?`, h.Key, h.Row)
			case h.New, h.Changed:
				_, err = s.exec(ctx, `INSERT INTO holders (key, person, heard) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET heard = excluded.heard`, h.Key, h.Row, micros(h.Heard))
			}
			if err != nil {
				return fmt.Errorf("writing identity: %w", err)
			}
		}
	}
	return nil
}

func (s *Store) writeMerges(ctx context.Context, c *store.Changes) error {
	for i := range c.Merges {
		m := &c.Merges[i]
		before, err := encodeBefore(&m.Before)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, `INSERT INTO merges (at, person, into_person, lead, into_lead, moved_lead, reason, score, actor, seen, before)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(n), 0) FROM inquiries), ?)`,
			micros(m.At), m.Person, m.Into, m.Lead, m.LeadInto, m.MovedLead, m.Reason, m.Score, m.By, before); err != nil {
			return fmt.Errorf("writing merge: %w", err)
		}
	}
	return nil
}

func encodeBefore(b *store.Before) ([]byte, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("%w: writing merge: %w", lead.ErrPermanent, err)
	}
	return data, nil
}

func (s *Store) writeLead(ctx context.Context, l *lead.Lead, data []byte, isNew bool) error {
	text := `UPDATE leads SET id = ?, person = ?, status = ?, stage = ?, source = ?, touches = ?, created = ?, updated = ?, merged_into = ?, data = ? WHERE number = ?`
	if isNew {
		text = `INSERT INTO leads (id, person, status, stage, source, touches, created, updated, merged_into, data, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	}
	if _, err := s.exec(ctx, text, l.ID[:], l.Person, string(l.Status), l.Stage, l.Source, l.Touches, micros(l.CreatedAt), micros(l.UpdatedAt), null(l.MergedInto), data, l.Number); err != nil {
		return fmt.Errorf("writing lead: %w", err)
	}
	return nil
}

func (s *Store) writeInquiry(ctx context.Context, st *store.InquiryState, touch []byte) error {
	verdict := string(st.Touch.Verdict)
	if st.Waiting {
		verdict = ""
	}
	text := `UPDATE inquiries SET key = ?, lead = ?, person = ?, at = ?, taken = ?, delivery = ?, verdict = ?, reason = ?, score = ?, content = ?, touch = ? WHERE id = ?`
	if st.New {
		text = `INSERT INTO inquiries (key, lead, person, at, taken, delivery, verdict, reason, score, content, touch, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	}
	if _, err := s.exec(ctx, text, st.Key, st.Row(), st.Person, micros(st.When()), micros(st.Touch.Received), st.Touch.DeliveryID[:], verdict, st.Reason, st.Score, int64(st.Content), touch, st.ID[:]); err != nil {
		return fmt.Errorf("writing inquiry: %w", err)
	}
	for _, row := range st.Unstored() {
		body, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("%w: writing row: %w", lead.ErrPermanent, err)
		}
		if _, err := s.exec(ctx, `INSERT INTO rows (inquiry, event, row) VALUES (?, ?, ?)`, st.ID[:], row.Event, body); err != nil {
			return fmt.Errorf("writing row: %w", err)
		}
	}
	return nil
}

func (s *Store) writeWaits(ctx context.Context, c *store.Changes) error {
	s.waits = s.waits || len(c.Waits) > 0
	for _, w := range c.Waits {
		text := `INSERT INTO waiting (key, inquiry) VALUES (?, ?) ON CONFLICT DO NOTHING`
		if w.Drop {
			text = `DELETE FROM waiting WHERE key = ? AND inquiry = ?`
		}
		if _, err := s.exec(ctx, text, w.Key, w.Inquiry[:]); err != nil {
			return fmt.Errorf("writing what waits: %w", err)
		}
	}
	return nil
}

func (s *Store) writeEntries(ctx context.Context, c *store.Changes) error {
	for _, e := range c.Entries {
		if err := s.writeEntry(ctx, e); err != nil {
			return err
		}
	}
	for _, r := range c.Reviews {
		if _, err := s.exec(ctx, `INSERT INTO reviews (a, b, at, reason, score) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET reason = excluded.reason, score = excluded.score WHERE excluded.score > score AND decided_at IS NULL`, r.A, r.B, micros(r.At), r.Reason, r.Score); err != nil {
			return fmt.Errorf("writing review: %w", err)
		}
	}
	return nil
}

func (s *Store) writeEntry(ctx context.Context, e store.EntryRow) error {
	body, err := json.Marshal(e.Entry)
	if err != nil {
		return fmt.Errorf("%w: writing entry: %w", lead.ErrPermanent, err)
	}
	if _, err := s.exec(ctx, `INSERT INTO entries (lead, at, entry) VALUES (?, ?, ?)`, e.Lead, micros(e.At), body); err != nil {
		return fmt.Errorf("writing entry: %w", err)
	}
	return nil
}

func (s *Store) writeJobs(ctx context.Context, c *store.Changes) error {
	for _, j := range c.Jobs {
		if err := s.writeJob(ctx, c, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) writeCounts(ctx context.Context, c *store.Changes) error {
	for _, name := range slices.Sorted(maps.Keys(c.Counts)) {
		if _, err := s.exec(ctx, `INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value`, name, c.Counts[name]); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
	}
	for source, at := range c.Last {
		if _, err := s.exec(ctx, `INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`, store.CountLast+source, micros(at)); err != nil {
			return fmt.Errorf("counting: %w", err)
		}
	}
	return nil
}

// Park keeps deliveries that could not be read or stored.
func (s *Store) Park(ctx context.Context, items []store.Parking) error {
	return s.update(ctx, "parking", func(ctx context.Context) error {
		c := &store.Changes{Counts: map[string]int64{}, Last: map[string]time.Time{}}
		for _, p := range items {
			receipt, err := json.Marshal(store.Receipt{ID: p.Delivery.ID, State: store.StateStored, Verdict: lead.Parked, Inquiries: []store.Outcome{}})
			if err != nil {
				return err
			}
			res, err := s.exec(ctx, `INSERT INTO deliveries (id, source, at, receipt, parked, attempts, raw) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (id) DO NOTHING`, p.Delivery.ID[:], p.Delivery.Source, micros(p.Delivery.At), receipt, p.Reason, p.Attempts, p.Raw)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 1 {
				c.Count(store.CountTaken, 1)
				c.Count(store.CountParked, 1)
				c.Last[p.Delivery.Source] = p.Delivery.At
			} else if again, err := s.changed(ctx, `UPDATE deliveries SET parked = ?, attempts = attempts + 1 WHERE id = ? AND parked IS NOT NULL`, p.Reason, p.Delivery.ID[:]); err != nil {
				return err
			} else if !again {
				continue // it is stored, and names what it named then
			}
			if err := s.nameBlobs(ctx, p.Delivery.ID, p.Blobs); err != nil {
				return err
			}
		}
		return s.writeCounts(ctx, c)
	})
}
