package pipeline

import (
	"context"
	"errors"
	"fmt"

	"leadgate/lead"
	"leadgate/store"
)

// Archive is where replays find what was stored.
type Archive interface {
	Raw(ctx context.Context, id lead.ID) (lead.Delivery, error)
}

// Replay reads a stored delivery again, as it is, with the connectors of today.
// Keys absorb what is there already. A delivery that still cannot be read stays
// parked, with the new reason, and the error wraps lead.ErrInvalid.
func (p *Pipeline) Replay(ctx context.Context, id lead.ID, by string) (store.Receipt, error) {
	d, err := p.o.Store.Raw(ctx, id)
	if err != nil {
		return store.Receipt{}, fmt.Errorf("replaying: %w", err)
	}
	item, err := p.read(ctx, d, nil)
	if err != nil {
		if lead.IsPermanent(err) {
			err = errors.Join(p.o.Store.Park(ctx, []store.Parking{{Delivery: d, Reason: err.Error()}}), fmt.Errorf("%w: it still cannot be read: %w", lead.ErrInvalid, err))
		}
		return store.Receipt{}, fmt.Errorf("replaying: %w", err)
	}
	item.Replay, item.By = true, by
	receipts, err := p.guardedApply(ctx, []store.Item{item})
	if err != nil {
		return store.Receipt{}, fmt.Errorf("replaying: %w", err)
	}
	p.stored([]store.Item{item}, receipts)
	return receipts[0], nil
}

// Enter applies an inquiry that a colleague made by hand, at once.
func (p *Pipeline) Enter(ctx context.Context, q lead.Inquiry, by string, region string) (store.Receipt, error) {
	item, err := p.manual(q, by, region)
	if err != nil {
		return store.Receipt{}, err
	}
	receipts, err := p.guardedApply(ctx, []store.Item{item})
	if err != nil {
		return store.Receipt{}, fmt.Errorf("entering lead: %w", err)
	}
	p.stored([]store.Item{item}, receipts)
	return receipts[0], nil
}

// Receipt returns what became of a delivery: what the store says, or that it is
// accepted and waits in this node's journal.
func (p *Pipeline) Receipt(ctx context.Context, id lead.ID) (store.Receipt, error) {
	r, err := p.o.Store.Receipt(ctx, id)
	if err != nil && p.o.Journal.Has(id) {
		return store.Receipt{ID: id, State: store.StateAccepted, Inquiries: []store.Outcome{}}, nil
	}
	return r, err
}
