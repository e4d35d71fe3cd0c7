// Package queuetest checks that a queue keeps the contract of pipeline.Queue: what
// is pushed comes out, held until it is acknowledged, and what is not held is lost.
// Every queue passes it.
package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline"
)

// Run checks a queue. open returns an empty one that ends with the test.
func Run(t *testing.T, open func(t *testing.T) pipeline.Queue) {
	for _, tc := range []struct {
		name  string
		check func(*testing.T, pipeline.Queue)
	}{
		{"what is pushed is pulled", pushed},
		{"pull waits", waits},
		{"a pull returns no more than was asked for", atMost},
		{"suspects come alone", alone},
		{"held from push to ack", held},
		{"what was never pushed is lost", unknown},
		{"a full queue waits and loses nothing", full},
		{"an end of the context ends every wait", ended},
		{"the same delivery twice", twice},
		{"many at once", many},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.check(t, open(t))
		})
	}
}

// Task makes a task of a delivery with a body of some size.
func Task(size int) pipeline.Task {
	d := lead.Delivery{ID: lead.NewID(), Source: "src", At: time.Now().UTC(), Body: bytes.Repeat([]byte{'x'}, size)}
	raw, _ := d.AppendBinary(nil) // it never fails
	return pipeline.Task{ID: d.ID, Raw: raw}
}

// Tasks makes n tasks.
func Tasks(n, size int) []pipeline.Task {
	out := make([]pipeline.Task, n)
	for i := range out {
		out[i] = Task(size)
	}
	return out
}

// within is a context that ends when a test has waited for too long.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func push(t *testing.T, q pipeline.Queue, tasks ...pipeline.Task) {
	t.Helper()
	if err := q.Push(within(t), tasks...); err != nil {
		t.Fatalf("Push: %v", err)
	}
}

// pull pulls until it has n tasks.
func pull(t *testing.T, q pipeline.Queue, n int) []pipeline.Task {
	t.Helper()
	var out []pipeline.Task
	for ctx := within(t); len(out) < n; {
		tasks, err := q.Pull(ctx, n-len(out))
		if err != nil {
			t.Fatalf("Pull after %d of %d: %v", len(out), n, err)
		}
		out = append(out, tasks...)
	}
	return out
}

func ack(t *testing.T, q pipeline.Queue, tasks ...pipeline.Task) {
	t.Helper()
	if err := q.Ack(within(t), tasks); err != nil {
		t.Fatalf("Ack: %v", err)
	}
}

func ids(tasks []pipeline.Task) []lead.ID {
	out := make([]lead.ID, len(tasks))
	for i := range tasks {
		out[i] = tasks[i].ID
	}
	return out
}

// lost asks until as many are lost as should be: a queue between nodes hears of an
// end a moment later.
func lost(t *testing.T, q pipeline.Queue, asked []lead.ID, want int) []lead.ID {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		got, err := q.Lost(within(t), asked)
		if err != nil {
			t.Fatalf("Lost: %v", err)
		}
		if len(got) == want {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are lost, want %d", len(got), len(asked), want)
		}
	}
}

func pushed(t *testing.T, q pipeline.Queue) {
	want := map[lead.ID][]byte{}
	tasks := append(Tasks(150, 100), Tasks(5, 60<<10)...)
	for _, x := range tasks {
		want[x.ID] = x.Raw
	}
	push(t, q, tasks...)
	for _, x := range pull(t, q, len(want)) {
		if !bytes.Equal(want[x.ID], x.Raw) {
			t.Errorf("%v has other bytes, or came twice", x.ID)
		}
		if x.Single || x.Attempt != 0 {
			t.Errorf("%v is a suspect", x.ID)
		}
		delete(want, x.ID)
	}
}

func waits(t *testing.T, q pipeline.Queue) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if tasks, err := q.Pull(ctx, 10); err == nil {
		t.Fatalf("an empty queue gave %d tasks", len(tasks))
	}
	got := make(chan int)
	go func() {
		tasks, _ := q.Pull(within(t), 10)
		got <- len(tasks)
	}()
	time.Sleep(10 * time.Millisecond)
	push(t, q, Task(10))
	if n := <-got; n != 1 {
		t.Errorf("Pull gave %d tasks, want 1", n)
	}
}

func atMost(t *testing.T, q pipeline.Queue) {
	push(t, q, Tasks(20, 10)...)
	for seen := 0; seen < 20; {
		tasks, err := q.Pull(within(t), 7)
		if err != nil || len(tasks) == 0 || len(tasks) > 7 {
			t.Fatalf("Pull of 7 gave %d, %v", len(tasks), err)
		}
		seen += len(tasks)
	}
}

