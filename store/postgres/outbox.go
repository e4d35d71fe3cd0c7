package postgres

import (
	"cmp"
	"slices"

	"leadgate/store"
)

// jobs adds jobs, or notes at the one of their key that is being done that it is to be
// done again.
func (w *writing) jobs(c *store.Changes) {
	list := slices.SortedStableFunc(slices.Values(c.Jobs), func(a, b store.Job) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	for _, j := range list {
		payload := j.Payload
		if payload == nil {
			payload = []byte{}
		}
		w.exec(`WITH added AS (INSERT INTO jobs (kind, key, payload, due) VALUES ($1, $2, $3, $4)
				ON CONFLICT (kind, key) WHERE key <> '' AND NOT buried DO UPDATE SET payload = excluded.payload, again = least(coalesce(jobs.again, excluded.due), excluded.due) WHERE jobs.leased <> 0
				RETURNING again IS NULL AS fresh)
			INSERT INTO counts (name, value) SELECT $5, 1 FROM added WHERE fresh`, j.Kind, j.Key, payload, micros(j.Due), store.CountJobs)
	}
}
