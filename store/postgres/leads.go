package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// leadColumns are what scanLead reads.
const leadColumns = `number, id, person, status, stage, source, touches, created, updated, merged_into, data`

// prefixed puts a table's name before each of some columns.
func prefixed(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// scanLead reads the columns of a lead, after those that go into before.
func scanLead(r pgx.Row, before ...any) (lead.Lead, error) {
	var l lead.Lead
	var status string
	var data []byte
	var created, updated int64
	var merged *int64
	if err := r.Scan(append(before, &l.Number, id(&l.ID), &l.Person, &status, &l.Stage, &l.Source, &l.Touches, &created, &updated, &merged, &data)...); err != nil {
		return l, err
	}
	l.Status, l.CreatedAt, l.UpdatedAt = lead.Status(status), fromMicros(created), fromMicros(updated)
	if merged != nil {
		l.MergedInto = *merged
	}
	return l, store.DecodeLead(data, &l)
}

// addMerged fills in the ids of the leads that were merged into these.
func (t *tx) addMerged(ctx context.Context, leads []lead.Lead) error {
	if len(leads) == 0 {
		return nil
	}
	byNumber := make(map[int64]*lead.Lead, len(leads))
	numbers := make([]int64, len(leads))
	for i := range leads {
		byNumber[leads[i].Number] = &leads[i]
		numbers[i] = leads[i].Number
	}
	return t.each(ctx, `SELECT merged_into, id FROM leads WHERE merged_into IS NOT NULL AND merged_into = ANY($1) ORDER BY number`, func(r pgx.Rows) error {
		var into int64
		var x lead.ID
		err := r.Scan(&into, id(&x))
		byNumber[into].MergedFrom = append(byNumber[into].MergedFrom, x)
		return err
	}, numbers)
}

// What selects the lead that stands for another, by the id or the number of that one.
const (
	standingByID     = `WITH RECURSIVE up(number, next) AS (SELECT number, merged_into FROM leads WHERE id = $1` + standsAbove
	standingByNumber = `WITH RECURSIVE up(number, next) AS (SELECT number, merged_into FROM leads WHERE number = $1` + standsAbove
	standsAbove      = ` UNION ALL SELECT l.number, l.merged_into FROM up JOIN leads l ON l.number = up.next)
		SELECT ` + leadColumns + ` FROM leads WHERE number = (SELECT number FROM up WHERE next IS NULL)`
)

// answered reads the lead that stands for another, with those merged into it.
func (t *tx) answered(ctx context.Context, text string, by any) (lead.Lead, error) {
	l, err := scanLead(t.QueryRow(ctx, text, by))
	if err != nil {
		return lead.Lead{}, err
	}
	one := []lead.Lead{l}
	err = t.addMerged(ctx, one)
	return one[0], err
}

// Lead returns one lead; a merged one answers as its survivor.
func (s *Store) Lead(ctx context.Context, id lead.ID) (l lead.Lead, err error) {
	err = s.view(ctx, "reading lead", func(ctx context.Context, t *tx) (err error) {
		l, err = t.answered(ctx, standingByID, [16]byte(id))
		return err
	})
	return l, err
}

// numbered returns the lead of a number, or what it was merged into.
func (s *Store) numbered(ctx context.Context, number int64) (l lead.Lead, err error) {
	err = s.view(ctx, "reading lead", func(ctx context.Context, t *tx) (err error) {
		l, err = t.answered(ctx, standingByNumber, number)
		return err
	})
	return l, err
}

// family selects a lead and every lead merged into it, however deep.
const family = `WITH RECURSIVE family(number) AS (SELECT $1::bigint UNION SELECT l.number FROM leads l JOIN family f ON l.merged_into = f.number WHERE l.merged_into IS NOT NULL)`

// Timeline returns the touches and entries of a lead and of those merged into it.
func (s *Store) Timeline(ctx context.Context, number int64) ([]lead.Touch, []lead.Entry, error) {
	touches, entries := []lead.Touch{}, []lead.Entry{}
	err := s.view(ctx, "reading timeline", func(ctx context.Context, t *tx) error {
		var b batch
		b.query(family+` SELECT q.id, q.delivery, q.verdict, q.reason, q.score, q.lead, q.touch FROM inquiries q JOIN family f ON q.lead = f.number WHERE q.lead > 0 ORDER BY q.at, q.id`, func(r pgx.Rows) error {
			touch, err := scanTouch(r)
			touches = append(touches, touch)
			return err
		}, number)
		b.query(family+` SELECT e.entry FROM entries e JOIN family f ON e.lead = f.number ORDER BY e.at, e.n`, func(r pgx.Rows) error {
			var body []byte
			if err := r.Scan(&body); err != nil {
				return err
			}
			var e lead.Entry
			err := store.Decode("entry", body, &e)
			entries = append(entries, e)
			return err
		}, number)
		return t.send(ctx, &b)
	})
	if err != nil {
		return nil, nil, err
	}
	return touches, entries, nil
}

func scanTouch(r pgx.Rows) (lead.Touch, error) {
	var t lead.Touch
	var x, delivery lead.ID
	var body []byte
	var verdict, reason string
	var number int64
	var score float64
	if err := r.Scan(id(&x), id(&delivery), &verdict, &reason, &score, &number, &body); err != nil {
		return t, err
	}
	if err := store.Decode("touch", body, &t); err != nil {
		return t, err
	}
	t.Lane = lead.LaneLead // where it is, is where it was led to
	t.ID, t.DeliveryID, t.Verdict, t.Reason, t.Score, t.Lead = x, delivery, lead.Verdict(verdict), reason, score, number
	return t, nil
}

// Holding returns the open leads of the persons that hold any of the keys.
func (s *Store) Holding(ctx context.Context, keys []string) ([]lead.Lead, error) {
	leads := []lead.Lead{}
	if len(keys) == 0 {
		return leads, nil
	}
	err := s.view(ctx, "looking for duplicates", func(ctx context.Context, t *tx) error {
		if err := t.each(ctx, held+`SELECT `+prefixed("l", leadColumns)+` FROM (SELECT DISTINCT person FROM held) of
			CROSS JOIN LATERAL (SELECT * FROM leads WHERE leads.person = of.person AND status = 'open' AND merged_into IS NULL LIMIT 1) l ORDER BY number DESC LIMIT 50`, func(r pgx.Rows) error {
			l, err := scanLead(r)
			leads = append(leads, l)
			return err
		}, texts(keys)); err != nil {
			return err
		}
		return t.addMerged(ctx, leads)
	})
	if err != nil {
		return nil, err
	}
	return leads, nil
}

// held selects the persons that hold any of the keys, and whom they were merged into.
const held = `WITH RECURSIVE held(person) AS (SELECT person FROM holders WHERE key = ANY($1)
	UNION SELECT p.merged_into FROM persons p JOIN held h ON p.id = h.person WHERE p.merged_into IS NOT NULL) `

// Stats reads the counters.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	st := store.Stats{Inquiries: map[lead.Verdict]int64{}, LastEvent: map[string]time.Time{}, Jobs: store.JobStats{Kinds: []store.JobCounts{}, Held: []store.HeldTarget{}}}
	err := s.look(ctx, "reading counters", func(ctx context.Context, t *tx) error {
		var b batch
		b.query(`SELECT name, `+added+` FROM (SELECT name, value FROM counters UNION ALL SELECT name, value FROM counts) c GROUP BY name`, func(r pgx.Rows) error {
			var name string
			var n int64
			err := r.Scan(&name, &n)
			st.Add(name, n)
			return err
		})
		s.jobStats(&b, &st.Jobs)
		return t.send(ctx, &b)
	})
	return st, err
}
