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

// writing collects what a plan decided: what changes rows that are there, then new rows,
// and then statements that may meet rows of others; a round trip for each of the three
// that is not empty. Rows of a table are written in the order of their keys and tables in
// one order, so that transactions never wait for each other in a circle.
type writing struct {
	changed batch
	fresh   []*inserts
	batch
	l   *loading
	now int64
	err error
}

// commit writes what was decided and commits.
func (s *Store) commit(ctx context.Context, l *loading, c *store.Changes) error {
	w := &writing{l: l, now: micros(s.now())}
	meet(c)
	if err := w.was(ctx, c); err != nil {
		return err
	}
	if err := l.nameBlobs(ctx, &w.changed, c.NamedBlobs()); err != nil {
		return err
	}
	for _, write := range []func(*store.Changes){w.deliveries, w.receipts, w.merges, w.inquiries, w.persons, w.holders, w.leads, w.blocks, w.rebased, w.marks,
		w.waits, w.entries, w.reviews, w.jobs, w.touched, w.counts} {
		write(c)
	}
	if w.err != nil {
		return w.err
	}
	return w.end(ctx)
}

// end sends what was collected and commits, with the last of it.
func (w *writing) end(ctx context.Context) error {
	if err := w.l.send(ctx, &w.changed); err != nil {
		return err
	}
	if len(w.reads) == 0 {
		return w.l.insert(ctx, w.fresh, `COMMIT`)
	}
	if err := w.l.insert(ctx, w.fresh, ""); err != nil {
		return err
	}
	w.exec(`COMMIT`)
	return w.l.send(ctx, &w.batch)
}

// into begins new rows of a table with its columns, such as "leads (number, id)".
func (w *writing) into(table string) *inserts {
	r := &inserts{table: table, columns: 1 + strings.Count(table, ",")}
	w.fresh = append(w.fresh, r)
	return r
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
		if d.Again {
			w.changed.exec(`UPDATE deliveries SET receipt = $2, parked = $3, attempts = attempts + 1 WHERE id = $1`, [16]byte(d.Item.Delivery.ID), w.encoded("writing receipt", d.Receipt), filled(text(d.Reason)))
			continue
		}
		fresh = append(fresh, d)
		c.Count(store.CountTaken, 1)
		if d.Reason != "" {
			c.Count(store.CountParked, 1)
		}
	}
	slices.SortFunc(fresh, func(a, b *store.DeliveryRow) int { return compareIDs(a.Item.Delivery.ID, b.Item.Delivery.ID) })
	rows := w.into(`deliveries (id, source, at, receipt, parked, raw)`)
	for _, d := range fresh {
		x := &d.Item.Delivery
		rows.row().uuid(x.ID).text(x.Source).bigint(micros(x.At)).text(w.encoded("writing receipt", d.Receipt)).filled(text(d.Reason)).bytea(d.Item.Raw)
	}
}

// filled is nil for an empty text.
func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
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
		w.changed.exec(`UPDATE deliveries SET receipt = $2 WHERE id = $1`, [16]byte(x), w.encoded("writing receipt", c.Snapshot.Receipts[x].Receipt))
	}
}

// inquiryValues are the columns of inquiries, a slice each.
type inquiryValues struct {
	ids, deliveries                    [][16]byte
	keys, verdicts, reasons, touches   []string
	leads, persons, at, taken, content []int64
	scores                             []float64
}

func (v *inquiryValues) add(st *store.InquiryState, touch []byte) {
	v.ids, v.deliveries = append(v.ids, st.ID), append(v.deliveries, st.Touch.DeliveryID)
	v.keys, v.verdicts, v.reasons, v.touches = append(v.keys, text(st.Key)), append(v.verdicts, verdict(st)), append(v.reasons, text(st.Reason)), append(v.touches, string(touch))
	v.leads, v.persons, v.at, v.taken, v.content = append(v.leads, st.Row()), append(v.persons, st.Person), append(v.at, micros(st.When())), append(v.taken, micros(st.Touch.Received)), append(v.content, int64(st.Content))
	v.scores = append(v.scores, st.Score)
}

// verdict is what the column says: nothing of an inquiry that waits.
func verdict(st *store.InquiryState) string {
	if st.Waiting {
		return ""
	}
	return string(st.Touch.Verdict)
}

func (v *inquiryValues) args() []any {
	return []any{v.ids, v.keys, v.leads, v.persons, v.at, v.taken, v.deliveries, v.verdicts, v.reasons, v.scores, v.content, v.touches}
}

const inquiryWritten = `id, key, lead, person, at, taken, delivery, verdict, reason, score, content, touch`

