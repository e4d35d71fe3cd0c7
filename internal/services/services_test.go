package services

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childEnv makes the test binary a process that starts servers and waits.
const childEnv = "SERVICES_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := child(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child starts servers, says where, and waits to be killed or for a line.
func child(what string) error {
	h, err := newHome()
	if err != nil {
		return err
	}
	if what != "empty" {
		if _, err := startRedis(h); err != nil {
			return err
		}
	}
	if what == "postgres" {
		if _, err := startPostgres(h); err != nil {
			return err
		}
	}
	fmt.Println(h.dir, h.keeper.Process.Pid)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return nil // and the process ends without closing anything
}

// startChild returns the child's home, its keeper and the child.
func startChild(t *testing.T, what string) (dir string, keeper int, cmd *exec.Cmd, end func() error) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscan(out, &dir, &keeper); err != nil {
		t.Fatal(err)
	}
	return dir, keeper, cmd, in.Close
}

// workers counts the processes below a folder.
func workers(dir string) (n int) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir+"/") {
			n++
		}
	}
	return n
}

func gone(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(dir)
		if n := workers(dir); n == 0 && err != nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("%d processes and %v left", n, err)
		}
	}
}

func TestNothingLeftBehind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, what string
		end        func(cmd *exec.Cmd, closeInput func() error) error
	}{
		{"by itself", "redis", func(_ *exec.Cmd, closeInput func() error) error { return closeInput() }},
		{"kill -9", "postgres", func(cmd *exec.Cmd, _ func() error) error { return cmd.Process.Kill() }},
		{"an interrupt", "redis", func(cmd *exec.Cmd, _ func() error) error { return cmd.Process.Signal(os.Interrupt) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir, _, cmd, closeInput := startChild(t, tc.what)
			if workers(dir) < 1 {
				t.Errorf("only %d processes run", workers(dir))
			}
			if err := tc.end(cmd, closeInput); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			gone(t, dir)
		})
	}
}

// TestStale kills the keeper too: the next process to make a home removes what is
// left, and leaves alone what somebody keeps.
func TestStale(t *testing.T) {
	t.Parallel()
	stale, keeper, cmd, _ := startChild(t, "redis")
	kept, _, other, closeInput := startChild(t, "empty")
	if err := errors.Join(syscall.Kill(keeper, syscall.SIGKILL), cmd.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.Chtimes(stale, old, old), os.Chtimes(kept, old, old)); err != nil {
		t.Fatal(err)
	}
	h, err := newHome()
	if err != nil {
		t.Fatal(err)
	}
	gone(t, stale)
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("what somebody keeps is gone: %v", err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
	if err := closeInput(); err != nil {
		t.Error(err)
	}
	_ = other.Wait()
	gone(t, kept)
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	s := Postgres(t)
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := s.SQL(t, "SHOW "+setting); got != "on" {
			t.Errorf("%s = %s", setting, got)
		}
	}
	if got := s.SQL(t, "SHOW max_connections"); got != "200" {
		t.Errorf("max_connections = %s", got)
	}
	var name string
	t.Run("use", func(t *testing.T) {
		a, b := s.Database(t), s.Database(t)
		name = a.Name()
		a.SQL(t, "CREATE TABLE x (n int);\nINSERT INTO x VALUES (1), (2)")
		if got := a.SQL(t, "SELECT n, n + 1 FROM x ORDER BY n"); got != "1|2\n2|3" {
			t.Errorf("got %q", got)
		}
		if got := b.SQL(t, "SELECT count(*) FROM pg_class WHERE relname = 'x'"); got != "0" {
			t.Error("a database sees another's table")
		}
	})
	if got := s.SQL(t, "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'"); got != "0" {
		t.Error("the database outlived its test")
	}
}

// TestBouncer shows that transactions of one client go to different servers, so
// that what a session sets is not kept: transaction mode.
func TestBouncer(t *testing.T) {
	t.Parallel()
	d := Postgres(t).Database(t)
	through := d.Bouncer(t)
	script := "BEGIN;\nSELECT pg_backend_pid();\nSELECT pg_sleep(%s);\nCOMMIT;\n"
	var wg sync.WaitGroup
	var mixed sync.Map
	for range 4 {
		wg.Go(func() {
			out, err := query(through, strings.Repeat(fmt.Sprintf(script, "0.01"), 10))
			if err != nil {
				t.Error(err)
			}
			pids := map[string]bool{}
			for _, line := range strings.Fields(out) {
				pids[line] = true
			}
			if len(pids) > 1 {
				mixed.Store("yes", true)
			}
		})
	}
	wg.Wait()
	if _, ok := mixed.Load("yes"); !ok {
		t.Error("every client kept its server for the whole session")
	}
	if got := d.SQL(t, "SHOW server_version_num"); got == "" {
		t.Error("no direct connection")
	}
}

