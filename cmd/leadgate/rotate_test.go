package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A rotation that is killed at any moment, again and again, beside a gateway that takes
// posts, ends well when it is run once more: no post is refused, no secret lost, and the
// old key can be dropped.
func TestRotateKilled(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.start()
	const secret = "the secret of all shops"
	api := func(method, path, body, token string) int {
		t.Helper()
		req, err := http.NewRequest(method, p.address()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return map[bool]int{true: resp.StatusCode}[resp.Body.Close() == nil]
	}
	const sources = 20
	for i := range sources {
		body := fmt.Sprintf(`{"name":"shop-%d","connector":"webhook","settings":{"auth":"bearer","secret":%q}}`, i, secret)
		if status := api("POST", "/api/v1/sources", body, p.token); status != 201 {
			t.Fatalf("making a source: %d", status)
		}
	}
	stop, posted := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { posted <- n }()
		for ; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if status := api("POST", fmt.Sprintf("/in/shop-%d", n%sources), somebody(n), secret); status != 200 {
				t.Errorf("post %d: %d", n, status)
			}
		}
	}()
	rotate := func(args ...string) *exec.Cmd {
		return exec.Command(p.exe, append([]string{"rotate-key", "--data", p.data}, args...)...)
	}
	for range 8 {
		cmd := rotate()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(400 * time.Millisecond))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	first, err := os.ReadFile(filepath.Join(p.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(first), "\n"); n != 2 {
		out, err := rotate().CombinedOutput() // it was killed before it made a key, each time
		t.Logf("%d keys: %s, %v", n, out, err)
	}
	if out, err := rotate("--drop").CombinedOutput(); err != nil || !strings.Contains(string(out), "dropped all keys but") {
		t.Errorf("in the end: %v\n%s", err, out)
	}
	close(stop)
	n := <-posted
	if got := p.stored(n); got != n {
		t.Errorf("%d stored of %d", got, n)
	}
	p.kill()
	p.start() // with the new key alone
	for i := range sources {
		if status := api("POST", fmt.Sprintf("/in/shop-%d", i), somebody(n+i), secret); status != 200 {
			t.Errorf("after a restart, shop-%d: %d", i, status)
		}
	}
	if got := p.stored(n + sources); got != n+sources {
		t.Errorf("%d stored of %d", got, n+sources)
	}
}
