package store

import (
	"fmt"
	"slices"
	"time"

	"leadgate/lead"
)

// Plan decides what a batch changes. It is the same for every engine and touches
// nothing but the snapshot. now is the time of the transaction.
func Plan(s *Snapshot, items []Item, now time.Time) (*Changes, []Receipt) {
	p := planner{s: s, now: now, c: &Changes{Snapshot: s, Counts: map[string]int64{}, Areas: map[int64]int64{}, Last: map[string]time.Time{}}}
	receipts := make([]Receipt, len(items))
	for i := range items {
		receipts[i] = p.item(&items[i])
	}
	p.c.Touch(p.touched)
	return p.c, receipts
}

type planner struct {
	s       *Snapshot
	c       *Changes
	now     time.Time
	by      string  // whose will it is; "" for the rules
	touched []int64 // leads to be indexed
}

func (p *planner) item(it *Item) Receipt {
	r := Receipt{ID: it.Delivery.ID, State: StateStored, Inquiries: []Outcome{}}
	if p.s.Known[it.Delivery.ID] && !it.Replay {
		r.Verdict = lead.Duplicate
		return r
	}
	for n := range it.Inquiries {
		r.Inquiries = append(r.Inquiries, p.inquiry(it, n))
	}
	for _, u := range it.Updates {
		r.Inquiries = append(r.Inquiries, p.update(it, u))
	}
	for _, f := range it.Failures {
		r.Inquiries = append(r.Inquiries, Outcome{Key: f.Key, Verdict: lead.Parked, Reason: f.Reason})
	}
	r.summarise()
	row := DeliveryRow{Item: it, Receipt: p.kept(r), Again: p.s.Known[it.Delivery.ID]}
	if len(it.Failures) > 0 {
		row.Reason = fmt.Sprintf("%d of its items: %s", len(it.Failures), it.Failures[0].Reason)
	}
	p.s.Known[it.Delivery.ID] = true
	p.c.Deliveries = append(p.c.Deliveries, row)
	if at := it.Delivery.At; at.After(p.c.Last[it.Delivery.Source]) {
		p.c.Last[it.Delivery.Source] = at
	}
	return r
}

// summarise gives the receipt the verdict that matters most to the sender.
func (r *Receipt) summarise() {
	r.Lead = lead.ID{}
	order := []lead.Verdict{lead.Parked, lead.Created, lead.Attached, lead.Updated, lead.Quarantined, lead.Duplicate, lead.Ignored}
	r.Verdict = lead.Ignored
	best := len(order)
	for _, o := range r.Inquiries {
		if i := slices.Index(order, o.Verdict); i >= 0 && i < best {
			best, r.Verdict = i, o.Verdict
		}
		if r.Lead.IsZero() {
			r.Lead = o.Lead
		}
	}
}
