package main

import (
	"strings"
	"testing"
)

// The configuration in force is shown to people, and passwords are not.
func TestConfigShowsNoPassword(t *testing.T) {
	t.Parallel()
	out, err := command(t, nil, "config", "--store", "postgres://u:canary-1@db/leadgate?sslpassword=canary-2", "--store-migrate", "postgres://u:canary-3@db/x", "--redis", "redis://:canary-4@host:6379/0", "--api-token", "canary-5",
		"--blobs", "s3://bucket/p?endpoint=http://k:canary-6@host", "--blobs-secret-key", "canary-7", "--secret-key", "canary-8",
		"--public-url", "https://u:canary-9@host", "--tls-auto-directory", "https://u:canary-10@host/acme")
	if err != nil || strings.Contains(out, "canary") || !strings.Contains(out, "@db/leadgate") {
		t.Errorf("%v: %s", err, out)
	}
	for in, want := range map[string]string{"": "", "sqlite:/var/lib/a.db": "sqlite:/var/lib/a.db", "postgres://u@db/x": "postgres://u@db/x", "postgres://u:a%zz@db/x": "•••"} {
		if got := withoutPassword(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}
