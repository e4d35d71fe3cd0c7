// Package services gives tests real servers: PostgreSQL with PgBouncer before it,
// Redis alone, under Sentinel and as a Cluster. They listen on random ports of
// 127.0.0.1, want a password made for this run, and keep their files in a
// temporary folder, in memory where there is room.
//
// Postgres, Redis, Sentinel and Cluster return servers that all tests of a run
// share: a test gets a database of its own on them and breaks nothing. A test that
// stops, kills or fills a server takes its own by NewPostgres, NewRedis,
// NewSentinel or NewCluster, which ends with the test.
//
// A run is the command that [leadgate/internal/services/with] started: it passes
// the addresses on in the environment (LEADGATE_TEST_POSTGRES and so on, which may
// as well name servers of your own, as an owner of all their databases). Without
// these, a test process starts what it asks for, once. Whatever was started ends
// with the process that started it, however that one ends, and its files go too.
package services

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Variables of the environment that name the shared servers.
const (
	EnvPostgres  = "LEADGATE_TEST_POSTGRES"  // postgres://user:password@host:port/database of a superuser
	EnvPgBouncer = "LEADGATE_TEST_PGBOUNCER" // the same server through PgBouncer
	EnvRedis     = "LEADGATE_TEST_REDIS"     // redis://:password@host:port
	EnvSentinel  = "LEADGATE_TEST_SENTINEL"  // redis+sentinel://:password@host:port,…/leadgate, the addresses of the sentinels
	EnvCluster   = "LEADGATE_TEST_CLUSTER"   // redis+cluster://:password@host:port,…
)

// The shared servers of this process: started on first use, ended by the keeper of
// their home. A test process has no other place for what outlives a test.
var (
	ourHome     = sync.OnceValues(newHome)
	ourPostgres = sync.OnceValues(func() (*PostgresServer, error) { return shared(EnvPostgres, postgresAt, startPostgres) })
	ourRedis    = sync.OnceValues(func() (*RedisServer, error) { return shared(EnvRedis, redisAt, startRedis) })
	ourSentinel = sync.OnceValues(func() (*SentinelSet, error) { return shared(EnvSentinel, sentinelAt, startSentinel) })
	ourCluster  = sync.OnceValues(func() (*ClusterSet, error) { return shared(EnvCluster, clusterAt, startCluster) })
)

// shared returns the server that the environment names, or starts one.
func shared[T any, O any](env string, at func(url string) (*T, error), start func(*home, ...O) (*T, error)) (*T, error) {
	if url := os.Getenv(env); url != "" {
		s, err := at(url)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", env, err)
		}
		return s, nil
	}
	h, err := ourHome()
	if err != nil {
		return nil, err
	}
	return start(h)
}

// own starts a server for one test; the caller ends it.
func own[T any, O any](t testing.TB, start func(*home, ...O) (*T, error), options ...O) *T {
	t.Helper()
	h, err := ourHome()
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(h, options...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Postgres returns the shared PostgreSQL, with PgBouncer before it.
func Postgres(t testing.TB) *PostgresServer { t.Helper(); return must(t, ourPostgres) }

// Redis returns a logical database of the shared Redis, empty and of this test
// alone. Channels of publish and subscribe are shared by all databases of a server;
// FLUSHALL is for NewRedis.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return must(t, ourRedis).database(t)
}

// Sentinel returns the shared primary with its replica and sentinels. Keys are
// shared: a test keeps to a prefix of its own.
func Sentinel(t testing.TB) *SentinelSet { t.Helper(); return must(t, ourSentinel) }

// Cluster returns the shared Redis Cluster of three nodes. Keys are shared: a test
// keeps to a prefix of its own.
func Cluster(t testing.TB) *ClusterSet { t.Helper(); return must(t, ourCluster) }

func must[T any](t testing.TB, get func() (T, error)) T {
	t.Helper()
	v, err := get()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Start starts all shared servers and returns the variables of the environment that
// name them, as NAME=value, and what ends the servers and removes their files. When
// something cannot be started, nothing is left of the rest.
func Start() (env []string, stop func() error, err error) {
	h, err := newHome()
	if err != nil {
		return nil, nil, err
	}
	var (
		wg       sync.WaitGroup
		errs     [4]error
		postgres *PostgresServer
		redis    *RedisServer
		sentinel *SentinelSet
		cluster  *ClusterSet
	)
	wg.Go(func() { postgres, errs[0] = startPostgres(h) })
	wg.Go(func() { redis, errs[1] = startRedis(h) })
	wg.Go(func() { sentinel, errs[2] = startSentinel(h) })
	wg.Go(func() { cluster, errs[3] = startCluster(h) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	return []string{
		EnvPostgres + "=" + postgres.DSN(),
		EnvPgBouncer + "=" + postgres.bouncer.url("postgres"),
		EnvRedis + "=" + redis.URL(),
		EnvSentinel + "=" + sentinel.URL(),
		EnvCluster + "=" + cluster.URL(),
	}, h.close, nil
}

// StartAt starts PostgreSQL and one Redis that keep their files below dir, for
// whoever measures: a database in memory says nothing of a disk. settings of
// PostgreSQL, as name=value, stand beside those of the tests and win. What it returns
// is that of Start.
func StartAt(dir string, settings ...string) (env []string, stop func() error, err error) {
	h, err := newHomeIn(dir)
	if err != nil {
		return nil, nil, err
	}
	postgres, err := startPostgres(h, settings...)
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	redis, err := startRedis(h)
	if err != nil {
		return nil, nil, errors.Join(err, h.close())
	}
	return []string{
		EnvPostgres + "=" + postgres.DSN(),
		EnvPgBouncer + "=" + postgres.bouncer.url("postgres"),
		EnvRedis + "=" + redis.URL(),
	}, h.close, nil
}
