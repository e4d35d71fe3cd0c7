package pipeline

import (
	"encoding/json"
	"fmt"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// ManualSource is the name under which leads made by hand are kept.
const ManualSource = "manual"

// manual makes the item of a lead made by hand. The inquiry itself is the raw
// delivery, so that a replay and an export see what was entered.
func (p *Pipeline) manual(q lead.Inquiry, by, region string) (store.Item, error) {
	now := p.now().UTC().Truncate(time.Microsecond)
	body, err := json.Marshal(q)
	if err != nil {
		return store.Item{}, fmt.Errorf("entering lead: %w: %w", lead.ErrInvalid, err)
	}
	d := lead.Delivery{ID: lead.NewID(), Source: ManualSource, Key: q.Key, At: now, Body: body}
	if q.Key != "" {
		d.ID = lead.DeriveID(d.Source, d.Key)
	}
	raw, err := d.AppendBinary(nil)
	if err != nil {
		return store.Item{}, fmt.Errorf("entering lead: %w", err)
	}
	q.Source, q.Scope, q.Received, q.Kind, q.Channel = ManualSource, ManualSource, now, lead.KindManual, "manual"
	normal.Inquiry(&q, region)
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}, By: by}, nil
}
