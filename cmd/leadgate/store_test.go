package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A PostgreSQL that nobody can reach ends nothing but in words, without the password.
func TestNoPostgres(t *testing.T) {
	t.Parallel()
	var out, said bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	err := run(ctx, []string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--secret-key", strings.Repeat("ab", 32),
		"--store", "postgres://leadgate:s3cret-word@127.0.0.1:1/x"}, func(string) string { return "" }, &out, &said)
	text := fmt.Sprint(err) + out.String() + said.String()
	if !strings.Contains(text, "opening store") || !strings.Contains(text, "connection refused") {
		t.Errorf("it says %s", text)
	}
	if strings.Contains(text, "s3cret-word") {
		t.Error("it tells the password")
	}
}
