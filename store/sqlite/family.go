package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"leadgate/lead"
	"leadgate/store"
)

// Merge makes the persons of two leads one.
func (s *Store) Merge(ctx context.Context, a, b lead.ID, by string) (lead.Lead, error) {
	var stays int64
	err := s.update(ctx, "merging leads", func(ctx context.Context) error {
		snap, f, numbers, err := s.loadPair(ctx, a, b)
		if err != nil {
			return err
		}
		changes, number, err := store.PlanMerge(snap, f, numbers[0], numbers[1], by, s.now().UTC())
		if err != nil {
			return err
		}
		stays = number
		return s.writeChanges(ctx, changes)
	})
	if err != nil {
		return lead.Lead{}, err
	}
	return s.numbered(ctx, stays)
}

// NotSame remembers that the persons of two leads are not the same.
func (s *Store) NotSame(ctx context.Context, a, b lead.ID, by string) error {
	return s.update(ctx, "keeping persons apart", func(ctx context.Context) error {
		snap, f, numbers, err := s.loadPair(ctx, a, b)
		if err != nil {
			return err
		}
		changes, err := store.PlanNotSame(snap, f, numbers[0], numbers[1], by, s.now().UTC())
		if err != nil {
			return err
		}
		return s.writeChanges(ctx, changes)
	})
}

// Unmerge undoes a merge.
func (s *Store) Unmerge(ctx context.Context, id lead.ID, by string) ([]lead.Lead, error) {
	var pair [2]int64
	err := s.update(ctx, "undoing a merge", func(ctx context.Context) error {
		snap, f, number, err := s.loadMerged(ctx, id)
		if err != nil {
			return err
		}
		changes, numbers, err := store.PlanUnmerge(snap, f, number, by, s.now().UTC())
		if err != nil {
			return err
		}
		pair = numbers
		return s.writeChanges(ctx, changes)
	})
	if err != nil {
		return nil, err
	}
	leads := []lead.Lead{}
	for i, n := range pair {
		if n == 0 || i == 1 && n == pair[0] {
			continue
		}
		l, err := s.numbered(ctx, n)
		if err != nil {
			return nil, err
		}
		leads = append(leads, l)
	}
	return leads, nil
}

// numbered returns the lead of a number, or what it was merged into.
func (s *Store) numbered(ctx context.Context, number int64) (lead.Lead, error) {
	var id []byte
	if err := s.read.QueryRowContext(ctx, `SELECT id FROM leads WHERE number = ?`, number).Scan(&id); err != nil {
		return lead.Lead{}, fmt.Errorf("reading lead: %w", classed(err))
	}
	return s.Lead(ctx, blobID(id))
}

// loadPair loads two leads as they stand and the families of their persons.
func (s *Store) loadPair(ctx context.Context, a, b lead.ID) (snap *store.Snapshot, f *store.Family, numbers [2]int64, err error) {
	var persons []int64
	for i, id := range [...]lead.ID{a, b} {
		l, err := s.standingLead(ctx, id)
		if err != nil {
			return nil, nil, numbers, err
		}
		numbers[i] = l.Number
		if !slices.Contains(persons, l.Person) {
			persons = append(persons, l.Person)
		}
	}
	snap = s.snapshot()
	f, err = s.loadFamily(ctx, snap, persons)
	return snap, f, numbers, err
}

// loadMerged loads a lead, merged or not, and all that belongs to the person that
// stands for it.
func (s *Store) loadMerged(ctx context.Context, id lead.ID) (*store.Snapshot, *store.Family, int64, error) {
	st, err := s.stmt(ctx, `SELECT number, person FROM leads WHERE id = ?`)
	if err != nil {
		return nil, nil, 0, err
	}
	var number, person int64
	if err := st.QueryRowContext(ctx, id[:]).Scan(&number, &person); err != nil {
		return nil, nil, 0, err
	}
	if person, err = s.survivor(ctx, person); err != nil {
		return nil, nil, 0, err
	}
	snap := s.snapshot()
	f, err := s.loadFamily(ctx, snap, []int64{person})
	if err != nil {
		return nil, nil, 0, err
	}
	if err := s.loadTouches(ctx, snap, f); err != nil {
		return nil, nil, 0, fmt.Errorf("looking up inquiries: %w", err)
	}
	if err := s.loadEdits(ctx, snap, f); err != nil {
		return nil, nil, 0, fmt.Errorf("looking up changes: %w", err)
	}
	if err := s.loadHolders(ctx, snap, f.Keys(snap)); err != nil {
		return nil, nil, 0, fmt.Errorf("looking up identities: %w", err)
	}
	if err := s.loadReceipts(ctx, snap, f.Retold()); err != nil {
		return nil, nil, 0, fmt.Errorf("looking up receipts: %w", err)
	}
	return snap, f, number, nil
}

