package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"
	"time"

	"leadgate/bench/people"
	"leadgate/dedupe"
	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
	"leadgate/store/postgres"
)

// crowd is very many people who ask once, in the form in which a worker hands them to
// the store. Who comes depends on the seed alone.
type crowd struct {
	next   func() (people.Record, bool)
	stop   func()
	region string
	n      int64        // that came
	met    []store.Item // some of them, evenly over all
	every  int64        // how many one of met stands for
}

const crowdRegion = "FR"

// metMost is how many people are remembered at least, half of it at most.
const metMost = 16 << 10

// newCrowd makes a crowd; stop has to be called.
func newCrowd(seed uint64) (*crowd, error) {
	seq, err := people.Crowd(seed, crowdRegion)
	if err != nil {
		return nil, err
	}
	c := &crowd{region: crowdRegion, every: 1}
	c.next, c.stop = iter.Pull(seq)
	return c, nil
}

// batch returns the items of the next n people.
func (c *crowd) batch(n int) []store.Item {
	items := make([]store.Item, 0, n)
	for range n {
		r, _ := c.next() // without end
		it := itemOf(r, c.region)
		if c.n++; c.n%c.every == 0 {
			c.meet(it)
		}
		items = append(items, it)
	}
	return items
}

// meet remembers somebody; of very many, every second one is forgotten again.
func (c *crowd) meet(it store.Item) {
	c.met = append(c.met, it)
	if len(c.met) < metMost {
		return
	}
	for i := range len(c.met) / 2 {
		c.met[i] = c.met[2*i+1]
	}
	c.met, c.every = c.met[:len(c.met)/2], 2*c.every
}

const crowdText = "Hello, I would like an offer for some windows. We are two adults and have been living here since 2011, and the old frames let the wind in. " +
	"Please call me back before noon, or write if that is easier for your people in the office. Reference "

// itemOf is what a connector and the pipeline make of a record.
func itemOf(r people.Record, region string) store.Item {
	q := lead.Inquiry{Key: r[people.ID], Scope: "crowd", Source: "crowd", Kind: lead.KindForm, Channel: r[people.Channel], Origin: "WEBFORM",
		Name: lead.Name{Given: r[people.GivenName], Family: r[people.Surname]}, Company: r[people.Company], Text: crowdText + r[people.ID], BirthDate: r[people.DateOfBirth],
		Address: &lead.Address{Street: r[people.Address1], Number: r[people.StreetNumber], Line2: r[people.Address2], City: cmp.Or(r[people.Suburb], r[people.City]),
			Postcode: r[people.Postcode], State: r[people.State], Country: r[people.Country]}}
	if q.Name == (lead.Name{}) {
		q.Name.Display = r[people.Name]
	}
	q.At, _ = time.Parse(time.RFC3339, r[people.At]) // in our own notation
	q.Received = q.At
	for _, id := range [...]lead.Identity{
		{Kind: lead.IdentityCustomer, Value: r[people.CustomerID]}, {Kind: "handle", Value: r[people.Handle], Scope: q.Channel},
		{Kind: lead.IdentityEmail, Value: r[people.Email]}, {Kind: lead.IdentityPhone, Value: r[people.Phone]}, {Kind: lead.IdentityVisitor, Value: r[people.Visitor]},
	} {
		if id.Value != "" {
			q.Identities = append(q.Identities, id)
		}
	}
	normal.Inquiry(&q, region)
	said := map[string]string{"message": q.Text}
	for _, c := range people.Columns() {
		if r[c] != "" {
			said[c.String()] = r[c]
		}
	}
	body, _ := json.Marshal(said) // never fails on texts
	d := lead.Delivery{ID: lead.DeriveID("crowd", q.Key), Source: "crowd", Key: q.Key, At: q.Received, Method: "POST", Peer: "127.0.0.1", Body: body}
	raw, _ := d.AppendBinary(nil) // never fails, says its comment
	return store.Item{Delivery: d, Raw: raw, Inquiries: []lead.Inquiry{q}}
}

// How a crowd is stored: in large batches, on as many connections as there are
// processors to make them.
const (
	crowdBatch  = 512
	crowdStores = 2
)

// fill lets so many people ask who have not asked yet, through the store's own Apply.
func (c *crowd) fill(ctx context.Context, s *postgres.Store, n int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan []store.Item, crowdStores)
	var wg sync.WaitGroup
	for range crowdStores {
		wg.Go(func() {
			for items := range batches {
				if _, err := s.Apply(ctx, items); err != nil {
					cancel(fmt.Errorf("filling the store: %w", err))
					return
				}
			}
		})
	}
	for n > 0 && ctx.Err() == nil {
		items := c.batch(int(min(n, crowdBatch)))
		n -= int64(len(items))
		select {
		case batches <- items:
		case <-ctx.Done():
		}
	}
	close(batches)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return indexAll(ctx, s)
}

// indexAll brings what was stored into the search index, beside the nodes that do so.
func indexAll(ctx context.Context, s *postgres.Store) error {
	for {
		if _, err := s.Index(ctx, 4*crowdBatch); err != nil {
			return fmt.Errorf("filling the search index: %w", err)
		}
		stats, err := s.Stats(ctx)
		if err != nil || stats.Unindexed == 0 {
			return err
		}
		if err := wait(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// strong is the key of an e-mail address or a phone number of somebody; none when
// they left neither.
func strong(it *store.Item) []string {
	for _, k := range dedupe.Keys(&it.Inquiries[0]) {
		if k.Kind == lead.IdentityEmail || k.Kind == lead.IdentityPhone {
			return []string{k.Value}
		}
	}
	return nil
}