func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	s := NewPostgres(t, "log_min_messages=error")
	if got := s.SQL(t, "SHOW log_min_messages"); got != "error" {
		t.Errorf("log_min_messages = %s", got)
	}
	d := s.Database(t)
	d.SQL(t, "CREATE TABLE x (n int)")
	for i, how := range []Mode{Fast, Immediate, Kill} {
		d.SQL(t, fmt.Sprintf("INSERT INTO x VALUES (%d)", i))
		before := s.Pid()
		s.Restart(t, how)
		if s.Pid() == before || s.Pid() == 0 {
			t.Errorf("process %d after %d", s.Pid(), before)
		}
		if got := d.SQL(t, "SELECT count(*) FROM x"); got != fmt.Sprint(i+1) {
			t.Errorf("%s rows after %v", got, how)
		}
	}
	s.Stop(t, Fast)
	if _, err := query(d.DSN(), "SELECT 1"); err == nil || s.Pid() != 0 {
		t.Error("a stopped server answers")
	}
	s.Start(t)
	if got, err := query(d.Bouncer(t), "SELECT 1"); err != nil || got != "1" {
		t.Errorf("PgBouncer does not find back: %v", err)
	}
	s.StopBouncer(t)
	if _, err := query(d.Bouncer(t), "SELECT 1"); err == nil {
		t.Error("a killed PgBouncer answers")
	}
	s.StartBouncer(t)
	if got, err := query(d.Bouncer(t), "SELECT 1"); err != nil || got != "1" {
		t.Errorf("PgBouncer does not come back: %v", err)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	a, b := Redis(t), Redis(t)
	if a.URL() == b.URL() {
		t.Fatal("two tests share a logical database")
	}
	a.CLI(t, "SET", "k", "v")
	if got := a.CLI(t, "GET", "k"); got != "v" {
		t.Errorf("got %q", got)
	}
	if got := b.CLI(t, "GET", "k"); got != "" {
		t.Errorf("a database sees another's key: %q", got)
	}
	if got := a.CLI(t, "LRANGE", a.CLI(t, "ECHO", "l"), "0", "-1"); got != "" {
		t.Errorf("an empty list reads as %q", got)
	}
	if _, err := a.Try("INCR", "k"); err == nil || !strings.HasPrefix(err.Error(), "ERR ") {
		t.Errorf("error %v", err)
	}
	stranger := *a
	u := *a.url
	u.User = nil
	stranger.url = &u
	if _, err := stranger.Try("PING"); err == nil {
		t.Error("it wants no password")
	}
}

func TestOwnRedis(t *testing.T) {
	t.Parallel()
	s := NewRedis(t, "maxmemory 8mb", "maxmemory-policy noeviction")
	if got := s.CLI(t, "CONFIG", "GET", "maxmemory"); got != "maxmemory\n8388608" {
		t.Errorf("got %q", got)
	}
	s.CLI(t, "SET", "k", "v")
	s.Pause(t)
	frozen := time.AfterFunc(200*time.Millisecond, func() { s.Resume(t) })
	if start := time.Now(); s.CLI(t, "PING") != "PONG" || time.Since(start) < 100*time.Millisecond {
		t.Error("a paused server answers")
	}
	frozen.Stop()
	s.Kill(t)
	if _, err := s.Try("PING"); err == nil || s.Pid() != 0 {
		t.Error("a killed server answers")
	}
	s.Start(t)
	if got := s.CLI(t, "GET", "k"); got != "" {
		t.Errorf("it remembers %q", got)
	}
}

func TestRedisTLS(t *testing.T) {
	t.Parallel()
	s := NewRedisTLS(t)
	if got := s.CLI(t, "PING"); got != "PONG" || !strings.HasPrefix(s.URL(), "rediss://") || len(s.CA()) == 0 {
		t.Errorf("got %q", got)
	}
	plain := *s
	u := *s.url
	u.Scheme = "redis"
	plain.url = &u
	if _, err := plain.Try("PING"); err == nil {
		t.Error("it speaks without TLS")
	}
}

func TestFailover(t *testing.T) {
	t.Parallel()
	s := NewSentinel(t)
	old := s.Primary(t)
	old.CLI(t, "SET", "k", "v")
	old.CLI(t, "WAIT", "1", "1000")
	old.Kill(t)
	err := waitFor("the failover", func() error {
		if s.Primary(t).Addr() == old.Addr() {
			return errors.New("the primary is the old one")
		}
		return says(s.Primary(t), "role:master", "INFO", "replication")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Primary(t).CLI(t, "GET", "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

// TestSentinel shows that the shared set is what its address says.
func TestSentinel(t *testing.T) {
	t.Parallel()
	s := Sentinel(t)
	again, err := sentinelAt(s.URL())
	if err != nil || again.URL() != s.URL() || len(again.Addrs()) != 3 {
		t.Fatalf("%v, %d sentinels", err, len(again.Addrs()))
	}
	if err := says(again.Primary(t), "role:master", "INFO", "replication"); err != nil {
		t.Error(err)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	s := Cluster(t)
	again, err := clusterAt(s.URL())
	if err != nil || again.URL() != s.URL() || len(again.Nodes()) != 3 {
		t.Fatalf("%v, %d nodes", err, len(again.Nodes()))
	}
	moved, crossed := 0, 0
	for _, node := range again.Nodes() {
		if _, err := node.Try("SET", "services-test", "v"); err != nil && strings.HasPrefix(err.Error(), "MOVED ") {
			moved++
		}
		if _, err := node.Try("MGET", "a", "b", "c"); err != nil && strings.HasPrefix(err.Error(), "CROSSSLOT ") {
			crossed++
		}
	}
	if moved != 2 || crossed != 3 {
		t.Errorf("%d nodes move a key, %d refuse keys of several slots", moved, crossed)
	}
}
