package pipeline

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bus carries live messages by topic, at most once: what is missed is in the store,
// and a subscriber that missed something is told to look there.
type Bus interface {
	// Publish tells all subscribers of a topic, on all nodes that can be reached. It
	// waits for nobody.
	Publish(topic string, body []byte)
	// Subscribe hears a topic until the subscription is closed.
	Subscribe(topic string) *Subscription
}

// Message is one live message.
type Message struct {
	Body   []byte // shared by all who hear it: not to be changed
	Missed bool   // nothing was said, and something may have been missed: ask the store
}

// Subscription is one ear at a topic.
type Subscription struct {
	C     <-chan Message
	c     chan Message
	hub   *Hub
	topic string
}

// Close ends the subscription. Closing twice is fine; C is not closed.
func (s *Subscription) Close() { s.hub.remove(s) }

// subscriptionRoom is how many messages wait for a slow subscriber.
const subscriptionRoom = 64

// Hub is the Bus inside this process.
type Hub struct {
	mu   sync.Mutex
	subs map[string][]*Subscription
}

// NewHub returns a bus without subscribers.
func NewHub() *Hub { return &Hub{subs: map[string][]*Subscription{}} }

// Publish tells the subscribers of a topic on this node.
func (h *Hub) Publish(topic string, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs[topic] {
		s.say(Message{Body: body})
	}
}

// Miss tells all subscribers that they may have missed something.
func (h *Hub) Miss() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.subs {
		for _, s := range list {
			s.say(Message{Missed: true})
		}
	}
}

// say hands over a message. The last place of a slow subscriber tells it that it
// missed something.
func (s *Subscription) say(m Message) {
	switch free := cap(s.c) - len(s.c); {
	case free > 1:
		s.c <- m
	case free == 1:
		s.c <- Message{Missed: true}
	}
}

// Subscribe hears a topic.
func (h *Hub) Subscribe(topic string) *Subscription {
	c := make(chan Message, subscriptionRoom)
	s := &Subscription{C: c, c: c, hub: h, topic: topic}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[topic] = append(h.subs[topic], s)
	return s
}

func (h *Hub) remove(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.DeleteFunc(h.subs[s.topic], func(o *Subscription) bool { return o == s })
	if h.subs[s.topic] = list; len(list) == 0 {
		delete(h.subs, s.topic)
	}
}

// Presence knows who is there. It may be late by a second, and forgets whoever is
// not noted again within PresenceSpan.
type Presence interface {
	// Here notes that somebody is present at a topic.
	Here(topic, who string)
	// Gone notes that somebody left.
	Gone(topic, who string)
	// Present returns who is present on all nodes, sorted; when the others cannot be
	// asked in a moment, who is on this one.
	Present(ctx context.Context, topic string) []string
}

// PresenceSpan is how long somebody is present after Here.
const PresenceSpan = 30 * time.Second

// Roll is the Presence inside this process.
type Roll struct {
	mu     sync.Mutex
	now    func() time.Time
	topics map[string]map[string]time.Time // until when
}

// NewRoll returns an empty roll.
func NewRoll(now func() time.Time) *Roll {
	return &Roll{now: now, topics: map[string]map[string]time.Time{}}
}

// Here notes that somebody is present on this node.
func (r *Roll) Here(topic, who string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.topics[topic] == nil {
		r.topics[topic] = map[string]time.Time{}
	}
	r.topics[topic][who] = r.now().Add(PresenceSpan)
}

// Gone notes that somebody left this node.
func (r *Roll) Gone(topic, who string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delete(r.topics[topic], who); len(r.topics[topic]) == 0 {
		delete(r.topics, topic)
	}
}

// Present returns who is present on this node, sorted.
func (r *Roll) Present(_ context.Context, topic string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.present(topic)
}

func (r *Roll) present(topic string) []string {
	out := []string{}
	for who, until := range r.topics[topic] {
		if r.now().Before(until) {
			out = append(out, who)
		} else {
			delete(r.topics[topic], who)
		}
	}
	if len(out) == 0 {
		delete(r.topics, topic)
	}
	slices.Sort(out)
	return out
}

// All returns who is present on this node at every topic.
func (r *Roll) All() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]string{}
	for topic := range r.topics {
		if list := r.present(topic); len(list) > 0 {
			out[topic] = list
		}
	}
	return out
}
