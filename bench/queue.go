package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"leadgate/bench/load"
	"leadgate/bench/proc"
	"leadgate/bench/resp"
	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/pipeline/redis"
)

// queueMode holds the queue of several nodes against what Redis does with the same
// bytes when they are written to a stream, read by a group and acknowledged, and
// nothing else is asked: no heartbeat, no news, no window, no order of the workers.
type queueMode struct {
	place
	servers  servers
	pairs, n int
}

func (m *queueMode) flags(fs *flag.FlagSet) {
	m.place.flags(fs)
	m.servers.flags(fs)
	fs.IntVar(&m.pairs, "pairs", 5, "rounds of the queue and of raw commands in turn")
	fs.IntVar(&m.n, "n", 200_000, "deliveries of a turn")
}

func (m *queueMode) shared() *servers { return &m.servers }

// How deliveries travel on both sides: so many are pushed at once, and so many go into
// an entry, as the pipeline and its queue do it under load.
const (
	pushed       = 256
	perEntry     = 64
	entryBytes   = 64 << 10
	pulled       = 512
	entriesARead = 8
)

func (m *queueMode) run(ctx context.Context, r *report) (err error) {
	if err := m.servers.open(ctx, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.servers.close()) }()
	people, err := load.NewPeople(newRun())
	if err != nil {
		return err
	}
	tasks, bytes := make([]pipeline.Task, m.n), 0
	for i := range tasks {
		d := delivery(people, int64(i))
		raw, _ := d.AppendBinary(nil) // never fails, says its comment
		tasks[i] = pipeline.Task{ID: d.ID, Raw: raw}
		bytes += len(raw)
	}
	var ratios, rates []float64
	for i := range m.pairs {
		plain, err := m.turn(ctx, tasks, "raw", m.raw)
		if err != nil {
			return err
		}
		ours, err := m.turn(ctx, tasks, "queue", m.queue)
		if err != nil {
			return err
		}
		ratios, rates = append(ratios, ours.rate/plain.rate), append(rates, ours.rate)
		r.say("round %d: raw XADD, XREADGROUP, XACK, XDEL %.0f deliveries/s (Redis %.1f µs each, client %.1f), queue %.0f/s (Redis %.1f, client %.1f), ratio %.3f",
			i+1, plain.rate, plain.redis, plain.client, ours.rate, ours.redis, ours.client, ours.rate/plain.rate)
		r.figure(fmt.Sprintf("round %d", i+1), map[string]any{"raw_per_second": plain.rate, "queue_per_second": ours.rate, "raw_redis_us": plain.redis, "queue_redis_us": ours.redis})
	}
	r.say("%d deliveries of %d bytes a turn, up to %d in an entry, %d pushed at once; one node pushes, another one pulls", m.n, bytes/max(m.n, 1), perEntry, pushed)
	r.say("queue against raw commands on one stream: ratios %.3f, median %.3f", ratios, median(ratios))
	r.figure("ratios", ratios)
	r.figure("queue_per_second", rates)
	return nil
}

// flow is how a turn went.
type flow struct{ rate, redis, client float64 } // a second, and microseconds each

// turn empties Redis, lets one side bring all tasks through, and tells what it used.
func (m *queueMode) turn(ctx context.Context, tasks []pipeline.Task, name string, side func(context.Context, string, []pipeline.Task) error) (f flow, err error) {
	address, err := at(m.servers.redis, "1")
	if err != nil {
		return f, err
	}
	for _, command := range [][]string{{"SELECT", "1"}, {"FLUSHDB"}} {
		if _, err := m.servers.stream.Do(command...); err != nil {
			return f, fmt.Errorf("emptying Redis: %w", err)
		}
	}
	used := func() (server, client time.Duration, err error) {
		if server, err = proc.CPU(m.servers.redisPID); err == nil {
			client, err = proc.CPU(os.Getpid())
		}
		return server, client, err
	}
	server, client, err := used()
	if err != nil {
		return f, err
	}
	start := time.Now()
	if err := side(ctx, address, tasks); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	took := time.Since(start)
	server2, client2, err := used()
	n := float64(max(len(tasks), 1))
	return flow{n / took.Seconds(), float64((server2 - server).Microseconds()) / n, float64((client2 - client).Microseconds()) / n}, err
}

