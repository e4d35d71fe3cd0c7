package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/bench/hist"
)

// Load says what to send and how.
type Load struct {
	Send   Sender
	People People
	First  int64         // number of the first inquiry
	Conns  int           // how many are under way at once, at most
	For    time.Duration // how long new inquiries leave
	Rate   float64       // inquiries a second; 0 sends the next one when the last was answered
	Retry  bool          // send an inquiry that was not acknowledged again, until it is
	Again  int           // send every n-th acknowledged inquiry once more; 0 for none
	Grace  time.Duration // how long what is late or retried may take after the end; 30 s when 0
	Acked  *Set          // gets the numbers acknowledged; nil for nowhere

	// Stop ends the load early when it is closed: nothing new leaves, what is under
	// way is settled, and no tick is charged. Nil for never.
	Stop <-chan struct{}
	// Heard is told of each inquiry that was acknowledged, and of the moment its
	// latency counts from. It is called from many goroutines. Nil for nobody.
	Heard func(n int64, from time.Time)
}

// Result is what a load saw.
type Result struct {
	Next      int64           // first number not used
	Acked     int64           // inquiries acknowledged, each counted once
	Codes     map[int]int64   // answers by status; 0 for those that never came
	Unsent    int64           // ticks of an open load that never left
	Unsettled int64           // inquiries sent and never acknowledged
	Unlike    int64           // inquiries sent again whose second answer differed from the first
	Sent      int64           // bytes of bodies of acknowledged inquiries
	Took      time.Duration   // until the last answer
	Latency   *hist.Histogram // first try (in an open load: the tick) to acknowledgement, or to where it was given up
}

// PerSecond returns the acknowledged inquiries a second.
func (r *Result) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Acked) / r.Took.Seconds()
}

// Clean returns an error when not every inquiry was sent and acknowledged at the first try.
func (r *Result) Clean() error {
	bad := int64(0)
	for code, n := range r.Codes {
		if code < 200 || code > 299 {
			bad += n
		}
	}
	if bad > 0 || r.Unsent > 0 || r.Unsettled > 0 || r.Acked == 0 {
		return fmt.Errorf("%d acknowledged, %d other answers, %d not settled, %d not sent", r.Acked, bad, r.Unsettled, r.Unsent)
	}
	return nil
}

// Run sends the load and returns when everything is settled, the grace is over or
// ctx ends.
func (l Load) Run(ctx context.Context) (*Result, error) {
	if l.Send == nil || l.Conns < 1 || l.For <= 0 || l.Rate < 0 || math.IsNaN(l.Rate) || l.First < 0 || l.Again < 0 {
		return nil, errors.New("a load needs a sender, connections, a duration and no negative number")
	}
	if l.Grace == 0 {
		l.Grace = 30 * time.Second
	}
	start := time.Now()
	ctx, cancel := context.WithDeadline(ctx, start.Add(l.For+l.Grace))
	defer cancel()
	s := &schedule{start: start, end: start.Add(l.For), rate: l.Rate, stop: l.Stop}
	workers := make([]worker, l.Conns)
	var wg sync.WaitGroup
	for i := range workers {
		workers[i] = worker{l: &l, s: s}
		wg.Go(func() { workers[i].run(ctx) })
	}
	wg.Wait()
	r := &Result{Next: l.First, Codes: map[int]int64{}, Took: time.Since(start), Latency: &hist.Histogram{}}
	for i := range workers {
		workers[i].report(r)
	}
	s.abandon(r, time.Now())
	return r, nil
}

// schedule hands out the inquiries of a load, each once.
type schedule struct {
	start, end time.Time
	rate       float64
	stop       <-chan struct{}
	next       atomic.Int64
}

func (s *schedule) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// ticks is how many inquiries an open load has.
func (s *schedule) ticks() int64 { return int64(math.Ceil(s.rate * s.end.Sub(s.start).Seconds())) }

// at is when tick i is meant to leave.
func (s *schedule) at(i int64) time.Time {
	return s.start.Add(time.Duration(float64(i) / s.rate * float64(time.Second)))
}

// take waits for the next inquiry and returns its place and the moment its latency
// counts from. It reports false when there is none any more.
func (s *schedule) take(ctx context.Context) (i int64, from time.Time, ok bool) {
	if ctx.Err() != nil || s.stopped() {
		return 0, time.Time{}, false
	}
	if s.rate == 0 {
		now := time.Now()
		return s.next.Add(1) - 1, now, now.Before(s.end)
	}
	if i = s.next.Add(1) - 1; i >= s.ticks() {
		return 0, time.Time{}, false
	}
	from = s.at(i)
	pause(ctx, time.Until(from)) // a load that is cut off here was never sent, and the worker finds out
	return i, from, !s.stopped()
}

// abandon charges the ticks that never left.
func (s *schedule) abandon(r *Result, now time.Time) {
	if s.rate == 0 || s.stopped() {
		return
	}
	for i := s.next.Load(); i < s.ticks(); i++ {
		r.Unsent++
		r.Latency.Record(now.Sub(s.at(i)))
	}
}

// worker is one connection's worth of a load.
type worker struct {
	l       *Load
	s       *schedule
	buf     []byte
	latency hist.Histogram
	codes   [600]int64
	r       Result
}

func (w *worker) run(ctx context.Context) {
	for {
		i, from, ok := w.s.take(ctx)
		if !ok {
			return
		}
		n := w.l.First + i
		w.r.Next = n + 1
		w.buf = w.l.People.Append(w.buf[:0], n)
		a, ok := w.settle(ctx)
		if !ok {
			w.r.Unsettled++
			w.latency.Record(time.Since(from))
			continue
		}
		w.latency.Record(time.Since(from))
		w.r.Acked++
		w.r.Sent += int64(len(w.buf))
		if w.l.Acked != nil {
			w.l.Acked.Add(n)
		}
		if w.l.Heard != nil {
			w.l.Heard(n, from)
		}
		if w.l.Again > 0 && n%int64(w.l.Again) == 0 {
			w.again(ctx, a)
		}
	}
}

// Waits between two tries of an inquiry.
const (
	shortestWait = 10 * time.Millisecond
	longestWait  = 500 * time.Millisecond
)

// settle sends what is in buf, and again where the load says so, until it is acknowledged.
func (w *worker) settle(ctx context.Context) (Answer, bool) {
	for wait := shortestWait; ; wait = min(2*wait, longestWait) {
		if ctx.Err() != nil {
			return Answer{}, false
		}
		a := w.l.Send(ctx, w.buf)
		w.codes[min(max(a.Status, 0), len(w.codes)-1)]++
		if a.OK() || !w.l.Retry {
			return a, a.OK()
		}
		pause(ctx, wait)
	}
}

// again sends what is acknowledged once more, as a provider does that missed our
// answer, and compares what it hears.
func (w *worker) again(ctx context.Context, first Answer) {
	if second, ok := w.settle(ctx); ok && second.Print != first.Print {
		w.r.Unlike++
	}
}

func (w *worker) report(r *Result) {
	r.Next = max(r.Next, w.r.Next)
	r.Acked += w.r.Acked
	r.Unsettled += w.r.Unsettled
	r.Unlike += w.r.Unlike
	r.Sent += w.r.Sent
	r.Latency.Merge(&w.latency)
	for code, n := range w.codes {
		if n > 0 {
			r.Codes[code] += n
		}
	}
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
