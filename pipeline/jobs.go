package pipeline

import (
	"context"
	"runtime/debug"
	"slices"
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
	jobBatch   = 8
	jobTimeout = time.Minute
	jobLongest = time.Hour // between two tries
	indexBatch = 16        // leads brought into the search index in one transaction
)

// runJobs does what transactions left in the outbox, kind by kind.
func (p *Pipeline) runJobs(ctx context.Context) {
	for sleep(ctx, jobPoll) {
		for {
			jobs, err := p.o.Store.Due(ctx, jobBatch, jobLease)
			if err != nil || len(jobs) == 0 {
				break // a store that is down is reported by the workers
			}
			byKind := map[string][]store.Job{}
			for _, j := range jobs {
				byKind[j.Kind] = append(byKind[j.Kind], j)
			}
			for kind, list := range byKind {
				p.doJobs(ctx, kind, list)
			}
			if len(jobs) < jobBatch {
				break
			}
		}
	}
}

// doJobs hands jobs of one kind to their handler together, and singly when that fails.
func (p *Pipeline) doJobs(ctx context.Context, kind string, jobs []store.Job) {
	handle := p.o.Jobs[kind]
	if handle == nil {
		for _, j := range jobs { // a newer leadgate may know it
			p.settle(ctx, p.o.Store.Retry(ctx, j, p.now().Add(jobLongest), "nothing here does jobs of kind "+kind))
		}
		return
	}
	err := p.do(ctx, handle, jobs)
	switch {
	case err == nil:
		p.settle(ctx, p.o.Store.Done(ctx, jobs))
	case ctx.Err() != nil: // the lease ends, and somebody does it
	case len(jobs) > 1:
		for i := range jobs {
			p.doJobs(ctx, kind, jobs[i:i+1])
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

// Indexer is what the search job asks of a store.
type Indexer interface {
	Index(ctx context.Context, numbers []int64) error
}

// IndexLeads is the handler of jobs that bring leads into the search index.
func IndexLeads(s Indexer) Handler {
	return func(ctx context.Context, jobs []store.Job) error {
		var numbers []int64
		for _, j := range jobs {
			numbers = append(numbers, store.IndexNumbers(j.Payload)...)
		}
		for part := range slices.Chunk(numbers, indexBatch) { // between two parts inquiries are stored
			if err := s.Index(ctx, part); err != nil {
				return err
			}
		}
		return nil
	}
}
