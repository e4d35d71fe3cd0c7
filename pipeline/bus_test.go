package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leadgate/connectors"
)

// TestHub: subscribers of a topic hear it in order; a slow one is told that it missed
// something, and holds up nobody.
func TestHub(t *testing.T) {
	t.Parallel()
	h := NewHub()
	quick, slow, other := h.Subscribe("a"), h.Subscribe("a"), h.Subscribe("b")
	for i := range 2 * subscriptionRoom {
		h.Publish("a", fmt.Append(nil, i))
		if m := <-quick.C; string(m.Body) != fmt.Sprint(i) || m.Missed {
			t.Fatalf("heard %q, missed %v, want %d", m.Body, m.Missed, i)
		}
	}
	missed := false
	for i := 0; len(slow.C) > 0; i++ {
		if m := <-slow.C; m.Missed {
			missed = true
		} else if string(m.Body) != fmt.Sprint(i) {
			t.Errorf("heard %q, want %d", m.Body, i)
		}
	}
	if !missed {
		t.Error("a slow subscriber does not know what it missed")
	}
	h.Miss()
	if m := <-other.C; !m.Missed {
		t.Error("a subscriber does not know that it may have missed something")
	}
	for _, s := range []*Subscription{quick, slow, other, other} {
		s.Close()
	}
	if len(h.subs) != 0 {
		t.Error("closed subscriptions stay")
	}
	h.Publish("a", nil)
}

func TestRoll(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := NewRoll(func() time.Time { return now })
	r.Here("desk", "bob")
	r.Here("desk", "ann")
	r.Here("door", "cat")
	if got := r.Present(t.Context(), "desk"); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("present: %v", got)
	}
	r.Gone("desk", "bob")
	r.Gone("nowhere", "bob")
	now = now.Add(PresenceSpan - 1)
	r.Here("door", "cat")
	if got := r.All(); len(got) != 2 || !slices.Equal(got["desk"], []string{"ann"}) {
		t.Errorf("present: %v", got)
	}
	now = now.Add(1)
	if got := r.Present(t.Context(), "desk"); len(got) != 0 {
		t.Errorf("still present: %v", got)
	}
	if len(r.topics) != 1 {
		t.Error("empty topics stay")
	}
}

// TestLimitsAreShared: what was counted is drained once, and what all count together
// decides; hearing less than is known here makes no limit milder.
func TestLimitsAreShared(t *testing.T) {
	t.Parallel()
	l, now := NewLimits(), time.Now()
	l.Drain(0)
	for range 5 {
		l.Count("a", 10, 20, now)
	}
	got := l.Drain(10)
	if len(got) != 1 || got[0] != (Counted{Client: "a", Events: 5, Rate: 10.0 / 60}) {
		t.Errorf("drained %+v", got)
	}
	if len(l.Drain(10)) != 0 {
		t.Error("drained twice")
	}
	l.Count("a", 10, 20, now) // not heard of by the others yet
	l.Adopt("a", 10, now)
	if got := l.Count("a", 10, 20, now); got != connectors.Soft {
		t.Errorf("with 11 of all: %v", got)
	}
	l.Adopt("a", 0, now)
	if got := l.Count("a", 10, 20, now); got != connectors.Soft {
		t.Errorf("after others forgot: %v", got)
	}
	l.Adopt("nobody", 100, now)
	for i := range 10 {
		l.Count(fmt.Sprint(i), 10, 20, now)
	}
	if n := len(l.Drain(4)); n != 4 {
		t.Errorf("drained %d, want 4", n)
	}
	if n := len(l.Drain(100)); n != 7 { // the six left and a
		t.Errorf("drained %d, want 7", n)
	}
}
