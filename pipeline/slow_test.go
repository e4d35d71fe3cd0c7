package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"leadgate/lead"
	"leadgate/store"
)

// tooSlow is a store whose time does not suffice for some deliveries.
func tooSlow(tries *atomic.Int64, keys ...string) func(*faulty) {
	refuse := func(items []store.Item) error {
		for i := range items {
			if slices.Contains(keys, items[i].Delivery.Key) {
				tries.Add(1)
				return fmt.Errorf("%w: %w", lead.ErrUnavailable, context.DeadlineExceeded)
			}
		}
		return nil
	}
	return func(f *faulty) { f.refuse.Store(&refuse) }
}

// A delivery that alone takes longer than the store has is parked when others are
// stored meanwhile, with the reason, and can be replayed.
func TestSlowDeliveryIsParked(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	n := start(t, nodeOptions{store: tooSlow(&tries, "slow")})
	slow := n.accept(lead.Delivery{Source: "src", Key: "slow", Body: []byte(`{"key":"slow"}`)})
	posts := 0
	eventually(t, "parked", func() bool {
		n.accept(post(posts))
		posts++
		known, err := n.store.Known(t.Context(), []lead.ID{slow})
		return err == nil && len(known) == 1
	})
	if why := n.parked(slow); !strings.Contains(why, "takes longer than the store gives it") || strings.Contains(why, "\n") {
		t.Errorf("the reason is %q", why)
	}
	eventually(t, "the others", func() bool { return n.leads() == posts })
	n.store.refuse.Store(nil)
	if _, err := n.Replay(t.Context(), slow, "test"); err != nil {
		t.Errorf("Replay: %v", err)
	}
}

// While nothing is stored, nothing is parked, however often the store's time is over:
// it may be the store. But no delivery keeps a worker from the others for ever.
func TestSlowStoreParksNothing(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	var keys []string
	n := start(t, nodeOptions{idle: true})
	workers := n.o.Workers
	for i := range workers {
		keys = append(keys, fmt.Sprint("slow-", i))
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	n = start(t, nodeOptions{store: tooSlow(&tries, keys...)})
	for _, key := range keys { // as many as there are workers
		n.accept(lead.Delivery{Source: "src", Key: key, Body: []byte(`{"key":"` + key + `"}`)})
	}
	eventually(t, "many tries", func() bool { return tries.Load() > int64(slowAlone*workers) })
	if n.store.parks.Load() != 0 {
		t.Error("it parked what the store may not have had time for at all")
	}
	n.accept(post(1))
	eventually(t, "another one", func() bool { return n.leads() >= 1 })
}

// A reason is one line.
func TestPanicIsOneLine(t *testing.T) {
	t.Parallel()
	if text := errPanicked.Error(); strings.Contains(text, "\n") || !lead.IsPermanent(errPanicked) {
		t.Errorf("%q", text)
	}
}
