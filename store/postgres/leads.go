package postgres

import (
	"strings"

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
