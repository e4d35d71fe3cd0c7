package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// parked waits for a delivery to be parked and returns the reason.
func (n *node) parked(id lead.ID) string {
	n.t.Helper()
	eventually(n.t, "parking", func() bool { return n.verdict(id) == lead.Parked })
	items, _, err := n.store.Store.(store.Store).Parked(context.Background(), store.Page{Limit: 1000})
	if err != nil {
		n.t.Fatal(err)
	}
	for _, h := range items {
		if h.ID == id {
			return h.Reason
		}
	}
	n.t.Fatalf("delivery %v is not among the parked", id)
	return ""
}

// Row 27: what cannot be read is parked with its bytes, everything else goes on,
// and a replay after the mend gives one lead.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	bad := lead.Delivery{Source: "src", Key: "bad", Body: []byte(`{"key":`)}
	id := n.accept(bad)
	good := n.accept(post(1))
	eventually(t, "the good one", func() bool { return n.verdict(good) == lead.Created })
	if why := n.parked(id); !strings.Contains(why, "reading post") {
		t.Errorf("parked because %q", why)
	}
	if _, err := n.Replay(context.Background(), id, "tester"); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("replay without a mend: %v, want ErrInvalid", err)
	}
	src, _ := n.sources.Get("src")
	mended := *src.Connector
	mended.Parse = func(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
		return lead.Parsed{Inquiries: []lead.Inquiry{{Key: "mended", Text: string(d.Body)}}}, nil
	}
	if err := n.sources.Set([]Source{{Source: src.Source, Connector: &mended}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []lead.Verdict{lead.Created, lead.Duplicate} {
		r, err := n.Replay(context.Background(), id, "tester")
		if err != nil || r.Verdict != want {
			t.Errorf("replay = %q, %v; want %q", r.Verdict, err, want)
		}
	}
	if got := n.leads(); got != 2 {
		t.Errorf("%d leads, want 2", got)
	}
}

// A delivery of a source that is gone is parked, not lost.
func TestSourceGone(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	d := post(1)
	d.Source = "gone"
	if why := n.parked(n.accept(d)); !strings.Contains(why, "gone") {
		t.Errorf("parked because %q", why)
	}
}

// Row 28: a parser that panics parks its delivery and nothing else.
func TestParserPanics(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{parse: func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
		if d.Key == "k13" {
			panic("planted: secret-of-a-person")
		}
		return parseJSON(d, s)
	}})
	var bad lead.ID
	for i := range 50 {
		if id := n.accept(post(i)); i == 13 {
			bad = id
		}
	}
	eventually(t, "the others", func() bool { return n.leads() == 49 })
	if why := n.parked(bad); !strings.Contains(why, "panicked") || strings.Contains(why, "secret-of-a-person") {
		t.Errorf("parked because %q", why)
	}
	if strings.Contains(n.logs.String(), "secret-of-a-person") {
		t.Error("the log holds what the parser panicked with")
	}
}

// Row 28: a parser that never returns is left behind, its delivery parked; four
// of them end Run, so that a new process is rid of them.
func TestParserNeverReturns(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	n := start(t, nodeOptions{parse: func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
		if strings.HasPrefix(d.Key, "loop") {
			<-release
		}
		return parseJSON(d, s)
	}})
	defer close(release)
	first := n.accept(lead.Delivery{Source: "src", Key: "loop-1", Body: []byte("{}")})
	n.accept(post(1))
	eventually(t, "the other one", func() bool { return n.leads() == 1 })
	if why := n.parked(first); !strings.Contains(why, "did not return") {
		t.Errorf("parked because %q", why)
	}
	for i := range 3 {
		n.accept(lead.Delivery{Source: "src", Key: fmt.Sprintf("loop-%d", i+2), Body: []byte("{}")})
	}
	select {
	case err := <-n.ended:
		n.ended <- nil
		if !errors.Is(err, ErrStuck) {
			t.Errorf("Run = %v, want ErrStuck", err)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("Run goes on with four stuck parsers")
	}
}

// Row 28: what runs behind the parser is guarded like the parser.
func TestPanicBehindTheParser(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	src, _ := n.sources.Get("src")
	broken := *src.Connector
	broken.Scope = func(connectors.Settings) string { panic("planted: secret-of-a-person") }
	if err := n.sources.Set([]Source{*src, {Source: connectors.Source{Name: "broken", Kind: "test"}, Connector: &broken}}); err != nil {
		t.Fatal(err)
	}
	bad := post(0)
	bad.Source = "broken"
	id := n.accept(bad)
	for i := range 5 {
		n.accept(post(i))
	}
	eventually(t, "the others", func() bool { return n.leads() == 5 })
	if why := n.parked(id); !strings.Contains(why, "panicked") || strings.Contains(n.logs.String(), "secret-of-a-person") {
		t.Errorf("parked because %q", why)
	}
}