func alone(t *testing.T, q pipeline.Queue) {
	tasks := Tasks(9, 10)
	for _, i := range []int{0, 4, 5, 8} {
		tasks[i].Single, tasks[i].Attempt = true, 1
	}
	push(t, q, tasks...)
	singles := 0
	for seen := 0; seen < len(tasks); {
		got, err := q.Pull(within(t), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range got {
			if x.Single {
				singles++
				if len(got) != 1 || x.Attempt != 1 {
					t.Errorf("a suspect came among %d, attempt %d", len(got), x.Attempt)
				}
			}
		}
		seen += len(got)
	}
	if singles != 4 {
		t.Errorf("%d suspects, want 4", singles)
	}
}

func held(t *testing.T, q pipeline.Queue) {
	tasks := Tasks(100, 200)
	push(t, q, tasks...)
	lost(t, q, ids(tasks), 0) // waiting
	got := pull(t, q, len(tasks))
	lost(t, q, ids(tasks), 0) // in hand
	ack(t, q, got[:40]...)
	ack(t, q, got[40:]...)
	lost(t, q, ids(tasks), len(tasks)) // ended
	q.Forget(ids(tasks))
	lost(t, q, ids(tasks), len(tasks))
}

func unknown(t *testing.T, q pipeline.Queue) {
	here := Tasks(3, 10)
	push(t, q, here...)
	strangers := ids(Tasks(3, 10))
	got := lost(t, q, append(ids(here), strangers...), 3)
	for _, id := range got {
		if !slices.Contains(strangers, id) {
			t.Errorf("%v is lost, and it was pushed", id)
		}
	}
}

// full pushes far more than memory should hold while workers are slow.
func full(t *testing.T, q pipeline.Queue) {
	const n, size = 1200, 50 << 10
	var all []lead.ID
	done := make(chan error, 1)
	batches := make([][]pipeline.Task, 0, n/50)
	for range n / 50 {
		b := Tasks(50, size)
		batches = append(batches, b)
		all = append(all, ids(b)...)
	}
	go func() {
		for _, b := range batches {
			if err := q.Push(within(t), b...); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	seen := map[lead.ID]bool{}
	for len(seen) < n {
		for _, x := range pull(t, q, 1) {
			seen[x.ID] = true
			ack(t, q, x)
			q.Forget([]lead.ID{x.ID})
		}
	}
	if err := <-done; err != nil {
		t.Fatalf("Push: %v", err)
	}
	for _, id := range all {
		if !seen[id] {
			t.Errorf("%v was not pulled", id)
		}
	}
}

func ended(t *testing.T, q pipeline.Queue) {
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 1)
	go func() {
		_, err := q.Pull(ctx, 1)
		errs <- err
	}()
	time.Sleep(5 * time.Millisecond)
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("Pull = %v, want the end of the context", err)
	}
	// A push that waits for room ends with its context too, and holds nothing any more.
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var last []pipeline.Task
	for range 200 {
		last = Tasks(20, 60<<10)
		for i := range last {
			last[i].Single = true // these stay on the node
		}
		if err := q.Push(ctx, last...); err != nil {
			lost(t, q, ids(last), len(last))
			return
		}
	}
	t.Error("a queue took 240 MB, and nobody worked")
}

func twice(t *testing.T, q pipeline.Queue) {
	x := Task(10)
	push(t, q, x)
	push(t, q, x)
	first := pull(t, q, 1)
	ack(t, q, first...)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if again, err := q.Pull(ctx, 1); err == nil { // it may be kept once or twice
		ack(t, q, again...)
	}
	lost(t, q, []lead.ID{x.ID}, 1)
}

// many lets pushers, workers and those who ask run against each other.
func many(t *testing.T, q pipeline.Queue) {
	const pushers, each = 4, 600
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	var mu sync.Mutex
	seen := map[lead.ID]int{}
	var workers, pushing sync.WaitGroup
	var all []lead.ID
	for range 3 {
		workers.Go(func() {
			for {
				tasks, err := q.Pull(ctx, 64)
				if err != nil {
					return
				}
				mu.Lock()
				for _, x := range tasks {
					seen[x.ID]++
				}
				mu.Unlock()
				_ = q.Ack(ctx, tasks)
				q.Forget(ids(tasks))
			}
		})
	}
	for range pushers {
		tasks := Tasks(each, 300)
		all = append(all, ids(tasks)...)
		pushing.Go(func() {
			for some := range slices.Chunk(tasks, 37) {
				if err := q.Push(ctx, some...); err != nil {
					t.Errorf("Push: %v", err)
				}
			}
		})
	}
	pushing.Wait()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(time.Millisecond) {
		mu.Lock()
		n := len(seen)
		mu.Unlock()
		if n == pushers*each {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d came out", n, pushers*each)
		}
	}
	lost(t, q, all, len(all))
	cancel()
	workers.Wait()
	for id, n := range seen {
		if n != 1 {
			t.Error(fmt.Errorf("%v came %d times", id, n))
		}
	}
}
