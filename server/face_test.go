package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/sqlite"
)

const (
	testSecret = "planted-secret-0123456789"
	testToken  = "planted-token-0123456789"
)

// face is a server over a real pipeline, store and journal.
type face struct {
	*Server
	t     *testing.T
	store *sqlite.Store
	fail  *failing
	logs  *lockedBuffer
}

// failing is an intake that refuses on demand.
type failing struct {
	*pipeline.Pipeline
	mu  sync.Mutex
	err error
}

func (f *failing) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	f.mu.Lock()
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return lead.ID{}, err
	}
	return f.Pipeline.Accept(ctx, d)
}

func (f *failing) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFace(t *testing.T) *face {
	t.Helper()
	dir := t.TempDir()
	f := &face{t: t, logs: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), SegmentSize: 1 << 20, FreeFloor: -1, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if f.store, err = sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "leadgate.db")}); err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.OpenFiles(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	sources := &pipeline.Sources{}
	push := testPush()
	bearer, err := connectors.NewSettings(push.Fields, map[string]any{"secret": testSecret})
	if err != nil {
		t.Fatal(err)
	}
	byURL, err := connectors.NewSettings(push.Fields, map[string]any{"secret": testSecret, "auth": "url"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sources.Set([]pipeline.Source{{Source: connectors.Source{Name: "bar", Kind: "test", Settings: bearer}, Connector: push},
		{Source: connectors.Source{Name: "url", Kind: "test", Settings: byURL}, Connector: push}}); err != nil {
		t.Fatal(err)
	}
	metrics := NewMetrics()
	p, err := pipeline.New(pipeline.Options{Journal: j, Store: f.store, Blobs: blobs, Sources: sources, Dir: dir, Log: log, Meter: metrics,
		Jobs: map[string]pipeline.Handler{store.JobIndex: pipeline.IndexLeads(f.store)}})
	if err != nil {
		t.Fatal(err)
	}
	f.fail = &failing{Pipeline: p}
	f.Server = New(Options{Intake: f.fail, Store: f.store, Blobs: blobs, Sources: sources, Metrics: metrics, PublicURL: "https://leads.example.org",
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Tokens: []string{testToken}, Version: "test", Log: log, Now: time.Now})
	if err := metrics.Watch(f.fail, f.store, time.Now); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, j.Close(), f.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// testPush is a connector with a bearer secret, or the secret in its address.
func testPush() *connectors.Connector {
	return &connectors.Connector{Kind: "test", BodyLimit: 64 << 10, Origin: "WEB",
		Fields: []connectors.Field{{Name: "secret", Type: connectors.Secret}, {Name: "auth", Type: connectors.Text}},
		Parse: func(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
			body, err := connectors.Plain(&d, 64<<10)
			if err != nil {
				return lead.Parsed{}, err
			}
			var v struct{ ID, Email, Name, Text, Lane string }
			if err := json.Unmarshal(body, &v); err != nil {
				return lead.Parsed{}, fmt.Errorf("reading post: %w", lead.ErrInvalid)
			}
			q := lead.Inquiry{Key: v.ID, Kind: lead.KindForm, Channel: "test", Text: v.Text, Name: lead.Name{Display: v.Name}, Lane: lead.Lane(v.Lane), Reason: v.Lane}
			if v.Email != "" {
				q.Identities = []lead.Identity{{Kind: lead.IdentityEmail, Value: v.Email}}
			}
			return lead.Parsed{Inquiries: []lead.Inquiry{q}}, nil
		},
		Push: &connectors.Push{
			Verify: func(d *lead.Delivery, s connectors.Settings, _ time.Time, _ string) error {
				if d.Header.Get("Authorization") == "Bearer "+s.Text("secret") || s.Text("auth") == "url" && d.Header.Get(URLToken) == s.Text("secret") {
					return nil
				}
				return connectors.ErrForged
			},
			Key: func(d *lead.Delivery, _ connectors.Settings) string { return d.Header.Get("Idempotency-Key") },
		}}
}

// do sends a request from a peer and returns the answer.
func (f *face) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = "198.51.100.7:1234"
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "peer" {
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func (f *face) api(method, path, body string) *httptest.ResponseRecorder {
	return f.do(method, path, body, "Authorization", "Bearer "+testToken, "Content-Type", "application/json")
}

func (f *face) post(body string, headers ...string) *httptest.ResponseRecorder {
	return f.do("POST", "/in/bar", body, append([]string{"Authorization", "Bearer " + testSecret, "Content-Type", "application/json"}, headers...)...)
}

// stored posts and waits until the delivery is in the store.
func (f *face) stored(body string, headers ...string) store.Receipt {
	f.t.Helper()
	var acc struct{ ID string }
	f.decode(f.post(body, headers...), &acc)
	var r store.Receipt
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		f.decode(f.api("GET", "/api/v1/receipts/"+acc.ID, ""), &r)
		if r.State == store.StateStored {
			return r
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("receipt %+v", r)
		}
	}
}

func (f *face) decode(w *httptest.ResponseRecorder, v any) {
	f.t.Helper()
	if w.Code >= 300 {
		f.t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		f.t.Fatalf("%v: %s", err, w.Body)
	}
}

// The document and the table of routes name the same operations.
func TestOpenAPIAndRoutes(t *testing.T) {
	t.Parallel()
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	routed := map[string]bool{}
	for _, r := range (&Server{}).routes() {
		if strings.HasPrefix(r.path, "/api/v1/") {
			routed[r.method+" "+r.path] = true
		}
	}
	for path, ops := range doc.Paths {
		for method := range ops {
			op := strings.ToUpper(method) + " " + path
			if strings.HasPrefix(path, "/api/") && !routed[op] {
				t.Errorf("%s is documented and not routed", op)
			}
			delete(routed, op)
		}
	}
	for op := range routed {
		t.Errorf("%s is routed and not documented", op)
	}
}

// Every route keeps to its access, with every kind of token.
func TestAccess(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	for _, r := range f.routes() {
		method := r.method
		if method == "" {
			method = "POST"
		}
		path := strings.NewReplacer("{id}", lead.NewID().String(), "{name}", strings.Repeat("0", 64), "{source}", "none", "{rest...}", "x").Replace(r.path)
		for _, c := range []struct {
			name, peer, token string
			let               map[access]bool
		}{
			{"nobody", "198.51.100.7:1", "", map[access]bool{open: true}},
			{"wrong token", "198.51.100.7:1", "Bearer x" + testToken, map[access]bool{open: true}},
			{"basic", "198.51.100.7:1", "Basic " + testToken, map[access]bool{open: true}},
			{"loopback", "127.0.0.1:1", "", map[access]bool{open: true, inspected: true}},
			{"token", "198.51.100.7:1", "Bearer " + testToken, map[access]bool{open: true, inspected: true, member: true}},
		} {
			w := f.do(method, path, "{}", "peer", c.peer, "Authorization", c.token, "Content-Type", "application/json")
			if refused := w.Code == http.StatusUnauthorized; refused == c.let[r.access] {
				t.Errorf("%s %s for %s: status %d", method, r.path, c.name, w.Code)
			}
		}
	}
	// A proxy's loopback peer is not a loopback client.
	if w := f.do("GET", "/metrics", "", "peer", "10.1.1.1:1", "X-Forwarded-For", "127.0.0.1"); w.Code != http.StatusUnauthorized {
		t.Errorf("a forwarded loopback address opens /metrics: %d", w.Code)
	}
}

// Bad input has the status of its kind, says nothing of the inside, and leaves nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	big := strings.Repeat("x", 65<<10)
	for _, c := range []struct {
		name   string
		w      *httptest.ResponseRecorder
		status int
		code   string
	}{
		{"unknown source", f.do("POST", "/in/nope", "{}"), 404, "unknown_source"},
		{"no secret", f.do("POST", "/in/bar", "{}"), 401, "unauthorized"},
		{"wrong secret", f.do("POST", "/in/bar", "{}", "Authorization", "Bearer "+testSecret[1:]), 401, "unauthorized"},
		{"too large", f.post(big), 413, "too_large"},
		{"unknown encoding", f.post("{}", "Content-Encoding", "br"), 415, "unsupported_encoding"},
		{"no form of this name", f.do("POST", "/f/bar", "{}"), 404, "unknown_source"},
		{"bad id", f.api("GET", "/api/v1/leads/x", ""), 404, "not_found"},
		{"bad limit", f.api("GET", "/api/v1/leads?limit=0", ""), 422, "invalid"},
		{"bad status", f.api("GET", "/api/v1/leads?status=odd", ""), 422, "invalid"},
		{"bad cursor", f.api("GET", "/api/v1/leads?cursor=%27", ""), 422, "invalid"},
		{"unknown field", f.api("POST", "/api/v1/leads", `{"nmae":"x"}`), 422, "invalid"},
		{"empty lead", f.api("POST", "/api/v1/leads", `{}`), 422, "invalid"},
		{"unknown origin", f.api("POST", "/api/v1/leads", `{"name":"x","origin":"ODD"}`), 422, "invalid"},
	} {
		var p problem
		if err := json.Unmarshal(c.w.Body.Bytes(), &p); err != nil || c.w.Code != c.status || p.Code != c.code || p.Message == "" {
			t.Errorf("%s: status %d, body %s", c.name, c.w.Code, c.w.Body)
		}
		if strings.Contains(c.w.Body.String(), testSecret) {
			t.Errorf("%s: the answer holds the secret", c.name)
		}
	}
	st, err := f.store.Stats(t.Context())
	if err != nil || st.Deliveries != 0 {
		t.Errorf("%d deliveries were stored, %v", st.Deliveries, err)
	}
}

// What is our fault is 503 with a spread Retry-After, whatever it is.
func TestNotDurable(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	seen := map[string]bool{}
	for _, err := range []error{lead.ErrFull, lead.ErrUnavailable, errors.New("something nobody thought of"), context.DeadlineExceeded, fmt.Errorf("x: %w", lead.ErrFull)} {
		f.fail.set(err)
		w := f.post(`{"text":"hello"}`)
		after := w.Header().Get("Retry-After")
		if w.Code != http.StatusServiceUnavailable || after == "" || strings.Contains(w.Body.String(), "nobody thought") {
			t.Errorf("%v: status %d, Retry-After %q, %s", err, w.Code, after, w.Body)
		}
		seen[after] = true
	}
	if len(seen) < 2 {
		t.Error("Retry-After does not spread")
	}
	f.fail.set(nil)
	f.stored(`{"text":"hello"}`)
}

// NUL, invalid UTF-8 and deep nesting are taken; what cannot be read is parked.
func TestPoisonBodies(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	for body, want := range map[string]lead.Verdict{
		"{\"text\":\"a\\u0000b\",\"email\":\"a@example.org\"}": lead.Created,
		"{\"text\":\"\xff\xfe\",\"email\":\"b@example.org\"}":  lead.Created,
		"{\"text\":\"\\ud800\",\"email\":\"c@example.org\"}":   lead.Created,
		strings.Repeat("[", 20_000):                            lead.Parked,
		"{\"text\":":                                           lead.Parked,
		"\x00":                                                 lead.Parked,
	} {
		if r := f.stored(body); r.Verdict != want {
			t.Errorf("%.20q: %q, want %q", body, r.Verdict, want)
		}
	}
}

// The life of a lead through the API.
func TestAPI(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	r := f.stored(`{"id":"1","email":"ana@example.org","name":"Ana Belo","text":"two windows"}`, "Idempotency-Key", "1")
	var list struct {
		Leads []lead.Lead `json:"leads"`
	}
	f.decode(f.api("GET", "/api/v1/leads?source=bar&status=open", ""), &list)
	if len(list.Leads) != 1 || list.Leads[0].ID != r.Lead {
		t.Fatalf("leads %+v", list.Leads)
	}
	var dup struct{ Duplicates []lead.Lead }
	f.decode(f.api("POST", "/api/v1/leads?check=1", `{"email":"Ana@example.org"}`), &dup)
	if len(dup.Duplicates) != 1 {
		t.Errorf("duplicates %+v", dup.Duplicates)
	}
	for i, want := range []int{http.StatusOK, http.StatusOK} { // attached, and then known
		if w := f.api("POST", "/api/v1/leads", `{"id":"h1","email":"ana@example.org","name":"Ana Belo","text":"she called"}`); w.Code != want {
			t.Errorf("entering %d: %d %s", i, w.Code, w.Body)
		}
	}
	if w := f.api("POST", "/api/v1/leads", `{"name":"Igor Petrov","phone":"+33612345678","origin":"CALL"}`); w.Code != http.StatusCreated {
		t.Errorf("entering a new one: %d %s", w.Code, w.Body)
	}
	if w := f.api("PATCH", "/api/v1/leads/"+r.Lead.String(), `{"stage":"junk"}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("junk without a reason: %d", w.Code)
	}
	f.decode(f.api("PATCH", "/api/v1/leads/"+r.Lead.String(), `{"stage":"in-progress","owner":"eva"}`), &lead.Lead{})
	var one struct {
		Touches  int
		Timeline []struct{ Kind, Text string }
	}
	f.decode(f.api("GET", "/api/v1/leads/"+r.Lead.String(), ""), &one)
	if one.Touches != 2 || len(one.Timeline) != 4 || one.Timeline[0].Text != "two windows" || one.Timeline[1].Kind != "manual" {
		t.Errorf("lead %+v", one)
	}
	q := f.stored(`{"id":"s","email":"x@example.org","lane":"quarantine"}`)
	if q.Verdict != lead.Quarantined {
		t.Errorf("receipt %+v", q)
	}
	var held struct{ Items []store.Held }
	f.decode(f.api("GET", "/api/v1/quarantine", ""), &held)
	f.decode(f.api("POST", "/api/v1/quarantine/"+held.Items[0].ID.String()+"/release", ""), &store.Outcome{})
	bad := f.stored(`{`)
	f.decode(f.api("GET", "/api/v1/parked", ""), &held)
	if len(held.Items) != 1 || held.Items[0].ID != bad.ID {
		t.Errorf("parked %+v", held.Items)
	}
	if w := f.api("POST", "/api/v1/parked/"+bad.ID.String()+"/replay", ""); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("replaying what is still broken: %d %s", w.Code, w.Body)
	}
	if w := f.api("GET", "/api/v1/deliveries/"+bad.ID.String(), ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"body":"{"`) {
		t.Errorf("delivery: %d %s", w.Code, w.Body)
	}
	var st store.Stats
	f.decode(f.api("GET", "/api/v1/stats", ""), &st)
	if st.Leads.Total != 3 || st.Parked != 1 || st.Quarantine != 0 {
		t.Errorf("stats %+v", st)
	}
	if w := f.do("GET", "/metrics", "", "peer", "127.0.0.1:1"); !strings.Contains(w.Body.String(), `leadgate_inquiries_total{source="bar",verdict="created"} 1`) ||
		!strings.Contains(w.Body.String(), "leadgate_journal_depth") || !strings.Contains(w.Body.String(), "leadgate_source_quiet_seconds") {
		t.Errorf("metrics %s", w.Body)
	}
	if w := f.do("GET", "/healthz", "", "peer", "127.0.0.1:1"); !strings.Contains(w.Body.String(), `"status":"ok"`) {
		t.Errorf("healthz %s", w.Body)
	}
}

// A secret in the address proves, and is nowhere to be seen afterwards.
func TestURLToken(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	if w := f.do("POST", "/in/url/wrong-"+testSecret, `{"text":"x"}`); w.Code != http.StatusUnauthorized {
		t.Errorf("wrong token: %d", w.Code)
	}
	w := f.do("POST", "/in/url/"+testSecret+"/hook", `{"text":"x"}`)
	var acc struct{ ID string }
	f.decode(w, &acc)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if w = f.api("GET", "/api/v1/deliveries/"+acc.ID, ""); w.Code == 200 {
			break
		}
	}
	if !strings.Contains(w.Body.String(), `"path":"hook"`) || strings.Contains(w.Body.String(), testSecret) {
		t.Errorf("delivery %s", w.Body)
	}
	if strings.Contains(f.logs.String(), testSecret) {
		t.Error("the log holds the secret")
	}
}

// Only what trusted proxies say about a client counts.
func TestClient(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	for _, c := range []struct {
		peer, forwarded, want string
		named                 bool
	}{
		{"198.51.100.7:1", "1.2.3.4", "198.51.100.7", false},
		{"10.0.0.1:1", "1.2.3.4", "1.2.3.4", true},
		{"10.0.0.1:1", "9.9.9.9, 1.2.3.4", "1.2.3.4", true},
		{"10.0.0.1:1", "1.2.3.4, 10.0.0.2", "1.2.3.4", true},
		{"10.0.0.1:1", "garbage", "10.0.0.1", false},
		{"10.0.0.1:1", "1.2.3.4, garbage", "10.0.0.1", false},
		{"10.0.0.1:1", "", "10.0.0.1", false},
		{"10.0.0.1:1", "2001:db8::1", "2001:db8::1", true},
		{"[::1]:1", "1.2.3.4", "::1", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		if got := f.client(r); got.Addr.String() != c.want || got.Named != c.named {
			t.Errorf("%s for %q: %v, %v", c.peer, c.forwarded, got.Addr, got.Named)
		}
	}
}

// Row 33, a sample: clients that never finish stop nobody else.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	f := newFace(t)
	hs := httptest.NewUnstartedServer(f)
	hs.Config = f.HTTP()
	hs.Start()
	defer hs.Close()
	for range 100 {
		conn, err := net.Dial("tcp", hs.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /in/bar HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+testSecret+"\r\nContent-Length: 50000\r\n\r\n{")
	}
	req, err := http.NewRequest("POST", hs.URL+"/in/bar", strings.NewReader(`{"text":"a person"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testSecret)
	resp, err := hs.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d beside slow clients", resp.StatusCode)
	}
	f.Drain()
	if resp, err = hs.Client().Get(hs.URL + "/readyz"); err != nil || resp.StatusCode != http.StatusServiceUnavailable || !resp.Close {
		t.Errorf("draining: %+v, %v", resp, err)
	}
	if err == nil {
		resp.Body.Close()
	}
}
