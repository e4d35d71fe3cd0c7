package redis

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"leadgate/lead"
	"leadgate/pipeline"
)

// Options of a node.
type Options struct {
	Prefix        string           // of all keys and channels; "lg" when empty. Gateways that share a Redis need different ones
	Name          string           // of this node, for people who look into Redis; a random part is added
	Work          bool             // pull from Redis what any node accepted, not only work what this one must
	CAFile        string           // of the authority that signed the server's certificate, for rediss://; "" for the system's
	AllowEviction bool             // start although Redis may evict keys when its memory is full
	Limits        *pipeline.Limits // to be shared with the other nodes; nil for none
	Log           *slog.Logger     // nil for none
}

// streams is how many streams carry work. All nodes of all versions must agree.
const streams = 16

// group is the one consumer group of each stream.
const group = "work"

// Limits of a node.
const (
	pushTimeout  = 500 * time.Millisecond // of one round trip of the hot path
	beatTimeout  = time.Second
	beatEvery    = time.Second
	deadAfter    = 4 * time.Second  // without a heartbeat a consumer is dead
	patience     = 10 * time.Second // after which a full Redis is no reason to wait
	backlogMost  = 128 << 10        // entries in all streams above which nobody pushes
	ownBytesMost = 128 << 20        // of this node's deliveries that may lie in Redis
	memoryMost   = 0.7              // of maxmemory
	fetchedMost  = 1024             // tasks read from Redis that no worker has in hand yet
	unackedMost  = 4096             // entries whose end Redis has not heard of
	claimCount   = 8                // entries taken over at once
	recallCount  = 1024             // entries looked at for those whose way here was lost
	recallBeats  = 3                // in which Redis says that this node has more than it has
)

