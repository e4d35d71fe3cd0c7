package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/pipeline"
)

// says is what waits to be told to the other nodes. What is too much is dropped:
// they look into the store.
type says struct {
	mu   sync.Mutex
	list [][]byte
	miss bool // others may have missed something
	more chan struct{}
}

func newSays() says { return says{more: make(chan struct{}, 1)} }

// saysMost bounds the messages that wait.
const saysMost = 1024

func (s *says) add(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) < saysMost {
		s.list = append(s.list, b)
	} else {
		s.miss = true
	}
	signal(s.more)
}

func (s *says) missed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.miss = true
	signal(s.more)
}

func (s *says) take() (list [][]byte, miss bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, miss = s.list, s.miss
	s.list, s.miss = nil, false
	return list, miss
}

// Publish tells the subscribers of a topic on this node at once, and those on the
// other nodes while Redis is there.
func (n *Node) Publish(topic string, body []byte) {
	n.hub.Publish(topic, body)
	if n.breaker.open() {
		n.says.missed()
		return
	}
	n.says.add(appendMessage(nil, n.me, topic, body))
}

// Subscribe hears a topic. After Redis was away it is told that it may have missed
// something.
func (n *Node) Subscribe(topic string) *pipeline.Subscription { return n.hub.Subscribe(topic) }

// appendMessage appends sender, topic and body; an empty topic tells everybody that
// something may have been missed.
func appendMessage(b []byte, sender, topic string, body []byte) []byte {
	for _, s := range [...]string{sender, topic} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return append(b, body...)
}

func parseMessage(b []byte) (sender, topic string, body []byte, ok bool) {
	var parts [2]string
	for i := range parts {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return "", "", nil, false
		}
		parts[i], b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	return parts[0], parts[1], b[:len(b):len(b)], true
}

func (n *Node) busChannel() string  { return n.opt.Prefix + ":bus" }
func (n *Node) doneChannel() string { return n.opt.Prefix + ":done:" + n.me }

// speak tells the other nodes what was published here, without end.
func (n *Node) speak(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.says.more:
		}
		if n.breaker.open() {
			if n.says.take(); !sleep(ctx, jitter(beatEvery)) {
				return
			}
			n.says.missed()
			continue
		}
		list, miss := n.says.take()
		if miss {
			list = append(list, appendMessage(nil, n.me, "", nil))
		}
		pipe := n.main.Pipeline()
		for _, b := range list {
			pipe.Publish(ctx, n.busChannel(), b)
		}
		one, cancel := context.WithTimeout(ctx, pushTimeout)
		start := time.Now()
		_, err := pipe.Exec(one)
		cancel()
		n.observe(err, time.Since(start))
		if err != nil && ctx.Err() == nil {
			n.says.missed()
			if !sleep(ctx, jitter(beatEvery)) {
				return
			}
		}
	}
}

// quietTime is after how long without a word the connection is asked whether it is
// there.
const quietTime = 2 * time.Second

// listen hears what the other nodes tell, without end. After it heard nothing for a
// while subscribers have to look themselves, and the pipeline asks about everything.
func (n *Node) listen(ctx context.Context) {
	for deaf := false; ; deaf = true {
		n.listenOnce(ctx, deaf)
		if ctx.Err() != nil {
			return
		}
		n.hub.Miss()
		if !sleep(ctx, jitter(beatEvery)) {
			return
		}
	}
}

// listenOnce hears until the connection breaks, or until not even the answer to a ping
// comes: one that is gone without a word says nothing for ever.
func (n *Node) listenOnce(ctx context.Context, deaf bool) {
	sub := n.main.Subscribe(ctx, n.busChannel(), n.doneChannel())
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() }) // frees who waits
	defer stop()
	defer sub.Close()
	for quiet := false; ctx.Err() == nil; {
		m, err := sub.ReceiveTimeout(ctx, quietTime)
		var timeout net.Error
		switch {
		case err == nil:
			if quiet = false; deaf {
				deaf = false
				n.hub.Miss()
				n.news.all()
			}
			n.hear(m)
		case ctx.Err() != nil, quiet, !errors.As(err, &timeout), !timeout.Timeout():
			return
		default:
			quiet = true
			one, cancel := context.WithTimeout(ctx, readTimeout)
			err := sub.Ping(one)
			cancel()
			if err != nil {
				return
			}
		}
	}
}

// hear passes on one message.
func (n *Node) hear(m any) {
	msg, ok := m.(*goredis.Message)
	if !ok {
		return
	}
	if msg.Channel == n.doneChannel() {
		n.news.tell(parseIDs(msg.Payload))
		return
	}
	sender, topic, body, ok := parseMessage([]byte(msg.Payload))
	switch {
	case !ok || sender == n.me:
	case topic == "":
		n.hub.Miss()
	default:
		n.hub.Publish(topic, body)
	}
}
