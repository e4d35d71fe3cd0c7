package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"leadgate/bench/proc"
	"leadgate/bench/resp"
	_ "leadgate/store/postgres" // the driver pgx of database/sql comes with it
)

// servers are the PostgreSQL and the Redis that nodes share. Both run on this machine:
// what they use is read from /proc.
type servers struct {
	postgres, redis string // addresses

	db       *sql.DB
	stream   *resp.Conn
	postmast int // process ids
	redisPID int
}

// Where the addresses stand when no flag names them: those of internal/services/with.
const (
	envPostgres = "LEADGATE_TEST_POSTGRES"
	envRedis    = "LEADGATE_TEST_REDIS"
)

// settings of the PostgreSQL that bench starts for itself: what an operator of such a
// machine would set. Everything about durability is left as it is shipped.
func settings() []string {
	return []string{"shared_buffers=1GB", "max_wal_size=8GB", "wal_compression=off", "shared_preload_libraries=pg_stat_statements"}
}

func (s *servers) flags(fs *flag.FlagSet) {
	fs.StringVar(&s.postgres, "postgres", "", "address of a PostgreSQL on this machine, as a superuser; without it $"+envPostgres+", else one is started for this run")
	fs.StringVar(&s.redis, "redis", "", "address of a Redis on this machine, whose database 1 is emptied; without it $"+envRedis+", else one is started for this run")
}

// named fills in addresses from the environment, and reports whether there are any.
func (s *servers) named() bool {
	if s.postgres == "" {
		s.postgres = os.Getenv(envPostgres)
	}
	if s.redis == "" {
		s.redis = os.Getenv(envRedis)
	}
	return s.postgres != "" && s.redis != ""
}

// withServers runs this very program again with servers of its own, which keep their
// files below dir and are removed at the end.
func withServers(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	own, err := os.MkdirTemp(dir, "leadgate-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(own)
	with := filepath.Join(own, "with") // run by itself: go run would leave at the first signal, and it behind
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", with, "leadgate/internal/services/with")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building what starts servers: %w: %s", err, bytes.TrimSpace(out))
	}
	command := []string{"-dir", dir}
	for _, s := range settings() {
		command = append(command, "-set", s)
	}
	cmd := exec.CommandContext(ctx, with, append(append(command, "--", self), args...)...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return ended(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("running with servers: %w", err)
	}
	return nil
}

// ended is the exit status of this program run by itself, which said why.
type ended int

func (e ended) Error() string { return fmt.Sprintf("it ended with status %d", int(e)) }

// open connects to both and says what they are. close has to be called when it
// returned nil.
func (s *servers) open(ctx context.Context, r *report) (err error) {
	if s.db, err = sql.Open("pgx", s.postgres); err != nil {
		return errors.New("connecting to PostgreSQL: the address is not postgres://…") // it holds a password
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.stream, err = resp.Dial(s.redis); err != nil {
		return err
	}
	if err := s.find(ctx); err != nil {
		return err
	}
	return s.describe(ctx, r)
}

// find finds the processes behind the addresses.
func (s *servers) find(ctx context.Context) error {
	var backend int
	if err := s.db.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	var err error
	if s.postmast, err = proc.Parent(backend); err != nil {
		return fmt.Errorf("finding PostgreSQL, which has to run on this machine: %w", err)
	}
	info, err := s.info("server")
	if err == nil {
		s.redisPID, err = strconv.Atoi(info["process_id"])
	}
	if err != nil {
		return fmt.Errorf("finding Redis: %w", err)
	}
	_, err = proc.CPU(s.redisPID)
	return err
}

// info asks Redis about itself.
func (s *servers) info(section string) (map[string]string, error) {
	answer, err := s.stream.Do("INFO", section)
	if err != nil {
		return nil, err
	}
	text, _ := answer.(string)
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[name] = value
		}
	}
	return out, nil
}

func (s *servers) describe(ctx context.Context, r *report) error {
	var all []string
	for _, name := range [...]string{"server_version", "synchronous_commit", "fsync", "full_page_writes", "shared_buffers", "max_wal_size", "data_directory"} {
		var value string
		if err := s.db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return fmt.Errorf("asking PostgreSQL: %w", err)
		}
		if name != "data_directory" {
			all = append(all, name+" "+value)
			continue
		}
		kind, err := proc.FileSystem(value)
		if err != nil {
			kind = "unknown" // a folder we may not enter
		}
		all = append(all, "on "+kind)
	}
	info, err := s.info("server")
	if err != nil {
		return fmt.Errorf("asking Redis: %w", err)
	}
	r.say("PostgreSQL: %s", strings.Join(all, ", "))
	r.say("Redis: %s, %s", info["redis_version"], info["redis_mode"])
	r.figure("postgres", all)
	r.figure("redis", info["redis_version"])
	return nil
}

func (s *servers) close() error {
	err := s.db.Close()
	if s.stream != nil {
		err = errors.Join(err, s.stream.Close())
	}
	return err
}

// shared is a database and an empty Redis of one cluster of nodes.
type shared struct {
	*servers
	name   string
	dsn    string // of the database
	queue  string // of the logical database in Redis
	secret string // that all nodes seal with
}

// fresh makes an empty database and empties database 1 of Redis. drop has to be called.
func (s *servers) fresh(ctx context.Context) (*shared, error) {
	sh := &shared{servers: s, name: "bench_" + newRun()}
	var err error
	if sh.dsn, err = at(s.postgres, sh.name); err != nil {
		return nil, err
	}
	if sh.queue, err = at(s.redis, "1"); err != nil {
		return nil, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	sh.secret = hex.EncodeToString(key[:])
	for _, command := range [][]string{{"SELECT", "1"}, {"FLUSHDB"}} {
		if _, err := s.stream.Do(command...); err != nil {
			return nil, fmt.Errorf("emptying Redis: %w", err)
		}
	}
	if _, err := s.db.ExecContext(ctx, `CREATE DATABASE `+sh.name); err != nil {
		return nil, fmt.Errorf("making a database: %w", err)
	}
	return sh, nil
}

// drop removes the database with whoever is connected to it, and what is left in Redis.
func (sh *shared) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := sh.db.ExecContext(ctx, `DROP DATABASE IF EXISTS `+sh.name+` WITH (FORCE)`)
	_, errRedis := sh.stream.Do("FLUSHDB")
	return errors.Join(err, errRedis)
}

// at is an address with another database.
func at(address, database string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("reading an address: it is no URL") // it holds a password
	}
	u.Path = "/" + database
	return u.String(), nil
}

// env is what a node is told of what it shares.
func (sh *shared) env() []string {
	return []string{"LEADGATE_STORE=" + sh.dsn, "LEADGATE_REDIS=" + sh.queue, "LEADGATE_SECRET_KEY=" + sh.secret}
}