// One body that cannot be read now holds up nothing else, shows in health, and is
// read when it can be.
func TestUnreachableBlob(t *testing.T) {
	t.Parallel()
	blobs := &flakyBlobs{}
	n := start(t, nodeOptions{blobs: blobs})
	blobs.down.Store(true)
	large := post(1)
	large.Body = fmt.Appendf(nil, `{"key":"large","email":"large@example.org","text":"%s"}`, strings.Repeat("x", 100_000))
	id := n.accept(large)
	eventually(t, "health to tell", func() bool { return n.Health().Blobs != "" })
	for i := range 200 {
		n.accept(post(i + 2))
	}
	eventually(t, "the others", func() bool { return n.leads() == 200 })
	if v := n.verdict(id); v != "" {
		t.Errorf("the unreadable one is %q", v)
	}
	blobs.down.Store(false)
	eventually(t, "the large one", func() bool { return n.verdict(id) == lead.Created })
	eventually(t, "health to be well", func() bool { return n.Health().Blobs == "" && n.Health().Journal.Depth == 0 })
}

// flakyBlobs cannot be read on demand.
type flakyBlobs struct {
	Blobs
	down atomic.Bool
}

func (f *flakyBlobs) Get(ctx context.Context, name string) ([]byte, error) {
	if f.down.Load() {
		return nil, fmt.Errorf("%w: planted", lead.ErrUnavailable)
	}
	return f.Blobs.Get(ctx, name)
}

// A replay that fails keeps the delivery parked and says why now.
func TestReplayFailsAgain(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	id := n.accept(lead.Delivery{Source: "src", Key: "bad", Body: []byte(`{"key":`)})
	n.parked(id)
	src, _ := n.sources.Get("src")
	other := *src.Connector
	other.Parse = func(lead.Delivery, connectors.Settings) (lead.Parsed, error) {
		return lead.Parsed{}, fmt.Errorf("reading post: %w: another\x00 reason", lead.ErrInvalid)
	}
	if err := n.sources.Set([]Source{{Source: src.Source, Connector: &other}}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Replay(t.Context(), id, "tester"); !errors.Is(err, lead.ErrInvalid) || strings.Contains(err.Error(), "constraint") {
		t.Errorf("Replay = %v", err)
	}
	if why := n.parked(id); !strings.Contains(why, "another") || strings.Contains(why, "\x00") {
		t.Errorf("parked because %q", why)
	}
}

// A lead made by hand can be read again like any other.
func TestManualLeadIsReplayed(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	r, err := n.Enter(t.Context(), lead.Inquiry{Name: lead.Name{Display: "Ana Belo"}, Identities: []lead.Identity{{Kind: lead.IdentityPhone, Value: "912 345 678"}}}, "tester", "PT")
	if err != nil || r.Verdict != lead.Created {
		t.Fatalf("Enter = %+v, %v", r, err)
	}
	if _, err := n.Replay(t.Context(), r.ID, "tester"); err != nil {
		t.Errorf("Replay = %v", err)
	}
	if got := n.leads(); got != 1 {
		t.Errorf("%d leads, want 1", got)
	}
}

// An ordinary stop accuses nobody: a suspect that waited for a store that is down
// is innocent, however often the process stops.
func TestStopAccusesNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir, idle: true})
	id := n.accept(post(1))
	n.guard.enter(0, []Task{{ID: id}, {ID: lead.NewID()}})
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		n = start(t, nodeOptions{dir: dir, store: func(f *faulty) { f.full.Store(true) }})
		eventually(t, "a try", func() bool { return n.store.applies.Load() > 0 })
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
	n = start(t, nodeOptions{dir: dir})
	eventually(t, "the lead", func() bool { return n.verdict(id) == lead.Created })
	eventually(t, "the journal to be released", func() bool { return n.Health().Journal.Depth == 0 })
}

// Row 27: an item the store refuses for good is found and parked alone.
func TestStoreRefusesOne(t *testing.T) {
	t.Parallel()
	refuse := func(items []store.Item) error {
		for i := range items {
			if items[i].Delivery.Key == "k13" {
				return fmt.Errorf("%w: planted", lead.ErrPermanent)
			}
			if items[i].Delivery.Key == "k17" {
				panic("planted")
			}
		}
		return nil
	}
	n := start(t, nodeOptions{store: func(f *faulty) { f.refuse.Store(&refuse) }})
	ids := make([]lead.ID, 60)
	for i := range ids {
		ids[i] = n.accept(post(i))
	}
	eventually(t, "the others", func() bool { return n.leads() == 58 })
	n.parked(ids[13])
	n.parked(ids[17])
}