func (w *writing) inquiries(c *store.Changes) {
	var changed inquiryValues
	var list []*store.InquiryState
	for _, st := range c.Snapshot.Inquiries {
		if st.New || st.Changed {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *store.InquiryState) int { return compareIDs(a.ID, b.ID) })
	fresh := w.into(`inquiries (` + inquiryWritten + `)`)
	for _, st := range list {
		touch, err := store.EncodeTouch(&st.Touch)
		w.fail("writing touch", err)
		if !st.New {
			changed.add(st, touch)
			continue
		}
		fresh.row().uuid(st.ID).text(text(st.Key)).bigint(st.Row()).bigint(st.Person).bigint(micros(st.When())).bigint(micros(st.Touch.Received)).
			uuid(st.Touch.DeliveryID).text(verdict(st)).text(text(st.Reason)).double(st.Score).bigint(int64(st.Content)).text(string(touch))
	}
	if len(changed.ids) > 0 {
		w.changed.exec(`SELECT 1 FROM inquiries WHERE id = ANY($1) ORDER BY id FOR UPDATE`, changed.ids)
		w.changed.exec(`UPDATE inquiries q SET key = u.key, lead = u.lead, person = u.person, at = u.at, taken = u.taken, delivery = u.delivery, verdict = u.verdict, reason = u.reason,
			score = u.score, content = u.content, touch = u.touch
			FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::text[], $9::text[], $10::double precision[], $11::bigint[], $12::text[])
				u(`+inquiryWritten+`) WHERE q.id = u.id`, changed.args()...)
	}
	w.rows(list)
}

// rows writes the rows of inquiries that are not said by their touches.
func (w *writing) rows(list []*store.InquiryState) {
	rows := w.into(`rows (inquiry, event, row)`)
	for _, st := range list {
		for _, row := range st.Unstored() {
			rows.row().uuid(st.ID).text(text(row.Event)).text(w.encoded("writing row", row))
		}
	}
}

func (w *writing) persons(c *store.Changes) {
	var ids, last []int64
	var names, companies, holds, profiles []string
	var merged []*int64
	fresh := w.into(`persons (id, name, company, holds, profiles, last_lead, merged_into)`)
	for _, n := range slices.Sorted(maps.Keys(c.Snapshot.Persons)) {
		p := c.Snapshot.Persons[n]
		if !p.New && !p.Changed {
			continue
		}
		name, company, held, profile := w.encoded("writing name", p.Name), text(p.Company), text(strings.Join(p.Holds, "\n")), w.encoded("writing profiles", p.Profiles)
		if p.New {
			fresh.row().bigint(p.ID).text(name).text(company).text(held).text(profile).bigint(p.LastLead).known(p.MergedInto)
			continue
		}
		ids, last, merged = append(ids, p.ID), append(last, p.LastLead), append(merged, null(p.MergedInto))
		names, companies, holds, profiles = append(names, name), append(companies, company), append(holds, held), append(profiles, profile)
	}
	if len(ids) > 0 {
		w.changed.exec(`SELECT 1 FROM persons WHERE id = ANY($1) ORDER BY id FOR UPDATE`, ids)
		w.changed.exec(`UPDATE persons p SET name = u.name, company = u.company, holds = u.holds, profiles = u.profiles, last_lead = u.last_lead, merged_into = u.merged_into
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) u(id, name, company, holds, profiles, last_lead, merged_into)
			WHERE p.id = u.id`, ids, names, companies, holds, profiles, last, merged)
	}
}

// holders writes who holds what. A new holder takes the first place that was free.
func (w *writing) holders(c *store.Changes) {
	fresh := w.into(`holders (key, place, person, heard)`)
	for _, key := range slices.Sorted(maps.Keys(c.Snapshot.Holders)) {
		for _, h := range c.Snapshot.Holders[key] {
			switch {
			case h.Drop && !h.New:
				w.changed.exec(`DELETE FROM holders WHERE key = $1 AND person = $2`, h.Key, h.Row)
			case h.Drop:
			case h.New:
				fresh.row().text(h.Key).integer(w.l.places[h.Key]).bigint(h.Row).bigint(micros(h.Heard))
				w.l.places[h.Key]++
			case h.Changed:
				w.changed.exec(`UPDATE holders SET heard = $3 WHERE key = $1 AND person = $2`, h.Key, h.Row, micros(h.Heard))
			}
		}
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

// blocks writes under what persons are found. Those of new persons are nobody's yet.
func (w *writing) blocks(c *store.Changes) {
	list := slices.SortedFunc(slices.Values(c.Blocks), func(a, b store.BlockRow) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Person, b.Person))
	})
	fresh := w.into(`blocks (key, person)`)
	var keys, persons []int64
	for _, b := range slices.Compact(list) {
		if p := c.Snapshot.Persons[b.Person]; p != nil && p.New {
			fresh.row().bigint(b.Key).bigint(b.Person)
			continue
		}
		keys, persons = append(keys, b.Key), append(persons, b.Person)
	}
	if len(keys) > 0 {
		w.exec(`INSERT INTO blocks (key, person) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING`, keys, persons)
	}
	if grown := append(w.late(c), c.Grown...); len(grown) > 0 {
		slices.Sort(grown)
		w.exec(`INSERT INTO grown (person) SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING`, slices.Compact(grown))
	}
	areas := w.into(`area_counts (key, persons)`)
	for key, persons := range c.Areas {
		areas.row().bigint(key).bigint(persons)
	}
}
