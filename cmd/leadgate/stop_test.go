package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gatewayUnderTest is a gateway run inside the test, by the same function main calls.
type gatewayUnderTest struct {
	t        *testing.T
	dir      string
	url      string
	token    string
	stop     func() error
	out, err bytes.Buffer
}

func startGateway(t *testing.T, dir string, flags ...string) *gatewayUnderTest {
	t.Helper()
	g := &gatewayUnderTest{t: t, dir: dir}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, flags...), func(string) string { return "" }, &g.out, &g.err)
	}()
	g.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = g.stop() })
	r, ok := running(dir)
	for deadline := time.Now().Add(30 * time.Second); !ok; r, ok = running(dir) {
		if time.Now().After(deadline) {
			t.Fatal("the gateway did not become ready")
		}
		time.Sleep(5 * time.Millisecond)
	}
	g.url, g.token = r.Address, r.Token
	return g
}

// host is the address a connection is made to.
func (g *gatewayUnderTest) host() string {
	_, host, _ := strings.Cut(g.url, "://")
	return host
}

func (g *gatewayUnderTest) leads() int {
	g.t.Helper()
	req, err := http.NewRequest(http.MethodGet, g.url+"/api/v1/stats", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s stats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		g.t.Fatal(err)
	}
	return s.Leads.Total
}

// Row 37, one node: a stop under load cuts no request in two and loses nothing.
// Clients keep their connections; each is told to close by an answer.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := startGateway(t, dir)
	var accepted, failed atomic.Int64
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for i := 0; ; i++ {
				body := fmt.Sprintf(`{"name":"Person %d","email":"p%d.%d@example.org","message":"hello","submission_id":"s%d-%d"}`, i, c, i, c, i)
				resp, err := client.Post(g.url+"/f/contact", "application/json", strings.NewReader(body))
				var op *net.OpError
				if errors.As(err, &op) && op.Op == "dial" { // a new connection, after the end: another node takes it
					return
				}
				if err != nil {
					failed.Add(1)
					t.Errorf("a request was cut: %v", err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					failed.Add(1)
					t.Errorf("status %d", resp.StatusCode)
					return
				}
				accepted.Add(1)
				if resp.Close {
					return
				}
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	if err := g.stop(); err != nil {
		t.Fatalf("stopping: %v\n%s", err, g.err.String())
	}
	wg.Wait()
	again := startGateway(t, dir)
	want := int(accepted.Load())
	for deadline := time.Now().Add(30 * time.Second); again.leads() != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d leads, want the %d accepted", again.leads(), want)
		}
	}
	t.Logf("%d accepted and stored, %d cut", want, failed.Load())
}

// People's data and secrets never reach the log, whatever is posted.
func TestLogsHoldNobody(t *testing.T) {
	t.Parallel()
	g := startGateway(t, t.TempDir())
	canaries := []string{"Canary Person", "canary@example.org", "+33699112233", "canary words"}
	body := `{"name":"Canary Person","email":"canary@example.org","phone":"+33699112233","message":"canary words"}`
	for _, p := range []struct{ path, kind, body string }{
		{"/f/contact", "application/json", body}, {"/f/contact", "application/json", body[:40]}, {"/f/contact?email=canary@example.org", "text/plain", "\xff\x00" + body},
		{"/in/contact/canary@example.org", "application/json", body}, {"/f/nothing/canary@example.org", "application/json", body},
	} {
		resp, err := http.Post(g.url+p.path, p.kind, strings.NewReader(p.body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(canaries, g.token) {
		if strings.Contains(g.err.String(), c) || strings.Contains(g.out.String(), c) {
			t.Errorf("the log holds %q", c)
		}
	}
}
