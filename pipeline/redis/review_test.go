package redis

import (
	"context"
	"testing"
	"time"

	"leadgate/internal/services"
	"leadgate/pipeline/queuetest"
)

// TestRoomAgain: a node that pushes no more says that there is room as soon as there is.
func TestRoomAgain(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{}))
	n.full.Store(time.Now().Add(-time.Hour).UnixNano()) // a push waited, and none came since
	if n.Trouble() == "" {
		t.Fatal("a node without room says nothing")
	}
	eventually(t, "room", func() bool { return n.Trouble() == "" && n.full.Load() == 0 })
}

// TestGoneVisitors: visitors who leave while somebody asks who is present are no fault
// of Redis.
func TestGoneVisitors(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		n.Present(ctx, "topic")
	}
	if st := n.State(); st.Opened > 0 {
		t.Errorf("it opened %d times: %s", st.Opened, st.Why)
	}
}

// TestManyMissing: a question about very many entries is put in parts, so that Redis
// has time for others between them.
func TestManyMissing(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	n := closed(t, open(t, r.URL(), Options{}))
	const many = 3*lostBatch*lostScripts + 7
	tasks := queuetest.Tasks(many, 10)
	push(t, n, tasks...)
	for i := range n.keys {
		r.CLI(t, "DEL", n.keys[i].stream)
	}
	lost, err := n.Lost(t.Context(), idsOf(tasks))
	if err != nil || len(lost) != many {
		t.Errorf("%d of %d are lost, %v", len(lost), many, err)
	}
}

// TestDeafened: when nothing came through for a while, not even the answer to a ping,
// subscribers are told that they may have missed something.
func TestDeafened(t *testing.T) {
	t.Parallel()
	r := services.Redis(t)
	p := services.NewProxy(t, r.Addr())
	o := Options{Prefix: prefix(t)}
	n, other := closed(t, open(t, p.URL(t, r.URL()), o)), closed(t, open(t, r.URL(), o))
	sub := n.Subscribe("topic")
	defer sub.Close()
	heard := func(what string) {
		t.Helper()
		for deadline := time.After(20 * time.Second); ; {
			select {
			case m := <-sub.C:
				if m.Missed == (what == "") && string(m.Body) == what {
					return
				}
			case <-deadline:
				t.Fatalf("waited in vain for %q", what)
			}
		}
	}
	eventually(t, "a subscription", func() bool { return r.CLI(t, "PUBSUB", "NUMSUB", n.busChannel()) == n.busChannel()+"\n2" })
	other.Publish("topic", []byte("one"))
	heard("one")
	p.Silent(t)
	other.Publish("topic", []byte("two")) // nobody can tell
	heard("")
	p.Heal(t)
	closed(t, n)
	heard("")
}
