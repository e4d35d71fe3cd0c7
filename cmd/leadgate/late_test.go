package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ask sends a request with the gateway's token and returns status and body.
func (g *gatewayUnderTest) ask(method, path, body string) (int, string) {
	g.t.Helper()
	req, err := http.NewRequest(method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (g *gatewayUnderTest) want(method, path, body string, status int) string {
	g.t.Helper()
	got, text := g.ask(method, path, body)
	if got != status {
		g.t.Errorf("%s %s: %d %s, want %d", method, path, got, text, status)
	}
	return text
}

// person is a post of somebody.
func somebody(i int) string {
	return fmt.Sprintf(`{"name":"Person %d","email":"p%d@example.org"}`, i, i)
}

// A gateway whose store cannot be opened yet starts, takes posts for the sources it
// knows, answers 503 and never 404 for others, says so, and becomes whole by itself
// when the store comes; after a restart without the store it knows those made in it too.
func TestStartWithoutStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "disk") // is not mounted yet
	flags := []string{"--store", "sqlite:" + filepath.Join(folder, "leadgate.db")}
	g := startGateway(t, filepath.Join(dir, "data"), flags...)
	g.want("POST", "/f/contact", somebody(1), 200)
	g.want("POST", "/in/shop", somebody(2), 503)
	g.want("GET", "/readyz", "", 200) // it keeps what comes for contact
	g.want("GET", "/api/v1/sources", "", 503)
	if health := g.want("GET", "/healthz", "", 200); !strings.Contains(health, "degraded") || !strings.Contains(health, "not known yet") {
		t.Errorf("health: %s", health)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	g.untilLeads(1)
	g.until("POST", "/in/shop", somebody(2), 404)
	g.want("POST", "/api/v1/sources", `{"name":"shop","connector":"webhook","settings":{"auth":"bearer","secret":"`+g.token+`"}}`, 201)
	g.want("POST", "/in/shop", somebody(2), 200)
	g.untilLeads(2)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	secret := g.token

	away := filepath.Join(dir, "away")
	if err := os.Rename(folder, away); err != nil {
		t.Fatal(err)
	}
	g = startGateway(t, filepath.Join(dir, "data"), flags...)
	for path, status := range map[string]int{"/in/shop": 401, "/in/never": 404} {
		g.want("POST", path, somebody(3), status)
	}
	g.token, secret = secret, g.token
	g.want("POST", "/in/shop", somebody(3), 200)
	g.token = secret
	if err := os.Rename(away, folder); err != nil {
		t.Fatal(err)
	}
	g.untilLeads(3)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
}

// until asks again for 5 seconds, in which every node has heard of every change.
func (g *gatewayUnderTest) until(method, path, body string, status int) {
	g.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got, _ := g.ask(method, path, body); got == status {
			return
		}
	}
	g.want(method, path, body, status)
}

// untilLeads waits until the store has so many leads.
func (g *gatewayUnderTest) untilLeads(want int) {
	g.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, text := g.ask("GET", "/api/v1/stats", "")
		if status == 200 && strings.Contains(text, fmt.Sprintf(`"leads":{"total":%d,`, want)) {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("the gateway has %d %s, want %d leads", status, text, want)
		}
	}
}

// A store that comes late and is sealed with another key ends the gateway, in words;
// nothing of it was opened, and what was taken is still in the journal.
func TestLateStoreOfAnotherKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder, data := filepath.Join(dir, "disk"), filepath.Join(dir, "data")
	flags := []string{"--store", "sqlite:" + filepath.Join(folder, "leadgate.db")}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	key := func(b string) []string { return append([]string{"--secret-key", strings.Repeat(b, 32)}, flags...) }
	if err := startGateway(t, data, key("01")...).stop(); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(dir, "away")
	if err := os.Rename(folder, away); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, data, key("02")...)
	g.want("POST", "/f/contact", somebody(1), 200)
	if err := os.Rename(away, folder); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, there := running(data); !there {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it goes on with a key that opens nothing")
		}
	}
	if err := g.stop(); err == nil || !bytes.Contains(g.err.Bytes(), []byte("--secret-key does not give that key")) {
		t.Errorf("it ended with %v:\n%s", err, g.err.String())
	}
	g = startGateway(t, data, key("01")...)
	g.untilLeads(1)
}
