package oracle

import (
	"context"
	"fmt"
	"time"

	"leadgate/bench/load"
)

// Report is what a comparison found, in inquiries unless it says otherwise.
type Report struct {
	Acked   int64 `json:"acked"`
	Stored  int64 `json:"stored"`  // acknowledged ones that stand in a lead
	Lost    int64 `json:"lost"`    // acknowledged ones that do not
	Doubled int64 `json:"doubled"` // that stand in several leads, or more than once in one
	Mixed   int64 `json:"mixed"`   // leads that hold several people of the run
	Extra   int64 `json:"extra"`   // stored, though nobody acknowledged them
	Leads   int64 `json:"leads"`   // of the run
	Held    int64 `json:"held"`    // parked or in quarantine, of whomever
}

// OK reports whether every acknowledged inquiry is a lead of its own, once. What
// was stored without an acknowledgement is no fault: the answer may have been lost.
func (r Report) OK() bool { return r.Acked > 0 && r.Lost == 0 && r.Doubled == 0 && r.Mixed == 0 }

func (r Report) String() string {
	return fmt.Sprintf("%d acknowledged, %d of them stored, %d lost, %d doubled, %d mixed, %d stored unacknowledged, %d held back",
		r.Acked, r.Stored, r.Lost, r.Doubled, r.Mixed, r.Extra, r.Held)
}

// Verify pages through all leads and compares them with the acknowledged inquiries.
// The gateway should have settled.
func Verify(ctx context.Context, api *API, p load.People, acked *load.Set) (Report, error) {
	r := Report{Acked: acked.Len()}
	var stored, doubled load.Set
	for l, err := range api.Leads(ctx) {
		if err != nil {
			return r, fmt.Errorf("verifying: %w", err)
		}
		var of load.Set // people of the run in this lead
		for _, email := range l.Emails {
			n, ok := p.Number(email)
			if !ok || !of.Add(n) {
				continue
			}
			if !stored.Add(n) || l.Touches > 1 {
				doubled.Add(n)
			}
		}
		if of.Len() > 0 {
			r.Leads++
		}
		if of.Len() > 1 {
			r.Mixed++
		}
	}
	for n := range acked.All() {
		if !stored.Has(n) {
			r.Lost++
		}
	}
	r.Stored, r.Doubled = r.Acked-r.Lost, doubled.Len()
	r.Extra = stored.Len() - r.Stored
	s, err := api.Stats(ctx)
	if err != nil {
		return r, fmt.Errorf("verifying: %w", err)
	}
	r.Held = s.Parked + s.Quarantine
	return r, nil
}

// Settled is how a wait for the store ended.
type Settled struct {
	Stats Stats
	At    time.Time // when the count was first seen to be there
	All   bool      // that many leads are there
}

// Settle waits until there are at least want leads, asking every poll. It gives up
// when nothing has changed for the patience.
func Settle(ctx context.Context, api *API, want int64, poll, patience time.Duration) (Settled, error) {
	var last Settled
	moved := time.Now()
	for {
		s, err := api.Stats(ctx)
		if err != nil {
			return last, fmt.Errorf("waiting for the store: %w", err)
		}
		now := time.Now()
		if s.Leads.Total != last.Stats.Leads.Total || s.Deliveries != last.Stats.Deliveries {
			moved = now
		}
		last = Settled{Stats: s, At: now, All: s.Leads.Total >= want}
		if last.All || now.Sub(moved) >= patience {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(poll):
		}
	}
}
