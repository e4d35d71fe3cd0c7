package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/pipeline"
	"leadgate/store"
)

// A node over a store that another one uses too says so in its log and health when
// their blobs do not find each other, goes on, and is well again when it is alone.
func TestTwoNodesWithLocalBlobs(t *testing.T) {
	t.Parallel()
	key, pg := strings.Repeat("ab", 32), services.Postgres(t).Database(t).DSN()
	flags := []string{"--store", pg, "--secret-key", key}
	one := startGateway(t, filepath.Join(t.TempDir(), "one"), append(flags, "--blobs", "file:"+t.TempDir())...)
	if health := one.want("GET", "/healthz", "", 200); strings.Contains(health, "blobs: ") {
		t.Errorf("alone: %s", health)
	}
	two := startGateway(t, filepath.Join(t.TempDir(), "two"), flags...)
	one.untilHealth("blobs: blobs lie in a folder of this machine, and 1 other node(s) use the same store", true)
	two.untilHealth("keeps them in a folder of its own machine", true)
	one.want("POST", "/f/contact", somebody(1), 200)
	two.want("POST", "/f/contact", somebody(2), 200)
	one.untilLeads(2)
	if err := two.stop(); err != nil {
		t.Error(err)
	}
	one.untilHealth("blobs: ", false)
	if err := one.stop(); err != nil {
		t.Error(err)
	}
	if log := one.err.String(); strings.Count(log, "does not go together with another one") != 1 {
		t.Errorf("the log says it more or less than once:\n%s", log)
	}
}

// untilHealth waits until health tells something, or no longer.
func (g *gatewayUnderTest) untilHealth(text string, told bool) {
	g.t.Helper()
	var health string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if health = g.want("GET", "/healthz", "", 200); strings.Contains(health, text) == told {
			return
		}
	}
	g.t.Errorf("health tells %q: want %v, has %s", text, told, health)
}

// check refuses what the nodes that live already do not go together with.
func TestCheckKnowsTheOtherNodes(t *testing.T) {
	t.Parallel()
	key, pg := strings.Repeat("ab", 32), services.Postgres(t).Database(t).DSN()
	o := Options{Store: pg, SecretKey: key, Data: t.TempDir()}
	if err := makeStore(t.Context(), &o, func(s store.Store) error {
		v, err := pipeline.OpenVault(pipeline.VaultOptions{Read: o.readKeys, Node: "neighbour", Tell: pipeline.Facts{Domains: []string{"leads.example.com"}, Local: true}})
		if err != nil {
			return err
		}
		return v.Join(context.Background(), s)
	}); err != nil {
		t.Fatal(err)
	}
	folder := "file:" + t.TempDir()
	for name, tc := range map[string]struct {
		flags []string
		want  string
	}{
		"blobs of its own":  {nil, "FAIL  other nodes    blobs: node neighbour keeps them in a folder"},
		"the same domain":   {[]string{"--blobs", folder, "--tls-auto", "Leads.example.com"}, "FAIL  other nodes    certificates: node neighbour has them issued for leads.example.com too"},
		"another domain":    {[]string{"--blobs", folder, "--tls-auto", "other.example.com"}, "ok    other nodes    1 over the same store"},
		"both of their own": {[]string{"--blobs", folder}, "FAIL  blobs          invalid: blobs lie in a folder of this machine, and 1 other node(s)"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := command(t, nil, append([]string{"check", "--data", t.TempDir(), "--secret-key", key, "--store", pg}, tc.flags...)...)
			if !strings.Contains(out, tc.want) {
				t.Errorf("%s", out)
			}
		})
	}
}
