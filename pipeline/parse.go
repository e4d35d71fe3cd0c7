package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
	"leadgate/store"
)

// read turns a delivery into an item for the store: its connector parses it, and
// everything is brought into normal form. The error is permanent when another try
// cannot help.
func (p *Pipeline) read(ctx context.Context, d lead.Delivery, raw []byte) (store.Item, error) {
	item := store.Item{Delivery: d, Raw: raw}
	src, ok := p.o.Sources.Get(d.Source)
	if !ok {
		return item, fmt.Errorf("%w: its source %q is gone", lead.ErrPermanent, d.Source)
	}
	if d.Blob != "" {
		body, err := p.o.Blobs.Get(ctx, d.Blob)
		if err != nil {
			return item, err
		}
		d.Body = body
	}
	parsed, err := p.parse(ctx, src, d)
	if err != nil {
		return item, err
	}
	item.Inquiries, item.Updates, item.Failures = parsed.Inquiries, parsed.Updates, parsed.Failures
	for i := range item.Inquiries {
		if err := p.normalise(ctx, src, &item.Inquiries[i], d.At); err != nil {
			return item, err
		}
		normal.Inquiry(&item.Inquiries[i], src.Region)
	}
	for i := range item.Updates {
		u := &item.Updates[i]
		u.Scope = src.Scope()
		if err := p.normalise(ctx, src, &u.Patch, time.Time{}); err != nil {
			return item, err
		}
		normal.Update(u, src.Region)
	}
	return item, nil
}

// normalise fills in what the pipeline knows and keeps the attachments' bytes.
func (p *Pipeline) normalise(ctx context.Context, src *Source, q *lead.Inquiry, taken time.Time) error {
	q.Source, q.Scope, q.Received = src.Name, src.Scope(), taken
	if q.Origin == "" && !taken.IsZero() {
		q.Origin = src.Connector.Origin
	}
	for i := range q.Attachments {
		a := &q.Attachments[i]
		if a.Data == nil {
			continue
		}
		name, err := p.o.Blobs.Put(ctx, a.Data)
		if err != nil {
			return err
		}
		a.Blob, a.Size, a.Data = name, int64(len(a.Data)), nil
	}
	return nil
}

type parseResult struct {
	parsed lead.Parsed
	err    error
}

// parse runs a connector's Parse so that neither a panic nor an endless loop in
// it stops anything but this delivery. A goroutine cannot be killed: one that
// does not return in time is left behind and counted, and when there are too
// many of them the process starts anew.
func (p *Pipeline) parse(ctx context.Context, src *Source, d lead.Delivery) (lead.Parsed, error) {
	done := make(chan parseResult, 1)
	go func() {
		var r parseResult
		defer func() { done <- r }()
		defer func() {
			if v := recover(); v != nil {
				p.log.ErrorContext(ctx, "parser panicked", "source", src.Name, "delivery", d.ID, "stack", string(debug.Stack()))
				r = parseResult{err: fmt.Errorf("reading delivery: %w: the parser panicked", lead.ErrPermanent)}
			}
		}()
		r.parsed, r.err = src.Connector.Parse(d, src.Settings)
	}()
	t := time.NewTimer(parseTimeout)
	defer t.Stop()
	select {
	case r := <-done:
		return r.parsed, permanent(r.err)
	case <-t.C:
	}
	p.log.ErrorContext(ctx, "parser does not return", "source", src.Name, "delivery", d.ID)
	if p.stuck.Add(1) >= stuckParsers {
		p.once.Do(func() { close(p.stopped) })
	}
	go func() {
		<-done
		p.stuck.Add(-1)
	}()
	return lead.Parsed{}, fmt.Errorf("reading delivery: %w: the parser did not return in %v", lead.ErrPermanent, parseTimeout)
}

// permanent gives a parser's error its class: a pure function fails the same way again.
func permanent(err error) error {
	if err == nil || lead.IsPermanent(err) {
		return err
	}
	return fmt.Errorf("%w: %w", lead.ErrPermanent, err)
}
