package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"leadgate/lead"
	"leadgate/store"
)

// encodings are the leads and inquiries of a batch in the order they are written,
// turned into JSON on another processor while the rows before them are written.
type encodings struct {
	leads     []*store.LeadState
	inquiries []*store.InquiryState
	data      [][]byte // of leads, valid once leadsDone is closed
	touches   [][]byte // of inquiries, valid once done is closed
	leadsDone chan struct{}
	done      chan struct{}
	err       error
}

// encode begins to encode what a batch changes. wait ends it.
func encode(c *store.Changes) *encodings {
	e := &encodings{leadsDone: make(chan struct{}), done: make(chan struct{})}
	for _, l := range c.Snapshot.Leads {
		if l.New || l.Changed {
			e.leads = append(e.leads, l)
		}
	}
	// Merged leads come first: what they leave must be free before the survivor takes it.
	slices.SortFunc(e.leads, func(a, b *store.LeadState) int {
		if am, bm := a.MergedInto != 0, b.MergedInto != 0; am != bm {
			if am {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Number, b.Number)
	})
	for _, st := range c.Snapshot.Inquiries {
		if st.New || st.Changed {
			e.inquiries = append(e.inquiries, st)
		}
	}
	slices.SortFunc(e.inquiries, func(a, b *store.InquiryState) int { return cmp.Compare(a.Lead, b.Lead) })
	go e.run()
	return e
}

func (e *encodings) run() {
	defer close(e.done)
	e.data, e.err = encodeAll(e.leads, func(l *store.LeadState) ([]byte, error) { return store.EncodeLead(&l.Lead) })
	close(e.leadsDone)
	if e.err == nil {
		e.touches, e.err = encodeAll(e.inquiries, func(st *store.InquiryState) ([]byte, error) { return store.EncodeTouch(&st.Touch) })
	}
}

// encodeAll encodes a list. A panic is an error: nobody else could catch it here.
func encodeAll[T any](list []T, one func(T) ([]byte, error)) (out [][]byte, err error) {
	defer func() {
		if recover() != nil {
			out, err = nil, fmt.Errorf("%w: encoding panicked", lead.ErrPermanent)
		}
	}()
	out = make([][]byte, len(list))
	for i, v := range list {
		if out[i], err = one(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// wait returns when nothing is read of the batch any more.
func (e *encodings) wait() { <-e.done }

func (e *encodings) writeLeads(s *Store) func(context.Context, *store.Changes) error {
	return func(ctx context.Context, _ *store.Changes) error {
		<-e.leadsDone
		if e.data == nil {
			<-e.done
			return e.err
		}
		for i, l := range e.leads {
			if err := s.writeLead(ctx, &l.Lead, e.data[i], l.New); err != nil {
				return err
			}
		}
		return nil
	}
}

func (e *encodings) writeInquiries(s *Store) func(context.Context, *store.Changes) error {
	return func(ctx context.Context, _ *store.Changes) error {
		if <-e.done; e.err != nil {
			return e.err
		}
		for i, st := range e.inquiries {
			if err := s.writeInquiry(ctx, st, e.touches[i]); err != nil {
				return err
			}
		}
		return nil
	}
}
