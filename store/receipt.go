package store

import (
	"slices"

	"leadgate/lead"
)

// kept is the receipt as it is stored: what a delivery came to when it was first
// read stands, and that it was there already when it is read again does not hide it.
func (p *planner) kept(r Receipt) Receipt {
	old := p.s.Receipts[r.ID]
	if old == nil {
		return r
	}
	r.Inquiries = slices.Clone(r.Inquiries)
	for i := range r.Inquiries {
		o := &r.Inquiries[i]
		if was := old.find(o.Key); o.Verdict == lead.Duplicate && was != nil && was.Verdict != lead.Parked {
			at := o.Lead
			if *o = *was; o.Lead.IsZero() {
				o.Lead = at
			}
		}
	}
	r.summarise()
	return r
}

// doubled reports that an inquiry without a key was taken as a double click when
// its delivery was first read. It stays one, whatever became of the lead since.
func (p *planner) doubled(it *Item, key string) (Outcome, bool) {
	if old := p.s.Receipts[it.Delivery.ID]; old != nil {
		if o := old.find(key); o != nil && o.Verdict == lead.Duplicate {
			return *o, true
		}
	}
	return Outcome{}, false
}

// retell brings the lead an inquiry has found into the receipts of the deliveries
// that told of it before.
func (p *planner) retell(st *InquiryState) {
	l := p.s.Leads[st.Lead]
	if l == nil {
		return
	}
	for _, row := range st.Rows {
		r := p.receipt(row.Source)
		if r == nil {
			continue
		}
		for i := range r.Inquiries {
			o := &r.Inquiries[i]
			if o.Key != st.Key || !o.Lead.IsZero() {
				continue
			}
			switch o.Lead = l.ID; o.Verdict {
			case lead.Quarantined, lead.Ignored:
				o.Verdict, o.Reason = st.Touch.Verdict, st.Reason
			case lead.Updated:
				o.Reason = ""
			}
		}
		r.summarise()
	}
}

// receipt returns the receipt of an earlier delivery, to be changed.
func (p *planner) receipt(id lead.ID) *Receipt {
	if i := slices.IndexFunc(p.c.Deliveries, func(d DeliveryRow) bool { return d.Receipt.ID == id }); i >= 0 {
		return &p.c.Deliveries[i].Receipt
	}
	if r := p.s.Receipts[id]; r != nil {
		r.Changed = true
		return &r.Receipt
	}
	return nil
}

func (r *Receipt) find(key string) *Outcome {
	if i := slices.IndexFunc(r.Inquiries, func(o Outcome) bool { return o.Key == key }); i >= 0 {
		return &r.Inquiries[i]
	}
	return nil
}
