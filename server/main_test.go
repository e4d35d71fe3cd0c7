package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/connectors"
	"leadgate/internal/disk"
	"leadgate/internal/seal"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/sqlite"
)

// What must never be read in a log. Every test posts with these.
const (
	secret     = "canary-secret-7f3a91"
	urlSecret  = "canary-url-token-20c4"
	apiToken   = "canary-api-token-b55e"
	someEmail  = "canary.person@example.org"
	somePhone  = "+33199004217"
	someText   = "canary words of a person"
	wrongToken = "canary-wrong-token-11aa"
)

// logs is what all tests of this run logged, at every level.
var logs safeBuffer

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		text := logs.String()
		for _, canary := range []string{secret, urlSecret, apiToken, wrongToken, someEmail, somePhone, somePhone[1:], someText} {
			if strings.Contains(text, canary) {
				fmt.Fprintf(os.Stderr, "FAIL: the log of the tests holds %q\n", canary)
				code = 1
			}
		}
		os.Exit(code)
	}))
}

// node is a whole gateway but for main: journal, store, pipeline and server on a
// loopback address.
type node struct {
	*Server
	t        testing.TB
	store    *sqlite.Store
	journal  *journal.Journal
	pipeline *pipeline.Pipeline
	blobs    *blob.Files
	sources  *pipeline.Sources
	registry *pipeline.Registry
	addr     string
	client   *http.Client
	readable atomic.Bool // whether the parser can read «later» bodies
	calls    atomic.Int64
}

type nodeOptions struct {
	trusted []netip.Prefix
	intake  func(Intake) Intake
	store   func(Store) Store
	fs      disk.FS
	now     func() time.Time
	unset   bool // the sources were never read
	shared  bool // other nodes work over the same store
}

func start(t testing.TB, o nodeOptions) *node {
	t.Helper()
	dir := t.TempDir()
	n := &node{t: t, sources: &pipeline.Sources{}}
	log := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.now == nil {
		o.now = time.Now
	}
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	n.journal, err = journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), FS: o.fs, SegmentSize: 4 << 20, FreeFloor: -1, Log: log})
	must()
	n.store, err = sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "leadgate.db")})
	must()
	n.blobs, err = blob.OpenFiles(filepath.Join(dir, "blobs"))
	must()
	ring, err := seal.NewRing(seal.Key{1})
	must()
	vault := pipeline.NewVault(ring)
	ro := pipeline.RegistryOptions{Sources: n.sources, Store: n.store, Vault: vault, Log: log}
	if !o.unset {
		ro.Fixed = n.testSources()
		for i := range ro.Fixed {
			ro.Connectors = append(ro.Connectors, *ro.Fixed[i].Connector)
		}
	}
	n.registry, err = pipeline.NewRegistry(ro)
	must()
	if !o.unset {
		err = n.registry.Load(t.Context())
		must()
	}
	metrics := NewMetrics()
	n.pipeline, err = pipeline.New(pipeline.Options{Journal: n.journal, Store: n.store, Blobs: n.blobs, Sources: n.sources, Dir: dir, Meter: metrics, Log: log})
	must()
	var in Intake = n.pipeline
	if o.intake != nil {
		in = o.intake(in)
	}
	var st Store = n.store
	if o.store != nil {
		st = o.store(st)
	}
	desk := &pipeline.Desk{Pipeline: n.pipeline, PublicURL: "https://gate.example", Vault: vault, State: n.store, Leases: &pipeline.Leaser{Store: n.store, Owner: "test"}, Limits: pipeline.NewLimits(), Log: log, Now: o.now}
	n.Server = New(Options{Intake: in, Store: st, Blobs: n.blobs, Sources: n.sources, Registry: n.registry, Shared: o.shared, Envs: desk, Metrics: metrics, PublicURL: "https://gate.example",
		Region: "FR", Trusted: o.trusted, Tokens: []string{"", apiToken}, Version: "test", Log: log, Now: o.now})
	err = metrics.Watch(in, st, n.sources, o.now)
	must()
	n.serve()
	return n
}

