package oracle

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestReceiptsAndReplay: a receipt is stored when it says so, and all that is
// parked is replayed, each once.
func TestReceiptsAndReplay(t *testing.T) {
	t.Parallel()
	var replayed []string
	mux := http.NewServeMux()
	say := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
	}
	mux.HandleFunc("GET /api/v1/receipts/a", say(`{"id":"a","state":"accepted","inquiries":[]}`))
	mux.HandleFunc("GET /api/v1/receipts/s", say(`{"id":"s","state":"stored","verdict":"created","inquiries":[]}`))
	mux.HandleFunc("GET /api/v1/receipts/x", say(`no JSON`))
	mux.HandleFunc("GET /api/v1/parked", say(`{"items":[{"id":"p1","source":"bar"},{"id":"p2"}],"next_cursor":""}`))
	mux.HandleFunc("POST /api/v1/parked/{id}/replay", func(w http.ResponseWriter, r *http.Request) {
		replayed = append(replayed, r.PathValue("id"))
		io.WriteString(w, `{}`)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	a := &API{Base: srv.URL}
	for id, want := range map[string]bool{"a": false, "s": true} {
		if got, err := a.Stored(t.Context(), id); err != nil || got != want {
			t.Errorf("receipt %s: stored %v, %v", id, got, err)
		}
	}
	for _, id := range []string{"x", "none"} {
		if _, err := a.Stored(t.Context(), id); err == nil {
			t.Errorf("receipt %s is taken for an answer", id)
		}
	}
	if _, err := a.Stored(t.Context(), "none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("no such receipt: %v", err)
	}
	if n, err := a.ReplayParked(t.Context()); err != nil || n != 2 || len(replayed) != 2 || replayed[1] != "p2" {
		t.Errorf("replayed %v, %d, %v", replayed, n, err)
	}
}
