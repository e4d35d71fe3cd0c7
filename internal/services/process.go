package services

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	startTime = time.Minute // how long a server may take to answer
	stopTime  = time.Minute // and to end when asked to: a busy disk takes its time
)

// process is one server. It can be ended and started again, on the same port and
// folder, by any goroutine.
type process struct {
	name, dir string
	path      string
	args      []string
	as        *syscall.Credential
	ready     func(pid int) error // nil once it answers

	mu  sync.Mutex // guards cmd
	cmd *exec.Cmd  // nil while it does not run
}

// start starts the server and waits until it answers. It keeps no goroutine, so
// that shared servers are no leak of a test.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("starting %s: it runs", p.name)
	}
	log, err := os.OpenFile(p.logName(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.as}
	if err := errors.Join(cmd.Start(), log.Close()); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	for deadline := time.Now().Add(startTime); ; time.Sleep(5 * time.Millisecond) {
		if err = p.ready(cmd.Process.Pid); err == nil {
			p.cmd = cmd
			return nil
		}
		if ended(cmd.Process.Pid) || time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return fmt.Errorf("starting %s: %w\n%s", p.name, err, p.logTail())
		}
	}
}

// stop asks the server to end by a signal and waits; one that does not end is
// killed, which is an error. Stopping one that does not run is fine.
func (p *process) stop(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	late := time.AfterFunc(stopTime, func() { _ = cmd.Process.Kill() })
	err := cmd.Process.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	_ = cmd.Process.Signal(syscall.SIGCONT) // a stopped one hears nothing else
	_ = cmd.Wait()                          // how it ended is its own matter
	if !late.Stop() {
		err = errors.Join(err, fmt.Errorf("it did not end within %v", stopTime))
	}
	if err != nil {
		return fmt.Errorf("stopping %s: %w", p.name, err)
	}
	return nil
}

// signal sends a signal to the running server.
func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("signalling %s: it does not run", p.name)
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signalling %s: %w", p.name, err)
	}
	return nil
}

// pid is the id of the running server, or 0.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

func (p *process) logName() string {
	return filepath.Join(filepath.Dir(p.dir), filepath.Base(p.dir)+".log")
}

// logTail is the end of what the server said.
func (p *process) logTail() []byte {
	b, err := os.ReadFile(p.logName())
	if err != nil {
		return nil
	}
	return b[max(0, len(b)-2000):]
}

// ended reports whether a child of ours ended and was not waited for yet, or is no
// more. State follows the name in brackets (proc(5)).
func ended(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	rest := bytes.TrimSpace(b[bytes.LastIndexByte(b, ')')+1:])
	return len(rest) == 0 || rest[0] == 'Z' || rest[0] == 'X'
}

// listening reports whether somebody takes connections at an address.
func listening(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}

// attempts is how often a server is tried on another port, should a stranger take
// the first in between.
const attempts = 5

// freePort returns a free port below those the system gives to clients: a
// connection of a load generator never takes it while its server is down.
func freePort() (int, error) {
	for range 100 {
		port := 12000 + rand.N(20000)
		l, err := net.Listen("tcp", address(port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("finding a free port: none of 100 is")
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
