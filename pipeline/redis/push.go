package redis

import (
	"context"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"leadgate/lead"
	"leadgate/pipeline"
)

// Push hands tasks to Redis, or to this node's own workers: those that only this
// node can work because their body is a file here, those to be worked alone because
// a process died over them, and all of them while Redis will not do. It waits while
// Redis is full: the journal is the buffer.
func (n *Node) Push(ctx context.Context, tasks ...pipeline.Task) error {
	n.discard(n.refs.begin(tasks))
	here, there := n.divide(tasks)
	for len(there) > 0 {
		if !n.room(ctx) {
			here = append(here, there...)
			break
		}
		some := atOnce(there)
		here, there = append(here, n.send(ctx, there[:some])...), there[some:]
	}
	if len(here) == 0 {
		return nil
	}
	if err := n.local.Push(ctx, here...); err != nil {
		n.refs.forget(idsOf(here))
		return err
	}
	n.refs.put(here, n.refs.here)
	return nil
}

// pushBytes is about how much is written before Redis is asked for room again: what is
// on the way takes memory there twice.
const pushBytes = 256 << 10

// atOnce returns how many tasks go in one round trip, one at least.
func atOnce(tasks []pipeline.Task) int {
	bytes := 0
	for i := range tasks {
		if bytes += len(tasks[i].Raw); bytes > pushBytes {
			return max(1, i)
		}
	}
	return len(tasks)
}

func (n *Node) divide(tasks []pipeline.Task) (here, there []pipeline.Task) {
	open := n.breaker.open()
	for i := range tasks {
		blob, err := lead.PeekBlob(tasks[i].Raw)
		if open || tasks[i].Single || blob != "" || err != nil {
			here = append(here, tasks[i])
		} else {
			there = append(there, tasks[i])
		}
	}
	return here, there
}

// room waits until Redis has room, and reports false when the work is to be done
// here: the breaker is open, or Redis was full for a long time.
func (n *Node) room(ctx context.Context) bool {
	for {
		if n.breaker.open() {
			return false
		}
		if n.hasRoom() {
			n.full.Store(0)
			return true
		}
		n.full.CompareAndSwap(0, time.Now().UnixNano())
		if time.Since(time.Unix(0, n.full.Load())) > patience {
			return false
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return false
		}
	}
}

func (n *Node) hasRoom() bool {
	_, bytes := n.refs.size()
	return !n.health.full() && bytes < ownBytesMost
}

// send writes tasks into the streams, all in one round trip, and returns those that
// may not have arrived. They are not sent twice: this node works them.
func (n *Node) send(ctx context.Context, tasks []pipeline.Task) (failed []pipeline.Task) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pushTimeout)
	defer cancel()
	runs := split(tasks)
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b := (*buf)[:0]
	cmds, entries := make([]*goredis.Cmd, len(runs)), make([]*entry, len(runs))
	ends := make([]int, len(runs))
	for i, run := range runs {
		b = appendTasks(b, run)
		ends[i] = len(b)
	}
	*buf = b
	pipe := n.main.Pipeline()
	from := 0
	for i := range runs {
		s := int(n.turn.Add(1) % streams)
		entries[i] = &entry{stream: s, inc: n.health.incarnation(s), bytes: ends[i] - from}
		cmds[i] = pipe.Do(ctx, "XADD", n.keys[s].stream, "*", "o", n.me, "d", b[from:ends[i]:ends[i]])
		from = ends[i]
	}
	start := time.Now()
	_, err := pipe.Exec(ctx)
	n.observe(err, time.Since(start))
	for i, run := range runs {
		if id, err := cmds[i].Text(); err == nil {
			entries[i].id = id
			n.refs.put(run, entries[i])
			n.health.pushed(entries[i].bytes)
		} else {
			failed = append(failed, run...)
		}
	}
	return failed
}

// buffers are reused: an entry is copied to the connection.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// observe tells the breaker how an operation went.
func (n *Node) observe(err error, took time.Duration) {
	if !n.closing.Load() {
		n.breaker.observe(err, took)
	}
}

func idsOf(tasks []pipeline.Task) []lead.ID {
	out := make([]lead.ID, len(tasks))
	for i := range tasks {
		out[i] = tasks[i].ID
	}
	return out
}

// Forget drops what has left the journal. What was worked from elsewhere than from
// Redis is taken out there, so that nobody works it again.
func (n *Node) Forget(ids []lead.ID) { n.discard(n.refs.forget(ids)) }

// discard takes entries of this node out of Redis.
func (n *Node) discard(idle []*entry) {
	for _, e := range idle {
		n.acks.add(ending{stream: e.stream, id: e.id})
	}
}

// How many entries one script looks for, and how many scripts go in one round trip, so
// that Redis has time for others between them.
const (
	lostBatch   = 500
	lostScripts = 8
)

// Lost tells which of this node's deliveries no queue has any more. While the breaker
// is open that is also what lies in Redis: it is to be worked here. What Redis does
// not answer about is not lost.
func (n *Node) Lost(ctx context.Context, ids []lead.ID) ([]lead.ID, error) {
	lost, here, there := n.refs.find(ids)
	gone, err := n.local.Lost(ctx, here)
	if err != nil {
		return nil, err
	}
	lost = append(lost, gone...)
	if n.breaker.open() {
		for _, ids := range there {
			lost = append(lost, ids...)
		}
		return lost, nil
	}
	for _, e := range n.missing(ctx, there) {
		lost = append(lost, there[e]...)
	}
	return lost, nil
}

// question is a script that looks for entries.
type question struct {
	stream  int
	entries []*entry
	answer  *goredis.Cmd
}

// missing asks Redis which entries are gone.
func (n *Node) missing(ctx context.Context, there map[*entry][]lead.ID) (gone []*entry) {
	var byStream [streams][]*entry
	for e := range there {
		byStream[e.stream] = append(byStream[e.stream], e)
	}
	var questions []question
	for s, list := range byStream {
		for some := range slices.Chunk(list, lostBatch) {
			questions = append(questions, question{stream: s, entries: some})
		}
	}
	for some := range slices.Chunk(questions, lostScripts) {
		n.ask(ctx, some)
		for _, q := range some {
			if answer, err := q.answer.Slice(); err == nil && len(answer) > 0 { // not answered: not lost
				gone = append(gone, goneOf(q.entries, answer)...)
			}
		}
	}
	return gone
}

// ask puts questions, in one round trip.
func (n *Node) ask(ctx context.Context, questions []question) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	pipe := n.main.Pipeline()
	for i := range questions {
		q := &questions[i]
		args := []any{group}
		for _, e := range q.entries {
			args = append(args, e.id)
		}
		q.answer = pipe.Eval(ctx, lostScript, []string{n.keys[q.stream].stream, n.keys[q.stream].inc}, args...)
	}
	start := time.Now()
	_, err := pipe.Exec(ctx)
	n.observe(err, time.Since(start))
}

// goneOf reads the answer of lostScript about entries.
func goneOf(entries []*entry, answer []any) (gone []*entry) {
	inc, _ := answer[0].(string)
	missing := make([]bool, len(entries))
	for _, v := range answer[1:] {
		if i, ok := v.(int64); ok && i >= 1 && i <= int64(len(entries)) {
			missing[i-1] = true
		}
	}
	for i, e := range entries {
		if missing[i] || e.inc != inc {
			gone = append(gone, e)
		}
	}
	return gone
}
