package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
)

// writing collects what a plan decided as statements for one round trip. Rows of a
// table are written in the order of their keys and tables in one order, so that
// transactions never wait for each other in a circle.
type writing struct {
	batch
	l   *loading
	now int64
	err error
}

// commit writes what was decided and commits, in one round trip.
func (s *Store) commit(ctx context.Context, l *loading, c *store.Changes) error {
	w := &writing{l: l, now: micros(s.now())}
	meet(c)
	if err := w.was(ctx, c); err != nil {
		return err
	}
	for _, write := range []func(*store.Changes){w.deliveries, w.receipts, w.merges, w.inquiries, w.persons, w.holders, w.blocks, w.leads, w.rebased, w.marks,
		w.waits, w.entries, w.reviews, w.jobs, w.touched, w.counts} {
		write(c)
	}
	if w.err != nil {
		return w.err
	}
	return w.end(ctx)
}

// end sends the statements and commits, in one round trip.
func (w *writing) end(ctx context.Context) error {
	w.exec(`COMMIT`)
	return w.l.send(ctx, &w.batch)
}

// meet lets merges meet whatever else is decided at once about those who survive: their
// rows are written even if nothing of them changes. Else a lead could move to a person
// while that person is merged into one who has a lead.
func meet(c *store.Changes) {
	for _, m := range c.Merges {
		if p := c.Snapshot.Persons[m.Into]; p != nil {
			p.Changed = true
		}
		for _, number := range [...]int64{m.LeadInto, m.MovedLead} {
			if l := c.Snapshot.Leads[number]; l != nil {
				l.Changed = true
			}
		}
	}
}

// fail keeps the first error of making the statements.
func (w *writing) fail(doing string, err error) {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("%w: %s: %w", lead.ErrPermanent, doing, err)
	}
}

// encoded is a value as JSON.
func (w *writing) encoded(doing string, v any) string {
	b, err := json.Marshal(v)
	w.fail(doing, err)
	return string(b)
}

