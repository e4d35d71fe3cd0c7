package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
)

// Blobs from before --blobs named a folder of its own are still read.
func TestBlobsOfTheDataFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	g := startGateway(t, data)
	var receipt struct{ ID string }
	if err := json.Unmarshal([]byte(g.want(http.MethodPost, "/f/contact", `{"email":"ana@example.org"`+large("x")+`}`, http.StatusOK)), &receipt); err != nil {
		t.Fatal(err)
	}
	g.untilLeads(1)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(t.TempDir(), "new"), filepath.Join(data, "..", "data", "blobs")} {
		g = startGateway(t, data, "--blobs", "file:"+folder)
		g.want(http.MethodGet, "/api/v1/deliveries/"+receipt.ID, "", http.StatusOK)
		if err := g.stop(); err != nil {
			t.Error(err)
		}
	}
}
