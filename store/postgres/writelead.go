package postgres

import (
	"cmp"
	"maps"
	"slices"

	"leadgate/lead"
	"leadgate/store"
)

// leadValues are the columns of leads, a slice each.
type leadValues struct {
	numbers, persons, touches, created, updated []int64
	ids                                         [][16]byte
	statuses, stages, sources, data             []string
	merged                                      []*int64
}

func (v *leadValues) add(l *lead.Lead, data []byte) {
	v.numbers, v.persons, v.touches = append(v.numbers, l.Number), append(v.persons, l.Person), append(v.touches, int64(l.Touches))
	v.created, v.updated, v.ids = append(v.created, micros(l.CreatedAt)), append(v.updated, micros(l.UpdatedAt)), append(v.ids, l.ID)
	v.statuses, v.stages, v.sources, v.data = append(v.statuses, string(l.Status)), append(v.stages, l.Stage), append(v.sources, l.Source), append(v.data, string(data))
	v.merged = append(v.merged, null(l.MergedInto))
}

func (v *leadValues) args() []any {
	return []any{v.numbers, v.ids, v.persons, v.statuses, v.stages, v.sources, v.touches, v.created, v.updated, v.merged, v.data}
}

const leadWritten = `number, id, person, status, stage, source, touches, created, updated, merged_into, data`

const updateLeads = `UPDATE leads l SET id = u.id, person = u.person, status = u.status, stage = u.stage, source = u.source, touches = u.touches, created = u.created, updated = u.updated,
	merged_into = u.merged_into, data = u.data
	FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[]) u(` + leadWritten + `) WHERE l.number = u.number`

// leads writes leads. Those whose person, status or survivor changes are written one
// by one, merged ones first: what they leave must be free before another takes it.
func (w *writing) leads(c *store.Changes) {
	var same leadValues
	var moved []*store.LeadState
	var known []int64
	fresh := w.into(`leads (` + leadWritten + `)`)
	for _, n := range slices.Sorted(maps.Keys(c.Snapshot.Leads)) {
		l := c.Snapshot.Leads[n]
		switch {
		case l.New:
			fresh.row().bigint(l.Number).uuid(l.ID).bigint(l.Person).text(string(l.Status)).text(l.Stage).text(l.Source).integer(int32(l.Touches)).
				bigint(micros(l.CreatedAt)).bigint(micros(l.UpdatedAt)).known(l.MergedInto).bytea(w.lead(&l.Lead))
			continue
		case !l.Changed:
			continue
		case w.l.was[n] == row{person: l.Person, merged: l.MergedInto, status: l.Status}:
			same.add(&l.Lead, w.lead(&l.Lead))
		default:
			moved = append(moved, l)
		}
		known = append(known, n)
	}
	if len(known) > 0 {
		w.changed.exec(`SELECT 1 FROM leads WHERE number = ANY($1) ORDER BY number FOR UPDATE`, known)
	}
	slices.SortStableFunc(moved, func(a, b *store.LeadState) int { return cmp.Compare(standing(a), standing(b)) })
	for _, l := range moved {
		var one leadValues
		one.add(&l.Lead, w.lead(&l.Lead))
		w.changed.exec(updateLeads, one.args()...)
	}
	if len(same.numbers) > 0 {
		w.changed.exec(updateLeads, same.args()...)
	}
}

// lead is what a lead's column data holds.
func (w *writing) lead(l *lead.Lead) []byte {
	data, err := store.EncodeLead(l)
	w.fail("writing lead", err)
	return data
}

func standing(l *store.LeadState) int {
	if l.MergedInto != 0 {
		return 0
	}
	return 1
}

// merges writes how persons became one. It comes before the inquiries: what was stored
// on these persons before has a smaller number than seen, and what is stored there from
// now on a greater one.
func (w *writing) merges(c *store.Changes) {
	for i := range c.Merges {
		m := &c.Merges[i]
		w.changed.exec(`INSERT INTO merges (at, person, into_person, lead, into_lead, moved_lead, reason, score, actor, seen, before)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, nextval(pg_get_serial_sequence('inquiries', 'n')), $10)`,
			micros(m.At), m.Person, m.Into, m.Lead, m.LeadInto, m.MovedLead, text(m.Reason), m.Score, text(m.By), w.encoded("writing merge", &m.Before))
	}
}

