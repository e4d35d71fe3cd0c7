package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// A store made by a newer leadgate is refused, not guessed at.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	db.SQL(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	if _, err := Open(t.Context(), Options{DSN: db.DSN()}); !errors.Is(err, lead.ErrPermanent) {
		t.Errorf("Open = %v, want ErrPermanent", err)
	}
}

// Nodes that start at once on an empty database bring it up once, and all of them work.
func TestNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	db := services.Postgres(t).Database(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s, err := Open(t.Context(), Options{DSN: db.DSN(), Writers: 2, Readers: 2})
			if err != nil {
				t.Errorf("node %d: %v", i, err)
				return
			}
			if _, err := s.Apply(t.Context(), []store.Item{itemOf(t, fmt.Sprint(i), "Ana Belo")}); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := db.SQL(t, `SELECT count(*) FROM leads`); strings.TrimSpace(got) != "8" {
		t.Errorf("%s leads, want 8", got)
	}
	if got := db.SQL(t, `SELECT count(*) FROM stages`); strings.TrimSpace(got) != fmt.Sprint(len(lead.DefaultStages())) {
		t.Errorf("%s stages, want %d", got, len(lead.DefaultStages()))
	}
}

// Through a pooler in transaction mode nobody keeps the lock of who migrates, so that
// the next node does not wait for ever.
func TestMigrateThroughPooler(t *testing.T) {
	t.Parallel()
	db := services.Postgres(t).Database(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := Open(t.Context(), Options{DSN: db.Bouncer(t), Writers: 2, Readers: 2})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := strings.TrimSpace(db.SQL(t, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)); got != "0" {
		t.Errorf("%s locks are kept", got)
	}
}

// A server, or a session, that says committed before it is on disk is refused.
func TestRefusedServers(t *testing.T) {
	t.Parallel()
	db := services.Postgres(t).Database(t)
	if _, err := Open(t.Context(), Options{DSN: db.DSN() + "&options=-c%20synchronous_commit%3Doff"}); !errors.Is(err, lead.ErrInvalid) || !strings.Contains(err.Error(), "synchronous_commit") {
		t.Errorf("synchronous_commit=off: Open = %v, want a refusal that names it", err)
	}
	db.SQL(t, `CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	if _, err := Open(t.Context(), Options{DSN: strings.Replace(db.DSN(), db.Name(), "latin", 1)}); !errors.Is(err, lead.ErrInvalid) || !strings.Contains(err.Error(), "UTF8") {
		t.Errorf("LATIN1: Open = %v, want a refusal that names what it should be", err)
	}
	own := services.NewPostgres(t, "fsync=off")
	if _, err := Open(t.Context(), Options{DSN: own.DSN()}); !errors.Is(err, lead.ErrInvalid) || !strings.Contains(err.Error(), "fsync") {
		t.Errorf("fsync=off: Open = %v, want a refusal that names it", err)
	}
}

// No error shows the password, whatever is wrong with the address.
func TestPasswordStaysOut(t *testing.T) {
	t.Parallel()
	db := services.Postgres(t).Database(t)
	host := strings.SplitN(strings.SplitN(db.DSN(), "@", 2)[1], "/", 2)[0]
	for _, dsn := range []string{
		"postgres://leadgate:5ecret-pw@" + host + "/" + db.Name() + "?sslmode=disable",
		"postgres://leadgate:5ecret-pw@127.0.0.1:1/x?sslmode=disable",
		"postgres://leadgate:5ecret-pw@" + host + "/no_such?sslmode=disable",
		"postgres://leadgate:5ecret-pw@[::1/x", "postgres://leadgate:5ecret-pw@host:port/x", "host=127.0.0.1 port=x password=5ecret-pw",
		"postgres://leadgate:5ecret-pw@" + host + "/x?sslmode=perhaps", "postgres://leadgate:5ecret-pw%zz@" + host + "/x",
	} {
		for _, o := range []Options{{DSN: dsn}, {DSN: db.DSN(), Migrate: dsn}} {
			s, err := Open(t.Context(), o)
			if err == nil {
				t.Errorf("Open(%q) succeeded", dsn)
				s.Close()
				continue
			}
			if strings.Contains(err.Error(), "5ecret") {
				t.Errorf("the password is shown: %v", err)
			}
		}
	}
}

// Classes of errors tell whether to wait.
func TestClasses(t *testing.T) {
	t.Parallel()
	s, _ := opened(t, nil)
	for code, want := range map[string]error{
		"53300": lead.ErrUnavailable, "53100": lead.ErrUnavailable, "53200": lead.ErrUnavailable, "25006": lead.ErrUnavailable, "55P03": lead.ErrUnavailable,
		"57014": lead.ErrUnavailable, "57P01": lead.ErrUnavailable, "57P03": lead.ErrUnavailable, "08006": lead.ErrUnavailable, "40001": lead.ErrUnavailable, "42P01": lead.ErrUnavailable,
		"22021": lead.ErrPermanent, "22003": lead.ErrPermanent, "23502": lead.ErrPermanent, "54000": lead.ErrPermanent,
	} {
		err := s.alone(t.Context(), "failing", raising(code))
		if !errors.Is(err, want) || want == lead.ErrUnavailable && lead.IsPermanent(err) || code == "53100" && !errors.Is(err, lead.ErrFull) {
			t.Errorf("%s: %v, want class %v", code, err, want)
		}
		if slow := code == "57014" || code == "55P03"; slow != errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, is it a time that was over: want %v", code, err, slow)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v shows the detail", code, err)
		}
	}
}

// itemOf is a delivery of somebody nobody else resembles.
func itemOf(t testing.TB, key, name string, ids ...lead.Identity) store.Item {
	t.Helper()
	d := lead.Delivery{ID: lead.DeriveID("src", key), Source: "src", Key: key, At: time.Now().UTC()}
	raw, err := d.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if ids == nil {
		ids = []lead.Identity{{Kind: lead.IdentityEmail, Value: "p" + key + "@example.org"}}
	}
	q := lead.Inquiry{Key: key, Scope: "src", Source: "src", Received: d.At, Name: lead.Name{Display: name}, Identities: ids}
	normal.Inquiry(&q, "FR")
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// post applies one inquiry by somebody.
func (s *Store) post(t testing.TB, key, name string, ids ...lead.Identity) store.Outcome {
	t.Helper()
	r, err := s.Apply(t.Context(), []store.Item{itemOf(t, key, name, ids...)})
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Inquiries[0]
}

// The rows of a merged person stay theirs: the survivor gets none of its own for
// the same values, so that undoing a merge knows whose they were.
func TestHoldersAfterMerge(t *testing.T) {
	t.Parallel()
	s, db := opened(t, nil)
	mail, phone := lead.Identity{Kind: lead.IdentityEmail, Value: "ana@example.org"}, lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}
	names := []string{"Ana Belo", "", "Ana Belo", "Igor Petrov", "Ana Belo"}
	for i, ids := range [][]lead.Identity{{mail}, {phone}, {mail, phone}, {phone}, {mail, phone}} {
		s.post(t, fmt.Sprint(i), names[i], ids...)
	}
	for key, want := range map[string]string{"phone:+33612345678": "false true", "email:ana@example.org": "false"} {
		// whether a holder is the survivor of the first merge; the merged one and the stranger hold the phone
		got := db.SQL(t, `SELECT string_agg((person <> (SELECT person FROM holders WHERE key = 'email:ana@example.org') AND person NOT IN (SELECT person FROM merges))::text, ' ' ORDER BY place) FROM holders WHERE key = '`+key+`'`)
		if strings.TrimSpace(got) != want {
			t.Errorf("%s is held by strangers: %s, want %s", key, got, want)
		}
	}
}

// However many people share a value, few rows are read for it.
func TestCrowdedRows(t *testing.T) {
	t.Parallel()
	s, db := opened(t, nil)
	const names = "abcdefghijklmnopqrstuvwxyz"
	phone := lead.Identity{Kind: lead.IdentityPhone, Value: "+33612345678"}
	for i := range 60 {
		given := strings.Repeat(names[i%26:i%26+1], 5) + "o"
		s.post(t, fmt.Sprint(i), given+" "+given+strings.Repeat("x", 4+i/26*5), phone)
	}
	if got := db.SQL(t, `SELECT count(*) FROM holders WHERE key = 'phone:+33612345678'`); strings.TrimSpace(got) != "20" {
		t.Errorf("%s rows are read for one phone, want 20", got)
	}
}

// What is stored and cannot be read is permanent: waiting for it would be for ever.
func TestDamagedRows(t *testing.T) {
	t.Parallel()
	template := migrated(t)
	for _, damage := range []string{`UPDATE persons SET name = '{'`, `UPDATE persons SET name = '[]'`, `UPDATE leads SET data = '{'`, `UPDATE inquiries SET touch = '{'`, `UPDATE deliveries SET receipt = '{'`} {
		db := template.Copy(t)
		s := open(t, Options{DSN: db.DSN()})
		mail := lead.Identity{Kind: lead.IdentityEmail, Value: "ana@example.org"}
		s.post(t, "1", "Ana Belo", mail)
		db.SQL(t, damage)
		again := itemOf(t, "1", "Ana Belo", mail)
		again.Replay, again.Inquiries[0].Event = true, "2"
		if _, err := s.Apply(t.Context(), []store.Item{again}); !errors.Is(err, lead.ErrPermanent) || errors.Is(err, lead.ErrUnavailable) {
			t.Errorf("after %s: Apply = %v, want ErrPermanent", damage, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A pair that is proposed again keeps its row, with the better reason, and one that
// was decided stays decided.
func TestReviewAgain(t *testing.T) {
	t.Parallel()
	s, db := opened(t, nil)
	a := s.post(t, "1", "Ana Belo", lead.Identity{Kind: lead.IdentityEmail, Value: "a@example.org"})
	b := s.post(t, "2", "Igor Petrov", lead.Identity{Kind: lead.IdentityEmail, Value: "b@example.org"})
	persons := []int64{s.leadOf(t, a).Person, s.leadOf(t, b).Person}
	slices.Sort(persons)
	propose := func(score float64, reason string) {
		t.Helper()
		if err := s.review(t.Context(), store.ReviewRow{At: time.Now(), A: persons[0], B: persons[1], Score: score, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		score        float64
		reason, want string
	}{{5, "first", "first"}, {9, "better", "better"}, {7, "worse", "better"}} {
		propose(c.score, c.reason)
		pairs, _, err := s.Duplicates(t.Context(), store.Page{Limit: 10})
		if err != nil || len(pairs) != 1 || pairs[0].Reason != c.want {
			t.Fatalf("after %q: %+v, %v; want %q", c.reason, pairs, err, c.want)
		}
	}
	if err := s.NotSame(t.Context(), a.Lead, b.Lead, "tester"); err != nil {
		t.Fatal(err)
	}
	propose(20, "best")
	if pairs, _, err := s.Duplicates(t.Context(), store.Page{Limit: 10}); err != nil || len(pairs) != 0 {
		t.Errorf("a decided pair is proposed: %+v, %v", pairs, err)
	}
	if got := strings.TrimSpace(db.SQL(t, `SELECT decided_how, decided_by FROM reviews`)); got != store.DecidedNotSame+"|tester" {
		t.Errorf("decided %q", got)
	}
}

func (s *Store) leadOf(t testing.TB, o store.Outcome) lead.Lead {
	t.Helper()
	l, err := s.Lead(t.Context(), o.Lead)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
