package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
)

func TestAcceptedBecomesLead(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	id := n.accept(post(1))
	if id != lead.DeriveID("src", "k1") {
		t.Errorf("receipt %v does not follow from source and key", id)
	}
	eventually(t, "the lead", func() bool { return n.verdict(id) == lead.Created })
	eventually(t, "the journal to be released", func() bool { return n.Health().Journal.Depth == 0 })
	if again := n.accept(post(1)); again != id {
		t.Errorf("a redelivery got receipt %v, want %v", again, id)
	}
	eventually(t, "the redelivery to be released", func() bool { return n.Health().Journal.Depth == 0 })
	if got := n.leads(); got != 1 {
		t.Errorf("%d leads, want 1", got)
	}
}

// A thousand posts of one key at once: one receipt, one touch.
func TestThousandRedeliveries(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	var wg sync.WaitGroup
	ids := make([]lead.ID, 1000)
	for i := range ids {
		wg.Go(func() { ids[i], _ = n.Accept(context.Background(), post(7)) })
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id.IsZero() {
			t.Fatal("the receipts differ")
		}
	}
	eventually(t, "the journal to be released", func() bool { return n.Health().Journal.Depth == 0 })
	if got := n.leads(); got != 1 {
		t.Errorf("%d leads, want 1", got)
	}
}

// Equal bytes without a key are one delivery for ten seconds, other bytes are not.
func TestEqualBytes(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	d := post(1)
	d.Key, d.Peer = "", "203.0.113.9"
	first := n.accept(d)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if id, err := n.Accept(context.Background(), d); err != nil || id != first {
				t.Errorf("equal bytes got receipt %v, %v", id, err)
			}
		})
	}
	wg.Wait()
	other := d
	other.Peer = "203.0.113.10"
	if n.accept(other) == first {
		t.Error("another peer got the same receipt")
	}
	other = d
	other.Body = append(bytes.Clone(d.Body), ' ')
	if n.accept(other) == first {
		t.Error("other bytes got the same receipt")
	}
	r := newRecent()
	at := time.Now()
	keep := func(lead.ID) error { return nil }
	a, _ := r.once(t.Context(), [32]byte{1}, at, keep)
	b, _ := r.once(t.Context(), [32]byte{1}, at.Add(11*time.Second), keep)
	if a == b {
		t.Error("equal bytes after eleven seconds got the same receipt")
	}
}

