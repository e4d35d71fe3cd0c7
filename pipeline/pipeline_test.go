package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
	"leadgate/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a pipeline over a real journal and a real store, in a folder that
// outlives it, so that a test can start the next process over the same data.
type node struct {
	*Pipeline
	t       *testing.T
	dir     string
	store   *faulty
	sources *Sources
	journal *journal.Journal
	stop    func() error
	ended   chan error
	logs    *safeBuffer
}

type nodeOptions struct {
	dir     string
	store   func(*faulty) // sets faults before the start
	parse   func(lead.Delivery, connectors.Settings) (lead.Parsed, error)
	journal journal.Options
	blobs   *flakyBlobs
	place   blob.Store // of all nodes; nil for the node's folder
	idle    bool       // do not run
	bus     Bus        // to other nodes; nil for none
}

// start opens a node and runs it until the test ends or stop is called.
func start(t *testing.T, o nodeOptions) *node {
	t.Helper()
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	n := &node{t: t, dir: o.dir, sources: &Sources{}, logs: &safeBuffer{}, ended: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(n.logs, nil))
	if o.parse == nil {
		o.parse = parseJSON
	}
	c := &connectors.Connector{Kind: "test", Origin: "WEB", Parse: o.parse}
	if err := n.sources.Set([]Source{{Source: connectors.Source{Name: "src", Kind: "test", Region: "FR"}, Connector: c}}); err != nil {
		t.Fatal(err)
	}
	o.journal.Dir, o.journal.Log, o.journal.Now = filepath.Join(o.dir, "journal"), log, time.Now
	o.journal.FreeFloor = -1
	if o.journal.SegmentSize == 0 {
		o.journal.SegmentSize = 1 << 20
	}
	j, err := journal.Open(o.journal)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(o.dir, "leadgate.db")})
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.OpenFiles(filepath.Join(o.dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	n.journal, n.store = j, &faulty{Store: s}
	if o.store != nil {
		o.store(n.store)
	}
	if o.blobs == nil {
		o.blobs = &flakyBlobs{}
	}
	o.blobs.Blobs = blob.NewDepot(blob.Options{Local: files, Place: o.place, Rows: s})
	if n.Pipeline, err = New(Options{Journal: j, Store: n.store, Blobs: o.blobs, Sources: n.sources, Dir: o.dir, Log: log, Bus: o.bus,
		Jobs: map[string]JobKind{}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if o.idle {
		n.ended <- nil
	} else {
		go func() { n.ended <- n.Run(ctx) }()
	}
	n.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-n.ended, j.Close(), s.Close())
	})
	t.Cleanup(func() { _ = n.stop() })
	return n
}

// parseJSON reads bodies of the form {"key":…,"email":…,"text":…}.
func parseJSON(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
	var v struct{ Key, Email, Text string }
	if err := json.Unmarshal(d.Body, &v); err != nil {
		return lead.Parsed{}, fmt.Errorf("reading post: %w", lead.ErrInvalid)
	}
	q := lead.Inquiry{Key: v.Key, Kind: lead.KindForm, Text: v.Text}
	if v.Email != "" {
		q.Identities = []lead.Identity{{Kind: lead.IdentityEmail, Value: v.Email}}
	}
	return lead.Parsed{Inquiries: []lead.Inquiry{q}}, nil
}

func post(i int) lead.Delivery {
	return lead.Delivery{Source: "src", Key: fmt.Sprintf("k%d", i), Body: fmt.Appendf(nil, `{"key":"k%d","email":"p%d@example.org","text":"hello %d"}`, i, i, i)}
}

func (n *node) accept(d lead.Delivery) lead.ID {
	n.t.Helper()
	id, err := n.Accept(context.Background(), d)
	if err != nil {
		n.t.Fatalf("Accept: %v", err)
	}
	return id
}

// eventually waits for a condition that work in the background brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (n *node) leads() int {
	st, err := n.store.Store.(*sqlite.Store).Stats(context.Background())
	if err != nil {
		n.t.Fatal(err)
	}
	return int(st.Leads.Total)
}

func (n *node) verdict(id lead.ID) lead.Verdict {
	r, err := n.Receipt(context.Background(), id)
	if err != nil {
		return ""
	}
	return r.Verdict
}

// faulty is a store that fails on demand.
type faulty struct {
	Store
	down    atomic.Bool // answers nothing
	full    atomic.Bool // stores nothing, and answers questions
	refuse  atomic.Pointer[func([]store.Item) error]
	applies atomic.Int64
	asks    atomic.Int64 // calls of Known
	parking func() error // called before Park; set before it can be
	parks   atomic.Int64
	unseen  atomic.Int64 // so many questions for a receipt come just before it is stored
}

var errDown = fmt.Errorf("%w: the store is down", lead.ErrUnavailable)

func (f *faulty) Apply(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	f.applies.Add(1)
	if f.down.Load() || f.full.Load() {
		return nil, errDown
	}
	if refuse := f.refuse.Load(); refuse != nil {
		if err := (*refuse)(items); err != nil {
			return nil, err
		}
	}
	return f.Store.Apply(ctx, items)
}

func (f *faulty) Park(ctx context.Context, items []store.Parking) error {
	f.parks.Add(1)
	if f.down.Load() {
		return errDown
	}
	if f.parking != nil {
		if err := f.parking(); err != nil {
			return err
		}
	}
	return f.Store.Park(ctx, items)
}

func (f *faulty) Known(ctx context.Context, ids []lead.ID) ([]lead.ID, error) {
	f.asks.Add(1)
	if f.down.Load() {
		return nil, errDown
	}
	return f.Store.Known(ctx, ids)
}

func (f *faulty) Receipt(ctx context.Context, id lead.ID) (store.Receipt, error) {
	if f.unseen.Add(-1) >= 0 {
		return store.Receipt{}, lead.ErrNotFound
	}
	if f.down.Load() {
		return store.Receipt{}, errDown
	}
	return f.Store.Receipt(ctx, id)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
