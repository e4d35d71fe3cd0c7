// Command bench puts load on a gateway and measures it: from outside, over HTTP,
// on loopback, with the server in a process of its own.
//
//	go run ./bench load -url URL -bearer SECRET [-api URL -token TOKEN]   a load, and whether all of it became leads
//	go run ./bench accept      durable accept against a bare handler, in turn, and the tail at 10,000/s
//	go run ./bench e2e         post to committed lead: most, at 1,000/s, at half of the most; memory
//	go run ./bench start       start to ready, empty and with 1 GB of journal
//
// Each ends with a line a bar: the figure, the bar, and whether it is met.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	modes := map[string]func(context.Context, []string, io.Writer) error{"load": loadOnly, "accept": accept, "e2e": endToEnd, "start": starts, "bare": bare}
	if len(args) == 0 || modes[args[0]] == nil {
		return errors.New("say what to measure: load, accept, e2e or start")
	}
	return modes[args[0]](ctx, args[1:], out)
}

// bar prints a figure beside the bar it is held against.
func bar(out io.Writer, what string, got, want float64, atLeast bool, unit string) {
	verdict, sign := "ok", "≥"
	if !atLeast {
		sign = "≤"
	}
	if atLeast != (got >= want) && got != want {
		verdict = "SHORT"
	}
	fmt.Fprintf(out, "bar %s: %.4g%s (bar %s %.4g) %s\n", what, got, unit, sign, want, verdict)
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return 0
	}
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bare is the handler that durable accept is compared with: it reads the body and
// answers as many bytes as a receipt has.
func bare(ctx context.Context, args []string, _ io.Writer) error {
	if len(args) != 1 {
		return errors.New("bare takes an address")
	}
	s := &http.Server{Addr: args[0], Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"0192d3a4-5b6c-7d8e-9f00-112233445566"}`)
	})}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
