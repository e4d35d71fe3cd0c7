package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// leadColumns are what scanLead reads.
const leadColumns = `number, id, person, status, stage, source, touches, created, updated, merged_into, data`

func scanLead(r interface{ Scan(...any) error }) (lead.Lead, error) {
	var l lead.Lead
	var id, data []byte
	var created, updated int64
	var merged sql.NullInt64
	if err := r.Scan(&l.Number, &id, &l.Person, &l.Status, &l.Stage, &l.Source, &l.Touches, &created, &updated, &merged, &data); err != nil {
		return l, err
	}
	l.ID, l.CreatedAt, l.UpdatedAt, l.MergedInto = blobID(id), fromMicros(created), fromMicros(updated), merged.Int64
	return l, store.DecodeLead(data, &l)
}

// addMerged fills in the ids of the leads that were merged into these.
func (s *Store) addMerged(ctx context.Context, leads []lead.Lead) error {
	if len(leads) == 0 {
		return nil
	}
	byNumber := make(map[int64]*lead.Lead, len(leads))
	numbers := make([]string, len(leads))
	for i := range leads {
		byNumber[leads[i].Number] = &leads[i]
		numbers[i] = strconv.FormatInt(leads[i].Number, 10)
	}
	err := scanRows(s.read.QueryContext(ctx, `SELECT merged_into, id FROM leads WHERE merged_into IN (`+strings.Join(numbers, ",")+`) ORDER BY number`))(func(r *sql.Rows) error {
		var into int64
		var id []byte
		if err := r.Scan(&into, &id); err != nil {
			return err
		}
		byNumber[into].MergedFrom = append(byNumber[into].MergedFrom, blobID(id))
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking up merged leads: %w", classed(err))
	}
	return nil
}

// Lead returns one lead; a merged one answers as its survivor.
func (s *Store) Lead(ctx context.Context, id lead.ID) (lead.Lead, error) {
	l, err := scanLead(s.read.QueryRowContext(ctx, `SELECT `+leadColumns+` FROM leads WHERE id = ?`, id[:]))
	for err == nil && l.MergedInto != 0 {
		l, err = scanLead(s.read.QueryRowContext(ctx, `SELECT `+leadColumns+` FROM leads WHERE number = ?`, l.MergedInto))
	}
	if err != nil {
		return lead.Lead{}, fmt.Errorf("reading lead: %w", classed(err))
	}
	one := []lead.Lead{l}
	err = s.addMerged(ctx, one)
	return one[0], err
}

// family selects a lead and every lead merged into it, however deep.
const family = `WITH RECURSIVE family(number) AS (VALUES (?) UNION SELECT l.number FROM leads l JOIN family f ON l.merged_into = f.number WHERE l.merged_into IS NOT NULL)`

// Timeline returns the touches and entries of a lead and of those merged into it.
func (s *Store) Timeline(ctx context.Context, number int64) ([]lead.Touch, []lead.Entry, error) {
	touches, entries := []lead.Touch{}, []lead.Entry{}
	err := scanRows(s.read.QueryContext(ctx, family+` SELECT q.id, q.delivery, q.verdict, q.reason, q.score, q.lead, q.touch FROM inquiries q JOIN family f ON q.lead = f.number WHERE q.lead > 0 ORDER BY q.at, q.id`, number))(func(r *sql.Rows) error {
		t, err := scanTouch(r)
		touches = append(touches, t)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading timeline: %w", classed(err))
	}
	err = scanRows(s.read.QueryContext(ctx, family+` SELECT e.entry FROM entries e JOIN family f ON e.lead = f.number ORDER BY e.at, e.n`, number))(func(r *sql.Rows) error {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return err
		}
		var e lead.Entry
		err := store.Decode("entry", body, &e)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading timeline: %w", classed(err))
	}
	return touches, entries, nil
}

func scanTouch(r *sql.Rows) (lead.Touch, error) {
	var t lead.Touch
	var id, delivery, body []byte
	var verdict, reason string
	var number int64
	var score float64
	if err := r.Scan(&id, &delivery, &verdict, &reason, &score, &number, &body); err != nil {
		return t, err
	}
	if err := store.Decode("touch", body, &t); err != nil {
		return t, err
	}
	t.Lane = lead.LaneLead // where it is, is where it was led to
	t.ID, t.DeliveryID, t.Verdict, t.Reason, t.Score, t.Lead = blobID(id), blobID(delivery), lead.Verdict(verdict), reason, score, number
	return t, nil
}

// Patch changes a lead and writes what changed into its timeline.
func (s *Store) Patch(ctx context.Context, id lead.ID, p store.Patch) (lead.Lead, error) {
	err := s.update(ctx, "changing lead", func(ctx context.Context) error {
		l, err := s.standingLead(ctx, id)
		if err != nil {
			return err
		}
		was := l.Status
		entries, err := p.Apply(&l, s.stages, s.now().UTC())
		if err != nil {
			return err
		}
		if l.Status == lead.Open && was != lead.Open {
			if err := s.refuseSecondOpen(ctx, l.Person); err != nil {
				return err
			}
		}
		c := &store.Changes{Counts: map[string]int64{}}
		if was != l.Status {
			c.Count(store.CountLeads+string(was), -1)
			c.Count(store.CountLeads+string(l.Status), 1)
		}
		for _, e := range entries {
			c.Entries = append(c.Entries, store.EntryRow{Lead: l.Number, Entry: e})
		}
		c.Touch([]int64{l.Number})
		data, err := store.EncodeLead(&l)
		if err != nil {
			return err
		}
		for _, write := range []func() error{
			func() error { return s.writeLead(ctx, &l, data, false) }, func() error { return s.writeEntries(ctx, c) },
			func() error { return s.writeTouched(ctx, c) }, func() error { return s.writeCounts(ctx, c) },
		} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return lead.Lead{}, err
	}
	return s.Lead(ctx, id)
}

// standingLead returns a lead, or what it was merged into, under the lock; its
// person is the one that stands.
func (s *Store) standingLead(ctx context.Context, id lead.ID) (lead.Lead, error) {
	st, err := s.stmt(ctx, `SELECT `+leadColumns+` FROM leads WHERE id = ?`)
	if err != nil {
		return lead.Lead{}, err
	}
	l, err := scanLead(st.QueryRowContext(ctx, id[:]))
	if err != nil {
		return l, err
	}
	if l.MergedInto != 0 {
		number, err := s.standing(ctx, l.Number)
		if err != nil {
			return l, err
		}
		if st, err = s.stmt(ctx, `SELECT `+leadColumns+` FROM leads WHERE number = ?`); err != nil {
			return l, err
		}
		if l, err = scanLead(st.QueryRowContext(ctx, number)); err != nil {
			return l, err
		}
	}
	l.Person, err = s.survivor(ctx, l.Person)
	return l, err
}

// refuseSecondOpen says in words what the unique index would say in code.
func (s *Store) refuseSecondOpen(ctx context.Context, person int64) error {
	st, err := s.stmt(ctx, `SELECT count(*) FROM leads WHERE person = ? AND status = 'open' AND merged_into IS NULL`)
	if err != nil {
		return err
	}
	var n int
	if err := st.QueryRowContext(ctx, person).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: the person has another open lead", lead.ErrConflict)
	}
	return nil
}

// Holding returns the open leads of the persons that hold any of the keys.
func (s *Store) Holding(ctx context.Context, keys []string) ([]lead.Lead, error) {
	leads := []lead.Lead{}
	if len(keys) == 0 {
		return leads, nil
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(keys)), ",")
	err := scanRows(s.read.QueryContext(ctx, `WITH RECURSIVE held(person) AS (SELECT person FROM holders WHERE key IN (`+marks+`)
			UNION SELECT p.merged_into FROM persons p JOIN held h ON p.id = h.person WHERE p.merged_into IS NOT NULL)
		SELECT `+leadColumns+` FROM leads WHERE status = 'open' AND merged_into IS NULL AND person IN (SELECT person FROM held) ORDER BY number DESC LIMIT 50`, texts(keys)...))(func(r *sql.Rows) error {
		l, err := scanLead(r)
		leads = append(leads, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for duplicates: %w", classed(err))
	}
	return leads, s.addMerged(ctx, leads)
}

// Stats reads the counters.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	st := store.Stats{Inquiries: map[lead.Verdict]int64{}, LastEvent: map[string]time.Time{}, Jobs: store.JobStats{Kinds: []store.JobCounts{}, Held: []store.HeldTarget{}}}
	err := scanRows(s.read.QueryContext(ctx, `SELECT name, value FROM counters`))(func(r *sql.Rows) error {
		var name string
		var n int64
		if err := r.Scan(&name, &n); err != nil {
			return err
		}
		st.Add(name, n)
		return nil
	})
	if err != nil {
		return st, fmt.Errorf("reading counters: %w", classed(err))
	}
	if err := s.addJobs(ctx, &st.Jobs); err != nil {
		return st, fmt.Errorf("counting jobs: %w", classed(err))
	}
	return st, nil
}
