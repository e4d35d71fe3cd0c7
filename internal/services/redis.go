package services

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a Redis that keeps nothing over a restart unless told otherwise,
// or one logical database of it. Its default user has all rights and a password.
type RedisServer struct {
	url     *url.URL
	ca      []byte   // of its certificate, in PEM; nil without TLS
	process *process // nil for a server that another process started
}

// NewRedis starts a Redis for one test, with more lines of configuration, such as
// "maxmemory 8mb".
func NewRedis(t testing.TB, lines ...string) *RedisServer {
	t.Helper()
	s := own(t, startRedis, lines...)
	t.Cleanup(func() { s.end(t) })
	return s
}

// NewRedisTLS is NewRedis for a server that speaks only TLS, with a certificate
// for 127.0.0.1 signed by CA.
func NewRedisTLS(t testing.TB, lines ...string) *RedisServer {
	t.Helper()
	s := own(t, startRedisTLS, lines...)
	t.Cleanup(func() { s.end(t) })
	return s
}

// end stops a server of one test and removes its files.
func (s *RedisServer) end(t testing.TB) {
	if err := errors.Join(s.process.stop(syscall.SIGKILL), os.RemoveAll(s.process.dir), os.Remove(s.process.logName())); err != nil {
		t.Error(err)
	}
}

func redisAt(address string) (*RedisServer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("no URL") // it holds a password
	}
	return &RedisServer{url: u}, nil
}

func startRedis(h *home, lines ...string) (*RedisServer, error) {
	return newRedis(h, password(), nil, lines)
}

func startRedisTLS(h *home, lines ...string) (*RedisServer, error) {
	c, err := newCertificate()
	if err != nil {
		return nil, fmt.Errorf("starting Redis: %w", err)
	}
	return newRedis(h, password(), c, lines)
}

// newRedis starts one Redis; those of one set share a password.
func newRedis(h *home, secret string, c *certificate, lines []string) (*RedisServer, error) {
	path, err := find("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := h.folder("redis", nil)
	if err != nil {
		return nil, fmt.Errorf("starting Redis: %w", err)
	}
	s := &RedisServer{url: &url.URL{Scheme: "redis", User: url.UserPassword("", secret)}}
	s.process = &process{name: "Redis", dir: dir, path: path, args: []string{filepath.Join(dir, "redis.conf")}}
	s.process.ready = func(int) error { _, err := s.do("PING"); return err }
	if c != nil {
		s.url.Scheme, s.ca = "rediss", c.ca
		if err := c.save(dir); err != nil {
			return nil, fmt.Errorf("starting Redis: %w", err)
		}
	}
	for range attempts {
		var port, bus int
		if port, err = freePort(); err != nil {
			return nil, err
		}
		if bus, err = freePort(); err != nil {
			return nil, err
		}
		s.url.Host = address(port)
		if err = s.process.write(s.process.args[0], redisConfig(secret, port, bus, c != nil, lines)); err != nil {
			return nil, fmt.Errorf("starting Redis: %w", err)
		}
		if err = s.process.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// redisConfig lets each test have a logical database and replicas join at once.
func redisConfig(secret string, port, bus int, tls bool, lines []string) string {
	listen := fmt.Sprintf("port %d\n", port)
	if tls {
		listen = fmt.Sprintf("port 0\ntls-port %d\ntls-cert-file cert.pem\ntls-key-file key.pem\ntls-ca-cert-file ca.pem\ntls-auth-clients no\n", port)
	}
	return listen + fmt.Sprintf(`bind 127.0.0.1
cluster-port %d
requirepass %s
masterauth %s
databases 1024
save ""
appendonly no
repl-diskless-sync-delay 0
`, bus, secret, secret) + strings.Join(lines, "\n") + "\n"
}

// database returns an empty logical database of the server for one test.
func (s *RedisServer) database(t testing.TB) *RedisServer {
	t.Helper()
	most, err := strconv.Atoi(strings.TrimPrefix(s.CLI(t, "CONFIG", "GET", "databases"), "databases\n"))
	n, nerr := strconv.Atoi(s.CLI(t, "INCR", "leadgate-test-databases"))
	if err := cmp.Or(err, nerr); err != nil || most < 2 {
		t.Fatalf("no logical databases: %v", err)
	}
	u := *s.url
	u.Path = "/" + strconv.Itoa(1+n%(most-1))
	own := &RedisServer{url: &u}
	own.CLI(t, "FLUSHDB")
	t.Cleanup(func() {
		if _, err := own.do("FLUSHDB"); err != nil {
			t.Error(err)
		}
	})
	return own
}

// URL is the address, redis://:password@host:port and /database where there is one,
// or rediss:// with TLS.
func (s *RedisServer) URL() string { return s.url.String() }

// Addr is its host and port, Password what its default user wants, and CA the
// authority of its certificate in PEM, nil without TLS.
func (s *RedisServer) Addr() string { return s.url.Host }

// Password is what the default user of the server wants.
func (s *RedisServer) Password() string { p, _ := s.url.User.Password(); return p }

// CA is the authority that signed the server's certificate, in PEM; nil without TLS.
func (s *RedisServer) CA() []byte { return s.ca }

// CLI runs one command, as redis-cli does, and returns the answer: the elements of
// a list a line each, an error as an error of the test.
func (s *RedisServer) CLI(t testing.TB, command ...string) string {
	t.Helper()
	answer, err := s.do(command...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// Try is CLI for a command that may be refused: it returns the error, which begins
// with the code of Redis.
func (s *RedisServer) Try(command ...string) (string, error) { return s.do(command...) }

// Pid is the process id of a server of this test's own, 0 while it does not run.
func (s *RedisServer) Pid() int { return s.process.pid() }

// Kill ends a server of this test's own with SIGKILL.
func (s *RedisServer) Kill(t testing.TB) { t.Helper(); check(t, s.process.stop(syscall.SIGKILL)) }

// Start starts a killed server, on the same port.
func (s *RedisServer) Start(t testing.TB) { t.Helper(); check(t, s.process.start()) }

// Pause stops a server with SIGSTOP: its port takes connections, nobody answers.
func (s *RedisServer) Pause(t testing.TB) { t.Helper(); check(t, s.process.signal(syscall.SIGSTOP)) }

// Resume lets a paused server go on.
func (s *RedisServer) Resume(t testing.TB) { t.Helper(); check(t, s.process.signal(syscall.SIGCONT)) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until a check is fine.
func waitFor(what string, fine func() error) error {
	for deadline := time.Now().Add(startTime); ; time.Sleep(20 * time.Millisecond) {
		err := fine()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}
