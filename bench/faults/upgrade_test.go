package faults

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/bench/gateway"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
)

// Row 23: a node does not work on a schema that a newer leadgate made. It says so, and
// what its journal holds is stored once the schema is one it knows.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	if !scales(t) {
		return // no PostgreSQL; that of SQLite is tested with it
	}
	f := newField(t, form{})
	f.connect()
	f.burst(300, 500*time.Millisecond)
	f.kill(0) // with what is in its journal
	f.database.SQL(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	if err := f.nodes[0].Launch(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !f.says(0, "newer"); f.wait(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("a node over a newer schema says %s", f.nodes[0].LastWords())
		}
	}
	f.kill(0)
	f.database.SQL(t, "DELETE FROM goose_db_version WHERE version_id = 99999")
	f.start(0)
	f.compare()
}

// says looks for a word in a node's log and in its health.
func (s *site) says(i int, word string) bool {
	h, _ := s.apis[i].Health(s.ctx)
	return strings.Contains(s.nodes[i].LastWords()+strings.Join(h.Why, " "), word)
}

// Row 39: a backup taken under load holds everything acknowledged before it began,
// once, and is a gateway again in another place.
func TestBackup(t *testing.T) {
	t.Parallel()
	if !takes(t, "backup", "--help") {
		return // there is no such command
	}
	f := newField(t, form{embedded: true})
	f.begin(pick(300.0, 1000))
	f.wait(pick(time.Second, 20*time.Second))
	before := f.acked.Clone()
	to := filepath.Join(t.TempDir(), "backup")
	if out, err := f.nodes[0].Command(f.ctx, "backup", to); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f.wait(300 * time.Millisecond)
	f.settle()
	again := f.restored(to)
	if _, err := again.Start(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.holds(&again.API, before)
	// Senders repeat what they sent: the restored gateway knows it.
	p, err := again.Poster(4)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for n := range min(before.Len(), 100) {
		if a := p.Send(f.ctx, f.people.Append(nil, n)); !a.OK() {
			t.Fatalf("a repeated post hears %d", a.Status)
		}
	}
	f.holds(&again.API, before)
}

// restored makes a gateway out of a backup, beside the one it is of.
func (f *field) restored(from string) *gateway.Gateway {
	f.Helper()
	bin, err := program()
	if err != nil {
		f.Fatal(err)
	}
	g, err := gateway.New(bin, f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = g.Close() })
	g.More, g.Secret = f.nodes[0].More, f.nodes[0].Secret
	if out, err := g.Command(f.ctx, "restore", from); err != nil {
		f.Fatalf("%v: %s", err, out)
	}
	return g
}

// holds checks that a gateway has everything of a set, once.
func (f *field) holds(api *oracle.API, want *load.Set) {
	f.Helper()
	if _, err := oracle.Settle(f.ctx, api, want.Len(), 50*time.Millisecond, patience); err != nil {
		f.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // its journal
		if h, err := api.Health(f.ctx); err == nil && h.Journal.Depth == 0 {
			break
		}
		if time.Now().After(deadline) {
			f.Fatal("the journal is not worked off")
		}
	}
	r, err := oracle.Verify(f.ctx, api, f.people, want)
	if err != nil {
		f.Fatal(err)
	}
	if f.Log(r); !r.OK() {
		f.Error(r)
	}
}
