package pipeline

import (
	"context"
	"errors"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// A node is told by the one that took a delivery that it is accepted, also while the
// store is down, and does not claim it of what nobody knows.
func TestReceiptOfAnotherNode(t *testing.T) {
	t.Parallel()
	hub := NewHub()
	took := start(t, nodeOptions{bus: hub, store: func(s *faulty) { s.full.Store(true) }})
	other := start(t, nodeOptions{bus: hub})
	ears := func() (topics, asked int) {
		hub.mu.Lock()
		defer hub.mu.Unlock()
		return len(hub.subs), len(hub.subs[topicWho])
	}
	for _, n := ears(); n < 2; _, n = ears() {
		time.Sleep(time.Millisecond)
	}
	id, err := took.Accept(t.Context(), lead.Delivery{Source: "src", Key: "1", Body: []byte(`{"key":"1"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := other.Receipt(t.Context(), id); err != nil || r.ID != id || r.State != store.StateAccepted || r.Inquiries == nil {
		t.Errorf("Receipt = %+v, %v", r, err)
	}
	begun := time.Now()
	if r, err := other.Receipt(t.Context(), lead.NewID()); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("of nobody: %+v, %v", r, err)
	}
	if took := time.Since(begun); took < askPatience || took > 10*askPatience {
		t.Errorf("it waited %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := other.Receipt(ctx, lead.NewID()); err == nil {
		t.Error("who went away was told something")
	}
	if topics, _ := ears(); topics != 1 {
		t.Errorf("%d topics are heard, want the one of questions", topics)
	}
}

// What is stored between a look into the store and one into the journal is found at
// once, and no other node is asked.
func TestReceiptJustStored(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{bus: NewHub()})
	id, err := n.Accept(t.Context(), lead.Delivery{Source: "src", Key: "1", Body: []byte(`{"key":"1"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for n.journal.Has(id) {
		time.Sleep(time.Millisecond)
	}
	n.store.unseen.Store(1)
	begun := time.Now()
	if r, err := n.Receipt(t.Context(), id); err != nil || r.State != store.StateStored {
		t.Errorf("Receipt = %+v, %v", r, err)
	}
	if took := time.Since(begun); took >= askPatience {
		t.Errorf("it took %v: others were asked", took)
	}
}