// was counts deliveries that a replay parks or frees, by what they were.
func (w *writing) was(ctx context.Context, c *store.Changes) error {
	again := map[lead.ID]bool{} // to be parked, else free
	var ids []lead.ID
	for i := range c.Deliveries {
		if d := &c.Deliveries[i]; d.Again {
			again[d.Item.Delivery.ID] = d.Reason != ""
			ids = append(ids, d.Item.Delivery.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return w.l.each(ctx, `SELECT id, parked IS NOT NULL FROM deliveries WHERE id = ANY($1) ORDER BY id FOR UPDATE`, func(r pgx.Rows) error {
		var x lead.ID
		var was bool
		if err := r.Scan(id(&x), &was); err != nil {
			return err
		}
		switch {
		case was && !again[x]:
			c.Count(store.CountParked, -1)
		case !was && again[x]:
			c.Count(store.CountParked, 1)
		}
		return nil
	}, uuids(ids))
}

func (w *writing) deliveries(c *store.Changes) {
	var fresh []*store.DeliveryRow
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		var parked *string
		if d.Reason != "" {
			reason := text(d.Reason)
			parked = &reason
		}
		if d.Again {
			w.exec(`UPDATE deliveries SET receipt = $2, parked = $3, attempts = attempts + 1 WHERE id = $1`, [16]byte(d.Item.Delivery.ID), w.encoded("writing receipt", d.Receipt), parked)
			continue
		}
		fresh = append(fresh, d)
		c.Count(store.CountTaken, 1)
		if parked != nil {
			c.Count(store.CountParked, 1)
		}
	}
	if len(fresh) == 0 {
		return
	}
	slices.SortFunc(fresh, func(a, b *store.DeliveryRow) int { return compareIDs(a.Item.Delivery.ID, b.Item.Delivery.ID) })
	n := len(fresh)
	ids, sources, at, receipts, parked, raws := make([][16]byte, n), make([]string, n), make([]int64, n), make([]string, n), make([]*string, n), make([][]byte, n)
	for i, d := range fresh {
		ids[i], sources[i], at[i], raws[i] = d.Item.Delivery.ID, d.Item.Delivery.Source, micros(d.Item.Delivery.At), d.Item.Raw
		receipts[i] = w.encoded("writing receipt", d.Receipt)
		if d.Reason != "" {
			reason := text(d.Reason)
			parked[i] = &reason
		}
	}
	w.exec(`INSERT INTO deliveries (id, source, at, receipt, parked, raw)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])`, ids, sources, at, receipts, parked, raws)
}

func compareIDs(a, b lead.ID) int { return slices.Compare(a[:], b[:]) }

// receipts writes the receipts of earlier deliveries that are told anew.
func (w *writing) receipts(c *store.Changes) {
	var told []lead.ID
	for x, r := range c.Snapshot.Receipts {
		if r.Changed {
			told = append(told, x)
		}
	}
	slices.SortFunc(told, compareIDs)
	for _, x := range told {
		w.exec(`UPDATE deliveries SET receipt = $2 WHERE id = $1`, [16]byte(x), w.encoded("writing receipt", c.Snapshot.Receipts[x].Receipt))
	}
}

// inquiryValues are the columns of inquiries, a slice each.
type inquiryValues struct {
	ids, deliveries                    [][16]byte
	keys, verdicts, reasons, touches   []string
	leads, persons, at, taken, content []int64
	scores                             []float64
}

func (v *inquiryValues) add(w *writing, st *store.InquiryState) {
	verdict := string(st.Touch.Verdict)
	if st.Waiting {
		verdict = ""
	}
	touch, err := store.EncodeTouch(&st.Touch)
	w.fail("writing touch", err)
	v.ids, v.deliveries = append(v.ids, st.ID), append(v.deliveries, st.Touch.DeliveryID)
	v.keys, v.verdicts, v.reasons, v.touches = append(v.keys, text(st.Key)), append(v.verdicts, verdict), append(v.reasons, text(st.Reason)), append(v.touches, string(touch))
	v.leads, v.persons, v.at, v.taken, v.content = append(v.leads, st.Row()), append(v.persons, st.Person), append(v.at, micros(st.When())), append(v.taken, micros(st.Touch.Received)), append(v.content, int64(st.Content))
	v.scores = append(v.scores, st.Score)
}

func (v *inquiryValues) args() []any {
	return []any{v.ids, v.keys, v.leads, v.persons, v.at, v.taken, v.deliveries, v.verdicts, v.reasons, v.scores, v.content, v.touches}
}

const inquiryArrays = `unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::text[], $9::text[], $10::double precision[], $11::bigint[], $12::text[])`

func (w *writing) inquiries(c *store.Changes) {
	var fresh, changed inquiryValues
	var list []*store.InquiryState
	for _, st := range c.Snapshot.Inquiries {
		if st.New || st.Changed {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *store.InquiryState) int { return compareIDs(a.ID, b.ID) })
	for _, st := range list {
		if st.New {
			fresh.add(w, st)
		} else {
			changed.add(w, st)
		}
	}
	if len(fresh.ids) > 0 {
		w.exec(`INSERT INTO inquiries (id, key, lead, person, at, taken, delivery, verdict, reason, score, content, touch) SELECT * FROM `+inquiryArrays, fresh.args()...)
	}
	if len(changed.ids) > 0 {
		w.exec(`SELECT 1 FROM inquiries WHERE id = ANY($1) ORDER BY id FOR UPDATE`, changed.ids)
		w.exec(`UPDATE inquiries q SET key = u.key, lead = u.lead, person = u.person, at = u.at, taken = u.taken, delivery = u.delivery, verdict = u.verdict, reason = u.reason,
			score = u.score, content = u.content, touch = u.touch FROM `+inquiryArrays+` u(id, key, lead, person, at, taken, delivery, verdict, reason, score, content, touch)
			WHERE q.id = u.id`, changed.args()...)
	}
	w.rows(list)
}

// rows writes the rows of inquiries that are not said by their touches.
func (w *writing) rows(list []*store.InquiryState) {
	var ids [][16]byte
	var events, rows []string
	for _, st := range list {
		for _, row := range st.Unstored() {
			ids, events, rows = append(ids, st.ID), append(events, text(row.Event)), append(rows, w.encoded("writing row", row))
		}
	}
	if len(ids) > 0 {
		w.exec(`INSERT INTO rows (inquiry, event, row) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])`, ids, events, rows)
	}
}

func (w *writing) persons(c *store.Changes) {
	type values struct {
		ids, last               []int64
		names, companies, holds []string
		profiles                []string
		merged                  []*int64
	}
	var fresh, changed values
	for _, n := range slices.Sorted(maps.Keys(c.Snapshot.Persons)) {
		p := c.Snapshot.Persons[n]
		v := &changed
		switch {
		case p.New:
			v = &fresh
		case !p.Changed:
			continue
		}
		v.ids, v.last, v.merged = append(v.ids, p.ID), append(v.last, p.LastLead), append(v.merged, null(p.MergedInto))
		v.names, v.profiles = append(v.names, w.encoded("writing name", p.Name)), append(v.profiles, w.encoded("writing profiles", p.Profiles))
		v.companies, v.holds = append(v.companies, text(p.Company)), append(v.holds, text(strings.Join(p.Holds, "\n")))
	}
	const arrays = `unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])`
	if v := &fresh; len(v.ids) > 0 {
		w.exec(`INSERT INTO persons (id, name, company, holds, profiles, last_lead, merged_into) SELECT * FROM `+arrays, v.ids, v.names, v.companies, v.holds, v.profiles, v.last, v.merged)
	}
	if v := &changed; len(v.ids) > 0 {
		w.exec(`SELECT 1 FROM persons WHERE id = ANY($1) ORDER BY id FOR UPDATE`, v.ids)
		w.exec(`UPDATE persons p SET name = u.name, company = u.company, holds = u.holds, profiles = u.profiles, last_lead = u.last_lead, merged_into = u.merged_into
			FROM `+arrays+` u(id, name, company, holds, profiles, last_lead, merged_into) WHERE p.id = u.id`, v.ids, v.names, v.companies, v.holds, v.profiles, v.last, v.merged)
	}
}

// holders writes who holds what. A new holder takes the first place that was free.
func (w *writing) holders(c *store.Changes) {
	var keys []string
	var places []int32
	var persons, heard []int64
	for _, key := range slices.Sorted(maps.Keys(c.Snapshot.Holders)) {
		for _, h := range c.Snapshot.Holders[key] {
			switch {
			case h.Drop && !h.New:
				w.exec(`DELETE FROM holders WHERE key = $1 AND person = $2`, h.Key, h.Row)
			case h.Drop:
			case h.New:
				keys, places, persons, heard = append(keys, h.Key), append(places, w.l.places[h.Key]), append(persons, h.Row), append(heard, micros(h.Heard))
				w.l.places[h.Key]++
			case h.Changed:
				w.exec(`UPDATE holders SET heard = $3 WHERE key = $1 AND person = $2`, h.Key, h.Row, micros(h.Heard))
			}
		}
	}
	if len(keys) > 0 {
		w.exec(`INSERT INTO holders (key, place, person, heard) SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])`, keys, places, persons, heard)
	}
}

// late returns new persons whose numbers were taken before Propose came by and that it
// has not seen.
func (w *writing) late(c *store.Changes) (late []int64) {
	for n, p := range c.Snapshot.Persons {
		if p.New && n <= w.l.looked {
			late = append(late, n)
		}
	}
	return late
}

func (w *writing) blocks(c *store.Changes) {
	if len(c.Blocks) > 0 {
		list := slices.SortedFunc(slices.Values(c.Blocks), func(a, b store.BlockRow) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Person, b.Person))
		})
		keys, persons := make([]int64, len(list)), make([]int64, len(list))
		for i, b := range list {
			keys[i], persons[i] = b.Key, b.Person
		}
		w.exec(`INSERT INTO blocks (key, person) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING`, keys, persons)
	}
	if grown := append(w.late(c), c.Grown...); len(grown) > 0 {
		slices.Sort(grown)
		w.exec(`INSERT INTO grown (person) SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING`, slices.Compact(grown))
	}
	if len(c.Areas) > 0 {
		keys, persons := slices.Collect(maps.Keys(c.Areas)), []int64{}
		for _, k := range keys {
			persons = append(persons, c.Areas[k])
		}
		w.exec(`INSERT INTO area_counts (key, persons) SELECT * FROM unnest($1::bigint[], $2::bigint[])`, keys, persons)
	}
}
