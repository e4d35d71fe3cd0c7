package pipeline

import (
	"strings"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
)

// An update says nothing that its sender did not say, and finds its inquiry under
// any name, however long.
func TestReadUpdates(t *testing.T) {
	long := strings.Repeat("k", 450)
	n := start(t, nodeOptions{idle: true, parse: func(lead.Delivery, connectors.Settings) (lead.Parsed, error) {
		return lead.Parsed{
			Inquiries: []lead.Inquiry{{Key: long, Direction: lead.Out, Text: "hello"}},
			Updates:   []lead.Update{{About: long, Event: long, Kind: lead.UpdateReceipt, State: "read", Note: "a\x00b"}},
		}, nil
	}})
	d := post(1)
	d.ID = lead.NewID()
	raw, err := d.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := n.read(t.Context(), []Task{{ID: d.ID, Raw: raw}})[0]
	if o.err != nil {
		t.Fatal(o.err)
	}
	item := o.item
	q, u := item.Inquiries[0], item.Updates[0]
	if u.Patch.Direction != "" {
		t.Errorf("a receipt without direction says %q", u.Patch.Direction)
	}
	if u.About != q.Key || u.Scope != q.Scope || len(u.Event) > 400 {
		t.Errorf("the update is about %q of %q, the inquiry is %q of %q", u.About, u.Scope, q.Key, q.Scope)
	}
	if strings.ContainsRune(u.Note, 0) {
		t.Errorf("note %q cannot be stored", u.Note)
	}
	touch, ok := lead.Fold([]lead.Row{lead.InquiryRow(q, item.Delivery.ID), lead.UpdateRow(u, item.Delivery.ID)})
	if !ok || touch.Direction != lead.Out || touch.State != "read" {
		t.Errorf("the touch goes %q and is %q, want out and read", touch.Direction, touch.State)
	}
}