// queue pushes by one node and pulls by another one, as workers do.
func (m *queueMode) queue(ctx context.Context, address string, tasks []pipeline.Task) (err error) {
	ctx, cancel := context.WithTimeout(ctx, quietAtEnd)
	defer cancel()
	from, err := redis.Open(ctx, address, redis.Options{Name: "from"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := redis.Open(ctx, address, redis.Options{Name: "to", Work: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	for from.State().Open || to.State().Open {
		if err := wait(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the breaker: %w", err)
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { heard(ctx, from) })
	wg.Go(func() {
		for i := 0; i < len(tasks); i += pushed {
			if err := from.Push(ctx, tasks[i:min(i+pushed, len(tasks))]...); err != nil {
				stop(err)
				return
			}
		}
	})
	err = drain(ctx, to, len(tasks))
	stop(err)
	wg.Wait()
	return err
}

// heard lets a node forget what others say they stored, as its pipeline does.
func heard(ctx context.Context, n *redis.Node) {
	for {
		ids, err := n.Heard(ctx)
		if err != nil {
			return
		}
		n.Forget(ids)
	}
}

// drain pulls and acknowledges until it had so many different ones.
func drain(ctx context.Context, q pipeline.Queue, n int) error {
	seen := make(map[lead.ID]bool, n)
	for len(seen) < n {
		tasks, err := q.Pull(ctx, pulled)
		if err != nil {
			return err
		}
		for i := range tasks {
			seen[tasks[i].ID] = true
		}
		if err := q.Ack(ctx, tasks); err != nil {
			return err
		}
	}
	return nil
}

// Names of the raw side.
const (
	rawStream = "raw"
	rawGroup  = "g"
)

// raw writes entries, as many in a round trip as the queue does, while another
// connection reads and acknowledges them.
func (m *queueMode) raw(ctx context.Context, address string, tasks []pipeline.Task) (err error) {
	in, err := resp.Dial(address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := resp.Dial(address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := in.Do("XGROUP", "CREATE", rawStream, rawGroup, "0", "MKSTREAM"); err != nil {
		return err
	}
	entries := entriesOf(tasks)
	wrote := make(chan error, 1)
	go func() { wrote <- addAll(in, entries) }() // ends with the last entry, or with its connection
	if err := readAll(ctx, out, len(entries)); err != nil {
		return errors.Join(err, in.Close(), <-wrote)
	}
	return <-wrote
}

// entriesOf puts deliveries together.
func entriesOf(tasks []pipeline.Task) (entries []string) {
	var entry []byte
	in := 0
	for i := range tasks {
		if in == perEntry || in > 0 && len(entry)+len(tasks[i].Raw) > entryBytes {
			entries, entry, in = append(entries, string(entry)), entry[:0], 0
		}
		entry = append(append(entry, tasks[i].ID[:]...), tasks[i].Raw...)
		in++
	}
	return append(entries, string(entry))
}

// addAll writes entries, pushed deliveries at a time, and waits for each answer.
func addAll(c *resp.Conn, entries []string) error {
	for len(entries) > 0 {
		some := entries[:min(len(entries), pushed/perEntry)]
		entries = entries[len(some):]
		for _, e := range some {
			c.Send("XADD", rawStream, "*", "d", e)
		}
		if err := c.Flush(); err != nil {
			return err
		}
		for range some {
			if _, err := c.Receive(); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAll reads n entries, acknowledges them and takes them out.
func readAll(ctx context.Context, c *resp.Conn, n int) error {
	for n > 0 && ctx.Err() == nil {
		answer, err := c.Do("XREADGROUP", "GROUP", rawGroup, "c", "COUNT", strconv.Itoa(entriesARead), "BLOCK", "1000", "STREAMS", rawStream, ">")
		if err != nil {
			return err
		}
		ids := idsOf(answer)
		if len(ids) == 0 {
			continue
		}
		n -= len(ids)
		c.Send(append([]string{"XACK", rawStream, rawGroup}, ids...)...)
		c.Send(append([]string{"XDEL", rawStream}, ids...)...)
		if err := c.Flush(); err != nil {
			return err
		}
		for range 2 {
			if _, err := c.Receive(); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// idsOf takes the ids out of an answer of XREADGROUP: streams, each with its entries,
// each with its id first.
func idsOf(answer any) (ids []string) {
	streams, _ := answer.([]any)
	for _, s := range streams {
		pair, _ := s.([]any)
		if len(pair) != 2 {
			continue
		}
		entries, _ := pair[1].([]any)
		for _, e := range entries {
			if parts, _ := e.([]any); len(parts) == 2 {
				if id, ok := parts[0].(string); ok {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}
