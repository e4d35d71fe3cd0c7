package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// everybody resolves merged holders to their survivors and loads the persons and
// leads a batch can touch.
func (l *loading) everybody(ctx context.Context) error {
	persons := map[int64]bool{}
	if err := l.knownLeads(ctx, persons); err != nil {
		return err
	}
	if err := l.resolve(ctx, persons); err != nil {
		return err
	}
	ids := make([]int64, 0, len(persons))
	for n := range persons {
		if l.snap.Persons[n] == nil {
			ids = append(ids, n)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var b batch
	l.standing(&b, ids)
	l.openLeads(&b, ids)
	return l.send(ctx, &b)
}

// resolve follows merged persons to their survivors, and says that they are to be
// loaded. Those of a crowded block are not: nobody asks for them.
func (l *loading) resolve(ctx context.Context, persons map[int64]bool) error {
	var merged []int64
	see := func(person int64) {
		if person < 0 {
			merged = append(merged, -person)
		} else if person > 0 {
			persons[person] = true
		}
	}
	l.found(func(person *int64) { see(*person) })
	stands, err := l.survivors(ctx, merged)
	if err != nil {
		return err
	}
	l.found(func(person *int64) {
		if *person < 0 {
			*person = stands[-*person]
			persons[*person] = true
		}
	})
	return nil
}

// found shows every person that was found by a key or by what they resemble.
func (l *loading) found(see func(*int64)) {
	for _, holders := range l.snap.Holders {
		for _, h := range holders {
			see(&h.Person)
		}
	}
	for _, rows := range l.snap.Blocks {
		if store.Crowded(rows) {
			continue
		}
		for i := range rows {
			see(&rows[i].Person)
		}
	}
}

// survivors follows the pointers of merged persons.
func (l *loading) survivors(ctx context.Context, persons []int64) (map[int64]int64, error) {
	return l.follow(ctx, selectSurvivors, persons)
}

const selectSurvivors = `WITH RECURSIVE up(one, here, next) AS (SELECT id, id, merged_into FROM persons WHERE id = ANY($1)
		UNION ALL SELECT u.one, p.id, p.merged_into FROM up u JOIN persons p ON p.id = u.next)
	SELECT one, here FROM up WHERE next IS NULL`

// standingLeads follows the pointers of merged leads.
func (l *loading) standingLeads(ctx context.Context, numbers []int64) (map[int64]int64, error) {
	return l.follow(ctx, `WITH RECURSIVE up(one, here, next) AS (SELECT number, number, merged_into FROM leads WHERE number = ANY($1)
			UNION ALL SELECT u.one, l.number, l.merged_into FROM up u JOIN leads l ON l.number = u.next)
		SELECT one, here FROM up WHERE next IS NULL`, numbers)
}

func (t *tx) follow(ctx context.Context, text string, from []int64) (map[int64]int64, error) {
	to := make(map[int64]int64, len(from))
	if len(from) == 0 {
		return to, nil
	}
	err := t.each(ctx, text, func(r pgx.Rows) error {
		var one, here int64
		err := r.Scan(&one, &here)
		to[one] = here
		return err
	}, from)
	return to, err
}

// personColumns are what persons reads.
const personColumns = `id, name, company, holds, profiles, last_lead, merged_into`

// standing asks for persons that were not merged.
func (l *loading) standing(b *batch, ids []int64) {
	b.query(`SELECT `+personColumns+` FROM persons WHERE merged_into IS NULL AND id = ANY($1)`, l.addPerson, ids)
}

// addPerson brings a person into the snapshot.
func (l *loading) addPerson(r pgx.Rows) error {
	var p store.PersonState
	var name, profiles []byte
	var holds string
	var merged *int64
	if err := r.Scan(&p.ID, &name, &p.Company, &holds, &profiles, &p.LastLead, &merged); err != nil {
		return err
	}
	p.Holds = lines(holds)
	if merged != nil {
		p.MergedInto = *merged
	}
	l.snap.Persons[p.ID] = &p
	if err := store.Decode("profiles", profiles, &p.Profiles); err != nil {
		return err
	}
	return store.Decode("name", name, &p.Name)
}

// openLeads asks for the open leads of persons, and for the last one of whoever has
// none. The persons come before. Each person is looked up by itself: without statistics
// person = ANY($1) is taken to cost more than reading all leads that are open, and NOT
// EXISTS would be an anti-join, which is a loop over them for each person.
func (l *loading) openLeads(b *batch, ids []int64) {
	b.query(`SELECT `+prefixed("l", leadColumns)+` FROM unnest($1::bigint[]) AS of(person)
		CROSS JOIN LATERAL (SELECT * FROM leads WHERE leads.person = of.person AND status = 'open' AND merged_into IS NULL LIMIT 1) l`, l.addLead, ids)
	b.query(`SELECT p.id, `+prefixed("l", leadColumns)+` FROM persons p JOIN leads l ON l.number = p.last_lead
		WHERE p.id = ANY($1) AND p.merged_into IS NULL AND l.merged_into IS NULL
			AND (SELECT o.number FROM leads o WHERE o.person = p.id AND o.status = 'open' AND o.merged_into IS NULL) IS NULL`, func(r pgx.Rows) error {
		var person int64
		found, err := scanLead(r, &person)
		if p := l.snap.Persons[person]; err != nil || p == nil || p.OpenLead != 0 {
			return err
		}
		return l.putLead(found)
	}, ids)
}

func (l *loading) addLead(r pgx.Rows) error {
	found, err := scanLead(r)
	if err != nil {
		return err
	}
	return l.putLead(found)
}

func (l *loading) putLead(found lead.Lead) error {
	l.was[found.Number] = row{person: found.Person, merged: found.MergedInto, status: found.Status}
	if l.snap.Leads[found.Number] == nil {
		l.snap.Leads[found.Number] = &store.LeadState{Lead: found}
	}
	if p := l.snap.Persons[found.Person]; p != nil && found.Status == lead.Open && found.MergedInto == 0 {
		p.OpenLead = found.Number
	}
	return nil
}

// knownLeads loads the standing leads of known inquiries, so that an update reaches them.
func (l *loading) knownLeads(ctx context.Context, persons map[int64]bool) error {
	var numbers []int64
	for _, st := range l.snap.Inquiries {
		if st.Lead != 0 {
			numbers = append(numbers, st.Lead)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	stands, err := l.standingLeads(ctx, numbers)
	if err != nil {
		return err
	}
	numbers = numbers[:0]
	for _, st := range l.snap.Inquiries {
		if st.Lead != 0 {
			st.Follow(stands[st.Lead])
			numbers = append(numbers, st.Lead)
		}
	}
	if err := l.each(ctx, `SELECT `+leadColumns+` FROM leads WHERE number = ANY($1)`, l.addLead, numbers); err != nil {
		return err
	}
	var owners []int64
	for _, n := range numbers {
		owners = append(owners, l.snap.Leads[n].Person)
	}
	tops, err := l.survivors(ctx, owners)
	for _, n := range numbers {
		on := l.snap.Leads[n]
		if top, ok := tops[on.Person]; ok {
			on.Person = top
		}
		persons[on.Person] = true
	}
	return err
}

// blocks asks who is found under keys of what senders resemble.
func (l *loading) blocks(b *batch, keys []int64) {
	if len(keys) == 0 {
		return
	}
	b.query(`SELECT b.key, b.person, p.merged_into IS NOT NULL FROM blocks b JOIN persons p ON p.id = b.person WHERE b.key = ANY($1) ORDER BY b.key, b.person`, func(r pgx.Rows) error {
		var row store.BlockRow
		var merged bool
		if err := r.Scan(&row.Key, &row.Person, &merged); err != nil {
			return err
		}
		if merged { // resolved to the survivor later
			row.Person = -row.Person
		}
		l.snap.Blocks[row.Key] = append(l.snap.Blocks[row.Key], row)
		return nil
	}, keys)
}

// moreBlocks loads what known inquiries and common names ask for.
func (l *loading) moreBlocks(ctx context.Context, items []store.Item, w store.Wanted) error {
	if len(l.snap.Inquiries) > 0 {
		var b batch
		look, sources := l.snap.Around()
		l.blocks(&b, without(look.Blocks, w.Blocks))
		l.areas(&b, without(look.Areas, w.Areas))
		l.names(&b, without(sources, w.Sources))
		if err := l.send(ctx, &b); err != nil {
			return err
		}
	}
	var b batch
	l.blocks(&b, slices.DeleteFunc(l.snap.Finer(items), func(k int64) bool { return l.snap.Blocks[k] != nil }))
	return l.send(ctx, &b)
}

// without returns what of a is not in b, each value once. b is sorted.
func without[T cmp.Ordered](a, b []T) []T {
	a = slices.Clone(a)
	slices.Sort(a)
	return slices.DeleteFunc(slices.Compact(a), func(v T) bool {
		_, found := slices.BinarySearch(b, v)
		return found
	})
}

// areas asks how many live where the senders do.
func (l *loading) areas(b *batch, keys []int64) {
	if len(keys) == 0 {
		return
	}
	b.query(`SELECT key, sum(persons)::bigint FROM (SELECT key, persons FROM areas WHERE key = ANY($1) UNION ALL SELECT key, persons FROM area_counts WHERE key = ANY($1)) a
		GROUP BY key`, func(r pgx.Rows) error {
		var key, n int64
		err := r.Scan(&key, &n)
		l.snap.Areas[key] = n
		return err
	}, keys)
}

// names asks what was seen of names at the sources of a batch.
func (l *loading) names(b *batch, sources []string) {
	if len(sources) == 0 {
		return
	}
	names := make([]string, 0, 2*len(sources))
	source := map[string]string{}
	for _, n := range sources {
		for _, prefix := range [...]string{store.CountKept, store.CountReplaced} {
			source[prefix+n] = n
			names = append(names, prefix+n)
		}
	}
	b.query(`SELECT name, sum(value)::bigint FROM (SELECT name, value FROM counters WHERE name = ANY($1) UNION ALL SELECT name, value FROM counts WHERE name = ANY($1) AND name LIKE 'names.%') c
		GROUP BY name`, func(r pgx.Rows) error {
		var name string
		var value int64
		if err := r.Scan(&name, &value); err != nil {
			return err
		}
		n := l.snap.Names[source[name]]
		if name == store.CountKept+source[name] {
			n.Kept = value
		} else {
			n.Replaced = value
		}
		l.snap.Names[source[name]] = n
		return nil
	}, names)
}
