package postgres

import (
	"context"
	"errors"
	"fmt"

	"leadgate/lead"
	"leadgate/store"
)

// Patch changes a lead and writes what changed into its timeline. One that opens a
// closed lead runs alone: nothing it writes would meet a transaction that merges the
// person into somebody who has an open lead.
func (s *Store) Patch(ctx context.Context, id lead.ID, p store.Patch) (lead.Lead, error) {
	const doing = "changing lead"
	err := s.update(ctx, doing, func(ctx context.Context, t *tx) error { return s.patch(ctx, t, id, &p, false) })
	if errors.Is(err, errAlone) {
		err = s.alone(ctx, doing, func(ctx context.Context, t *tx) error { return s.patch(ctx, t, id, &p, true) })
	}
	if err != nil {
		return lead.Lead{}, err
	}
	return s.Lead(ctx, id)
}

func (s *Store) patch(ctx context.Context, t *tx, id lead.ID, p *store.Patch, alone bool) error {
	l := s.loading(t)
	var b batch
	b.query(selectStages, l.addStage)
	if err := l.send(ctx, &b); err != nil {
		return err
	}
	on, err := l.standingLead(ctx, id)
	if err != nil {
		return err
	}
	was := on.Status
	entries, err := p.Apply(&on.Lead, l.snap.Stages, s.now().UTC())
	if err != nil {
		return err
	}
	if on.Status == lead.Open && was != lead.Open {
		if !alone {
			return errAlone
		}
		if err := t.refuseSecondOpen(ctx, on.Person); err != nil {
			return err
		}
	}
	on.Changed = true
	c := &store.Changes{Snapshot: l.snap, Counts: map[string]int64{}}
	if was != on.Status {
		c.Count(store.CountLeads+string(was), -1)
		c.Count(store.CountLeads+string(on.Status), 1)
	}
	for _, e := range entries {
		c.Entries = append(c.Entries, store.EntryRow{Lead: on.Number, Entry: e})
	}
	c.Touch([]int64{on.Number})
	return s.commit(ctx, l, c)
}

// standingLead loads a lead, or what it was merged into; its person is the one that
// stands.
func (l *loading) standingLead(ctx context.Context, id lead.ID) (*store.LeadState, error) {
	found, err := scanLead(l.QueryRow(ctx, standingByID, [16]byte(id)))
	if err != nil {
		return nil, err
	}
	if err := l.putLead(found); err != nil {
		return nil, err
	}
	stands, err := l.survivors(ctx, []int64{found.Person})
	if err != nil {
		return nil, err
	}
	on := l.snap.Leads[found.Number]
	if person, ok := stands[on.Person]; ok {
		on.Person = person
	}
	return on, nil
}

// refuseSecondOpen says in words what the unique index would say in code.
func (t *tx) refuseSecondOpen(ctx context.Context, person int64) error {
	var n int
	if err := t.QueryRow(ctx, `SELECT count(*) FROM leads WHERE person = $1 AND status = 'open' AND merged_into IS NULL`, person).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: the person has another open lead", lead.ErrConflict)
	}
	return nil
}
