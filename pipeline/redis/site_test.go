package redis

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/blob"
)

// memory is a store that remembers only which deliveries it has.
type memory struct {
	pipeline.Store // the rest is not asked
	mu             sync.Mutex
	stored         map[lead.ID]int // how often it was applied
	by             map[lead.ID]bool
	down           atomic.Bool
	lag            time.Duration // of one transaction
}

var errDown = fmt.Errorf("%w: the store is down", lead.ErrUnavailable)

func (m *memory) Apply(ctx context.Context, items []store.Item) ([]store.Receipt, error) {
	time.Sleep(m.lag)
	if m.down.Load() {
		return nil, errDown
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range items {
		m.stored[items[i].Delivery.ID]++
	}
	return make([]store.Receipt, len(items)), nil
}

func (m *memory) Park(_ context.Context, items []store.Parking) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range items {
		m.stored[items[i].Delivery.ID]++
		m.by[items[i].Delivery.ID] = true
	}
	return nil
}

func (m *memory) Known(_ context.Context, ids []lead.ID) ([]lead.ID, error) {
	if m.down.Load() {
		return nil, errDown
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []lead.ID
	for _, id := range ids {
		if m.stored[id] > 0 {
			out = append(out, id)
		}
	}
	return out, nil
}

func (m *memory) Index(context.Context, int) (int, error)   { return 0, nil }
func (m *memory) Propose(context.Context, int) (int, error) { return 0, nil }

func (m *memory) count() (deliveries, times int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.stored {
		times += n
	}
	return len(m.stored), times
}

// site is several nodes over one store and one Redis.
type site struct {
	t        testing.TB
	store    *memory
	url      string
	prefix   string
	mu       sync.Mutex
	accepted []lead.ID
	seq      atomic.Int64
}

func newSite(t testing.TB, url string) *site {
	return &site{t: t, url: url, prefix: prefix(t), store: &memory{stored: map[lead.ID]int{}, by: map[lead.ID]bool{}}}
}

// member is one node of a site: journal, pipeline and its share in Redis.
type member struct {
	*pipeline.Pipeline
	site    *site
	dir     string
	redis   *Node
	journal *journal.Journal
	cancel  context.CancelFunc
	ended   chan error
	once    sync.Once
}

// join starts a node; dir is "" for a new one.
func (s *site) join(work bool, dir string) *member {
	s.t.Helper()
	if dir == "" {
		dir = s.t.TempDir()
	}
	m := &member{site: s, dir: dir, ended: make(chan error, 1)}
	var err error
	if m.journal, err = journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), FreeFloor: -1, SegmentSize: 4 << 20}); err != nil {
		s.t.Fatal(err)
	}
	m.redis = open(s.t, s.url, Options{Work: work, Prefix: s.prefix})
	blobs, err := blob.OpenFiles(filepath.Join(dir, "blobs"))
	if err != nil {
		s.t.Fatal(err)
	}
	sources := &pipeline.Sources{}
	kind := &connectors.Connector{Kind: "test", Origin: "WEB", Parse: func(lead.Delivery, connectors.Settings) (lead.Parsed, error) { return lead.Parsed{}, nil }}
	if err := sources.Set([]pipeline.Source{{Source: connectors.Source{Name: "src", Kind: "test"}, Connector: kind}}); err != nil {
		s.t.Fatal(err)
	}
	if m.Pipeline, err = pipeline.New(pipeline.Options{Journal: m.journal, Store: s.store, Blobs: blobs, Sources: sources, Dir: dir, Queue: m.redis}); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	go func() { m.ended <- m.Run(ctx) }()
	s.t.Cleanup(m.stop)
	return m
}

// stop ends a node in order.
func (m *member) stop() {
	m.once.Do(func() {
		m.cancel()
		if err := <-m.ended; err != nil {
			m.site.t.Errorf("Run: %v", err)
		}
		if err := m.redis.Close(); err != nil {
			m.site.t.Errorf("Close: %v", err)
		}
		_ = m.journal.Close()
	})
}

// vanish ends a node as kill -9 does for all that Redis sees of it.
func (m *member) vanish() {
	m.once.Do(func() {
		vanish(m.redis)
		m.cancel()
		<-m.ended
		_ = m.journal.Close()
	})
}

// accept takes one delivery.
func (m *member) accept(size int) lead.ID {
	id, err := m.Accept(context.Background(), lead.Delivery{Source: "src", Key: fmt.Sprint(m.site.seq.Add(1)), Body: make([]byte, size)})
	if err != nil {
		m.site.t.Errorf("Accept: %v", err)
		return id
	}
	m.site.mu.Lock()
	defer m.site.mu.Unlock()
	m.site.accepted = append(m.site.accepted, id)
	return id
}

// load takes deliveries at all members until the context ends, and measures the
// slowest answer.
func (s *site) load(ctx context.Context, pause time.Duration, members ...*member) *sync.WaitGroup {
	var wg sync.WaitGroup
	for _, m := range members {
		wg.Go(func() {
			for ctx.Err() == nil {
				m.accept(200)
				time.Sleep(pause)
			}
		})
	}
	return &wg
}

// settled waits until all that was accepted is stored and has left the journals.
func (s *site) settled(limit time.Duration, members ...*member) {
	s.t.Helper()
	start := time.Now()
	for time.Since(start) < limit {
		if s.missing() == 0 && s.depth(members) == 0 {
			n, times := s.store.count()
			s.t.Logf("all of %d stored after %v, %d of them more than once", n, time.Since(start).Round(time.Millisecond), times-n)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	for _, m := range members {
		s.t.Logf("%+v", m.redis.State())
	}
	s.t.Fatalf("after %v %d of %d accepted are not stored, %d are in the journals", limit, s.missing(), len(s.accepted), s.depth(members))
}

func (s *site) missing() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	n := 0
	for _, id := range s.accepted {
		if s.store.stored[id] == 0 {
			n++
		}
	}
	return n
}

func (s *site) depth(members []*member) int {
	n := 0
	for _, m := range members {
		n += m.journal.Stats().Depth
	}
	return n
}

// empty waits until Redis holds nothing of the site and no node remembers any.
func (s *site) empty(members ...*member) {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := false
		for _, m := range members {
			st := m.redis.State()
			left = left || st.Entries+st.Pending > 0 || st.Own+st.OwnBytes+st.Unacked > 0
		}
		if !left {
			return
		}
		if time.Now().After(deadline) {
			for _, m := range members {
				s.t.Errorf("%s left behind: %#v", m.redis.me, m.redis.State())
			}
			return
		}
	}
}

type field struct {
	name  string
	value int
}

// lines reads pairs of lines, as redis-cli prints them.
func lines(text string) func(func(field) bool) {
	return func(yield func(field) bool) {
		all := strings.Split(text, "\n")
		for i := 0; i+1 < len(all); i++ {
			if n, err := strconv.Atoi(strings.TrimSpace(all[i+1])); err == nil && !yield(field{strings.TrimSpace(all[i]), n}) {
				return
			}
		}
	}
}
