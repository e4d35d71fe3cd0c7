package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"leadgate/store"
	"leadgate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { tidy(); os.Exit(code) })) }

// server is where tests make their databases, and what they made there.
var server struct {
	sync.Mutex
	dsn      string
	template string
	made     []string
}

func serverDSN(t testing.TB) string {
	dsn := os.Getenv("LEADGATE_TEST_POSTGRES")
	if dsn == "" {
		t.Fatal("LEADGATE_TEST_POSTGRES is not set")
	}
	return dsn
}

// in is the DSN of another database on the same server.
func in(t testing.TB, dsn, database string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	return u.String()
}

// database makes a database as the newest migration leaves it, and returns its DSN.
func database(t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.template == "" {
		server.dsn = serverDSN(t)
		server.template = newDatabase(t, "template0")
		s, err := Open(context.Background(), Options{DSN: in(t, server.dsn, server.template)})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	return in(t, server.dsn, newDatabase(t, server.template))
}

// newDatabase makes a database; the server is locked.
func newDatabase(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("leadgate_%d_%d", os.Getpid(), rand.Uint32())
	if err := onServer(`CREATE DATABASE ` + name + ` TEMPLATE ` + template); err != nil {
		t.Fatal(err)
	}
	server.made = append(server.made, name)
	return name
}

func onServer(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, server.dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, text)
	return err
}

func tidy() {
	for _, name := range server.made {
		_ = onServer(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
	}
}

func open(t testing.TB, dsn string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{DSN: dsn, Now: now})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return open(t, database(t), now)
	})
}