// Node is this node's share in a Redis. It is the queue of a pipeline (pipeline.Shared),
// a pipeline.Bus and a pipeline.Presence, and each of them works without Redis too.
type Node struct {
	opt     Options
	log     *slog.Logger
	me      string // the consumer: this node since this start
	target  target
	main    goredis.UniversalClient // for what answers at once
	readers goredis.UniversalClient // for what blocks; nil when this node does not pull
	lookout goredis.UniversalClient // for looks at how fast Redis answers
	local   pipeline.Queue          // all that this node's workers pull from
	hub     *pipeline.Hub
	roll    *pipeline.Roll
	breaker breaker
	news    news
	acks    acks
	says    says
	leavers leavers
	keys    [streams]keys
	turn    atomic.Uint32 // of the stream that gets the next entry
	fetched atomic.Int64  // tasks read from Redis that no worker has in hand yet
	perRead atomic.Int64  // tasks in an entry lately, times 16
	full    atomic.Int64  // since when Redis has no room, in nanoseconds since 1970; 0 when it has
	wake    chan struct{} // a beat is wanted now
	dead    chan []deceased
	taken   chan struct{} // a worker took tasks
	refs    refs
	health  health
	closing atomic.Bool // no new work is taken

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// keys are the names of what belongs to one stream.
type keys struct{ stream, inc, beats, tries string }

// Open connects to the Redis that a URL names, and runs until Close. That Redis is
// down is no error: this node does its own work until it is there. ctx bounds only
// the look at it.
//
// Errors: lead.ErrInvalid for a URL, a certificate or a server that can never do,
// with the remedy in words.
func Open(ctx context.Context, url string, o Options) (*Node, error) {
	n, conf, err := newNode(url, o)
	if err != nil {
		return nil, err
	}
	first, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := n.verify(first); errors.Is(err, lead.ErrInvalid) {
		return nil, errors.Join(err, n.disconnect())
	}
	if o.Work {
		n.readers = n.target.newClient(conf, streams+2)
	}
	n.start()
	return n, nil
}

// Check looks at the Redis that a URL names as Open does, and leaves nothing there. One
// that does not answer is lead.ErrUnavailable, with the reason in words.
func Check(ctx context.Context, url string, o Options) error {
	n, _, err := newNode(url, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err = n.verify(ctx); err != nil && !errors.Is(err, lead.ErrInvalid) {
		err = fmt.Errorf("%w: %s", lead.ErrUnavailable, words(err))
	}
	return errors.Join(err, n.disconnect())
}

// disconnect closes the connections that every node has.
func (n *Node) disconnect() error { return errors.Join(n.main.Close(), n.lookout.Close()) }

// newNode makes a node that does nothing yet. The configuration of TLS is nil in clear.
func newNode(url string, o Options) (*Node, *tls.Config, error) {
	t, err := parseURL(url)
	if err != nil {
		return nil, nil, err
	}
	conf, err := t.tlsConfig(o.CAFile)
	if err != nil {
		return nil, nil, err
	}
	if o.Prefix == "" {
		o.Prefix = "lg"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	logging.Disable() // go-redis writes to stderr; what matters comes back as an error
	n := &Node{
		opt: o, log: o.Log, target: t, me: consumerName(o.Name), main: t.newClient(conf, 8), lookout: t.newClient(conf, 1),
		local: pipeline.NewQueue(), hub: pipeline.NewHub(), roll: pipeline.NewRoll(time.Now),
		wake: make(chan struct{}, 1), dead: make(chan []deceased, 1), taken: make(chan struct{}, 1),
		refs: newRefs(), news: newNews(), acks: newAcks(), says: newSays(), leavers: newLeavers(),
	}
	for i := range n.keys {
		tag := fmt.Sprintf("%s:{s%d}:", o.Prefix, i)
		n.keys[i] = keys{stream: tag + "q", inc: tag + "i", beats: tag + "b", tries: tag + "t"}
	}
	n.breaker.start(n.alone)
	return n, conf, nil
}

func consumerName(name string) string {
	if name == "" {
		name = "node"
	}
	return name + "-" + rand.Text()[:10]
}

// start runs what a node does beside its callers.
func (n *Node) start() {
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.beat(ctx)
	loops := []func(context.Context){n.tend, n.settle, n.listen, n.speak, n.shareLimits, n.callRoll}
	if n.opt.Work {
		loops = append(loops, n.claim)
		if n.target.form == cluster {
			for i := range n.keys {
				loops = append(loops, func(ctx context.Context) { n.read(ctx, n.keys[i:i+1], i) })
			}
		} else {
			loops = append(loops, func(ctx context.Context) { n.read(ctx, n.keys[:], 0) })
		}
	}
	for _, loop := range loops {
		n.wg.Go(func() { loop(ctx) })
	}
}

// Close hands back what this node has pulled and not done, and ends. Nothing must
// call the node any more; Run of the pipeline has returned.
func (n *Node) Close() error {
	n.closing.Store(true)
	n.cancel()
	if n.readers != nil {
		_ = n.readers.Close() // frees who is blocked
	}
	n.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if !n.breaker.open() {
		n.flush(ctx)
		n.leave(ctx)
	}
	if err := n.disconnect(); err != nil {
		return fmt.Errorf("closing Redis: %w", err)
	}
	return nil
}

// leave says that this consumer is no more, so that others take over at once and
// blame nobody.
func (n *Node) leave(ctx context.Context) {
	if !n.opt.Work {
		return
	}
	pipe := n.main.Pipeline()
	for _, k := range n.keys {
		pipe.Eval(ctx, leaveScript, []string{k.stream, k.beats}, group, n.me, farewell)
	}
	for _, a := range n.acks.inHand() {
		pipe.HIncrBy(ctx, n.keys[a.stream].tries, a.id.String(), -1)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		n.log.WarnContext(ctx, "leaving Redis", "err", words(err)) // the others miss the heartbeat
	}
}

// alone is called when the breaker opens: the pipeline asks about everything at once,
// and hears that what lies in Redis is to be worked here.
func (n *Node) alone() {
	_, why, _, _ := n.breaker.state()
	n.log.Warn("working without Redis", "why", why)
	n.news.all()
}

// sleep waits, and reports false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// signal wakes whoever waits, or the next one who does.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
