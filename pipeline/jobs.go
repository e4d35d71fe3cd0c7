package pipeline

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Handler does jobs of one kind and one target. An error that wraps
// lead.ErrPermanent buries the job, any other one gives it back. When several jobs
// fail together each is handed over alone, so what was done of them is done again;
// but for a *lead.RemoteError that asks for a pause, which speaks for all of them.
type Handler func(ctx context.Context, jobs []store.Job) error

// JobKind says how the jobs of one kind are done.
type JobKind struct {
	Do        Handler
	Batch     int           // given to the handler together; 0 for 8
	PerTarget int           // of one target in work at once, over all nodes; 0 for 8
	Attempts  int           // after so many a job is given up; 0 for as many as Age allows
	Age       time.Duration // once it is so old a job that fails is given up; 0 for three days
	StopGone  bool          // a 410 speaks for the whole target: it wants nothing any more
}

// Times of the jobs runner.
const (
	jobPoll    = 250 * time.Millisecond
	jobLease   = 2 * time.Minute
	jobLate    = 10 * time.Second // before the end of a lease nothing of it is begun any more
	jobBatch   = 8
	jobPlaces  = 16 // batches of one kind in work at once on this node
	jobTimeout = time.Minute
	jobSettle  = 5 * time.Second // to write what became of jobs while the node stops
	jobLongest = time.Hour       // between two tries, unless the target asks for more
	jobAge     = 72 * time.Hour
	jobHold    = 24 * time.Hour // the longest pause a target is given
	indexBatch = 64             // leads brought into the search index in one transaction, unless an option says otherwise
)

// index brings what changed into the search index. It is no job of the outbox: the
// store does it in one transaction, and nothing outside of it can fail. What is not
// stored yet comes before what cannot be searched yet, but for one batch a second.
func (p *Pipeline) index(ctx context.Context) {
	var last time.Time
	for sleep(ctx, jobPoll) {
		for more := true; more && ctx.Err() == nil; {
			if p.window.len() >= batchEntries && time.Since(last) < time.Second {
				break
			}
			n, err := p.o.Store.Index(ctx, p.o.Index)
			if lead.IsPermanent(err) {
				p.log.ErrorContext(ctx, "indexing leads", "err", err)
			}
			last = time.Now()
			more = err == nil && n >= p.o.Index
		}
	}
}

// runner does the jobs of one kind. Each batch is of one target and has a place of
// its own, and targets take turns: a slow one holds up no other. The limit of a
// target is kept by the store, over all nodes.
type runner struct {
	p      *Pipeline
	kind   string
	k      JobKind
	places chan struct{} // one in it is one taken
	wake   chan struct{} // a place became free
	after  string        // the target served last
}

// runJobs does what transactions left in the outbox. Every kind has a runner of its
// own, so that a slow one holds up no other. Jobs of a kind that nothing here does
// wait for a leadgate that does it.
func (p *Pipeline) runJobs(kind string, k JobKind) func(context.Context) {
	set := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	set(&k.Batch, jobBatch)
	set(&k.PerTarget, jobBatch)
	if k.Age <= 0 {
		k.Age = jobAge
	}
	r := &runner{p: p, kind: kind, k: k, places: make(chan struct{}, jobPlaces), wake: make(chan struct{}, 1)}
	return r.run
}

// run takes jobs whenever there is a place, until ctx ends and what is in work is settled.
func (r *runner) run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	poll := time.NewTicker(jobPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-poll.C:
		}
		r.take(ctx, &work)
	}
}

// take leases no more jobs than there are places, and begins them.
func (r *runner) take(ctx context.Context, work *sync.WaitGroup) {
	free := cap(r.places) - len(r.places) // only this goroutine takes any
	if free == 0 || ctx.Err() != nil {
		return
	}
	jobs, err := r.p.o.Store.Due(ctx, store.Take{Kind: r.kind, N: free, Lease: jobLease, PerTarget: r.k.PerTarget, After: r.after})
	if err != nil || len(jobs) == 0 { // a store that is down is reported by the workers
		return
	}
	leased, cancel := context.WithTimeout(ctx, jobLease-jobLate)
	r.after = jobs[len(jobs)-1].Target
	var batches sync.WaitGroup
	for _, batch := range batched(jobs, r.k.Batch) {
		r.places <- struct{}{}
		batches.Go(func() {
			defer func() {
				<-r.places
				select {
				case r.wake <- struct{}{}:
				default:
				}
			}()
			r.do(leased, batch)
		})
	}
	work.Go(func() {
		batches.Wait()
		cancel()
	})
}

// batched parts jobs by target, and those of a target into batches of up to n.
func batched(jobs []store.Job, n int) (out [][]store.Job) {
	last := map[string]int{} // target → its batch that has room
	for _, j := range jobs {
		i, ok := last[j.Target]
		if !ok || len(out[i]) == n {
			i = len(out)
			last[j.Target], out = i, append(out, nil)
		}
		out[i] = append(out[i], j)
	}
	return out
}

