package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"syscall"

	"golang.org/x/net/netutil"
)

// reservedFiles is how many of the files a process may have open are kept for the
// journal, the store and blobs: a crowd of connections must not leave them without.
const reservedFiles = 512

// listen listens on an address. Beyond what the limit of open files allows, new
// connections wait in the system's queue until others end.
func listen(ctx context.Context, address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return nil, fmt.Errorf("listening: asking how many files may be open: %w", err)
	}
	return netutil.LimitListener(ln, connections(files.Cur)), nil
}

// connections is how many connections a limit of open files has room for: all but
// the reserved ones, and at least half.
func connections(files uint64) int {
	files = min(files, math.MaxInt32)
	return int(max(files/2, files-min(files, reservedFiles)))
}
