package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"leadgate/bench/proc"
)

// bareName is the mode in which bench is the server to compare with. It is started
// by accept and not meant for people.
const bareName = "bare"

// bareMode serves a handler that only reads the body and answers with as many bytes
// as a receipt has.
type bareMode struct{}

func (*bareMode) flags(*flag.FlagSet) {}

func (*bareMode) run(ctx context.Context, r *report) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	r.say("http://%s", ln.Addr())
	s := &http.Server{Handler: http.HandlerFunc(bare)}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func bare(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // the client left
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"id":"0192d3a4-5b6c-7d8e-9f00-112233445566"}`))
}

// startBare starts this very program as a bare server and returns its address.
func startBare() (c *proc.Child, base string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("finding this program: %w", err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		return nil, "", fmt.Errorf("starting the bare server: %w", err)
	}
	defer in.Close()
	c, err = proc.Start(self, []string{bareName}, nil, out)
	out.Close() // the child has its own
	if err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("starting the bare server: %w", err), c.Kill())
	}
	return c, strings.TrimSpace(line), nil
}
