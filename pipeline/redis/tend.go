package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/lead"
)

// farewell is the heartbeat of a consumer that ended in order.
const farewell = "bye"

// deceased is a consumer that beats no more, with its last heartbeat.
type deceased struct {
	stream     int
	name, beat string
}

// health is what this node knows of Redis.
type health struct {
	mu      sync.Mutex
	checked bool // the server is one that will do
	inc     [streams]string
	length  int64 // entries in all streams, at the last look and pushed here since
	pending int64
	others  int     // consumers beside this one
	memory  float64 // used, of what is allowed, at the last look and pushed here since
	allowed float64 // bytes; 0 for no limit
	beats   int64
	last    time.Time              // of the last good beat
	seen    map[deceased]time.Time // since when a consumer shows the same heartbeat
	strayed [streams]int           // beats in a row in which Redis said that this node has more than it has
}

func (h *health) incarnation(s int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inc[s]
}

func (h *health) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.length >= backlogMost || h.memory > memoryMost
}

// pushed notes an entry that this node wrote since the last look.
func (h *health) pushed(bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.length++; h.allowed > 0 {
		h.memory += float64(bytes) / h.allowed
	}
}

// tend keeps this node's heartbeat, watches how Redis is, and probes it while the
// breaker is open, once a second and with jitter. It looks at it sooner when there is
// doubt.
func (n *Node) tend(ctx context.Context) {
	t := time.NewTimer(jitter(beatEvery))
	defer t.Stop()
	for {
		beat := true
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-n.breaker.doubt:
			beat = false
		case <-t.C:
		}
		if !sleep(ctx, lookPace) { // many ask at once
			return
		}
		if !beat {
			if !n.breaker.open() {
				_, _ = n.look(ctx)
			}
			continue
		}
		n.beat(ctx)
		t.Reset(jitter(beatEvery))
	}
}

// beat looks at Redis once.
func (n *Node) beat(ctx context.Context) {
	var dead []deceased
	var waited time.Duration
	late, err := n.look(ctx)
	if err == nil {
		one, cancel := context.WithTimeout(ctx, beatTimeout)
		defer cancel()
		waited = fair(func() {
			if err = n.verify(one); err == nil {
				dead, err = n.beatStreams(one)
			}
		})
	}
	if ctx.Err() != nil {
		return
	}
	if n.breaker.probe(err, late, waited) {
		if _, _, _, trips := n.breaker.state(); trips > 0 {
			n.log.InfoContext(ctx, "working with Redis again")
			n.says.missed() // what was said here meanwhile
		}
	}
	if len(dead) > 0 {
		select {
		case n.dead <- dead:
		default:
		}
	}
}

// beatStreams notes the heartbeat in every stream and returns who has none any more.
func (n *Node) beatStreams(ctx context.Context) ([]deceased, error) {
	h := &n.health
	h.mu.Lock()
	h.beats++
	beat := strconv.FormatInt(h.beats, 10)
	h.mu.Unlock()
	consumer := ""
	if n.opt.Work {
		consumer = n.me
	}
	pipe := n.main.Pipeline()
	var cmds [streams]*goredis.Cmd
	for i, k := range n.keys {
		cmds[i] = pipe.Eval(ctx, beatScript, []string{k.stream, k.inc, k.beats}, group, rand.Text(), consumer, beat)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var answers [streams]standing
	for i := range cmds {
		list, err := cmds[i].Slice()
		if err == nil {
			answers[i], err = parseStanding(list)
		}
		if err != nil {
			return nil, err
		}
	}
	dead, upset := h.hear(answers[:], n.me, n.acks.counts(), time.Now())
	if n.hasRoom() {
		n.full.Store(0) // also when nobody pushes
	}
	if upset {
		n.log.WarnContext(ctx, "Redis lost what it held; it is pushed again")
		n.news.all()
	}
	return dead, nil
}

// standing is how one stream stands.
type standing struct {
	inc             string
	length, pending int64
	consumers       []consumer
}

type consumer struct {
	name, beat string
	pending    int64
}

// parseStanding reads the answer of beatScript.
func parseStanding(list []any) (s standing, err error) {
	if len(list) < 3 || len(list)%3 != 0 {
		return s, fmt.Errorf("reading the state of a stream: %w: %d parts", lead.ErrPermanent, len(list))
	}
	s.inc, _ = list[0].(string)
	s.length, _ = list[1].(int64)
	s.pending, _ = list[2].(int64)
	for i := 3; i < len(list); i += 3 {
		var c consumer
		c.name, _ = list[i].(string)
		c.pending, _ = list[i+1].(int64)
		c.beat, _ = list[i+2].(string)
		s.consumers = append(s.consumers, c)
	}
	return s, nil
}

// hear notes how the streams stand. It returns which consumers are dead: their
// heartbeat has not moved for a while in which ours did, by our own clock. This node
// is among them for a stream of which it should have more than it has. upset says
// that an incarnation changed.
func (h *health) hear(answers []standing, me string, has [streams]int64, now time.Time) (dead []deceased, upset bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.last) > 3*beatEvery {
		h.seen = nil // Redis or we were away: everybody gets time to show a heartbeat
	}
	h.last = now
	before := h.seen
	h.seen = map[deceased]time.Time{}
	h.length, h.pending = 0, 0
	names := map[string]bool{}
	for i, s := range answers {
		upset = upset || h.inc[i] != "" && h.inc[i] != s.inc
		h.inc[i] = s.inc
		h.length, h.pending = h.length+s.length, h.pending+s.pending
		for _, c := range s.consumers {
			if c.name == me {
				if h.strayed[i]++; c.pending <= has[i] {
					h.strayed[i] = 0
				} else if h.strayed[i] >= recallBeats {
					dead = append(dead, deceased{stream: i, name: me})
				}
				continue
			}
			d := deceased{i, c.name, c.beat}
			since, ok := before[d]
			if !ok {
				since = now
			}
			h.seen[d] = since
			if c.beat == farewell || now.Sub(since) >= deadAfter {
				dead = append(dead, d)
			} else {
				names[c.name] = true
			}
		}
	}
	h.others = len(names)
	return dead, upset
}