// do hands jobs of one target to their handler together, and singly when that fails.
func (r *runner) do(ctx context.Context, jobs []store.Job) {
	err := r.handle(ctx, jobs)
	remote, _ := errors.AsType[*lead.RemoteError](err)
	switch {
	case err == nil:
		r.settle(ctx, func(ctx context.Context) error { return r.p.o.Store.Done(ctx, jobs) })
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // the lease ends, and somebody does it
	case ctx.Err() != nil: // the node stops: another one need not wait for the lease
		for _, j := range jobs {
			r.settle(ctx, func(ctx context.Context) error { return r.p.o.Store.Retry(ctx, j, r.p.now(), "stopped") })
		}
	case remote != nil && remote.Gone() && r.k.StopGone:
		r.hold(ctx, jobs[0].Target, time.Time{}, causeOf(err))
		r.fail(ctx, jobs, err)
	case remote != nil && remote.After > 0:
		r.hold(ctx, jobs[0].Target, r.p.now().Add(min(remote.After, jobHold)), causeOf(err))
		r.fail(ctx, jobs, err)
	case len(jobs) > 1:
		for i := range jobs {
			r.do(ctx, jobs[i:i+1])
		}
	default:
		r.fail(ctx, jobs, err)
	}
}

// handle calls the handler, within a time, and survives its panic.
func (r *runner) handle(ctx context.Context, jobs []store.Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	defer func() {
		if recover() != nil { // what it says may hold people's data
			r.p.log.ErrorContext(ctx, "job panicked", "kind", r.kind, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return r.k.Do(ctx, jobs)
}

// fail buries jobs that can never succeed or were tried for long enough, and gives
// the others back.
func (r *runner) fail(ctx context.Context, jobs []store.Job, err error) {
	cause := causeOf(err)
	for _, j := range jobs {
		at := r.p.now().Add(wait(j.Attempts, err))
		switch {
		case lead.IsPermanent(err):
			r.bury(ctx, j, cause, err)
		case r.k.Attempts > 0 && j.Attempts+1 >= r.k.Attempts, !j.Since.IsZero() && at.Sub(j.Since) > r.k.Age:
			r.bury(ctx, j, "given up: "+cause, err)
		default:
			r.settle(ctx, func(ctx context.Context) error { return r.p.o.Store.Retry(ctx, j, at, cause) })
		}
	}
}

func (r *runner) bury(ctx context.Context, j store.Job, cause string, err error) {
	r.p.log.ErrorContext(ctx, "job buried", "kind", r.kind, "target", j.Target, "job", j.ID, "attempts", j.Attempts+1, "err", err)
	r.settle(ctx, func(ctx context.Context) error { return r.p.o.Store.Bury(ctx, j, cause) })
}

// hold lets nothing of a target begin, on any node.
func (r *runner) hold(ctx context.Context, target string, until time.Time, cause string) {
	if target == "" {
		return
	}
	r.p.log.WarnContext(ctx, "target held", "kind", r.kind, "target", target, "until", until, "cause", cause)
	r.settle(ctx, func(ctx context.Context) error { return r.p.o.Store.Hold(ctx, r.kind, target, until, cause) })
}

// settle writes an outcome, while the node stops too, and logs when it could not: the
// lease ends and the job is done again.
func (r *runner) settle(ctx context.Context, write func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobSettle)
	defer cancel()
	if err := write(ctx); err != nil {
		r.p.log.WarnContext(ctx, "settling jobs", "kind", r.kind, "err", err)
	}
}

// wait is how long a job rests after so many failures: by chance up to a doubling
// bound, so that what failed together is not tried together, and not before the time
// a server asked for.
func wait(attempts int, err error) time.Duration {
	bound := min(time.Second<<min(attempts, 12), jobLongest)
	rest := max(rand.N(bound), jobPoll)
	if remote, ok := errors.AsType[*lead.RemoteError](err); ok && remote.After > 0 {
		return min(remote.After, jobHold) + min(rest, time.Minute)
	}
	return rest
}

// causeOf says why a job failed in words that everybody who sees the outbox may
// read: those made for it, or the class alone. The whole error is in the log.
func causeOf(err error) string {
	if remote, ok := errors.AsType[*lead.RemoteError](err); ok {
		return remote.Error()
	}
	if refusal, ok := errors.AsType[*lead.Refusal](err); ok {
		return refusal.Error()
	}
	switch {
	case errors.Is(err, errPanicked):
		return "panicked"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	}
	for _, class := range []error{lead.ErrPermanent, lead.ErrInvalid, lead.ErrFull, lead.ErrUnavailable, lead.ErrNotFound, lead.ErrConflict} {
		if errors.Is(err, class) {
			return class.Error()
		}
	}
	return "failed"
}
