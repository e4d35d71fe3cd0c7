package sqlite

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"leadgate/lead"
)

// firstSchema makes a store as the first leadgate left it: delivery i with a large
// body, the name of which bodies returns, and one inquiry with a file and a recording.
func firstSchema(t *testing.T, path string, deliveries int, body func(int) string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "", "journal_mode(wal)"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err == nil {
		_, err = p.UpTo(t.Context(), 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range deliveries {
		d := lead.Delivery{ID: lead.NewID(), Source: "src", At: time.Now().UTC(), Blob: body(i)}
		raw, err := d.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO deliveries (id, source, at, receipt, raw) VALUES (?, 'src', 1, '{}', ?)`, d.ID[:], raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	id, other := lead.NewID(), lead.NewID()
	for _, x := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO inquiries (id, key, lead, person, at, taken, delivery, verdict, reason, score, content, touch) VALUES (?, 'k', 1, 1, 1, 1, ?, 'created', '', 0, 0, ?)`,
			[]any{id[:], id[:], `{"attachments":[{"name":"plan.pdf","blob":"` + hexOf('a') + `"},{"name":"other","blob":"b/ab"}]}`}},
		{`INSERT INTO inquiries (id, key, lead, person, at, taken, delivery, verdict, reason, score, content, touch) VALUES (?, 'l', 1, 1, 1, 1, ?, 'created', '', 0, 0, '{')`, []any{other[:], other[:]}},
		{`INSERT INTO rows (inquiry, event, row) VALUES (?, '', ?)`, []any{id[:], `{"says":{"call":{"recordings":[{"blob":"` + hexOf('b') + `"}]}}}`}},
	} {
		if _, err := db.ExecContext(t.Context(), x.text, x.args...); err != nil {
			t.Fatal(err)
		}
	}
}

func hexOf(digit byte) string { return strings.Repeat(string(digit), 64) }

// What an earlier leadgate stored keeps its blobs: nothing is doomed before all of
// its deliveries have been read.
func TestUpgradeNamesBlobs(t *testing.T) {
	t.Parallel()
	const digits = "0123456789c"
	path := filepath.Join(t.TempDir(), "leadgate.db")
	firstSchema(t, path, 2*earlier+10, func(i int) string {
		if i%100 == 0 {
			return hexOf(digits[i/100])
		}
		return ""
	})
	s := open(t, path, nil)
	defer s.Close()
	names, free := []string{}, []string{hexOf('d'), hexOf('e')}
	for _, digit := range []byte(digits + "ab") {
		names = append(names, hexOf(digit))
	}
	if stale, err := s.AdoptBlobs(t.Context(), append(free, names...)); err != nil || len(stale) > 0 {
		t.Fatalf("AdoptBlobs: %v, %v", stale, err)
	}
	var doomed []string
	for i := range 5 {
		keys, err := s.DoomBlobs(t.Context(), time.Now().Add(time.Hour), 100)
		if err != nil || i < 2 && len(keys) > 0 {
			t.Fatalf("round %d dooms %v, %v", i, keys, err)
		}
		doomed = append(doomed, keys...)
	}
	if slices.Sort(doomed); !slices.Equal(doomed, free) {
		t.Errorf("doomed %v, want %v", doomed, free)
	}
	for _, name := range names {
		if _, err := s.BlobKey(t.Context(), name); err != nil {
			t.Errorf("%s: %v", name[:1], err)
		}
	}
}
