package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"leadgate/store"
)

// Jobs of a store that an earlier leadgate made are done and counted as before.
func TestJobsOfEarlierSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO jobs (kind, key, payload, due, buried) VALUES ('send', 'a', x'01', 0, 0), ('send', '', x'', 0, 1), ('call', 'a', x'', 0, 0);
		INSERT INTO counters VALUES ('jobs.waiting', 2), ('jobs.buried', 1)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil)
	defer s.Close()
	st, err := s.Stats(t.Context())
	if err != nil || st.Jobs.Waiting != 2 || st.Jobs.Buried != 1 || *st.Jobs.Kind("send") != (store.JobCounts{Kind: "send", Waiting: 1, Buried: 1}) {
		t.Errorf("counts %+v, %v", st.Jobs, err)
	}
	jobs, err := s.Due(t.Context(), store.Take{Kind: "send", N: 9, Lease: time.Minute})
	if err != nil || len(jobs) != 1 || jobs[0].Key != "a" || time.Since(jobs[0].Since) > time.Minute {
		t.Errorf("due %+v, %v", jobs, err)
	}
}

// Looking for jobs steps over whatever waits: the cost is that of the targets.
func TestDueReadsNoBacklog(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "leadgate.db"), nil)
	defer s.Close()
	plan := ""
	err := scanRows(s.read.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+readyTargets, "send", 1, 1))(func(r *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := r.Scan(&id, &parent, &unused, &detail)
		plan += detail + "\n"
		return err
	})
	if err != nil || strings.Contains(plan, "SCAN jobs") || !strings.Contains(plan, "jobs_leased (kind=? AND target=? AND leased>?)") || !strings.Contains(plan, "jobs_due (kind=? AND target=? AND due<?)") {
		t.Errorf("plan, %v:\n%s", err, plan)
	}
}
