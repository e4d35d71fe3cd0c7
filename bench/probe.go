package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"leadgate/bench/hist"
	"leadgate/bench/load"
	"leadgate/bench/oracle"
	"leadgate/lead"
)

// probe follows some inquiries of a load until their receipts say that they are
// stored. What it measures is what a sender could see: from the moment the post
// was meant to leave to an answer, asked for after the commit. It errs upward
// only, by one question and by the pause before it, a sixteenth of the time so far
// and at least a millisecond.
type probe struct {
	ctx    context.Context
	api    oracle.API
	people load.People
	every  int64

	wg     sync.WaitGroup
	mu     sync.Mutex
	h      hist.Histogram
	denied int64 // answers that an acknowledged inquiry is not known
	failed error
}

// Pauses between two questions.
const (
	probeLeast = time.Millisecond
	probePart  = 16
)

// newProbe follows every n-th inquiry. done has to be called.
func newProbe(ctx context.Context, api oracle.API, people load.People, every int64) *probe {
	api.Client = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return &probe{ctx: ctx, api: api, people: people, every: max(every, 1)}
}

// heard is what a load calls when an inquiry was acknowledged.
func (p *probe) heard(n int64, from time.Time) {
	if n%p.every == 0 {
		p.wg.Go(func() { p.follow(n, from) })
	}
}

func (p *probe) follow(n int64, from time.Time) {
	id := lead.DeriveID("bar", p.people.ID(n)).String()
	for {
		stored, err := p.api.Stored(p.ctx, id)
		took := time.Since(from)
		if errors.Is(err, oracle.ErrUnknown) { // wrong, but not what is measured here
			p.deny()
			err = nil
		}
		if err == nil && !stored && took > quietAtEnd {
			err = errors.New("an inquiry is acknowledged and does not become a lead")
		}
		if err != nil || stored {
			p.note(took, err)
			return
		}
		if err := wait(p.ctx, max(probeLeast, took/probePart)); err != nil {
			p.note(took, err)
			return
		}
	}
}

func (p *probe) deny() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied++
}

func (p *probe) note(took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failed = err
		return
	}
	p.h.Record(took)
}

// done waits for all that are followed and returns how long they took.
func (p *probe) done() (*hist.Histogram, error) {
	p.wg.Wait()
	p.api.Client.CloseIdleConnections()
	return &p.h, p.failed
}