// serve runs everything until the test ends.
func (n *node) serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.addr = l.Addr().String()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	n.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	srv := n.HTTP()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- n.pipeline.Run(ctx) }()
	go func() { ended <- srv.Serve(l) }()
	n.t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		err := srv.Close()
		for range 2 {
			if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
				err = errors.Join(err, e)
			}
		}
		if err = errors.Join(err, n.journal.Close(), n.store.Close()); err != nil && !errors.Is(err, pipeline.ErrJournal) {
			n.t.Error(err)
		}
	})
}

// testSources are one source for each way in.
func (n *node) testSources() []pipeline.Source {
	push := n.pushConnector()
	source := func(name string, c *connectors.Connector, raw map[string]any) pipeline.Source {
		set, err := connectors.NewSettings(c.Fields, raw)
		if err != nil {
			n.t.Fatal(err)
		}
		return pipeline.Source{Source: connectors.Source{Name: name, Kind: c.Kind, Region: "FR", Settings: set}, Connector: c}
	}
	return []pipeline.Source{
		source("partner", push, map[string]any{"secret": secret, "accounts": []any{map[string]any{"token": urlSecret}}}),
		source("hidden", push, map[string]any{"secret": urlSecret, "auth": "url"}),
		source("contact", n.serveConnector("form"), nil),
		source("widget", n.serveConnector("served"), nil),
	}
}

// post is what the test connectors read.
type post struct {
	Key, Name, Email, Phone, Text string
	Spam, Later, Refuse           bool
	Panic                         string // in which function of the connector
	File                          string
}

func (n *node) pushConnector() *connectors.Connector {
	at := func(d *lead.Delivery, where string) {
		if bytes.Contains(d.Body, []byte(`"panic":"`+where+`"`)) {
			panic(string(d.Body))
		}
	}
	return &connectors.Connector{Kind: "push", BodyLimit: 1 << 20, Origin: "PARTNER", Parse: n.parse,
		Fields: []connectors.Field{{Name: "secret", Type: connectors.Secret}, {Name: "auth", Type: connectors.Text},
			{Name: "accounts", Type: connectors.Groups, Fields: []connectors.Field{{Name: "token", Type: connectors.Secret}}}},
		Push: &connectors.Push{
			Handshake: func(d *lead.Delivery, _ connectors.Settings, _ time.Time) (connectors.Answer, bool) {
				return connectors.Answer{Status: http.StatusAccepted, Type: "text/plain", Body: []byte("challenge")}, d.Query == "challenge=1"
			},
			Verify: func(d *lead.Delivery, s connectors.Settings, _ time.Time, publicURL string) error {
				at(d, "verify")
				given := d.Header.Get("Authorization")
				want := "Bearer " + s.Text("secret")
				if s.Text("auth") == "url" {
					given, want = d.Header.Get(URLToken), s.Text("secret")
				}
				if publicURL != "https://gate.example/in/"+d.Source || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
					return fmt.Errorf("wanted %q: %w", want, connectors.ErrForged) // a careless connector: the server must not repeat it
				}
				return nil
			},
			Check: func(d *lead.Delivery, _ connectors.Settings) error {
				at(d, "check")
				if bytes.Contains(d.Body, []byte(`"refuse":true`)) {
					return &connectors.FieldError{Field: "email", Problem: "is required"}
				}
				return nil
			},
			Key: func(d *lead.Delivery, _ connectors.Settings) string { return d.Header.Get("Idempotency-Key") },
		}}
}

