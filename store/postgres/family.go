package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// loadPair loads two leads as they stand and the families of their persons.
func (l *loading) loadPair(ctx context.Context, a, b lead.ID) (f *store.Family, numbers [2]int64, err error) {
	var persons []int64
	for i, x := range [...]lead.ID{a, b} {
		on, err := l.standingLead(ctx, x)
		if err != nil {
			return nil, numbers, err
		}
		numbers[i] = on.Number
		if !slices.Contains(persons, on.Person) {
			persons = append(persons, on.Person)
		}
	}
	clear(l.snap.Leads) // as the family has them
	f, err = l.family(ctx, persons)
	return f, numbers, err
}

// loadMerged loads a lead, merged or not, and all that belongs to the person that
// stands for it.
func (l *loading) loadMerged(ctx context.Context, x lead.ID) (*store.Family, int64, error) {
	var number, person int64
	if err := l.QueryRow(ctx, `SELECT number, person FROM leads WHERE id = $1`, [16]byte(x)).Scan(&number, &person); err != nil {
		return nil, 0, err
	}
	stands, err := l.survivors(ctx, []int64{person})
	if err != nil {
		return nil, 0, err
	}
	f, err := l.family(ctx, []int64{stands[person]})
	if err != nil {
		return nil, 0, err
	}
	if err := l.said(ctx, f); err != nil {
		return nil, 0, fmt.Errorf("looking up inquiries and changes: %w", err)
	}
	var b batch
	l.holders(&b, f.Keys(l.snap))
	l.receipts(&b, f.Retold())
	if err := l.send(ctx, &b); err != nil {
		return nil, 0, fmt.Errorf("looking up identities and receipts: %w", err)
	}
	return f, number, nil
}

// family loads persons with everybody merged into them, all their leads, and how they
// became one.
func (l *loading) family(ctx context.Context, persons []int64) (*store.Family, error) {
	f := &store.Family{}
	if err := l.each(ctx, `WITH RECURSIVE tree(one) AS (SELECT id FROM persons WHERE id = ANY($1)
			UNION SELECT p.id FROM persons p JOIN tree t ON p.merged_into = t.one WHERE p.merged_into IS NOT NULL)
		SELECT `+personColumns+` FROM persons JOIN tree ON id = one`, l.addPerson, persons); err != nil {
		return nil, fmt.Errorf("looking up persons: %w", err)
	}
	var b batch
	for _, which := range [...]string{`status = 'open' AND merged_into IS NULL`, `status <> 'open'`} {
		b.query(`WITH RECURSIVE family(one) AS (SELECT l.number FROM unnest($1::bigint[]) AS of(person)
					CROSS JOIN LATERAL (SELECT number FROM leads WHERE leads.person = of.person AND `+which+` OFFSET 0) l
				UNION SELECT l.number FROM leads l JOIN family f ON l.merged_into = f.one WHERE l.merged_into IS NOT NULL)
			SELECT `+leadColumns+` FROM leads JOIN family ON number = one`, l.addLead, l.personIDs())
	}
	b.query(`SELECT person, other FROM not_same WHERE person < other AND person = ANY($1)`, func(r pgx.Rows) error {
		var m [2]int64
		err := r.Scan(&m[0], &m[1])
		f.Marks = append(f.Marks, m)
		return err
	}, l.personIDs())
	if err := l.send(ctx, &b); err != nil {
		return nil, fmt.Errorf("looking up leads: %w", err)
	}
	if err := l.familyMerges(ctx, f); err != nil {
		return nil, fmt.Errorf("looking up merges: %w", err)
	}
	return f, nil
}

// familyMerges loads the merges that stand among persons, and those of leads of one
// person.
func (l *loading) familyMerges(ctx context.Context, f *store.Family) error {
	add := func(r pgx.Rows) error {
		m, err := scanMerge(r)
		f.Merges = append(f.Merges, &m)
		return err
	}
	var b batch
	b.query(`SELECT `+mergeColumns+` FROM merges WHERE undone IS NULL AND into_person = ANY($1)`, add, l.personIDs())
	b.query(`SELECT `+mergeColumns+` FROM merges WHERE undone IS NULL AND person = 0 AND into_lead = ANY($1)`, add, l.leadNumbers())
	if err := l.send(ctx, &b); err != nil {
		return err
	}
	slices.SortFunc(f.Merges, func(a, b *store.MergeState) int { return int(a.ID - b.ID) })
	f.Merges = slices.CompactFunc(f.Merges, func(a, b *store.MergeState) bool { return a.ID == b.ID })
	return nil
}

// said loads what was said on the leads of a family, and what people changed on them.
func (l *loading) said(ctx context.Context, f *store.Family) error {
	f.Edited = map[int64]map[string]bool{}
	var b batch
	b.query(`SELECT `+inquiryColumns+`, n FROM inquiries WHERE lead > 0 AND lead = ANY($1)`, func(r pgx.Rows) error {
		var n int64
		st, err := scanInquiry(r, &n)
		if err != nil {
			return err
		}
		st.N = n
		f.Touches = append(f.Touches, st)
		return nil
	}, l.leadNumbers())
	b.query(`SELECT lead, entry FROM entries WHERE lead = ANY($1)`, func(r pgx.Rows) error {
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
	}, l.leadNumbers())
	return l.send(ctx, &b)
}

func (l *loading) leadNumbers() []int64 {
	numbers := make([]int64, 0, len(l.snap.Leads))
	for n := range l.snap.Leads {
		numbers = append(numbers, n)
	}
	return numbers
}
