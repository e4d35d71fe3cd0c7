package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a gateway in a process of its own, as it is shipped.
type process struct {
	t         *testing.T
	exe, data string
	flags     []string
	token     string

	mu  sync.Mutex // guards what changes with every start
	cmd *exec.Cmd
	url string
}

// newProcess builds a gateway; start starts it over an empty data folder.
func newProcess(t *testing.T, flags ...string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, exe: filepath.Join(dir, "leadgate"), data: filepath.Join(dir, "data"), flags: flags}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", p.exe, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return p
}

// start starts the gateway and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.data, "run.json")); err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	cmd := exec.Command(p.exe, append([]string{"serve", "--data", p.data, "--listen", "127.0.0.1:0"}, p.flags...)...)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var r runFile
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		body, err := os.ReadFile(filepath.Join(p.data, "run.json"))
		if err == nil && json.Unmarshal(body, &r) == nil && answers(r.Address+"/readyz") {
			break
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			p.t.Fatalf("not ready: %s", out.String())
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd, p.url, p.token = cmd, r.Address, r.Token
}

// kill ends the gateway as a crash would, with SIGKILL.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// address is where the gateway listens now.
func (p *process) address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// ask reads an answer of the API.
func (p *process) ask(path string, v any) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.address()+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		p.t.Fatal(err)
	}
}

// stored waits until the store has so many deliveries, and returns how many there are.
func (p *process) stored(want int) int {
	p.t.Helper()
	var s struct{ Deliveries int }
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if p.ask("/api/v1/stats", &s); s.Deliveries >= want || time.Now().After(deadline) {
			return s.Deliveries
		}
	}
}
