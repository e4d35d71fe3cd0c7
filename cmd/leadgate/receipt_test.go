package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadgate/internal/services"
)

// What one node accepted and nobody has stored yet, another node knows by asking.
func TestReceiptOverNodes(t *testing.T) {
	t.Parallel()
	flags := []string{"--store", services.Postgres(t).Database(t).DSN(), "--redis", services.Redis(t).URL(), "--secret-key", strings.Repeat("ab", 32)}
	took := startGateway(t, filepath.Join(t.TempDir(), "took"), append(flags, "--roles", "accept")...)
	other := startGateway(t, filepath.Join(t.TempDir(), "other"), append(flags, "--roles", "run")...) // and nobody works
	var receipt struct{ ID, State string }
	for deadline := time.Now().Add(30 * time.Second); receipt.State != "accepted"; time.Sleep(100 * time.Millisecond) {
		if err := json.Unmarshal([]byte(took.want("POST", "/f/contact", somebody(1), http.StatusOK)), &receipt); err != nil {
			t.Fatal(err)
		}
		status, body := other.ask("GET", "/api/v1/receipts/"+receipt.ID, "")
		if status == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &receipt); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := other.ask("GET", "/api/v1/receipts/00000000-0000-4000-8000-000000000000", ""); status != http.StatusNotFound || !strings.Contains(body, "not_stored") {
		t.Errorf("of nobody: %d %s", status, body)
	}
}
