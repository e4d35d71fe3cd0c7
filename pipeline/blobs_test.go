package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/store"
	"leadgate/store/blob"
)

// commonPlace is a place of all nodes in memory, which does not answer on demand.
type commonPlace struct {
	mu   sync.Mutex
	keys map[string][]byte
	down atomic.Bool
}

func newCommonPlace() *commonPlace { return &commonPlace{keys: map[string][]byte{}} }

var errCommonPlace = fmt.Errorf("%w: planted", lead.ErrUnavailable)

func (b *commonPlace) Put(_ context.Context, key string, data []byte) error {
	if b.down.Load() {
		return errCommonPlace
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys[key] = slices.Clone(data)
	return nil
}

func (b *commonPlace) Get(_ context.Context, key string) ([]byte, error) {
	if b.down.Load() {
		return nil, errCommonPlace
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.keys[key]
	if !ok {
		return nil, lead.ErrNotFound
	}
	return slices.Clone(data), nil
}

func (b *commonPlace) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.keys, key)
	return nil
}

func (b *commonPlace) List(_ context.Context, after string, n int) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for k := range b.keys {
		if k > after {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out[:min(n, len(out))], nil
}

func (b *commonPlace) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.keys)
}

// withFiles reads posts as parseJSON does, and gives each inquiry two files made of its text.
func withFiles(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
	p, err := parseJSON(d, s)
	for i := range p.Inquiries {
		q := &p.Inquiries[i]
		q.Attachments = []lead.Attachment{{Name: "a.txt", Data: []byte("file a of " + q.Key)}, {Name: "logo.png", Data: []byte("the same logo")}}
	}
	return p, err
}

func largePost(i int) lead.Delivery {
	d := post(i)
	d.Body = fmt.Appendf(nil, `{"key":"k%d","email":"p%d@example.org","text":"%s"}`, i, i, strings.Repeat("x", largeBody))
	return d
}

// whole checks that everything a delivery names can be read from the place of all nodes alone.
func (n *node) whole(b *commonPlace, id lead.ID) error {
	st := n.store.Store.(store.Store)
	d, err := st.Raw(context.Background(), id)
	if err != nil {
		return err
	}
	names := []string{d.Blob}
	r, err := st.Receipt(context.Background(), id)
	if err != nil {
		return err
	}
	if !r.Lead.IsZero() {
		l, err := st.Lead(context.Background(), r.Lead)
		if err != nil {
			return err
		}
		touches, _, err := st.Timeline(context.Background(), l.Number)
		if err != nil {
			return err
		}
		for _, t := range touches {
			for _, a := range t.Attachments {
				names = append(names, a.Blob)
			}
		}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		key, err := st.BlobKey(context.Background(), name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		data, err := b.Get(context.Background(), key)
		if err != nil || blob.Name(data) != name {
			return fmt.Errorf("%s under %s: %w", name, key, err)
		}
	}
	return nil
}

// collect removes everything nobody names, without any grace.
func (n *node) collect(b *commonPlace) error {
	st := n.store.Store.(store.Store)
	ctx := context.Background()
	keys, err := b.List(ctx, "", 1000)
	if err != nil {
		return err
	}
	stale, err := st.AdoptBlobs(ctx, keys)
	if err != nil {
		return err
	}
	doomed, err := st.DoomBlobs(ctx, time.Now().Add(time.Hour), 1000)
	if err != nil {
		return err
	}
	for _, key := range append(stale, doomed...) {
		if err := b.Delete(ctx, key); err != nil {
			return err
		}
	}
	return st.ForgetBlobs(ctx, doomed)
}

// Everything a delivery names is where all nodes find it before the commit that names it.
func TestBlobsBeforeCommit(t *testing.T) {
	t.Parallel()
	b := newCommonPlace()
	var missing atomic.Int64
	var n *node
	n = start(t, nodeOptions{place: b, parse: withFiles, store: func(f *faulty) {
		check := func(items []store.Item) error {
			for i := range items {
				for _, key := range items[i].Blobs {
					if _, err := b.Get(context.Background(), key); err != nil {
						missing.Add(1)
					}
				}
				if len(items[i].Blobs) != 3 {
					missing.Add(1)
				}
			}
			return nil
		}
		f.refuse.Store(&check)
	}})
	var ids []lead.ID
	for i := range 20 {
		ids = append(ids, n.accept(largePost(i)))
	}
	eventually(t, "all", func() bool { return n.leads() == 20 && n.Health().Journal.Depth == 0 })
	if m := missing.Load(); m > 0 {
		t.Errorf("%d blobs were not there before their commit", m)
	}
	for _, id := range ids {
		if err := n.whole(b, id); err != nil {
			t.Error(err)
		}
	}
	if got := b.len(); got != 20+20+1 {
		t.Errorf("%d blobs, want 41", got)
	}
}

// What is removed between reading and commit is put again, and the commit repeated:
// of stored deliveries and of parked ones.
func TestBlobsGoneBeforeCommit(t *testing.T) {
	t.Parallel()
	b := newCommonPlace()
	var n *node
	var once sync.Once
	gone := func([]store.Item) (err error) {
		once.Do(func() { err = n.collect(b) })
		return err
	}
	n = start(t, nodeOptions{place: b, parse: withFiles, store: func(f *faulty) { f.refuse.Store(&gone) }})
	id := n.accept(largePost(1))
	eventually(t, "the delivery", func() bool { return n.verdict(id) == lead.Created })
	if err := n.whole(b, id); err != nil {
		t.Error(err)
	}
	bad := largePost(2)
	bad.Body = append(bad.Body, "no JSON"...)
	var parked sync.Once
	n.store.parking = func() (err error) {
		parked.Do(func() { err = n.collect(b) })
		return err
	}
	id = n.accept(bad)
	n.parked(id)
	if err := n.whole(b, id); err != nil {
		t.Error(err)
	}
	if _, err := n.Replay(t.Context(), id, "tester"); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("Replay = %v", err)
	}
}