// What failed to be kept is not remembered as kept, and is tried again under the
// same id: it may be on the disk all the same.
func TestEqualBytesAfterFailure(t *testing.T) {
	t.Parallel()
	r := newRecent()
	var ids []lead.ID
	for _, fails := range []error{lead.ErrFull, lead.ErrUnavailable, nil} {
		id, err := r.once(t.Context(), [32]byte{1}, time.Now(), func(id lead.ID) error { ids = append(ids, id); return fails })
		if !errors.Is(err, fails) || id != ids[len(ids)-1] {
			t.Errorf("once = %v, %v; want %v, %v", id, err, ids[len(ids)-1], fails)
		}
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[0] != ids[2] {
		t.Errorf("tried as %v, want three tries of one id", ids)
	}
}

// A sender that leaves while its post is being kept, and others with the same
// bytes: one delivery, and nobody hears of another's connection.
func TestSenderLeavesEqualBytes(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	d := post(1)
	d.Key, d.Peer = "", "203.0.113.9"
	gone, leave := context.WithCancel(context.Background())
	leave()
	_, _ = n.Accept(gone, d)
	id := n.accept(d)
	if again := n.accept(d); again != id {
		t.Errorf("receipts %v and %v", id, again)
	}
	eventually(t, "the journal to be released", func() bool { return n.Health().Journal.Depth == 0 })
	if got := n.leads(); got != 1 {
		t.Errorf("%d leads, want 1", got)
	}
}

// A large body that cannot be kept leaves nothing behind.
func TestRefusedLargeBodyLeavesNothing(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{idle: true, journal: journal.Options{Quota: 4096}})
	for i := 0; ; i++ {
		if _, err := n.Accept(t.Context(), post(i)); err != nil {
			break
		}
	}
	d := post(-1)
	for range 5 {
		d.Body = bytes.Repeat([]byte{'x'}, largeBody+1+len(d.Body))
		if _, err := n.Accept(t.Context(), d); !errors.Is(err, lead.ErrFull) {
			t.Errorf("Accept = %v, want ErrFull", err)
		}
	}
	err := filepath.WalkDir(filepath.Join(n.dir, "blobs"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			t.Errorf("%s stays", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A large body goes to the blob store before the journal and is whole again for Parse.
func TestLargeBody(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	d := post(1)
	d.Body = fmt.Appendf(nil, `{"key":"k1","email":"p@example.org","text":"%s"}`, strings.Repeat("x", 200_000))
	id := n.accept(d)
	eventually(t, "the lead", func() bool { return n.verdict(id) == lead.Created })
	raw, err := n.store.Raw(context.Background(), id)
	if err != nil || raw.Blob == "" || len(raw.Body) != 0 {
		t.Errorf("stored delivery has %d bytes and blob %q, %v", len(raw.Body), raw.Blob, err)
	}
}

// Row 18, one node: a store that is down stops no acceptance, and everything is
// stored when it is back.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{store: func(f *faulty) { f.down.Store(true) }})
	var last lead.ID
	for i := range 500 {
		last = n.accept(post(i))
	}
	r, err := n.Receipt(context.Background(), last)
	if err != nil || r.State != store.StateAccepted {
		t.Errorf("receipt %+v, %v; want accepted", r, err)
	}
	eventually(t, "health to tell", func() bool { return n.Health().Store != "" })
	if calls := n.store.applies.Load(); calls > 50 {
		t.Errorf("%d tries against a store that is down", calls)
	}
	n.store.down.Store(false)
	eventually(t, "all leads", func() bool { return n.leads() == 500 })
	eventually(t, "health to be well", func() bool { return n.Health().Store == "" && n.Health().Journal.Depth == 0 })
}

// Row 3: what was durable when the process died becomes one lead, also when the
// sender, who heard nothing, sends it again.
func TestKilledAfterAppend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := start(t, nodeOptions{dir: dir, idle: true})
	for i := range 100 {
		before.accept(post(i))
	}
	if err := before.stop(); err != nil {
		t.Fatal(err)
	}
	after := start(t, nodeOptions{dir: dir})
	for i := range 50 {
		after.accept(post(i))
	}
	eventually(t, "all leads", func() bool { return after.leads() == 100 })
	eventually(t, "the journal to be released", func() bool { return after.Health().Journal.Depth == 0 })
	if err := after.stop(); err != nil {
		t.Fatal(err)
	}
	third := start(t, nodeOptions{dir: dir}) // everything is known now: nothing is read twice
	eventually(t, "the journal to be released", func() bool { return third.Health().Journal.Depth == 0 })
	if got := third.leads(); got != 100 {
		t.Errorf("%d leads, want 100", got)
	}
}

// After a restart the store is asked about many entries at once, and what it has
// is not read again.
func TestRecoveryAsksInBatches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir, idle: true})
	for i := range 1000 {
		n.accept(post(i))
	}
	left := t.TempDir() // the disk as a killed process leaves it
	if err := errors.Join(n.stop(), os.CopyFS(left, os.DirFS(filepath.Join(dir, "journal")))); err != nil {
		t.Fatal(err)
	}
	n = start(t, nodeOptions{dir: dir})
	eventually(t, "all leads", func() bool { return n.leads() == 1000 && n.Health().Journal.Depth == 0 })
	if err := errors.Join(n.stop(), os.RemoveAll(filepath.Join(dir, "journal")), os.CopyFS(filepath.Join(dir, "journal"), os.DirFS(left))); err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	after := start(t, nodeOptions{dir: dir, parse: func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
		read.Add(1)
		return parseJSON(d, s)
	}})
	eventually(t, "the journal to be released", func() bool { return after.Health().Journal.Depth == 0 && after.store.asks.Load() > 0 })
	if asks := after.store.asks.Load(); asks > 20 || read.Load() > 0 {
		t.Errorf("the store was asked %d times about 1000 entries, %d were read again", asks, read.Load())
	}
}

// What a queue lost is pushed again, and only that.
func TestQueueLosesEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir, idle: true})
	lossy := &lossyQueue{Queue: NewQueue(), lose: 100}
	n.o.Queue = lossy
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for i := range 150 {
		n.accept(post(i))
	}
	eventually(t, "all leads", func() bool { return n.leads() == 150 })
	eventually(t, "the journal to be released", func() bool { return n.Health().Journal.Depth == 0 })
}

// lossyQueue drops the first pushes without a word.
type lossyQueue struct {
	Queue
	mu   sync.Mutex
	lose int
}

func (q *lossyQueue) Push(ctx context.Context, tasks ...Task) error {
	q.mu.Lock()
	drop := q.lose > 0
	q.lose -= len(tasks)
	q.mu.Unlock()
	if drop {
		return nil
	}
	return q.Queue.Push(ctx, tasks...)
}

// Row 37, one node: a stop under load loses nothing that was accepted.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir})
	var mu sync.Mutex
	accepted := 0
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := n.Accept(context.Background(), post(g*1_000_000+i)); err == nil {
					mu.Lock()
					accepted++
					mu.Unlock()
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	close(stop)
	wg.Wait()
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	after := start(t, nodeOptions{dir: dir})
	eventually(t, "every accepted delivery", func() bool { return after.leads() == accepted })
}

// A refused append is an error of the right class, and nothing of it is stored.
func TestJournalFull(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{journal: journal.Options{SegmentSize: 64 << 10, Quota: 128 << 10}, store: func(f *faulty) { f.down.Store(true) }})
	accepted := 0
	var err error
	for i := 0; i < 5000 && err == nil; i++ {
		if _, err = n.Accept(context.Background(), post(i)); err == nil {
			accepted++
		}
	}
	if !errors.Is(err, lead.ErrFull) {
		t.Fatalf("Accept = %v after %d, want ErrFull", err, accepted)
	}
	n.store.down.Store(false)
	eventually(t, "what was accepted", func() bool { return n.leads() == accepted })
	eventually(t, "room again", func() bool {
		_, err := n.Accept(context.Background(), post(99_999))
		return err == nil
	})
	eventually(t, "the last one", func() bool { return n.leads() == accepted+1 })
}
