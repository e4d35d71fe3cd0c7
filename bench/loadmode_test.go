package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// forgetful is a gateway in memory that acknowledges everything and may lose,
// double or mix some of it.
type forgetful struct {
	mu    sync.Mutex
	leads []map[string]any
	asked int64 // how often it was asked for its counts
	fault string
}

func (f *forgetful) take(w http.ResponseWriter, r *http.Request) {
	var q struct{ ID, Email string }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	l := map[string]any{"number": len(f.leads) + 1, "emails": []string{q.Email}, "touches": 1}
	n := len(f.leads)
	switch {
	case f.fault == "lost" && n == 3:
		f.fault = "lost already"
	case f.fault == "doubled" && n == 3:
		f.leads = append(f.leads, l, l)
	case f.fault == "mixed" && n == 3:
		f.leads[0]["emails"] = append(f.leads[0]["emails"].([]string), q.Email)
		f.fault = "mixed already"
	default:
		f.leads = append(f.leads, l)
	}
	fmt.Fprintf(w, `{"id":%q}`, q.ID)
}

func (f *forgetful) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := []map[string]any{}
	if r.URL.Query().Get("cursor") == "" {
		page = f.leads
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"leads": page, "next_cursor": ""})
}

func (f *forgetful) stats(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// It claims to have had nothing and then to have everything, so that nobody waits.
	fmt.Fprintf(w, `{"leads":{"total":%d}}`, 1_000_000*f.asked)
	f.asked++
}

// TestLoadFindsFaults: the exit is an error for what was lost, doubled or mixed,
// and only for that.
func TestLoadFindsFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"", "lost", "doubled", "mixed"} {
		t.Run("fault "+fault, func(t *testing.T) {
			t.Parallel()
			f := &forgetful{fault: fault}
			mux := http.NewServeMux()
			mux.HandleFunc("POST /in/x", f.take)
			mux.HandleFunc("GET /api/v1/leads", f.list)
			mux.HandleFunc("GET /api/v1/stats", f.stats)
			srv := httptest.NewServer(mux)
			t.Cleanup(srv.Close)
			var out bytes.Buffer
			err := run(t.Context(), []string{"load", "-url", srv.URL + "/in/x", "-api-token", "t", "-rate", "100", "-for", "200ms", "-conns", "2"}, &out, &out)
			if want := fault != ""; errors.Is(err, errBroken) != want || err != nil != want {
				t.Errorf("%v\n%s", err, &out)
			}
			if want := fmt.Sprintf("bar %s: 1 (bar ≤ 0) SHORT", fault); fault != "" && !bytes.Contains(out.Bytes(), []byte(want)) {
				t.Errorf("there is no %q in\n%s", want, &out)
			}
		})
	}
}
