package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
)

// ManualSource is the name under which leads made by hand are kept.
const ManualSource = "manual"

// Enter applies an inquiry that a colleague made by hand, at once. The inquiry
// itself is the raw delivery, so that a replay and an export see what was entered.
func (p *Pipeline) Enter(ctx context.Context, q lead.Inquiry, by, region string) (store.Receipt, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return store.Receipt{}, fmt.Errorf("entering lead: %w: %w", lead.ErrInvalid, err)
	}
	d := lead.Delivery{ID: lead.NewID(), Source: ManualSource, Key: q.Key, At: p.now().UTC().Truncate(time.Microsecond), Body: body,
		Query: url.Values{"region": {region}}.Encode()}
	if q.Key != "" {
		d.ID = lead.DeriveID(d.Source, d.Key)
	}
	r, err := p.enter(ctx, d, func(item *store.Item) { item.By = by })
	if err != nil {
		return r, fmt.Errorf("entering lead: %w", err)
	}
	return r, nil
}

// manualSource is the source of a lead made by hand, with the region it was
// entered under.
func manualSource(d *lead.Delivery) *Source {
	src := &Source{Source: connectors.Source{Name: ManualSource, Kind: ManualSource}, Connector: &connectors.Connector{Kind: ManualSource, Parse: parseManual}}
	if q, err := url.ParseQuery(d.Query); err == nil {
		src.Region = q.Get("region")
	}
	return src
}

func parseManual(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
	var q lead.Inquiry
	if err := json.Unmarshal(d.Body, &q); err != nil {
		return lead.Parsed{}, fmt.Errorf("reading entered lead: %w: %w", lead.ErrInvalid, err)
	}
	q.Kind, q.Channel = lead.KindManual, "manual"
	return lead.Parsed{Inquiries: []lead.Inquiry{q}}, nil
}