// oldest is the first version of Redis that has what is used here.
const oldest = "6.2"

// verify checks that the servers are such as will do. Its error wraps
// lead.ErrInvalid when that is for people to change.
func (n *Node) verify(ctx context.Context) error {
	n.health.mu.Lock()
	checked := n.health.checked
	n.health.mu.Unlock()
	var mu sync.Mutex
	memory, allowed := 0.0, 0.0
	err := eachMaster(ctx, n.main, func(ctx context.Context, c *goredis.Client) error {
		info, err := n.inform(ctx, c, !checked)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		used, most := info.memory()
		if most > 0 && (allowed == 0 || most < allowed) {
			allowed = most
		}
		memory = max(memory, used)
		return n.judge(info)
	})
	if err != nil {
		return err
	}
	n.health.mu.Lock()
	defer n.health.mu.Unlock()
	n.health.checked, n.health.memory, n.health.allowed = true, memory, allowed
	return nil
}

// facts is what a server says of itself.
type facts map[string]string

func (n *Node) inform(ctx context.Context, c *goredis.Client, all bool) (facts, error) {
	sections := []string{"memory"}
	if all {
		sections = []string{"memory", "server", "replication", "cluster"}
	}
	pipe := c.Pipeline()
	var cmds []*goredis.StringCmd
	for _, s := range sections {
		cmds = append(cmds, pipe.Info(ctx, s))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	f := facts{}
	for _, cmd := range cmds {
		for line := range strings.Lines(cmd.Val()) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				f[k] = v
			}
		}
	}
	return f, nil
}

// memory returns how much of the allowed bytes is used; 0 when there is no limit.
func (f facts) memory() (used, allowed float64) {
	used, _ = strconv.ParseFloat(f["used_memory"], 64)
	allowed, _ = strconv.ParseFloat(f["maxmemory"], 64)
	if allowed <= 0 {
		return 0, 0
	}
	return used / allowed, allowed
}

var errReplica = errors.New("READONLY this is a replica")

// judge says in words why a server will not do.
func (n *Node) judge(f facts) error {
	unfit := func(format string, args ...any) error {
		return fmt.Errorf("checking Redis: %w: %s", lead.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if p := f["maxmemory_policy"]; p != "" && p != "noeviction" && !n.opt.AllowEviction {
		return unfit("maxmemory-policy is %s: when its memory is full, Redis would throw work away; set `maxmemory-policy noeviction` in redis.conf, or `CONFIG SET maxmemory-policy noeviction`", p)
	}
	if v := f["redis_version"]; v != "" && olderThan(v, oldest) {
		return unfit("its version is %s; %s or newer is needed, 7.0 is what is tested", v, oldest)
	}
	if f["cluster_enabled"] == "1" && n.target.form != cluster {
		return unfit("this Redis is part of a Cluster; write redis+cluster:// in its address")
	}
	if f["cluster_enabled"] == "0" && n.target.form == cluster {
		return unfit("the address says Cluster, and this Redis is none; write redis:// in it")
	}
	if f["role"] == "slave" {
		return errReplica
	}
	return nil
}

func olderThan(version, least string) bool {
	a, b := strings.Split(version, "."), strings.Split(least, ".")
	for i := range b {
		x, y := 0, 0
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		y, _ = strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}
