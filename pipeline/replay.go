package pipeline

import (
	"context"
	"errors"
	"fmt"

	"leadgate/lead"
	"leadgate/store"
)

// Replay reads a stored delivery again, as it is, with the connectors of today.
// Keys absorb what is there already. A delivery that still cannot be read stays
// parked, with the new reason, and the error wraps lead.ErrInvalid.
func (p *Pipeline) Replay(ctx context.Context, id lead.ID, by string) (store.Receipt, error) {
	d, err := p.o.Store.Raw(ctx, id)
	if err != nil {
		return store.Receipt{}, fmt.Errorf("replaying: %w", err)
	}
	r, err := p.enter(ctx, d, func(item *store.Item) { item.Replay, item.By = true, by })
	if lead.IsPermanent(err) {
		err = errors.Join(fmt.Errorf("%w: it still cannot be stored: %w", lead.ErrInvalid, err), p.o.Store.Repark(ctx, id, reasonOf(err)))
	}
	if err != nil {
		return store.Receipt{}, fmt.Errorf("replaying: %w", err)
	}
	return r, nil
}

// enter reads and applies one delivery while somebody waits for the outcome.
func (p *Pipeline) enter(ctx context.Context, d lead.Delivery, change func(*store.Item)) (store.Receipt, error) {
	raw, err := d.AppendBinary(nil)
	if err != nil {
		return store.Receipt{}, err
	}
	o := p.read(ctx, []Task{{ID: d.ID, Raw: raw}})[0]
	if o.err != nil {
		return store.Receipt{}, o.err
	}
	change(&o.item)
	items := []store.Item{o.item}
	receipts, err := p.guardedApply(ctx, items)
	if err != nil {
		return store.Receipt{}, err
	}
	p.stored(items, receipts)
	return receipts[0], nil
}