// A place that does not answer holds up what has blobs and nothing else.
func TestBlobsPlaceDown(t *testing.T) {
	t.Parallel()
	b := newCommonPlace()
	b.down.Store(true)
	n := start(t, nodeOptions{place: b})
	large := n.accept(largePost(1))
	bad := largePost(2)
	bad.Body = bytes.Repeat([]byte("no JSON"), largeBody)
	unreadable := n.accept(bad)
	eventually(t, "health to tell", func() bool { return n.Health().Blobs != "" })
	for i := range 50 {
		n.accept(post(i + 3))
	}
	eventually(t, "the others", func() bool { return n.leads() == 50 })
	if n.verdict(large)+n.verdict(unreadable) != "" {
		t.Error("a delivery is stored, and its body is on one disk only")
	}
	b.down.Store(false)
	eventually(t, "the large ones", func() bool { return n.verdict(large) == lead.Created && n.verdict(unreadable) == lead.Parked })
	for _, id := range []lead.ID{large, unreadable} {
		if err := n.whole(b, id); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "health to be well", func() bool { return n.Health().Blobs == "" })
}

// Accepting, storing, replaying and collecting at once, over ends of the process: what
// a stored delivery names can always be read, and what nobody names is gone in the end.
func TestBlobsUnderCollection(t *testing.T) {
	t.Parallel()
	b, dir := newCommonPlace(), t.TempDir()
	ids := map[lead.ID]bool{}
	for round := range 3 {
		n := start(t, nodeOptions{dir: dir, place: b, parse: withFiles})
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		for range 40 {
			ids[n.accept(largePost(rng.IntN(25)+10*round))] = true
			switch rng.IntN(4) {
			case 0:
				if err := n.collect(b); err != nil {
					t.Fatal(err)
				}
			case 1:
				for id := range ids {
					if _, err := n.Replay(t.Context(), id, "tester"); err != nil && !errors.Is(err, lead.ErrNotFound) {
						t.Fatal(err)
					}
					break
				}
			case 2:
				for id := range ids {
					if n.verdict(id) == "" {
						continue
					}
					if err := n.whole(b, id); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if round == 2 {
			eventually(t, "all", func() bool { return n.Health().Journal.Depth == 0 })
			n.end(b, ids)
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// end checks that what is named is there, and that nothing else stays.
func (n *node) end(b *commonPlace, ids map[lead.ID]bool) {
	n.t.Helper()
	for range 2 {
		if err := n.collect(b); err != nil {
			n.t.Fatal(err)
		}
	}
	named := map[string]bool{blob.Name([]byte("the same logo")): true}
	for id := range ids {
		if err := n.whole(b, id); err != nil {
			n.t.Error(err)
		}
		d, err := n.store.Store.(store.Store).Raw(context.Background(), id)
		if err != nil {
			n.t.Fatal(err)
		}
		named[d.Blob], named[blob.Name([]byte("file a of "+d.Key))] = true, true
	}
	if b.len() != len(named) {
		n.t.Errorf("%d blobs stay, and %d are named", b.len(), len(named))
	}
}
