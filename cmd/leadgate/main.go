// Command leadgate is a self-hosted gateway that turns every inquiry a business
// receives into exactly one lead.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"leadgate/pipeline"
)

func main() {
	syscall.Umask(0o077)      // what is kept holds people's data: nobody else reads it, whoever made the folder
	log.SetOutput(io.Discard) // net/http tells there, and nowhere else, what a server sent unasked: it may be anybody's data
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, pipeline.ErrStuck) {
		restart()
	}
	if err != nil {
		os.Exit(1)
	}
}

// restart replaces this process by a new one with the same arguments: goroutines
// that never return leave no other way to be rid of them.
func restart() {
	exe, err := os.Executable()
	if err == nil {
		err = syscall.Exec(exe, os.Args, os.Environ())
	}
	fmt.Fprintln(os.Stderr, "leadgate: restarting:", err)
}

// run is the whole program. It reports every error on stderr, once.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	p := &program{getenv: getenv, stdin: os.Stdin, stdout: stdout, stderr: stderr}
	err := p.run(ctx, args)
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintln(stderr, "leadgate:", err)
	}
	return err
}

// errReported ends the program after its cause was printed.
var errReported = errors.New("reported")
