package blob

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"leadgate/lead"
)

// Rows is what a Depot and a Collector ask of the store that knows which delivery
// names which blob; package store says what its methods promise.
type Rows interface {
	ClaimBlobs(ctx context.Context, names []string) (keys []string, err error)
	BlobKey(ctx context.Context, name string) (string, error)
	DoomBlobs(ctx context.Context, before time.Time, n int) (keys []string, err error)
	ForgetBlobs(ctx context.Context, keys []string) error
	AdoptBlobs(ctx context.Context, keys []string) (stale []string, err error)
}

// Depot is what one node sees of all blobs: the folder on its own disk, where a body
// is durable before anybody hears so, and the place where every node finds what the
// store names. On one machine both are the same folder, and nothing is copied.
type Depot struct {
	o Options

	mu   sync.Mutex
	kept map[string]kept // by name: what this process brought to its place lately
}

// Options are what a Depot is made of.
type Options struct {
	Local   *Files // of this node alone
	Place   Store  // nil when Local is the place
	Rows    Rows
	Earlier Store            // where blobs lay before, to be read only; nil for nowhere
	Now     func() time.Time // nil for the system's
}

type kept struct {
	key string
	at  time.Time
}

// keptFor is how long a blob that was brought to its place need not be brought there
// again: much less than the grace of what nobody names.
const keptFor = time.Hour

// NewDepot returns a depot.
func NewDepot(o Options) *Depot {
	if o.Place == nil {
		o.Place = o.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Depot{o: o, kept: map[string]kept{}}
}

// shared reports whether the place is another one than the node's folder.
func (d *Depot) shared() bool { return d.o.Place != Store(d.o.Local) }

// Put keeps a body on this node's disk and returns its name. It returns nil only
// when the bytes survive a power cut of this node.
func (d *Depot) Put(ctx context.Context, data []byte) (string, error) {
	name := Name(data)
	return name, d.o.Local.Put(ctx, name, data)
}

// Keep brings bytes to the place where every node finds them, and returns the keys by
// which a commit names them, in their order. Bytes this process brought there within
// the last hour are not brought again.
func (d *Depot) Keep(ctx context.Context, parts ...[]byte) ([]string, error) {
	keys := make([]string, len(parts))
	places := map[string][]int{} // in parts, by name, of those to be put
	var names []string
	for i, part := range parts {
		name := Name(part)
		if keys[i] = d.remembered(name); keys[i] != "" {
			continue
		}
		if places[name] == nil {
			names = append(names, name)
		}
		places[name] = append(places[name], i)
	}
	if len(names) == 0 {
		return keys, nil
	}
	at := d.o.Now()
	claimed, err := d.o.Rows.ClaimBlobs(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("keeping blobs: %w", err)
	}
	for n, key := range claimed {
		for _, i := range places[names[n]] {
			keys[i] = key
		}
		if err := d.o.Place.Put(ctx, key, parts[places[names[n]][0]]); err != nil {
			return nil, err
		}
		d.remember(names[n], kept{key: key, at: at})
	}
	return keys, nil
}

// Forget makes the next Keep bring blobs to their place again: the store said that
// one of them was removed.
func (d *Depot) Forget(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		delete(d.kept, NameOf(key))
	}
}

func (d *Depot) remembered(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.kept[name]
	if !ok || d.o.Now().Sub(k.at).Abs() > keptFor {
		return ""
	}
	return k.key
}

func (d *Depot) remember(name string, k kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= newest {
		clear(d.kept)
	}
	d.kept[name] = k
}

// Get returns the bytes of a blob from wherever they are: this node's disk first, the
// place of all nodes, then where blobs lay before. lead.ErrNotFound means that all of
// them were asked and none has it.
func (d *Depot) Get(ctx context.Context, name string) ([]byte, error) {
	if !Valid(name) {
		return nil, fmt.Errorf("reading blob: %w: not a blob's name", lead.ErrInvalid)
	}
	data, err := d.o.Local.Get(ctx, name)
	if err == nil {
		return data, nil
	}
	why := err
	for _, get := range []func() ([]byte, error){
		func() ([]byte, error) { return d.fromPlace(ctx, name) },
		func() ([]byte, error) { return d.fromEarlier(ctx, name) },
	} {
		data, err := get()
		if err == nil {
			return data, nil
		}
		if worse(err, why) {
			why = err
		}
	}
	return nil, why
}

// worse reports whether a says more than b: that waiting helps says most, that
// nothing is there least.
func worse(a, b error) bool {
	rank := func(err error) int {
		switch {
		case errors.Is(err, lead.ErrNotFound):
			return 0
		case lead.IsPermanent(err):
			return 1
		}
		return 2
	}
	return rank(a) > rank(b)
}

func (d *Depot) fromPlace(ctx context.Context, name string) ([]byte, error) {
	err := fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	if d.shared() {
		var data []byte
		if data, err = d.o.Place.Get(ctx, name); err == nil {
			return data, nil
		}
	}
	key, missed := d.o.Rows.BlobKey(ctx, name)
	switch {
	case errors.Is(missed, lead.ErrNotFound) || missed == nil && key == name:
		return nil, err
	case missed != nil:
		return nil, fmt.Errorf("reading blob: %w", missed)
	}
	return d.o.Place.Get(ctx, key)
}

func (d *Depot) fromEarlier(ctx context.Context, name string) ([]byte, error) {
	if d.o.Earlier == nil {
		return nil, fmt.Errorf("reading blob: %w", lead.ErrNotFound)
	}
	return d.o.Earlier.Get(ctx, name)
}
