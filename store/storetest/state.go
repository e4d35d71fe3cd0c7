package storetest

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
	"leadgate/store"
)

// ver is a version a write names.
func ver(n int64) *int64 { return &n }

func (b *bench) put(t *testing.T, w store.StateWrite) int64 {
	t.Helper()
	v, err := b.PutState(b.ctx, w)
	if err != nil {
		t.Fatalf("PutState(%s): %v", w.Key, err)
	}
	return v
}

func wantConflict(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, lead.ErrConflict) || lead.IsPermanent(err) {
		t.Errorf("%s: %v, want ErrConflict", what, err)
	}
}

// A value is read as it was written, and a write that names a version changes nothing
// else than that version.
func testState(t *testing.T, b *bench) {
	if _, err := b.State(b.ctx, "a"); !errors.Is(err, lead.ErrNotFound) {
		t.Fatalf("nothing is there: %v", err)
	}
	first := b.put(t, store.StateWrite{Key: "a", Value: []byte{0, 1, 255}, If: ver(0)})
	_, err := b.PutState(b.ctx, store.StateWrite{Key: "a", Value: []byte("x"), If: ver(0)})
	wantConflict(t, "made twice", err)
	second := b.put(t, store.StateWrite{Key: "a", Value: nil, If: ver(first)})
	_, err = b.PutState(b.ctx, store.StateWrite{Key: "a", Value: []byte("x"), If: ver(first)})
	wantConflict(t, "written over an old version", err)
	if r, err := b.State(b.ctx, "a"); err != nil || len(r.Value) != 0 || r.Version != second || !r.Expires.IsZero() {
		t.Errorf("State = %+v, %v", r, err)
	}
	third := b.put(t, store.StateWrite{Key: "a", Value: []byte("free")}) // whatever is there
	wantConflict(t, "dropping an old version", b.DropState(b.ctx, store.StateWrite{Key: "a", If: ver(second)}))
	check(t, b.DropState(b.ctx, store.StateWrite{Key: "a", If: ver(third)}))
	wantConflict(t, "dropping it again", b.DropState(b.ctx, store.StateWrite{Key: "a", If: ver(third)}))
	check(t, b.DropState(b.ctx, store.StateWrite{Key: "a"}))
	if fourth := b.put(t, store.StateWrite{Key: "a", If: ver(0)}); fourth <= third || third <= second || second <= first {
		t.Errorf("versions %d %d %d %d come again", first, second, third, fourth)
	}
	for what, w := range map[string]store.StateWrite{
		"no key": {}, "a long key": {Key: strings.Repeat("k", store.StateKeyMost+1)}, "a long value": {Key: "k", Value: make([]byte, store.StateValueMost+1)},
		"less than no time": {Key: "k", TTL: -1},
	} {
		if _, err := b.PutState(b.ctx, w); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	large := bytes.Repeat([]byte("v"), store.StateValueMost)
	b.put(t, store.StateWrite{Key: strings.Repeat("k", store.StateKeyMost), Value: large})
	if r, err := b.State(b.ctx, strings.Repeat("k", store.StateKeyMost)); err != nil || !bytes.Equal(r.Value, large) {
		t.Errorf("the largest value: %d bytes, %v", len(r.Value), err)
	}
}

// A value whose time is over is not there, for any question.
func testStateExpires(t *testing.T, b *bench) {
	end := b.now.Add(time.Minute)
	v := b.put(t, store.StateWrite{Key: "a", Value: []byte("x"), TTL: time.Minute})
	if r, err := b.State(b.ctx, "a"); err != nil || !r.Expires.Equal(end) {
		t.Fatalf("State = %+v, %v", r, err)
	}
	b.now = end
	if _, err := b.State(b.ctx, "a"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	if list, err := b.States(b.ctx, "", "", 10); err != nil || len(list) != 0 {
		t.Errorf("listed after its end: %+v, %v", list, err)
	}
	_, err := b.PutState(b.ctx, store.StateWrite{Key: "a", If: ver(v)})
	wantConflict(t, "its version after its end", err)
	b.put(t, store.StateWrite{Key: "a", Value: []byte("y"), If: ver(0)}) // and this one has no end
	b.now = b.now.Add(1000 * time.Hour)
	if r, err := b.State(b.ctx, "a"); err != nil || string(r.Value) != "y" {
		t.Errorf("State = %+v, %v", r, err)
	}
}

// States come in the order of their bytes, a page at a time, and no others than those
// of the prefix.
func testStatePages(t *testing.T, b *bench) {
	keys := []string{"a", "p/", "p/A", "p/Z", "p/_", "p/a", "p/a/b", "p/é", "p0", "q/x"}
	for _, k := range keys {
		b.put(t, store.StateWrite{Key: k, Value: []byte(k)})
	}
	var got []string
	for after := ""; ; {
		page, err := b.States(b.ctx, "p/", after, 2)
		check(t, err)
		for _, r := range page {
			if string(r.Value) != r.Key || r.Version == 0 {
				t.Errorf("%+v", r)
			}
			got, after = append(got, r.Key), r.Key
		}
		if len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff(keys[1:8], got); diff != "" {
		t.Errorf("keys below p/:\n%s", diff)
	}
	if all, err := b.States(b.ctx, "", "", 100); err != nil || len(all) != len(keys) {
		t.Errorf("%d of all keys, %v", len(all), err)
	}
}

// Of many who write what they read, none overwrites another's.
func testStateConcurrent(t *testing.T, b *bench) {
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	var lost atomic.Int64
	for range writers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				r, err := b.State(b.ctx, "n")
				if err != nil && !errors.Is(err, lead.ErrNotFound) {
					t.Error(err)
					return
				}
				_, err = b.PutState(b.ctx, store.StateWrite{Key: "n", Value: append(r.Value, 'x'), If: &r.Version})
				switch {
				case err == nil:
					done++
				case errors.Is(err, lead.ErrConflict):
					lost.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if r, err := b.State(b.ctx, "n"); err != nil || len(r.Value) != writers*rounds {
		t.Errorf("%d of %d writes are there (%d were refused), %v", len(r.Value), writers*rounds, lost.Load(), err)
	}
}

// A source has one name for ever, and nobody changes what somebody else changed unseen.
func testSources(t *testing.T, b *bench) {
	rev := func() int64 {
		t.Helper()
		n, err := b.SourcesRevision(b.ctx)
		check(t, err)
		return n
	}
	start := rev()
	shop := store.SourceRecord{Name: "shop", Kind: "form", Title: "Shop", Region: "FR", Settings: []byte(`{"a":1}`)}
	v, err := b.PutSource(b.ctx, shop)
	check(t, err)
	made := rev()
	_, err = b.PutSource(b.ctx, shop)
	wantConflict(t, "made twice", err)
	changed := shop
	changed.Title, changed.Region, changed.Settings, changed.Disabled, changed.Version = "The shop", "", []byte(`{}`), true, v
	if changed.Version, err = b.PutSource(b.ctx, changed); err != nil || changed.Version <= v {
		t.Fatalf("PutSource = %d after %d, %v", changed.Version, v, err)
	}
	shop.Version = v
	_, err = b.PutSource(b.ctx, shop)
	wantConflict(t, "an old version", err)
	other := changed
	other.Kind = "webhook"
	_, err = b.PutSource(b.ctx, other)
	wantConflict(t, "another kind", err)
	_, err = b.PutSource(b.ctx, store.SourceRecord{Name: "gone", Kind: "form", Version: 3, Settings: []byte(`{}`)})
	wantConflict(t, "a version of what is not there", err)
	if now := rev(); made <= start || now <= made {
		t.Errorf("revisions %d, %d, %d do not grow", start, made, now)
	}
	same := rev()
	second := store.SourceRecord{Name: "bar", Kind: "form", Settings: []byte(`{}`)}
	second.Version, err = b.PutSource(b.ctx, second)
	check(t, err)
	got, err := b.Store.Sources(b.ctx)
	check(t, err)
	if diff := cmp.Diff([]store.SourceRecord{second, changed}, got); diff != "" {
		t.Errorf("sources:\n%s", diff)
	}
	after := rev()
	b.put(t, store.StateWrite{Key: "x"})
	if got := rev(); after <= same || got != after {
		t.Errorf("revision %d after a source, %d after a value that concerns none", after, got)
	}
	b.put(t, store.StateWrite{Key: "x", Announce: true})
	put := rev()
	check(t, b.DropState(b.ctx, store.StateWrite{Key: "x", Announce: true}))
	if put <= after || rev() <= put {
		t.Error("the revision does not grow with values that announce themselves")
	}
}

// Sealing anew changes nothing but the bytes, and never what somebody wrote meanwhile.
func testReseal(t *testing.T, b *bench) {
	end := b.now.Add(time.Hour)
	a := b.put(t, store.StateWrite{Key: "a", Value: []byte("old"), TTL: time.Hour})
	busy := b.put(t, store.StateWrite{Key: "busy", Value: []byte("old")})
	b.put(t, store.StateWrite{Key: "busy", Value: []byte("newer")})
	src := store.SourceRecord{Name: "shop", Kind: "form", Settings: []byte(`{"a":"old"}`)}
	var err error
	src.Version, err = b.PutSource(b.ctx, src)
	check(t, err)
	rev, err := b.SourcesRevision(b.ctx)
	check(t, err)
	n, err := b.Reseal(b.ctx, []store.Resealed{
		{Key: "a", Version: a, Value: []byte("new")}, {Key: "busy", Version: busy, Value: []byte("new")}, {Key: "gone", Version: 1, Value: []byte("new")},
		{Source: "shop", Version: src.Version, Value: []byte(`{"a":"new"}`)}, {Source: "gone", Version: 1, Value: []byte("new")},
	})
	if err != nil || n != 2 {
		t.Fatalf("Reseal = %d, %v, want 2", n, err)
	}
	if r, err := b.State(b.ctx, "a"); err != nil || string(r.Value) != "new" || r.Version != a || !r.Expires.Equal(end) {
		t.Errorf("a is %+v, %v", r, err)
	}
	if r, err := b.State(b.ctx, "busy"); err != nil || string(r.Value) != "newer" {
		t.Errorf("busy is %+v, %v", r, err)
	}
	list, err := b.Store.Sources(b.ctx)
	src.Settings = []byte(`{"a":"new"}`)
	if diff := cmp.Diff([]store.SourceRecord{src}, list); err != nil || diff != "" {
		t.Errorf("sources %v:\n%s", err, diff)
	}
	if got, err := b.SourcesRevision(b.ctx); err != nil || got != rev {
		t.Errorf("revision %d, %v, want %d as before", got, err, rev)
	}
}
