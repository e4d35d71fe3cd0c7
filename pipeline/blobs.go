package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"leadgate/lead"
	"leadgate/store"
)

// body returns the body of a delivery. A large one is read from wherever it is, and
// brought to where every node finds it, before anything is decided about the
// delivery: whatever becomes of it, it will name the body.
func (p *Pipeline) body(ctx context.Context, item *store.Item) ([]byte, error) {
	if item.Delivery.Blob == "" {
		return item.Delivery.Body, nil
	}
	body, err := p.fetch(ctx, item.Delivery.Blob)
	if err == nil {
		err = p.keepParts(ctx, item, body)
	}
	return body, err
}

// fetch reads a large body. That the blob store does not answer shows in Health.
func (p *Pipeline) fetch(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	body, err := p.o.Blobs.Get(ctx, name)
	if errors.Is(err, lead.ErrNotFound) {
		err = permanent(err)
	}
	p.noteBlobs(ctx, err)
	return body, err
}

// keepParts brings bytes to where every node finds them, and adds their keys to the item.
func (p *Pipeline) keepParts(ctx context.Context, item *store.Item, parts ...[]byte) error {
	ctx, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	keys, err := p.o.Blobs.Keep(ctx, parts...)
	p.noteBlobs(ctx, err)
	if err != nil {
		return err
	}
	item.Blobs = append(item.Blobs, keys...)
	return nil
}

// noteBlobs notes, and logs once, that large bodies cannot be read or kept, or that
// they can again.
func (p *Pipeline) noteBlobs(ctx context.Context, err error) {
	switch {
	case err == nil:
		p.blobless.Store(nil)
	case !lead.IsPermanent(err):
		text := err.Error()
		if p.blobless.Swap(&text) == nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "blobs cannot be reached, their deliveries wait", "err", err)
		}
	}
}

// keepFiles moves the bytes of attachments to where every node finds them.
func (p *Pipeline) keepFiles(ctx context.Context, item *store.Item) error {
	var files []*lead.Attachment
	var parts [][]byte
	find := func(q *lead.Inquiry) {
		for i := range q.Attachments {
			if a := &q.Attachments[i]; a.Data != nil {
				files, parts = append(files, a), append(parts, a.Data)
			}
		}
	}
	for i := range item.Inquiries {
		find(&item.Inquiries[i])
	}
	for i := range item.Updates {
		find(&item.Updates[i].Patch)
	}
	if len(files) == 0 {
		return nil
	}
	before := len(item.Blobs)
	if err := p.keepParts(ctx, item, parts...); err != nil {
		return err
	}
	for i, a := range files {
		a.Blob, a.Size, a.Data = blobName(item.Blobs[before+i]), int64(len(a.Data)), nil
	}
	return nil
}

// blobName is the name in a key.
func blobName(key string) string {
	name, _, _ := strings.Cut(key, ".")
	return name
}

// bodyKey returns the key of an item's body alone: a parked delivery has no files yet.
func bodyKey(item *store.Item) []string {
	for i, key := range item.Blobs {
		if blobName(key) == item.Delivery.Blob {
			return item.Blobs[i : i+1]
		}
	}
	return nil
}

// keepAgain reads items anew that name blobs, and so puts these again: the store said
// that one of them was removed since.
func (p *Pipeline) keepAgain(ctx context.Context, items []store.Item) error {
	for i := range items {
		it := &items[i]
		if len(it.Blobs) == 0 {
			continue
		}
		p.o.Blobs.Forget(it.Blobs...)
		o := p.read(ctx, []Task{{ID: it.Delivery.ID, Raw: it.Raw}})[0]
		if o.err != nil {
			return fmt.Errorf("putting its blobs again: %w", o.err)
		}
		o.item.Replay, o.item.By = it.Replay, it.By
		*it = o.item
	}
	return nil
}

// keepParked puts the bodies of deliveries again that are to be parked. One that is
// nowhere any more is named by nobody; the delivery is parked without it.
func (p *Pipeline) keepParked(ctx context.Context, items []store.Parking) error {
	for i := range items {
		it := store.Item{Delivery: items[i].Delivery}
		p.o.Blobs.Forget(items[i].Blobs...)
		if _, err := p.body(ctx, &it); err != nil && !lead.IsPermanent(err) {
			return err
		}
		items[i].Blobs = it.Blobs
	}
	return nil
}
