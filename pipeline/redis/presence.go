package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"leadgate/lead"
	"leadgate/pipeline"
)

// leavers are those who left since the other nodes were told.
type leavers struct {
	mu   sync.Mutex
	list map[string][]string // by topic
	more chan struct{}
}

func newLeavers() leavers { return leavers{list: map[string][]string{}, more: make(chan struct{}, 1)} }

func (l *leavers) add(topic, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list[topic] = append(l.list[topic], who)
	signal(l.more)
}

func (l *leavers) take() map[string][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.list
	l.list = map[string][]string{}
	return out
}

// Here notes that somebody is present at a topic, for the other nodes within a second.
func (n *Node) Here(topic, who string) { n.roll.Here(topic, who) }

// Gone notes that somebody left this node. Whoever is also on another one stays present.
func (n *Node) Gone(topic, who string) {
	n.roll.Gone(topic, who)
	n.leavers.add(topic, who)
}

// presentTimeout bounds how long a question waits for Redis.
const presentTimeout = 250 * time.Millisecond

// Present returns who is present on all nodes, and who is on this one when Redis
// does not tell in a moment.
func (n *Node) Present(ctx context.Context, topic string) []string {
	here := n.roll.Present(ctx, topic)
	if n.breaker.open() {
		return here
	}
	ctx, cancel := context.WithTimeout(ctx, presentTimeout)
	defer cancel()
	all, err := n.present(ctx, topic, here, nil)
	if err != nil {
		return here
	}
	return all
}

// present notes who is here and who left, and returns all who are at a topic.
func (n *Node) present(ctx context.Context, topic string, here, gone []string) ([]string, error) {
	args := []any{int(pipeline.PresenceSpan / time.Second), len(here)}
	for _, who := range slices.Concat(here, gone) {
		args = append(args, who+"\x00"+n.me)
	}
	start := time.Now()
	list, err := n.main.Eval(ctx, presentScript, []string{n.opt.Prefix + ":{p:" + topic + "}"}, args...).StringSlice()
	n.observe(err, time.Since(start))
	if err != nil {
		return nil, fmt.Errorf("asking who is present: %w: %w", lead.ErrUnavailable, err)
	}
	for i := range list {
		list[i], _, _ = strings.Cut(list[i], "\x00")
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// callRoll tells the other nodes who is here, without end. Who left is told at once;
// what Redis did not hear expires.
func (n *Node) callRoll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.leavers.more:
		case <-time.After(beatEvery):
		}
		gone, here := n.leavers.take(), n.roll.All()
		if n.breaker.open() {
			continue
		}
		for topic := range gone {
			if here[topic] == nil {
				here[topic] = nil // to be told of once
			}
		}
		for topic, list := range here {
			one, cancel := context.WithTimeout(ctx, pushTimeout)
			_, err := n.present(one, topic, list, gone[topic])
			cancel()
			if err != nil {
				break
			}
		}
	}
}
