package pipeline

import (
	"context"
	"runtime/debug"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// Handler does the jobs of one kind. An error that wraps lead.ErrPermanent buries
// the job, any other one gives it back.
type Handler func(ctx context.Context, jobs []store.Job) error

// Times of the jobs runner.
const (
	jobPoll    = 250 * time.Millisecond
	jobLease   = 2 * time.Minute
	jobLate    = 10 * time.Second // before the end of a lease nothing of it is begun any more
	jobBatch   = 8
	jobTimeout = time.Minute
	jobLongest = time.Hour // between two tries
	indexBatch = 64        // leads brought into the search index in one transaction
)

// runJobs does what transactions left in the outbox. Every kind has a loop of its
// own, so that a slow one holds up no other. Jobs of a kind that nothing here does
// wait for a leadgate that does it.
func (p *Pipeline) runJobs(kind string, handle Handler) func(context.Context) {
	return func(ctx context.Context) {
		for sleep(ctx, jobPoll) {
			for more := true; more; {
				jobs, err := p.o.Store.Due(ctx, kind, jobBatch, jobLease)
				if err != nil { // a store that is down is reported by the workers
					break
				}
				leased, cancel := context.WithTimeout(ctx, jobLease-jobLate)
				p.doJobs(leased, kind, handle, jobs)
				cancel()
				more = len(jobs) == jobBatch
			}
		}
	}
}

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
			n, err := p.o.Store.Index(ctx, indexBatch)
			if lead.IsPermanent(err) {
				p.log.ErrorContext(ctx, "indexing leads", "err", err)
			}
			last = time.Now()
			more = err == nil && n >= indexBatch
		}
	}
}

// doJobs hands jobs of one kind to their handler together, and singly when that fails.
func (p *Pipeline) doJobs(ctx context.Context, kind string, handle Handler, jobs []store.Job) {
	if len(jobs) == 0 {
		return
	}
	err := p.do(ctx, handle, jobs)
	switch {
	case err == nil:
		p.settle(ctx, p.o.Store.Done(ctx, jobs))
	case ctx.Err() != nil: // the lease ends, and somebody does it
	case len(jobs) > 1:
		for i := range jobs {
			p.doJobs(ctx, kind, handle, jobs[i:i+1])
		}
	case lead.IsPermanent(err):
		p.log.ErrorContext(ctx, "job buried", "kind", kind, "job", jobs[0].ID, "err", err)
		p.settle(ctx, p.o.Store.Bury(ctx, jobs[0], err.Error()))
	default:
		wait := min(time.Second<<min(jobs[0].Attempts, 12), jobLongest)
		p.settle(ctx, p.o.Store.Retry(ctx, jobs[0], p.now().Add(jitter(wait)), err.Error()))
	}
}

func (p *Pipeline) do(ctx context.Context, handle Handler, jobs []store.Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	defer func() {
		if recover() != nil { // what it says may hold people's data
			p.log.ErrorContext(ctx, "job panicked", "kind", jobs[0].Kind, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return handle(ctx, jobs)
}

// settle logs that an outcome could not be written; the lease ends and the job is done again.
func (p *Pipeline) settle(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "settling jobs", "err", err)
	}
}