// rebased writes the merges that are undone, and those an undo changed.
func (w *writing) rebased(c *store.Changes) {
	for _, m := range c.Rebased {
		var undone *int64
		if m.Undone {
			undone = &w.now
		}
		w.changed.exec(`UPDATE merges SET before = $2, undone = $3 WHERE n = $1`, m.ID, w.encoded("writing merge", &m.Before), undone)
	}
}

// marks writes what humans said about pairs of persons.
func (w *writing) marks(c *store.Changes) {
	for _, m := range c.Marks {
		for _, pair := range [...][2]int64{{m.A, m.B}, {m.B, m.A}} {
			if m.Drop {
				w.exec(`DELETE FROM not_same WHERE person = $1 AND other = $2`, pair[0], pair[1])
			} else {
				w.exec(`INSERT INTO not_same (person, other, at, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, pair[0], pair[1], micros(m.At), text(m.By))
			}
		}
	}
	for _, d := range c.Decided {
		w.exec(`UPDATE reviews SET decided_at = $1, decided_by = $2, decided_how = $3 WHERE a = ANY($4) AND b = ANY($5) OR a = ANY($5) AND b = ANY($4)`, micros(d.At), text(d.By), d.How, d.A, d.B)
	}
}

func (w *writing) waits(c *store.Changes) {
	for _, x := range c.Waits {
		if x.Drop {
			w.exec(`DELETE FROM waiting WHERE key = $1 AND inquiry = $2`, x.Key, [16]byte(x.Inquiry))
		} else {
			w.exec(`INSERT INTO waiting (key, inquiry) VALUES ($1, $2) ON CONFLICT DO NOTHING`, x.Key, [16]byte(x.Inquiry))
		}
	}
}

func (w *writing) entries(c *store.Changes) {
	rows := w.into(`entries (lead, at, entry)`)
	for _, e := range c.Entries {
		rows.row().bigint(e.Lead).bigint(micros(e.At)).text(w.encoded("writing entry", e.Entry))
	}
}

// reviews writes pairs to be looked at, each with the best of what was found.
func (w *writing) reviews(c *store.Changes) {
	list := slices.SortedStableFunc(slices.Values(c.Reviews), func(a, b store.ReviewRow) int {
		return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B), cmp.Compare(b.Score, a.Score))
	})
	list = slices.CompactFunc(list, func(a, b store.ReviewRow) bool { return a.A == b.A && a.B == b.B })
	var as, bs, at []int64
	var reasons []string
	var scores []float64
	for _, r := range list {
		as, bs, at = append(as, r.A), append(bs, r.B), append(at, micros(r.At))
		reasons, scores = append(reasons, text(r.Reason)), append(scores, r.Score)
	}
	if len(list) > 0 {
		w.exec(`INSERT INTO reviews (a, b, at, reason, score) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::double precision[])
			ON CONFLICT (a, b) DO UPDATE SET reason = excluded.reason, score = excluded.score
			WHERE excluded.score > reviews.score AND reviews.decided_at IS NULL`, as, bs, at, reasons, scores)
	}
}

// touched notes which leads are to be brought into the search index.
func (w *writing) touched(c *store.Changes) {
	rows := w.into(`unindexed (leads)`)
	if len(c.Touched) > 0 {
		rows.row().bigints(c.Touched)
	}
}

// counts adds rows to be added up: a counter of its own would be a row that all wait for.
func (w *writing) counts(c *store.Changes) {
	rows := w.into(`counts (name, value)`)
	for name, n := range c.Counts {
		if n != 0 {
			rows.row().text(name).bigint(n)
		}
	}
	for source, at := range c.Last {
		rows.row().text(store.CountLast + source).bigint(micros(at))
	}
}
