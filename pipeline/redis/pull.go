package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/lead"
	"leadgate/pipeline"
)

// ticket is what a task from Redis remembers of its entry.
type ticket struct {
	ending
	owner string // the consumer whose journal holds the deliveries
	left  int    // of them that are not done; guarded by the lock of acks
}

// Pull returns what this node's workers may do: what it has to do by itself, and
// what was read from Redis ahead of them.
func (n *Node) Pull(ctx context.Context, most int) ([]pipeline.Task, error) {
	tasks, err := n.local.Pull(ctx, most)
	if err != nil {
		return nil, err
	}
	fetched := int64(0)
	for i := range tasks {
		if tasks[i].Ticket != nil {
			fetched++
		}
	}
	if fetched > 0 {
		n.fetched.Add(-fetched)
		signal(n.taken)
	}
	if t, ok := tasks[0].Ticket.(*ticket); ok && tasks[0].Single && !n.breaker.open() {
		n.suspect(ctx, &tasks[0], t)
	}
	return tasks, nil
}

// suspect writes down that a delivery is worked that was in flight when a process
// died, before anybody touches it, and learns how often a process died over it alone.
func (n *Node) suspect(ctx context.Context, t *pipeline.Task, k *ticket) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pushTimeout)
	defer cancel()
	tries := n.keys[k.stream].tries
	pipe := n.main.Pipeline()
	count := pipe.HIncrBy(ctx, tries, t.ID.String(), 1)
	pipe.Expire(ctx, tries, 24*time.Hour)
	start := time.Now()
	_, err := pipe.Exec(ctx)
	n.observe(err, time.Since(start))
	if err == nil {
		t.Attempt = int(count.Val()) // those before it was suspected count as one
		n.acks.hold(attempt{k.stream, t.ID})
	}
}

// Ack ends tasks: here at once, in Redis soon.
func (n *Node) Ack(ctx context.Context, tasks []pipeline.Task) error {
	n.acks.done(tasks)
	return n.local.Ack(ctx, tasks)
}

// readPace is how long entries are left to collect between two reads. Workers have
// what was read before.
const readPace = time.Millisecond

// read reads streams ahead of the workers, without end.
func (n *Node) read(ctx context.Context, list []keys, first int) {
	args := make([]string, 0, 2*len(list))
	for _, k := range list {
		args = append(args, k.stream)
	}
	for range list {
		args = append(args, ">")
	}
	for failures := 0; ctx.Err() == nil; {
		if !n.hungry(ctx) {
			return
		}
		one, cancel := context.WithTimeout(ctx, blockTime+blockedExtra)
		result, err := n.readers.XReadGroup(one, &goredis.XReadGroupArgs{
			Group: group, Consumer: n.me, Streams: args, Count: n.readCount(len(list)), Block: blockTime,
		}).Result()
		cancel()
		switch {
		case err == nil:
			failures = 0
			n.take(ctx, result, first)
			if !sleep(ctx, readPace) {
				return
			}
		case errors.Is(err, goredis.Nil):
			failures = 0
		case ctx.Err() != nil:
			return
		default:
			if hasPrefix(err.Error(), "NOGROUP") { // Redis was emptied: a beat makes the group
				signal(n.wake)
			} else {
				n.observe(err, 0)
			}
			failures++
			if !sleep(ctx, jitter(min(time.Second, 50*time.Millisecond<<min(failures, 5)))) {
				return
			}
		}
	}
}

// hungry waits until the workers need more, and until Redis has heard of what ended.
func (n *Node) hungry(ctx context.Context) bool {
	for n.fetched.Load() >= fetchedMost || n.acks.waiting() >= unackedMost {
		select {
		case <-ctx.Done():
			return false
		case <-n.taken:
		case <-time.After(50 * time.Millisecond):
		}
	}
	return ctx.Err() == nil
}

// readCount is how many entries of each stream one read asks for: the count holds
// for each of them, and entries are large under load.
func (n *Node) readCount(streams int) int64 {
	each := max(1, n.perRead.Load()/16)
	return min(32, max(1, fetchedMost/2/each/int64(streams)))
}

