package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/internal/services"
)

// check tells of everything a node needs, in words, without a password, and makes nothing.
func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	evicting := services.NewRedis(t, "maxmemory 100mb", "maxmemory-policy allkeys-lru").URL()
	pg, redis := services.Postgres(t).Database(t).DSN(), services.Redis(t).URL()
	key := strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		flags []string
		want  string // "" for nothing wrong
	}{
		"all is well":         {[]string{"--store", pg, "--redis", redis}, ""},
		"Redis is down":       {[]string{"--store", pg, "--redis", "redis://:canary@127.0.0.1:1"}, "FAIL  redis          unavailable: Redis cannot be reached"},
		"Redis evicts":        {[]string{"--store", pg, "--redis", evicting}, "maxmemory-policy noeviction"},
		"Redis refuses":       {[]string{"--store", pg, "--redis", strings.Replace(redis, "://", "://nobody", 1)}, "Redis refuses user or password"},
		"no address of Redis": {[]string{"--store", pg, "--redis", "http://u:canary@x"}, "it starts with redis://"},
		"no store in common":  {[]string{"--redis", redis}, "they need a store in common"},
		"Postgres is down":    {[]string{"--store", "postgres://u:canary@127.0.0.1:1/x"}, "FAIL  store"},
		"no such role":        {[]string{"--roles", "accept,sleep"}, "FAIL  roles"},
		"blobs nowhere":       {[]string{"--blobs", "s4://canary"}, "must be file:PATH, s3://BUCKET or store"},
		"blobs of one node":   {[]string{"--store", pg, "--redis", redis, "--blobs", "file:/tmp/canary"}, "Give --blobs store"},
		"no bucket":           {[]string{"--blobs", "s3://bucket?endpoint=http://127.0.0.1:1", "--blobs-access-key", "k", "--blobs-secret-key", "canary"}, "FAIL  blobs"},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			out, err := command(t, nil, append([]string{"check", "--data", data, "--secret-key", key}, tc.flags...)...)
			if (err == nil) != (tc.want == "") || !strings.Contains(out, tc.want) || strings.Contains(out, "canary") {
				t.Errorf("%v:\n%s", err, out)
			}
			if _, err := os.Stat(data); err == nil {
				t.Error("it made the data folder")
			}
		})
	}
}

// Two nodes do not keep blobs each for itself.
func TestCheckRefusesLocalBlobsOfTwoNodes(t *testing.T) {
	t.Parallel()
	key, pg := strings.Repeat("ab", 32), services.Postgres(t).Database(t).DSN()
	flags := []string{"--store", pg, "--secret-key", key, "--blobs", "file:" + t.TempDir()}
	dir := filepath.Join(t.TempDir(), "one")
	startGateway(t, dir, flags...)
	if out, err := command(t, nil, append([]string{"check", "--data", dir}, flags...)...); err != nil {
		t.Errorf("one node: %v:\n%s", err, out)
	}
	out, err := command(t, nil, append([]string{"check", "--data", filepath.Join(t.TempDir(), "two")}, flags...)...)
	if err == nil || !strings.Contains(out, "1 other node(s) use the same store") {
		t.Errorf("two nodes: %v:\n%s", err, out)
	}
}

// What speaks to the gateway beside it sends its token to no proxy: one in the
// environment would be asked for an address such as [::], which is not loopback.
func TestOwnCommandsUseNoProxy(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]runFile{"in clear": {Address: "http://[::]:8080"}, "with TLS": {Address: "https://[::]:8443", Pin: "x"}} {
		transport, ok := r.client(time.Second).Transport.(*http.Transport)
		if !ok || transport.Proxy != nil {
			t.Errorf("%s: a proxy of the environment is asked", name)
		}
	}
}
