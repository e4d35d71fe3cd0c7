// Command with starts the servers that tests share, runs a command that finds them
// in its environment, and removes them:
//
//	go run ./internal/services/with -- go test ./...
//
// With -dir it starts only what benchmarks need, PostgreSQL and one Redis, with their
// files in a folder on a real disk; -set NAME=VALUE is a setting of PostgreSQL.
//
// Its exit status is that of the command. SIGINT and SIGTERM are passed on to the
// command and all it started; what is left of it after ten seconds is killed. The
// same happens when the process that started this one ends, as go run does without
// a word.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"leadgate/internal/services"
)

func main() {
	runtime.LockOSThread() // the command ends with the thread that started it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go watch(stop) // ends with the process
	status, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
	}
	os.Exit(status)
}

// watch calls stop once the process that started this one is gone.
func watch(stop func()) {
	for parent := os.Getppid(); os.Getppid() == parent; time.Sleep(200 * time.Millisecond) {
	}
	stop()
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string) (status int, err error) {
	fs := flag.NewFlagSet("with", flag.ContinueOnError)
	dir := fs.String("dir", "", "folder for PostgreSQL and one Redis; without it all servers are started, in memory where there is room")
	var settings []string
	fs.Func("set", "with -dir: a setting of PostgreSQL, as name=value; may come several times", func(s string) error {
		settings = append(settings, s)
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return 2, err
	}
	if args = fs.Args(); len(args) == 0 {
		return 2, errors.New("say what to run: with -- COMMAND…")
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return 127, err
	}
	began := time.Now()
	env, remove, err := start(*dir, settings)
	if err != nil {
		return 1, err
	}
	defer func() {
		if failed := remove(); failed != nil {
			status, err = max(status, 1), errors.Join(err, failed)
		}
	}()
	fmt.Fprintf(os.Stderr, "with: servers are up after %.1f s\n", time.Since(began).Seconds())
	if ctx.Err() != nil {
		return 1, errors.New("interrupted")
	}
	return command(ctx, args, env)
}

func start(dir string, settings []string) (env []string, remove func() error, err error) {
	if dir == "" {
		return services.Start()
	}
	return services.StartAt(dir, settings...)
}

// command runs the command in a process group of its own, and ends the whole group.
func command(ctx context.Context, args, env []string) (int, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	err := cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind; mostly nobody
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if exit.ExitCode() < 0 {
			return 1, err // a signal
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
