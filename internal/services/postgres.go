package services

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// PostgresServer is a PostgreSQL that keeps its promises of durability (fsync,
// synchronous_commit and full_page_writes are on) and takes 200 connections.
type PostgresServer struct {
	dsn     *url.URL // of its superuser, on the database postgres
	bouncer *bouncer // nil for a server that the environment names alone
	process *process // nil for a server that another process started
}

// Mode is how a PostgreSQL is stopped.
type Mode syscall.Signal

// Ways to stop: Fast rolls back what runs, Immediate leaves a recovery to the next
// start, Kill does not even tell the server's children.
const (
	Fast      = Mode(syscall.SIGINT)
	Immediate = Mode(syscall.SIGQUIT)
	Kill      = Mode(syscall.SIGKILL)
)

// NewPostgres starts a PostgreSQL for one test, and PgBouncer before it. Settings
// are of the form name=value.
func NewPostgres(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	s := own(t, startPostgres, settings...)
	t.Cleanup(func() {
		err := errors.Join(s.bouncer.stop(syscall.SIGINT), s.process.stop(syscall.SIGQUIT), killUnder(s.process.dir))
		if err = errors.Join(err, os.RemoveAll(s.process.dir), os.RemoveAll(s.bouncer.dir)); err != nil {
			t.Error(err)
		}
	})
	return s
}

func postgresAt(dsn string) (*PostgresServer, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("no URL") // it holds a password
	}
	s := &PostgresServer{dsn: u}
	if through := os.Getenv(EnvPgBouncer); through != "" {
		b, err := url.Parse(through)
		if err != nil {
			return nil, fmt.Errorf("%s is no URL", EnvPgBouncer)
		}
		s.bouncer = &bouncer{dsn: b}
	}
	return s, nil
}

func startPostgres(h *home, settings ...string) (*PostgresServer, error) {
	s, err := initPostgres(h)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	base := []string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "shared_buffers=64MB",
		"max_wal_size=256MB", "logging_collector=off",
		"dynamic_shared_memory_type=mmap"} // files of its folder, which go with it
	for range attempts {
		var port int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		s.dsn.Host = address(port)
		s.process.args = []string{"-D", s.process.dir, "-p", strconv.Itoa(port)}
		for _, setting := range slices.Concat(base, settings) {
			s.process.args = append(s.process.args, "-c", setting)
		}
		if err = s.process.start(); err == nil {
			s.bouncer, err = startBouncer(h, s)
			return s, err
		}
	}
	return nil, err
}