// take hands over what was read.
func (n *Node) take(ctx context.Context, result []goredis.XStream, first int) {
	for i := range result {
		s := n.streamOf(result[i].Stream, first)
		n.takeEntries(ctx, s, result[i].Messages, false)
	}
}

func (n *Node) streamOf(name string, first int) int {
	for i := range n.keys {
		if n.keys[i].stream == name {
			return i
		}
	}
	return first
}

// takeEntries hands entries over to the workers. What a stranger wrote is taken out.
func (n *Node) takeEntries(ctx context.Context, s int, messages []goredis.XMessage, suspects bool) {
	for _, m := range messages {
		end := ending{stream: s, id: m.ID}
		if !n.acks.meet(end) {
			continue
		}
		owner, _ := m.Values["o"].(string)
		data, _ := m.Values["d"].(string)
		tasks, err := parseTasks([]byte(data))
		if err != nil || len(tasks) == 0 {
			n.log.WarnContext(ctx, "a stranger wrote into a stream of work", "stream", n.keys[s].stream, "entry", m.ID)
			n.acks.add(end)
			continue
		}
		t := &ticket{ending: end, owner: owner, left: len(tasks)}
		for i := range tasks {
			tasks[i].Ticket, tasks[i].Single = t, suspects
		}
		n.perRead.Store(n.perRead.Load()*15/16 + int64(len(tasks)))
		n.fetched.Add(int64(len(tasks)))
		if n.local.Push(ctx, tasks...) != nil {
			return // the node ends, and hands them back
		}
	}
}

// claim takes over what dead consumers held, without end.
func (n *Node) claim(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case list := <-n.dead:
			for _, d := range list {
				for n.hungry(ctx) && n.claimSome(ctx, d) {
				}
			}
		}
	}
}

// claimSome takes some of what a dead consumer held, and reports whether there may
// be more.
func (n *Node) claimSome(ctx context.Context, d deceased) bool {
	one, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	k := n.keys[d.stream]
	if d.name == n.me {
		n.recall(one, d.stream)
		return false
	}
	start := time.Now()
	answer, err := n.main.Eval(one, claimScript, []string{k.stream, k.beats}, group, n.me, d.name, d.beat, claimCount).Result()
	n.observe(err, time.Since(start))
	list, ok := answer.([]any)
	if err != nil || !ok {
		return false
	}
	messages, times := messagesOf(list)
	for i := range messages {
		n.takeEntries(ctx, d.stream, messages[i:i+1], d.beat != farewell && times[i] >= suspectTimes)
	}
	return true
}

// suspectTimes is how often an entry was handed out, to a worker that died in the
// end, when its deliveries are worked alone. A dead worker leaves many that it had
// only read ahead, and a transaction for each of them takes longer than the next
// death may be away: they are tried in company twice more.
const suspectTimes = 3

// recall takes what Redis thinks that this node has, and it has not: the answer to a
// read was lost on its way.
func (n *Node) recall(ctx context.Context, s int) {
	start := time.Now()
	result, err := n.main.XReadGroup(ctx, &goredis.XReadGroupArgs{
		Group: group, Consumer: n.me, Streams: []string{n.keys[s].stream, "0"}, Count: recallCount, Block: -1,
	}).Result()
	n.observe(err, time.Since(start))
	if err == nil {
		n.take(ctx, result, s)
	}
}

// messagesOf reads entries out of the answer of claimScript, and how often each was
// handed out before.
func messagesOf(list []any) (out []goredis.XMessage, times []int64) {
	for _, v := range list {
		parts, _ := v.([]any)
		if len(parts) != 3 {
			continue
		}
		m := goredis.XMessage{Values: map[string]any{}}
		m.ID, _ = parts[0].(string)
		n, _ := parts[2].(int64)
		fields, _ := parts[1].([]any)
		for i := 0; i+1 < len(fields); i += 2 {
			if name, ok := fields[i].(string); ok {
				m.Values[strings.ToLower(name)] = fields[i+1]
			}
		}
		out, times = append(out, m), append(times, n)
	}
	return out, times
}

// jitter returns a time between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// attempt is a delivery of a stream that is worked alone.
type attempt struct {
	stream int
	id     lead.ID
}
