package redis

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/internal/services"
	"leadgate/lead"
	"leadgate/pipeline"
)

// TestBus: a message reaches subscribers on all nodes at once, and after Redis was
// away they are told that they may have missed something.
func TestBus(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	a, b := closed(t, open(t, r.URL(), Options{})), closed(t, open(t, r.URL(), Options{}))
	here, there, other := a.Subscribe("chat"), b.Subscribe("chat"), b.Subscribe("other")
	defer here.Close()
	defer there.Close()
	defer other.Close()
	hear := func(s *pipeline.Subscription) pipeline.Message {
		t.Helper()
		select {
		case m := <-s.C:
			return m
		case <-time.After(10 * time.Second):
			t.Fatal("nothing was heard")
			return pipeline.Message{}
		}
	}
	eventually(t, "a message between nodes", func() bool {
		a.Publish("chat", []byte("hello"))
		time.Sleep(20 * time.Millisecond)
		return len(there.C) > 0
	})
	for len(there.C) > 0 {
		<-there.C
	}
	for len(here.C) > 0 {
		if m := <-here.C; string(m.Body) != "hello" {
			t.Errorf("heard %q", m.Body)
		}
	}
	start := time.Now()
	b.Publish("chat", []byte("quick"))
	if m := hear(here); string(m.Body) != "quick" || time.Since(start) > 500*time.Millisecond {
		t.Errorf("heard %q after %v", m.Body, time.Since(start))
	}
	hear(there)
	if len(here.C)+len(other.C) > 0 {
		t.Error("heard twice, or at another topic")
	}
	r.Kill(t)
	for m := hear(there); !m.Missed; m = hear(there) {
	}
	eventually(t, "work without Redis", func() bool { return b.State().Open })
	b.Publish("chat", []byte("here"))
	for m := hear(there); string(m.Body) != "here"; m = hear(there) {
	}
	for len(here.C) > 0 {
		<-here.C
	}
	r.Start(t)
	for m := hear(here); !m.Missed; m = hear(here) {
	}
	closed(t, a)
	closed(t, b)
	eventually(t, "a message between nodes again", func() bool {
		a.Publish("chat", []byte("again"))
		time.Sleep(20 * time.Millisecond)
		for len(there.C) > 0 {
			if m := <-there.C; string(m.Body) == "again" {
				return true
			}
		}
		return false
	})
}

func TestPresence(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	a, b := closed(t, open(t, r.URL(), Options{})), closed(t, open(t, r.URL(), Options{}))
	a.Here("desk", "ann")
	b.Here("desk", "bob")
	b.Here("desk", "ann")
	want := func(n *Node, who ...string) {
		t.Helper()
		eventually(t, "who is present", func() bool { return slices.Equal(n.Present(t.Context(), "desk"), who) })
	}
	want(a, "ann", "bob")
	want(b, "ann", "bob")
	a.Gone("desk", "ann") // she is still at b
	time.Sleep(100 * time.Millisecond)
	want(a, "ann", "bob")
	b.Gone("desk", "ann")
	want(a, "bob")
	r.Kill(t)
	eventually(t, "work without Redis", func() bool { return a.State().Open && b.State().Open })
	want(b, "bob")
	want(a)
	r.Start(t)
	want(a, "bob")
}

// TestSharedLimits: a client that spreads over nodes meets one limit; without Redis
// each node counts for itself.
func TestSharedLimits(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	la, lb := pipeline.NewLimits(), pipeline.NewLimits()
	a, b := closed(t, open(t, r.URL(), Options{Limits: la})), closed(t, open(t, r.URL(), Options{Limits: lb}))
	count := func(l *pipeline.Limits, client string, n int) (last connectors.Limit) {
		for range n {
			last = l.Count(client, 20, 40, time.Now())
		}
		return last
	}
	count(la, "x", 19)
	eventually(t, "the limit of all", func() bool { return count(lb, "x", 1) == connectors.Soft })
	if count(lb, "y", 1) != connectors.Within {
		t.Error("one client's limit touches another")
	}
	r.Kill(t)
	eventually(t, "work without Redis", func() bool { return a.State().Open && b.State().Open })
	start := time.Now()
	if got := count(la, "z", 41); got != connectors.Hard || count(lb, "z", 1) != connectors.Within {
		t.Errorf("without Redis: %v", got)
	}
	if took := time.Since(start); took > 50*time.Millisecond {
		t.Errorf("counting waited %v for Redis", took)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add(appendTasks(nil, []pipeline.Task{{ID: lead.NewID(), Raw: []byte("one")}, {ID: lead.NewID()}}))
	f.Add([]byte{entryFormat})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		tasks, err := parseTasks(b)
		if err != nil {
			return
		}
		again, err := parseTasks(appendTasks(nil, tasks))
		if err != nil || len(again) != len(tasks) {
			t.Fatalf("%d tasks became %d, %v", len(tasks), len(again), err)
		}
		for i := range tasks {
			if tasks[i].ID != again[i].ID || !bytes.Equal(tasks[i].Raw, again[i].Raw) {
				t.Fatalf("task %d changed", i)
			}
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add(appendMessage(nil, "a", "topic", []byte("body")))
	f.Add([]byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		sender, topic, body, ok := parseMessage(b)
		if !ok {
			return
		}
		s, o, y, ok := parseMessage(appendMessage(nil, sender, topic, body))
		if !ok || s != sender || o != topic || !bytes.Equal(y, body) {
			t.Fatal("a message changed")
		}
	})
}

// TestClose: a node that ends waits for nobody, whatever state Redis is in.
func TestClose(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	n := closed(t, open(t, r.URL(), Options{Work: true}))
	r.Pause(t)
	defer r.Resume(t)
	start := time.Now()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 6*time.Second {
		t.Errorf("Close took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := n.Pull(ctx, 1); err == nil {
		t.Error("a closed node gave work")
	}
}
