// Command bench measures leadgate and tries to break its promises.
//
//	go run ./bench load    post inquiries of people who do not exist to any address, then compare with the API
//	go run ./bench accept  durable accept beside a bare net/http handler, in turn, and its tail at 10,000/s
//	go run ./bench e2e     post to committed lead on embedded defaults: most, latencies, memory
//	go run ./bench raw     end to end beside raw batched inserts of the same rows, in turn
//	go run ./bench nodes   end to end and durable accept with 1, 2 and 4 nodes over PostgreSQL and Redis
//	go run ./bench pgraw   end to end beside raw batched inserts of the same rows in PostgreSQL, in turn
//	go run ./bench queue   the queue of several nodes beside raw streams of the same bytes, in turn
//	go run ./bench growth  look-ups and the cost of a lead in PostgreSQL while few people are known, and many
//	go run ./bench costs   processor time and bytes of a lead while the store is small and when it has grown
//	go run ./bench start   start to ready, empty and over a backlog
//	go run ./bench people  how well dedupe tells people apart, on people who do not exist
//	go run ./bench weights count what agreements are worth, on people who do not exist: the weights of dedupe
//	go run ./bench chaos   kill -9 in a loop under load: acknowledged = stored, none twice
//
// Every mode prints what it did and ends with a line «bar NAME: FIGURE (bar N) ok»
// or «… SHORT» for each bar of the design; weights and queue have none. The exit status is 1
// when a bar is short and when something was lost, doubled or mixed; the last line
// says which.
// With -json, standard output is one JSON object instead and the text goes to
// standard error.
//
// Everything but load runs on loopback in a folder of its own that is removed at
// the end; every process started is ended by its id. Modes that need PostgreSQL and
// Redis start them, with their files below -dir, unless -postgres and -redis or
// $LEADGATE_TEST_POSTGRES and $LEADGATE_TEST_REDIS name some. Figures need Linux: what the
// server used is read from /proc.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if status, ok := errors.AsType[ended](err); ok {
		os.Exit(int(status))
	}
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(1)
	}
}

// mode is one of the things bench can do.
type mode interface {
	flags(fs *flag.FlagSet)
	run(ctx context.Context, r *report) error
}

// onServers is a mode that needs a PostgreSQL and a Redis. When none are named it is
// run again as a child of [leadgate/internal/services/with].
type onServers interface {
	shared() *servers
	folder() string // for their files
}

func modes() map[string]mode {
	return map[string]mode{"nodes": &nodesMode{}, "pgraw": &pgRawMode{}, "queue": &queueMode{}, "growth": &growthMode{}, "load": &loadMode{}, "accept": &acceptMode{}, "e2e": &e2eMode{}, "raw": &rawMode{}, "costs": &costsMode{},
		"start": &startMode{}, "people": &peopleMode{}, "weights": &weightsMode{}, "chaos": &chaosMode{}, bareName: &bareMode{}}
}

// run is the whole program. When it could measure everything, its error wraps
// errBroken for a promise that was broken, else errShort for a bar that is short.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	all := modes()
	if len(args) == 0 || all[args[0]] == nil {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(s string) bool { return s == bareName })
		return fmt.Errorf("say what to do: %s (-h shows the flags)", strings.Join(names, ", "))
	}
	m := all[args[0]]
	fs := flag.NewFlagSet("bench "+args[0], flag.ContinueOnError)
	fs.SetOutput(stderr)
	asJSON := fs.Bool("json", false, "print one JSON object on standard output, and the text on standard error")
	m.flags(fs)
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("%s takes flags only, not %q", args[0], fs.Arg(0))
	}
	if on, ok := m.(onServers); ok && !on.shared().named() {
		return withServers(ctx, on.folder(), args, stdout, stderr)
	}
	r := &report{Mode: args[0], Figures: map[string]any{}, text: stdout}
	if *asJSON {
		r.text = stderr
	}
	err := m.run(ctx, r)
	r.printBars() // also those known before it failed
	if *asJSON {
		if err := json.NewEncoder(stdout).Encode(r); err != nil {
			return fmt.Errorf("writing report: %w", err)
		}
	}
	if err != nil {
		return err
	}
	return r.verdict()
}
