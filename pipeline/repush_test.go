package pipeline

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/sqlite"
)

var _ Shared = (*forgetful)(nil)

// forgetful is a queue that takes all, hands out nothing, and loses on demand.
type forgetful struct {
	Queue
	mu     sync.Mutex
	pushed map[lead.ID]int
	lose   int // answers of Lost that say that all is lost
	news   chan []lead.ID
	forgot map[lead.ID]bool
}

func (q *forgetful) Push(_ context.Context, tasks ...Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range tasks {
		q.pushed[tasks[i].ID]++
	}
	return nil
}

func (q *forgetful) Pull(ctx context.Context, _ int) ([]Task, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (q *forgetful) Lost(_ context.Context, ids []lead.ID) ([]lead.ID, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lose > 0 {
		q.lose--
		return ids, nil
	}
	return nil, nil
}

func (q *forgetful) Forget(ids []lead.ID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		q.forgot[id] = true
	}
}

func (q *forgetful) Heard(ctx context.Context) ([]lead.ID, error) {
	select {
	case ids := <-q.news:
		return ids, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (q *forgetful) Trouble() string { return "" }

func (q *forgetful) times(id lead.ID) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pushed[id]
}

// TestLostAndFound: what the queue lost is pushed again, what it found again before
// that is not; what another node says is stored is released when the store agrees.
func TestLostAndFound(t *testing.T) {
	t.Parallel()
	q := &forgetful{pushed: map[lead.ID]int{}, forgot: map[lead.ID]bool{}, news: make(chan []lead.ID)}
	dir := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), FreeFloor: -1, SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "leadgate.db")})
	if err != nil {
		t.Fatal(err)
	}
	db := &faulty{Store: s}
	p, err := New(Options{Journal: j, Store: db, Sources: &Sources{}, Dir: dir, Queue: q})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_, _ = j.Close(), s.Close()
	})
	id, err := p.Accept(ctx, post(1))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the push", func() bool { return q.times(id) == 1 })
	again := func(lose, want int) {
		t.Helper()
		q.mu.Lock()
		q.lose = lose
		q.mu.Unlock()
		q.news <- nil
		eventually(t, "the question", func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.lose == 0 })
		time.Sleep(20 * time.Millisecond)
		if got := q.times(id); got != want {
			t.Errorf("lost %d times in a row: pushed %d times, want %d", lose, got, want)
		}
	}
	again(1, 1)                           // found again
	again(2, 2)                           // lost for good
	q.news <- []lead.ID{id, lead.NewID()} // a false word
	time.Sleep(50 * time.Millisecond)
	if j.Stats().Depth != 1 {
		t.Fatal("a foreign word released a delivery")
	}
	var d lead.Delivery
	e, err := j.Read(p.window.flight[id].pos[0])
	if err == nil {
		err = d.UnmarshalBinary(e.Payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Park(ctx, []store.Parking{{Delivery: d, Raw: e.Payload, Reason: "for this test"}}); err != nil {
		t.Fatal(err)
	}
	q.news <- nil
	eventually(t, "the release", func() bool { return j.Stats().Depth == 0 })
	eventually(t, "the end in the queue", func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.forgot[id] })
}
