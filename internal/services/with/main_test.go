package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"leadgate/internal/services"
)

// mainEnv makes the test binary the command itself.
const mainEnv = "WITH_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

func with(t *testing.T, command ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"--"}, command...)...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	return cmd
}

// TestCommand shows what a command gets, and that its status is passed on.
func TestCommand(t *testing.T) {
	t.Parallel()
	cmd := with(t, "sh", "-c", "env; exit 3")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
		t.Errorf("ended with %v", err)
	}
	for _, name := range []string{services.EnvPostgres, services.EnvPgBouncer, services.EnvRedis, services.EnvSentinel, services.EnvCluster} {
		if !bytes.Contains(out, []byte(name+"=")) {
			t.Errorf("no %s", name)
		}
	}
}

// TestCommandOnDisk shows that servers to measure with keep their files where they
// are told, know their settings, and are gone afterwards.
func TestCommandOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // PostgreSQL is another user
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-dir", dir, "-set", "work_mem=5MB", "--", "sh", "-c", "env; ls "+dir+"; psql -XAtc 'SHOW work_mem' $"+services.EnvPostgres)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{services.EnvPostgres + "=", services.EnvRedis + "=", "leadgate-services-", "5MB"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// TestEnded ends the command and its starter in every way: nothing stays.
func TestEnded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		signal syscall.Signal
	}{{"interrupt", syscall.SIGINT}, {"terminate", syscall.SIGTERM}, {"kill", syscall.SIGKILL}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cmd := with(t, "sh", "-c", "echo $"+services.EnvRedis+"; echo $$; exec sleep 100")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewScanner(out)
			var lines []string
			for len(lines) < 2 && r.Scan() {
				lines = append(lines, r.Text())
			}
			if len(lines) < 2 || !strings.HasPrefix(lines[0], "redis://") {
				t.Fatalf("got %q", lines)
			}
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended well")
			}
			_, child := os.Stat(filepath.Join("/proc", lines[1]))
			for deadline := time.Now().Add(10 * time.Second); child == nil; _, child = os.Stat(filepath.Join("/proc", lines[1])) {
				if time.Now().After(deadline) {
					t.Fatal("the command still runs")
				}
				time.Sleep(10 * time.Millisecond)
			}
			_, after, _ := strings.Cut(lines[0], "@")
			for deadline := time.Now().Add(10 * time.Second); reachable(after); {
				if time.Now().After(deadline) {
					t.Fatal("its Redis still runs")
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

func TestNothingToRun(t *testing.T) {
	t.Parallel()
	err := with(t).Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 2 {
		t.Errorf("ended with %v", err)
	}
	if err := with(t, "/nowhere/at/all").Run(); err == nil {
		t.Error("what is not there was run")
	}
}

func reachable(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	return err == nil && c.Close() == nil
}
