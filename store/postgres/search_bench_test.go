package postgres

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/storetest"
)

// made returns lead n of a crowd.
func made(c *storetest.Crowd, n int64, at time.Time) lead.Lead {
	q := c.Item(int(n), at).Inquiries[0]
	stages := lead.DefaultStages()
	stage := stages[0]
	if c.Rand.IntN(10) == 0 {
		stage = stages[c.Rand.IntN(len(stages))]
	}
	l := lead.Lead{Number: n, ID: lead.NewID(), Person: n, Status: stage.Meaning, Stage: stage.ID, Source: q.Source, Title: q.Subject, Name: q.Name.String(), Company: q.Company,
		Touches: 1, CreatedAt: at, UpdatedAt: at, Fields: map[string]string{}}
	for _, f := range q.Fields {
		l.Fields[f.Key] = f.Value
	}
	for _, x := range q.Identities {
		if x.Kind == lead.IdentityEmail {
			l.Emails = append(l.Emails, x.Value)
		} else {
			l.Phones = append(l.Phones, x.Value)
		}
	}
	return l
}

// fill stores n leads of a crowd and indexes them, and returns what that cost a lead.
func fill(b *testing.B, s *Store, n int64) time.Duration {
	b.Helper()
	const batch = 2500
	c, at := storetest.NewCrowd(), time.Now().UTC()
	spent := time.Duration(0)
	for first := int64(1); first <= n; first += batch {
		var rows [][]any
		var numbers []int64
		for i := first; i < first+batch; i++ {
			l := made(c, i, at)
			data, err := store.EncodeLead(&l)
			if err != nil {
				b.Fatal(err)
			}
			numbers = append(numbers, i)
			rows = append(rows, []any{l.Number, [16]byte(l.ID), l.Person, string(l.Status), l.Stage, l.Source, l.Touches, micros(at), micros(at), string(data)})
		}
		err := s.rows(b.Context(), "filling", func(ctx context.Context, t *tx) error {
			_, err := t.Conn.Conn().CopyFrom(ctx, pgx.Identifier{"leads"}, []string{"number", "id", "person", "status", "stage", "source", "touches", "created", "updated", "data"}, pgx.CopyFromRows(rows))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := s.rows(b.Context(), "indexing", func(ctx context.Context, t *tx) error { return t.index(ctx, numbers) }); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
	}
	return spent / time.Duration(n)
}

// BenchmarkSearch asks for leads in every way, among LEADGATE_BENCH_LEADS of them.
func BenchmarkSearch(b *testing.B) {
	n, _ := strconv.ParseInt(cmp.Or(os.Getenv("LEADGATE_BENCH_LEADS"), "20000"), 10, 64)
	s, db := opened(b, nil)
	b.Logf("%d leads; indexing one took %v", n, fill(b, s, n))
	db.SQL(b, `VACUUM ANALYZE`)
	b.Logf("index, table, pieces: %s", db.SQL(b, `SELECT pg_size_pretty(pg_total_relation_size('pages')), pg_size_pretty(pg_total_relation_size('leads')), (SELECT count(*) FROM pieces)`))
	c := storetest.NewCrowd()
	for _, kind := range c.Questions() {
		for _, late := range []bool{false, true} {
			name := kind.Name
			if late {
				name += ", later page"
			}
			b.Run(name, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					q := kind.Ask()
					q.Limit = 50
					if late {
						q.Cursor = strconv.FormatInt(1+c.Rand.Int64N(n), 10)
					}
					start := time.Now()
					if _, _, err := s.List(b.Context(), q); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
				b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
			})
		}
	}
}