func (n *node) parse(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
	body, err := connectors.Plain(&d, 1<<20)
	if err != nil {
		return lead.Parsed{}, err
	}
	var p post
	clean := strings.ReplaceAll(strings.ToValidUTF8(string(body), "\uFFFD"), "\x00", "")
	if err := json.Unmarshal([]byte(clean), &p); err != nil || p.Later && !n.readable.Load() {
		return lead.Parsed{}, fmt.Errorf("%w: not a post", lead.ErrInvalid)
	}
	q := lead.Inquiry{Key: cmp.Or(p.Key, d.Key), Kind: lead.KindForm, Channel: "webhook", Name: lead.Name{Display: p.Name}, Text: p.Text}
	if p.Email != "" {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityEmail, Value: p.Email, Proof: lead.ProofForm})
	}
	if p.Phone != "" {
		q.Identities = append(q.Identities, lead.Identity{Kind: lead.IdentityPhone, Value: p.Phone, Proof: lead.ProofForm})
	}
	if p.Spam {
		q.Lane, q.Reason = lead.LaneQuarantine, "looks like spam"
	}
	if p.File != "" {
		q.Attachments = []lead.Attachment{{Kind: "file", Name: "../evil.html", Type: "text/html", Data: []byte(p.File)}}
	}
	return lead.Parsed{Inquiries: []lead.Inquiry{q}}, nil
}

func (n *node) serveConnector(kind string) *connectors.Connector {
	c := &connectors.Connector{Kind: kind, BodyLimit: 1 << 20, Origin: "WEBFORM", Parse: n.parse}
	c.Serve = func(env connectors.Env) (http.Handler, error) {
		n.calls.Add(1)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "https://example.org")
			body, err := connectors.ReadBody(w, r, c.BodyLimit)
			switch {
			case errors.Is(err, connectors.ErrTooLarge):
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				return
			case errors.Is(err, lead.ErrFull):
				http.Error(w, "full", http.StatusServiceUnavailable)
				return
			case err != nil:
				http.Error(w, "not read", http.StatusBadRequest)
				return
			}
			d := connectors.NewDelivery(env.Source().Name, r, r.URL.Path, body, env.Now())
			c.Keep(&d)
			id, err := env.Accept(r.Context(), d)
			if err != nil {
				http.Error(w, "not kept", http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("X-Path", r.URL.Path)
			Receipt(w, id)
		}), nil
	}
	return c
}

// reply is an answer that was read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

// send makes a request with header pairs and reads the answer.
func (n *node) send(method, path, body string, header ...string) reply {
	n.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+n.addr+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	return n.do(req, header...)
}

func (n *node) do(req *http.Request, header ...string) reply {
	n.t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := n.client.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return reply{status: res.StatusCode, header: res.Header, body: string(b)}
}

// deliver posts to the partner source and returns the receipt's id.
func (n *node) deliver(p post, header ...string) string {
	n.t.Helper()
	r := n.send("POST", "/in/partner", body(p), append(header, "Authorization", "Bearer "+secret)...)
	if r.status != http.StatusOK {
		n.t.Fatalf("post answered %d %s", r.status, r.body)
	}
	return decode[struct{ ID string }](n.t, r).ID
}

// body writes a post with the names the connector reads.
func body(p post) string {
	b, err := json.Marshal(map[string]any{"key": p.Key, "name": p.Name, "email": p.Email, "phone": p.Phone, "text": p.Text, "spam": p.Spam,
		"later": p.Later, "refuse": p.Refuse, "panic": p.Panic, "file": p.File})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func decode[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return v
}

// stored waits until a delivery is in the store, and returns its receipt.
func (n *node) stored(id string) store.Receipt {
	n.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		r := n.api("GET", "/api/v1/receipts/"+id, "", http.StatusOK)
		if rec := decode[store.Receipt](n.t, r); rec.State == store.StateStored {
			return rec
		}
	}
	n.t.Fatalf("delivery %s is not stored", id)
	return store.Receipt{}
}

// api asks the API with a valid token, wants a status, and checks the answer
// against the document.
func (n *node) api(method, path, body string, want int) reply {
	n.t.Helper()
	r := n.send(method, path, body, "Authorization", "Bearer "+apiToken, "Content-Type", "application/json")
	if r.status != want {
		n.t.Fatalf("%s %s answered %d %s, want %d", method, path, r.status, r.body, want)
	}
	for _, problem := range described(n.t).response(method, path, r) {
		n.t.Errorf("%s %s %d: %s", method, path, r.status, problem)
	}
	return r
}

func (n *node) stats() store.Stats {
	n.t.Helper()
	return decode[store.Stats](n.t, n.api("GET", "/api/v1/stats", "", http.StatusOK))
}
