package oracle

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"status":"ok","why":[],"journal":{"depth":3,"age_s":0.5}}`:             true,
		`{"status":"ok","why":[],"journal":{"depth":3,"age_s":9}}`:               false,
		`{"status":"degraded","why":["the store does not answer"],"journal":{}}`: false,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(srv.Close)
		h, err := (&API{Base: srv.URL}).Health(t.Context())
		if err != nil || h.Green() != want {
			t.Errorf("%s is green: %v, %v", body, h.Green(), err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	t.Cleanup(srv.Close)
	if _, err := (&API{Base: srv.URL}).Health(t.Context()); err == nil {
		t.Error("nothing is taken for health")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	got := parseMetrics([]byte("# HELP a b\na 1\nb{x=\"y z\"} 2.5e3\nnonsense\nc NaNs\n\n"))
	if d := cmp.Diff(map[string]float64{"a": 1, `b{x="y z"}`: 2500}, got); d != "" {
		t.Error(d)
	}
}

func FuzzMetrics(f *testing.F) {
	f.Add([]byte("a{b=\"c\"} 1\n"))
	f.Fuzz(func(_ *testing.T, body []byte) { parseMetrics(body) })
}
