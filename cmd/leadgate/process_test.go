package main

import (
	"encoding/json"
	"fmt"
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

// shipped is the program of all processes, built once, when the first test asks.
var shipped built

// built is a gateway as it is shipped, in a folder of its own.
type built struct {
	once sync.Once
	dir  string
	err  error
}

func (p *built) path() (string, error) {
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "leadgate-shipped-"); p.err != nil {
			return
		}
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(p.dir, "leadgate"), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			p.err = fmt.Errorf("building: %w\n%s", err, out)
		}
	})
	return filepath.Join(p.dir, "leadgate"), p.err
}

// cleaned runs the tests and removes what they built.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	status := c.M.Run()
	if shipped.dir != "" {
		_ = os.RemoveAll(shipped.dir)
	}
	return status
}

// newProcess makes a gateway; start starts it over an empty data folder.
func newProcess(t *testing.T, flags ...string) *process {
	t.Helper()
	exe, err := shipped.path()
	if err != nil {
		t.Fatal(err)
	}
	return &process{t: t, exe: exe, data: filepath.Join(t.TempDir(), "data"), flags: flags}
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
