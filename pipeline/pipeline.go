package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
)

// Store is what the pipeline asks of a store.
type Store interface {
	store.Intake
	store.Outbox
	store.Leases
	Index(ctx context.Context, n int) (int, error)
	Propose(ctx context.Context, n int) (int, error)
}

// Blobs keeps large bodies and parts.
type Blobs interface {
	// Put keeps a body so that it survives a power cut of this node, and returns its name.
	Put(ctx context.Context, data []byte) (name string, err error)
	// Get returns the bytes of a name, wherever they are.
	Get(ctx context.Context, name string) ([]byte, error)
	// Keep brings bytes to where every node finds them, and returns the keys by which
	// a commit names them.
	Keep(ctx context.Context, parts ...[]byte) (keys []string, err error)
	// Forget makes the next Keep bring bytes there again: a commit was told that they are gone.
	Forget(keys ...string)
}

// Meter hears what happens, for metrics. Its methods are called on the hot path.
type Meter interface {
	// Accepted: a delivery became durable after that long.
	Accepted(source string, took time.Duration)
	// Refused: a delivery was not kept, for lack of space or a failing disk.
	Refused(source string)
	// Stored: an inquiry was committed so long after its delivery was taken.
	Stored(source string, v lead.Verdict, since time.Duration)
	// Worked: a batch of that many deliveries took so long to read and commit.
	Worked(deliveries int, took time.Duration)
}

// Options are what a pipeline is made of.
type Options struct {
	Journal  *journal.Journal
	Store    Store
	Blobs    Blobs
	Sources  *Sources
	Queue    Queue     // nil for one in this process
	Bus      Bus       // to the other nodes; nil when none can be asked
	Dir      string    // of this node's data; the guard's notes are kept there
	Company  bool      // few deliveries wait for others before they are stored, as suits a store that nodes share
	Index    int       // leads brought into the search index in one transaction; 0 for 64, as suits a store with one writer
	Workers  int       // how many read and store at once; 0 for one per two processors, at least two: one reads while another stores
	Courtesy *Courtesy // shared with whatever else works in the background; nil for one of its own
	Meter    Meter     // nil for none
	Log      *slog.Logger
	Now      func() time.Time   // nil for the system's
	Jobs     map[string]JobKind // what this node does of the outbox
	Roles    Roles              // of this node; none given means all
	Leases   *Leaser            // nil for one of its own
}

// Errors that end Run.
var (
	// ErrStuck: parsers that do not return hold four goroutines; only a new process is rid of them.
	ErrStuck = errors.New("parsers are stuck")
	// ErrJournal: the disk of the journal fails; a new process replays what is there.
	ErrJournal = errors.New("the journal's disk fails")
)

// Pipeline is a running way from Accept to the store.
type Pipeline struct {
	o        Options
	log      *slog.Logger
	now      func() time.Time
	window   *window
	recent   *recent
	guard    *guard
	courtesy *Courtesy
	stuck    atomic.Int32
	stopped  chan struct{} // closed when too many parsers are stuck
	once     sync.Once
	took     atomic.Int64           // batches the store took
	stalled  atomic.Pointer[string] // why the store does not take anything now; nil when it does
	blobless atomic.Pointer[string] // why large bodies cannot be read or kept now; nil when they can
}

// Limits of what is under way at once; everything beyond waits on disk.
const (
	windowEntries = 65536 // their bytes are in the queue, which has limits of its own
	batchEntries  = 512
	largeBody     = 64 << 10  // bodies above this go to the blob store
	hugeBody      = 256 << 10 // bodies above this are refused while room is short
	readBytes     = 16 << 20  // of what one transaction takes
	parseTimeout  = 2 * time.Second
	blobTimeout   = 30 * time.Second
	maxReason     = 500 // characters
	stuckParsers  = 4
)

// New makes a pipeline. Accept works at once, the rest when Run is called.
func New(o Options) (*Pipeline, error) {
	if o.Roles == (Roles{}) {
		o.Roles = AllRoles()
	}
	if o.Index == 0 {
		o.Index = indexBatch
	}
	if o.Workers == 0 {
		o.Workers = max(2, runtime.GOMAXPROCS(0)/2)
	}
	if o.Courtesy == nil {
		o.Courtesy = &Courtesy{}
	}
	if o.Meter == nil {
		o.Meter = silent{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Queue == nil {
		o.Queue = NewQueue()
	}
	if o.Leases == nil {
		o.Leases = &Leaser{Store: o.Store, Owner: lead.NewID().String(), Log: o.Log}
	}
	g, err := openGuard(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening pipeline: %w", err)
	}
	return &Pipeline{o: o, log: o.Log, now: o.Now, window: newWindow(), recent: newRecent(), guard: g, courtesy: o.Courtesy, stopped: make(chan struct{})}, nil
}

// Run forwards, works and releases until ctx ends, and returns nil. A transaction
// that is under way is finished; everything else waits in the journal.
// ErrStuck and ErrJournal mean that the process must start anew.
func (p *Pipeline) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, loop := range p.loops(cancel) {
		wg.Go(func() { loop(ctx) })
	}
	wg.Wait()
	if err := context.Cause(ctx); errors.Is(err, ErrStuck) || errors.Is(err, ErrJournal) {
		return err
	}
	return p.guard.clean()
}

// loops are what Run runs at once, each until its context ends.
func (p *Pipeline) loops(cancel context.CancelCauseFunc) []func(context.Context) {
	loops := []func(context.Context){p.forward, p.release, p.repush, p.hear, p.tellWhere, p.watch(cancel)}
	for i := range p.o.Workers {
		loops = append(loops, func(ctx context.Context) { p.work(ctx, i) })
	}
	if !p.o.Roles.Run {
		return loops
	}
	loops = append(loops, p.index, p.compare)
	for kind, k := range p.o.Jobs {
		loops = append(loops, p.runJobs(kind, k))
	}
	return loops
}

// watch ends Run when only a new process can help.
func (p *Pipeline) watch(cancel context.CancelCauseFunc) func(context.Context) {
	return func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-p.stopped:
			cancel(ErrStuck)
		case <-p.o.Journal.Failed():
			cancel(ErrJournal)
		}
	}
}

// Ready returns nil when a delivery would be kept now.
func (p *Pipeline) Ready() error { return p.o.Journal.Ready() }

// Health is what stands in the way, in words; empty parts are well.
type Health struct {
	Journal journal.Stats
	Store   string // why the store takes nothing now
	Blobs   string // why large bodies cannot be read or kept now
	Shared  bool   // work is shared with other nodes
	Queue   string // why it is not just now; "" when it is
	Flight  int    // deliveries between journal and store
}

// Health tells how the pipeline is.
func (p *Pipeline) Health() Health {
	h := Health{Journal: p.o.Journal.Stats(), Flight: p.window.len()}
	if s := p.stalled.Load(); s != nil {
		h.Store = *s
	}
	if s := p.blobless.Load(); s != nil {
		h.Blobs = *s
	}
	if q, ok := p.o.Queue.(Shared); ok {
		h.Shared, h.Queue = true, q.Trouble()
	}
	return h
}

// sleep waits, and reports false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

type silent struct{}

func (silent) Accepted(string, time.Duration)             {}
func (silent) Refused(string)                             {}
func (silent) Stored(string, lead.Verdict, time.Duration) {}
func (silent) Worked(int, time.Duration)                  {}
