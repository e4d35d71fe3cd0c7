package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/storetest"
)

var update = flag.Bool("update", false, "write what a store of the newest schema holds, for later versions to be upgraded from")

// A store that an earlier leadgate filled is brought up to date as it stands: all is
// read as it was, and what was begun goes on. testdata has a dump of each schema, made
// by the leadgate whose newest it was (-update), and what it answered.
func TestUpgrade(t *testing.T) {
	if *update {
		dump(t)
	}
	dumps, err := filepath.Glob("testdata/schema-*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatalf("dumps %v, %v", dumps, err)
	}
	for _, path := range dumps {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			db := services.Postgres(t).Database(t)
			loadDump(t, db, path)
			now := history.Add(time.Hour)
			s := open(t, Options{DSN: db.DSN(), Now: func() time.Time { return now }})
			defer s.Close()
			want, err := os.ReadFile(strings.TrimSuffix(path, ".sql") + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), described(t, s)); diff != "" {
				t.Errorf("what it answers is not what it answered before:\n%s", diff)
			}
			goesOn(t, s)
		})
	}
}

// history is when the history of a dump began.
var history = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// loadDump makes a database as the leadgate of a dump left it.
func loadDump(t *testing.T, db *services.Database, path string) {
	t.Helper()
	var version int64
	if _, err := fmt.Sscanf(filepath.Base(path), "schema-%d.sql", &version); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ParseConfig(db.DSN())
	if err != nil {
		t.Fatal(err)
	}
	sql := stdlib.OpenDB(*c)
	defer sql.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, sql, dir)
	if err == nil {
		_, err = p.UpTo(t.Context(), version)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(t.Context(), string(text)).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// dump fills a store of the newest schema and keeps what it holds, as SQL.
func dump(t *testing.T) {
	t.Helper()
	now := history
	s, db := opened(t, func() time.Time { now = now.Add(time.Second); return now })
	makeHistory(t, s)
	now = history.Add(time.Hour)
	version := strings.TrimSpace(db.SQL(t, `SELECT max(version_id) FROM goose_db_version`))
	path := fmt.Sprintf("testdata/schema-%05s", version)
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pg_dump", "--data-only", "--inserts", "--rows-per-insert=50", "--no-owner", "--exclude-table=goose_db_version*", "--dbname="+db.DSN()).Output()
	if err != nil {
		t.Fatal(err)
	}
	out = regexp.MustCompile(`(?m)^(--.*|SET .*|\\.*|SELECT pg_catalog.set_config.*)\n`).ReplaceAll(out, nil)
	out = regexp.MustCompile(`\n{2,}`).ReplaceAll(bytes.TrimLeft(out, "\n"), []byte("\n"))
	if err := errors.Join(os.WriteFile(path+".sql", out, 0o644), os.WriteFile(path+".golden", []byte(described(t, s)), 0o644)); err != nil {
		t.Fatal(err)
	}
}

const people = 120

// makeHistory fills a store with something of everything.
func makeHistory(t *testing.T, s *Store) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c, at := storetest.NewCrowd(), history
	var ids []lead.ID
	for n := range people {
		it := c.Item(n, at.Add(time.Duration(n)*time.Second))
		if n%30 == 7 {
			it.Inquiries[0].Lane, it.Inquiries[0].Reason = lead.LaneQuarantine, "looks like spam"
		}
		r, err := s.Apply(t.Context(), []store.Item{it})
		must(err)
		if !r[0].Lead.IsZero() {
			ids = append(ids, r[0].Lead)
		}
		if n%5 == 0 { // and again
			d := it.Delivery
			d.ID, d.Key = lead.DeriveID(d.Source, fmt.Sprint("again-", n)), fmt.Sprint("again-", n)
			raw, err := d.AppendBinary(nil)
			must(err)
			it.Inquiries[0].Key, it.Inquiries[0].Text = d.Key, "any news?"
			_, err = s.Apply(t.Context(), []store.Item{{Delivery: d, Raw: raw, Inquiries: it.Inquiries}})
			must(err)
		}
	}
	won, lost, reason, owner := "converted", "junk", "no answer", "eva"
	for i, id := range ids {
		switch i % 11 {
		case 3:
			_, err := s.Patch(t.Context(), id, store.Patch{Stage: &won, Owner: &owner, By: "eva"})
			must(err)
		case 5:
			_, err := s.Patch(t.Context(), id, store.Patch{Stage: &lost, Reason: &reason, By: "eva"})
			must(err)
		}
	}
	for i := range 6 {
		_, err := s.Merge(t.Context(), ids[2*i], ids[2*i+1], "eva")
		must(err)
	}
	_, err := s.Unmerge(t.Context(), ids[0], "eva")
	must(err)
	must(s.NotSame(t.Context(), ids[20], ids[21], "eva"))
	for i := range 4 {
		d := lead.Delivery{ID: lead.DeriveID("broken", fmt.Sprint(i)), Source: "broken", Key: fmt.Sprint(i), At: at, Body: []byte("{")}
		raw, err := d.AppendBinary(nil)
		must(err)
		must(s.Park(t.Context(), []store.Parking{{Delivery: d, Raw: raw, Reason: "not JSON", Attempts: i}}))
	}
	makeSettings(t, s)
	_, err = s.Propose(t.Context(), 50)
	must(err)
	for range 3 {
		_, err = s.Index(t.Context(), 40)
		must(err)
	}
}