// loadFamily loads persons with everybody merged into them, all their leads, and how
// they became one.
func (s *Store) loadFamily(ctx context.Context, snap *store.Snapshot, persons []int64) (*store.Family, error) {
	f := &store.Family{}
	err := s.readPersons(ctx, snap, `WITH RECURSIVE tree(one) AS (SELECT id FROM persons WHERE id IN (%s)
			UNION SELECT p.id FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL)
		SELECT `+personColumns+` FROM persons JOIN tree ON id = one`, ints(persons))
	if err != nil {
		return nil, fmt.Errorf("looking up persons: %w", err)
	}
	var all []any
	for id := range snap.Persons {
		all = append(all, id)
	}
	if err := s.loadAllLeads(ctx, snap, all); err != nil {
		return nil, fmt.Errorf("looking up leads: %w", err)
	}
	if err := s.loadMerges(ctx, snap, f, all); err != nil {
		return nil, fmt.Errorf("looking up merges: %w", err)
	}
	err = s.each(ctx, `SELECT person, other FROM not_same WHERE person < other AND person IN (%s)`, all, func(r *sql.Rows) error {
		var m [2]int64
		err := r.Scan(&m[0], &m[1])
		f.Marks = append(f.Marks, m)
		return err
	})
	return f, err
}

// loadAllLeads loads every lead of persons, with those merged into them.
func (s *Store) loadAllLeads(ctx context.Context, snap *store.Snapshot, persons []any) error {
	for _, which := range [...]string{`status = 'open' AND merged_into IS NULL`, `status <> 'open'`} {
		err := s.each(ctx, `WITH RECURSIVE family(one) AS (SELECT number FROM leads WHERE `+which+` AND person IN (%s)
				UNION SELECT l.number FROM leads l JOIN family f ON l.merged_into = f.one WHERE l.merged_into IS NOT NULL)
			SELECT `+leadColumns+` FROM leads JOIN family ON number = one`, persons, func(r *sql.Rows) error {
			l, err := scanLead(r)
			if err != nil || snap.Leads[l.Number] != nil {
				return err
			}
			snap.Leads[l.Number] = &store.LeadState{Lead: l}
			if p := snap.Persons[l.Person]; p != nil && l.Status == lead.Open && l.MergedInto == 0 {
				p.OpenLead = l.Number
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// loadMerges loads the merges that stand among persons, and those of leads of one
// person.
func (s *Store) loadMerges(ctx context.Context, snap *store.Snapshot, f *store.Family, persons []any) error {
	const columns = `SELECT n, seen, person, into_person, lead, into_lead, moved_lead, reason, score, actor, at, before FROM merges `
	scan := func(r *sql.Rows) error {
		var m store.MergeState
		var at int64
		var before []byte
		if err := r.Scan(&m.ID, &m.Seen, &m.Person, &m.Into, &m.Lead, &m.LeadInto, &m.MovedLead, &m.Reason, &m.Score, &m.By, &at, &before); err != nil {
			return err
		}
		m.At = fromMicros(at)
		f.Merges = append(f.Merges, &m)
		return store.Decode("merge", before, &m.Before)
	}
	if err := s.each(ctx, columns+`WHERE undone IS NULL AND into_person IN (%s)`, persons, scan); err != nil {
		return err
	}
	var numbers []any
	for n := range snap.Leads {
		numbers = append(numbers, n)
	}
	if err := s.each(ctx, columns+`WHERE undone IS NULL AND person = 0 AND into_lead IN (%s)`, numbers, scan); err != nil {
		return err
	}
	slices.SortFunc(f.Merges, func(a, b *store.MergeState) int { return int(a.ID - b.ID) })
	return nil
}

// loadTouches loads what was said on the leads of a family.
func (s *Store) loadTouches(ctx context.Context, snap *store.Snapshot, f *store.Family) error {
	var numbers []any
	for n := range snap.Leads {
		numbers = append(numbers, n)
	}
	return s.each(ctx, `SELECT id, key, lead, person, delivery, verdict, reason, content, touch, n FROM inquiries WHERE lead > 0 AND lead IN (%s)`, numbers, func(r *sql.Rows) error {
		var n int64
		st, err := scanInquiry(r, &n)
		if err != nil {
			return err
		}
		st.N = n
		f.Touches = append(f.Touches, st)
		return nil
	})
}

// loadEdits loads what people changed on the leads of a family.
func (s *Store) loadEdits(ctx context.Context, snap *store.Snapshot, f *store.Family) error {
	var numbers []any
	for n := range snap.Leads {
		numbers = append(numbers, n)
	}
	f.Edited = map[int64]map[string]bool{}
	return s.each(ctx, `SELECT lead, entry FROM entries WHERE lead IN (%s)`, numbers, func(r *sql.Rows) error {
		var number int64
		var body []byte
		if err := r.Scan(&number, &body); err != nil {
			return err
		}
		var e lead.Entry
		if err := store.Decode("entry", body, &e); err != nil || e.Kind != "edit" {
			return err
		}
		if f.Edited[number] == nil {
			f.Edited[number] = map[string]bool{}
		}
		f.Edited[number][e.Text] = true
		return nil
	})
}

// loadNotSame loads who of the persons is not the same, which costs nothing as long
// as nobody has said so of anybody.
func (s *Store) loadNotSame(ctx context.Context, snap *store.Snapshot) error {
	if !s.marks || len(snap.Persons) < 2 {
		return nil
	}
	var ids []any
	for id := range snap.Persons {
		ids = append(ids, id)
	}
	var marks [][2]int64
	err := s.each(ctx, `WITH RECURSIVE tree(one, top) AS (SELECT id, id FROM persons WHERE id IN (%s)
			UNION ALL SELECT p.id, t.top FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL)
		SELECT top, other FROM tree JOIN not_same ON person = one`, ids, func(r *sql.Rows) error {
		var m [2]int64
		err := r.Scan(&m[0], &m[1])
		marks = append(marks, m)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range marks {
		other, err := s.survivor(ctx, m[1])
		if err != nil {
			return err
		}
		if snap.Persons[other] != nil {
			snap.NotSame.Add(m[0], other)
		}
	}
	return nil
}

// writeRebased writes the merges that are undone, and those an undo changed.
func (s *Store) writeRebased(ctx context.Context, c *store.Changes) error {
	for _, m := range c.Rebased {
		before, err := encodeBefore(&m.Before)
		if err != nil {
			return err
		}
		var undone any
		if m.Undone {
			undone = micros(s.now())
		}
		if _, err := s.exec(ctx, `UPDATE merges SET before = ?, undone = ? WHERE n = ?`, before, undone, m.ID); err != nil {
			return fmt.Errorf("writing merge: %w", err)
		}
	}
	return nil
}

// writeMarks writes what humans said about pairs of persons.
func (s *Store) writeMarks(ctx context.Context, c *store.Changes) error {
	for _, m := range c.Marks {
		s.marks = s.marks || !m.Drop
		for _, pair := range [...][2]int64{{m.A, m.B}, {m.B, m.A}} {
			var err error
			if m.Drop {
				_, err = s.exec(ctx, `DELETE FROM not_same WHERE person = ? AND other = ?`, pair[0], pair[1])
			} else {
				_, err = s.exec(ctx, `INSERT INTO not_same (person, other, at, actor) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, pair[0], pair[1], micros(m.At), m.By)
			}
			if err != nil {
				return fmt.Errorf("writing who is not the same: %w", err)
			}
		}
	}
	for _, d := range c.Decided {
		for _, a := range d.A {
			for _, b := range d.B {
				if _, err := s.exec(ctx, `UPDATE reviews SET decided_at = ?, decided_by = ?, decided_how = ? WHERE a = ? AND b = ?`, micros(d.At), d.By, d.How, min(a, b), max(a, b)); err != nil {
					return fmt.Errorf("writing what was decided: %w", err)
				}
			}
		}
	}
	return nil
}