// What is too much at once for the store's time is stored in smaller batches, else the
// same batch would be tried for ever.
func TestStoreIsTooSlow(t *testing.T) {
	t.Parallel()
	refuse := func(items []store.Item) error {
		if len(items) > 4 {
			return fmt.Errorf("%w: %w", lead.ErrUnavailable, context.DeadlineExceeded)
		}
		return nil
	}
	n := start(t, nodeOptions{store: func(f *faulty) { f.refuse.Store(&refuse); f.full.Store(true) }})
	for i := range 60 {
		n.accept(post(i))
	}
	n.store.full.Store(false)
	eventually(t, "all of them", func() bool { return n.leads() == 60 })
}

// The crash-loop guard: what a dead process had in hand is tried once more in company,
// then singly, and parked unread after the third death.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir, idle: true})
	bad := n.accept(lead.Delivery{Source: "src", Key: "fatal", Body: []byte(`{"key":"fatal","text":"kills"}`)})
	good := n.accept(post(1))
	// The first process dies with both in one worker's hands.
	n.guard.enter(0, []Task{{ID: bad}, {ID: good}})
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	// The next one dies with it in company again, the third over it alone, its attempt
	// written first.
	for death := range 2 {
		g, err := openGuard(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, alone := g.suspect(bad)
		if alone != (death == 1) || got != death {
			t.Fatalf("after death %d: alone %v with %d attempts", death+1, alone, got)
		}
		if tasks := []Task{{ID: bad, Single: alone}}; alone {
			g.enter(0, tasks)
		} else {
			g.enter(0, append(tasks, Task{ID: good}))
			g.enter(1, []Task{{ID: good}})
			g.leave(1, []Task{{ID: good}}) // acquitted: nobody died over it
		}
	}
	read := atomic.Int32{}
	after := start(t, nodeOptions{dir: dir, parse: func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
		if d.Key == "fatal" {
			read.Add(1)
		}
		return parseJSON(d, s)
	}})
	if why := after.parked(bad); !strings.Contains(why, "died") {
		t.Errorf("parked because %q", why)
	}
	eventually(t, "the good one", func() bool { return after.verdict(good) == lead.Created })
	if read.Load() != 0 {
		t.Error("the fatal delivery was read once more")
	}
	if err := after.stop(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "guard", "*")); err != nil || len(left) != 0 {
		names := []string{}
		for _, l := range left {
			b, _ := os.ReadFile(l)
			names = append(names, filepath.Base(l)+": "+string(b))
		}
		t.Errorf("notes are left after a clean end: %v, %v", names, err)
	}
}

// Jobs: one that fails for good is buried, one that fails for now is tried again,
// and neither holds up the others.
func TestJobs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, nodeOptions{dir: dir, idle: true})
	var done, tries atomic.Int32
	n.o.Jobs["work"] = JobKind{Do: func(_ context.Context, jobs []store.Job) error {
		for _, j := range jobs {
			switch j.Key {
			case "never":
				return fmt.Errorf("%w: planted", lead.ErrPermanent)
			case "panics":
				panic("planted")
			case "later":
				if tries.Add(1) < 3 {
					return fmt.Errorf("%w: planted", lead.ErrUnavailable)
				}
			}
		}
		done.Add(int32(len(jobs)))
		return nil
	}}
	for _, key := range []string{"a", "never", "b", "panics", "later", "c"} {
		if err := n.store.Enqueue(t.Context(), store.Job{Kind: "work", Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	eventually(t, "the jobs", func() bool { return done.Load() >= 4 })
	st, err := n.store.Store.(store.Store).Stats(context.Background())
	if err != nil || st.Jobs.Buried != 2 {
		t.Errorf("%d jobs buried, %v; want 2", st.Jobs.Buried, err)
	}
}

// Limits: within, soft, hard, and back again with time.
func TestLimits(t *testing.T) {
	t.Parallel()
	l := NewLimits()
	now := time.Now()
	counts := map[connectors.Limit]int{}
	for range 300 {
		counts[l.Count("a", 10, 200, now)]++
	}
	if counts[connectors.Within] != 10 || counts[connectors.Soft] != 190 || counts[connectors.Hard] != 100 {
		t.Errorf("counts %v, want 10, 190 and 100", counts)
	}
	if l.Count("b", 10, 200, now) != connectors.Within {
		t.Error("one client's limit touches another")
	}
	if l.Count("a", 10, 200, now.Add(21*time.Minute)) != connectors.Within {
		t.Error("a quiet client is not forgiven")
	}
	for i := range limitClients + 100 {
		l.Count(fmt.Sprint(i), 10, 200, now)
	}
	if len(l.buckets) > limitClients {
		t.Errorf("%d clients are remembered, want at most %d", len(l.buckets), limitClients)
	}
}