// makeSettings adds jobs in every state, a source and a token.
func makeSettings(t *testing.T, s *Store) {
	t.Helper()
	for i := range 5 {
		if err := s.Enqueue(t.Context(), store.Job{Kind: "send", Key: fmt.Sprint("lead-", i), Payload: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := s.Due(t.Context(), store.Take{Kind: "send", N: 2, Lease: time.Minute})
	if err != nil || len(jobs) != 2 {
		t.Fatalf("Due = %v, %v", jobs, err)
	}
	again := jobs[1]
	for _, err := range []error{s.Bury(t.Context(), jobs[0], "never"), s.Enqueue(t.Context(), store.Job{Kind: "send", Key: again.Key, Payload: []byte("again")}),
		second(s.PutSource(t.Context(), store.SourceRecord{Name: "shop", Kind: "webhook", Title: "Shop", Region: "FR", Settings: []byte(`{}`)})),
		s.AddToken(t.Context(), store.Token{Name: "api", Hash: [32]byte{1}, Created: history})} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func second(_ int64, err error) error { return err }

// described is all that a store answers, in an order of its own.
func described(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	show := func(what string, v any, err error) {
		t.Helper()
		text, encoded := json.Marshal(v)
		if err := errors.Join(err, encoded); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fmt.Fprintf(&b, "%s %s\n", what, text)
	}
	all := store.Page{Limit: 1000}
	leads, _, err := s.List(t.Context(), store.Query{Page: all})
	for _, l := range leads {
		show("lead", l, err)
		touches, entries, err := s.Timeline(t.Context(), l.Number)
		show("touches", touches, err)
		show("entries", entries, err)
	}
	parked, _, err := s.Parked(t.Context(), all)
	show("parked", parked, err)
	held, _, err := s.Quarantined(t.Context(), all)
	show("quarantined", held, err)
	merges, _, err := s.Merges(t.Context(), all)
	show("merges", merges, err)
	pairs, _, err := s.Duplicates(t.Context(), all)
	show("duplicates", pairs, err)
	st, err := s.Stats(t.Context())
	show("stats", []any{st.Leads, st.Inquiries, st.Deliveries, st.Parked, st.Quarantine, st.Unindexed, st.Jobs.Waiting, st.Jobs.Buried, st.LastEvent}, err)
	for _, search := range []string{"a", "be", "office@", "@mail.example", "0000"} {
		found, _, err := s.List(t.Context(), store.Query{Page: all, Search: search})
		show("found by "+search, len(found), err)
	}
	stages, err := s.Stages(t.Context())
	show("stages", stages, err)
	sources, err := s.Sources(t.Context())
	show("sources", len(sources), err)
	tokens, err := s.Tokens(t.Context())
	show("tokens", tokens, err)
	return b.String()
}

// goesOn does what was begun before.
func goesOn(t *testing.T, s *Store) {
	t.Helper()
	held, _, err := s.Quarantined(t.Context(), store.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := s.Release(t.Context(), held[0].ID, "eva"); err != nil || o.Lead.IsZero() {
		t.Errorf("Release = %+v, %v", o, err)
	}
	merges, _, err := s.Merges(t.Context(), store.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.numbered(t.Context(), merges[0].Lead)
	if err != nil {
		t.Fatal(err)
	}
	if apart, err := s.Unmerge(t.Context(), l.ID, "eva"); err != nil || len(apart) != 2 {
		t.Errorf("Unmerge = %v, %v", apart, err)
	}
	c := storetest.NewCrowd()
	if r, err := s.Apply(t.Context(), []store.Item{c.Item(0, history)}); err != nil || r[0].Verdict != lead.Duplicate {
		t.Errorf("a known delivery: %+v, %v", r, err)
	}
	again := c.Item(1, history)
	again.Delivery.ID, again.Inquiries[0].Key = lead.NewID(), "after the upgrade"
	if _, err := s.Apply(t.Context(), []store.Item{again, c.Item(people+1, history)}); err != nil {
		t.Error(err)
	}
	jobs, err := s.Due(t.Context(), store.Take{Kind: "send", N: 10, Lease: time.Minute})
	if err != nil || len(jobs) != 4 {
		t.Errorf("%d jobs are due, %v, want 4", len(jobs), err)
	}
	if err := s.Done(t.Context(), jobs); err != nil {
		t.Error(err)
	}
	for n, err := s.Index(t.Context(), 100); n > 0 || err != nil; n, err = s.Index(t.Context(), 100) {
		if err != nil {
			t.Fatal(err)
		}
	}
}