// initPostgres makes an empty cluster of databases and its superuser.
func initPostgres(h *home) (*PostgresServer, error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := h.folder("postgres", as)
	if err != nil {
		return nil, err
	}
	initdb, err := find("initdb", "postgresql", "/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return nil, err
	}
	secret := password()
	file := filepath.Join(h.dir, filepath.Base(dir)+".password")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(file)
	if as != nil {
		if err := os.Chown(file, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(initdb, "-D", dir, "--no-sync", "-U", "leadgate", "--pwfile", file, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	p := &process{name: "PostgreSQL", dir: dir, path: filepath.Join(filepath.Dir(initdb), "postgres"), as: as}
	p.ready = func(pid int) error { return postgresReady(dir, pid) }
	dsn := &url.URL{Scheme: "postgres", User: url.UserPassword("leadgate", secret), Path: "postgres", RawQuery: "sslmode=disable"}
	return &PostgresServer{dsn: dsn, process: p}, nil
}

// postgresReady reads what the server itself says: the first and the eighth line of
// its file. One that was killed left its own behind.
func postgresReady(dir string, pid int) error {
	b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := bytes.Split(b, []byte("\n"))
	if len(lines) < 8 || string(lines[0]) != strconv.Itoa(pid) || string(bytes.TrimSpace(lines[7])) != "ready" {
		return errors.New("it is not ready")
	}
	return nil
}

// DSN is the address of the database postgres, as a superuser.
func (s *PostgresServer) DSN() string { return s.dsn.String() }

// Addr is its host and port.
func (s *PostgresServer) Addr() string { return s.dsn.Host }

// Pid is the process id of the server's own PostgreSQL, 0 while it is stopped or
// when another process started it.
func (s *PostgresServer) Pid() int {
	if s.process == nil {
		return 0
	}
	return s.process.pid()
}

// Stop ends a server of this test's own.
func (s *PostgresServer) Stop(t testing.TB, how Mode) {
	t.Helper()
	err := s.process.stop(syscall.Signal(how))
	if err = errors.Join(err, killUnder(s.process.dir)); err != nil { // orphans would keep it from starting
		t.Fatal(err)
	}
}

// Start starts a stopped server, on the same port over the same data.
func (s *PostgresServer) Start(t testing.TB) {
	t.Helper()
	check(t, s.process.start())
}

// Restart is Stop and Start.
func (s *PostgresServer) Restart(t testing.TB, how Mode) { t.Helper(); s.Stop(t, how); s.Start(t) }

// StopBouncer kills the PgBouncer of a server of this test's own, StartBouncer starts
// it again.
func (s *PostgresServer) StopBouncer(t testing.TB) {
	t.Helper()
	check(t, s.bouncer.stop(syscall.SIGKILL))
}

// StartBouncer starts the PgBouncer that StopBouncer killed.
func (s *PostgresServer) StartBouncer(t testing.TB) { t.Helper(); check(t, s.bouncer.start()) }

// SQL runs statements on the database postgres, outside a transaction, and returns
// what they answer, a row a line with columns parted by «|».
func (s *PostgresServer) SQL(t testing.TB, statements string) string {
	t.Helper()
	out, err := query(s.DSN(), statements)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// query runs each line of statements by itself.
func query(dsn, statements string) (string, error) {
	psql, err := find("psql", "postgresql", "/usr/lib/postgresql/*/bin/psql")
	if err != nil {
		return "", err
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("running psql: no URL")
	}
	secret, _ := u.User.Password()
	u.User = url.User(u.User.Username()) // arguments are everybody's to read
	cmd := exec.Command(psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", u.String())
	cmd.Env = append(os.Environ(), "PGPASSWORD="+secret, "PGOPTIONS=", "LC_ALL=C")
	cmd.Stdin = strings.NewReader(statements)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running psql: %w\n%s", err, &said)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// Database is one database of a PostgreSQL.
type Database struct {
	server *PostgresServer
	name   string
}

// Database makes an empty database that is dropped at the end of the test, with
// whoever is connected to it.
func (s *PostgresServer) Database(t testing.TB) *Database {
	t.Helper()
	return s.database(t, "template1")
}

func (s *PostgresServer) database(t testing.TB, template string) *Database {
	t.Helper()
	d := &Database{server: s, name: "t_" + strings.ToLower(rand.Text()[:16])}
	s.SQL(t, "CREATE DATABASE "+d.name+" TEMPLATE "+template)
	t.Cleanup(func() {
		if s.process != nil && s.process.pid() == 0 {
			return // the test left its own server stopped
		}
		if _, err := query(s.DSN(), "DROP DATABASE IF EXISTS "+d.name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Copy makes a database that begins as this one, to which nobody may be connected.
func (d *Database) Copy(t testing.TB) *Database { t.Helper(); return d.server.database(t, d.name) }

// Name is the name of the database.
func (d *Database) Name() string { return d.name }

// DSN is the address of the database.
func (d *Database) DSN() string { return on(d.server.dsn, d.name) }

// Bouncer is the address of the database through PgBouncer in transaction mode.
func (d *Database) Bouncer(t testing.TB) string {
	t.Helper()
	if d.server.bouncer == nil {
		t.Fatalf("%s names no PgBouncer", EnvPgBouncer)
	}
	return d.server.bouncer.url(d.name)
}

// SQL runs statements on the database, as the server's SQL does.
func (d *Database) SQL(t testing.TB, statements string) string {
	t.Helper()
	out, err := query(d.DSN(), statements)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func on(server *url.URL, database string) string {
	u := *server
	u.Path = "/" + database
	return u.String()
}

// bouncer is a PgBouncer in transaction mode.
type bouncer struct {
	*process
	dsn *url.URL
}

func (b *bouncer) url(database string) string { return on(b.dsn, database) }

func startBouncer(h *home, s *PostgresServer) (*bouncer, error) {
	path, err := find("pgbouncer", "pgbouncer", "/usr/sbin/pgbouncer")
	if err != nil {
		return nil, err
	}
	dir, err := h.folder("pgbouncer", s.process.as)
	if err != nil {
		return nil, fmt.Errorf("starting PgBouncer: %w", err)
	}
	u := *s.dsn
	b := &bouncer{dsn: &u, process: &process{name: "PgBouncer", dir: dir, path: path, as: s.process.as}}
	b.args = []string{filepath.Join(dir, "pgbouncer.ini")}
	for range attempts {
		var port int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		b.dsn.Host = address(port)
		b.ready = func(int) error { return listening(b.dsn.Host) }
		if err = b.configure(port, s.dsn); err != nil {
			return nil, fmt.Errorf("starting PgBouncer: %w", err)
		}
		if err = b.start(); err == nil {
			return b, nil
		}
	}
	return nil, err
}

// configure writes the files of a PgBouncer as its documentation has them for
// transaction mode, and nothing that would hide what it cannot do.
func (b *bouncer) configure(port int, server *url.URL) error {
	secret, _ := server.User.Password()
	users := filepath.Join(b.dir, "users.txt")
	ini := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
admin_users = %s
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
server_login_retry = 0.5
`, server.Port(), port, users, server.User.Username())
	return errors.Join(
		b.write(b.args[0], ini),
		b.write(users, fmt.Sprintf("%q %q\n", server.User.Username(), secret)),
	)
}

// write writes a file that only the server's user reads.
func (p *process) write(name, text string) error {
	err := os.WriteFile(name, []byte(text), 0o600)
	if p.as != nil {
		err = cmp.Or(err, os.Chown(name, int(p.as.Uid), int(p.as.Gid)))
	}
	return err
}
