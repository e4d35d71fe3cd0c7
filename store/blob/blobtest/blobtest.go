// Package blobtest checks that a place of blobs keeps the promises of package blob.
// Every kind passes it unchanged; what a kind does differently is a defect.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"leadgate/lead"
	"leadgate/store/blob"
)

// Place is a store with what a test needs to damage it.
type Place struct {
	blob.Store
	// Damage changes a byte of what lies under a key.
	Damage func(t *testing.T, key string)
}

// Run runs the suite. open returns an empty place of its own each time.
func Run(t *testing.T, open func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"Sizes": testSizes, "Again": testAgain, "Missing": testMissing, "Names": testNames, "Damage": testDamage,
		"Delete": testDelete, "Generations": testGenerations, "List": testList, "Concurrent": testConcurrent, "Ended": testEnded, "Kept": testKept,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// body is n bytes that look like nothing, the same for the same seed.
func body(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
	return b
}

func put(t *testing.T, p Place, data []byte) string {
	t.Helper()
	key := blob.Name(data)
	if err := p.Put(t.Context(), key, data); err != nil {
		t.Fatalf("Put of %d bytes: %v", len(data), err)
	}
	return key
}

func want(t *testing.T, p Place, key string, data []byte) {
	t.Helper()
	got, err := p.Get(t.Context(), key)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("Get: %d bytes, %v; want %d", len(got), err, len(data))
	}
}

func wantClass(t *testing.T, what string, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("%s: %v, want %v", what, err, class)
	}
}

// Bytes come back as they were, whatever their number.
func testSizes(t *testing.T, p Place) {
	for i, n := range []int{0, 1, 100, 64 << 10, 256<<10 - 1, 256 << 10, 256<<10 + 1, 1 << 20, 5<<20 + 1, 25 << 20} {
		data := body(n, uint64(i))
		want(t, p, put(t, p, data), data)
	}
}

// The same bytes any number of times are there once, and whole.
func testAgain(t *testing.T, p Place) {
	data := body(300_000, 1)
	for range 3 {
		want(t, p, put(t, p, data), data)
	}
	keys, err := p.List(t.Context(), "", 10)
	if err != nil || !slices.Equal(keys, []string{blob.Name(data)}) {
		t.Errorf("List: %v, %v", keys, err)
	}
}

func testMissing(t *testing.T, p Place) {
	_, err := p.Get(t.Context(), blob.Name([]byte("never put")))
	wantClass(t, "Get of nothing", err, lead.ErrNotFound)
	if errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err) {
		t.Errorf("Get of nothing has another class too: %v", err)
	}
	keys, err := p.List(t.Context(), "", 10)
	if err != nil || len(keys) > 0 {
		t.Errorf("List of nothing: %v, %v", keys, err)
	}
}

// What is no key is refused, wherever it points.
func testNames(t *testing.T, p Place) {
	name := blob.Name([]byte("x"))
	for _, key := range []string{"", "x", "../../etc/passwd", name[1:], name + "0", "A" + name[1:], name + ".", name + ".0", name + ".01", name + ".-1", name + ".1.1", name + "/1", name[:2] + "/" + name} {
		_, err := p.Get(t.Context(), key)
		wantClass(t, fmt.Sprintf("Get(%q)", key), err, lead.ErrInvalid)
		wantClass(t, fmt.Sprintf("Put(%q)", key), p.Put(t.Context(), key, nil), lead.ErrInvalid)
		wantClass(t, fmt.Sprintf("Delete(%q)", key), p.Delete(t.Context(), key), lead.ErrInvalid)
	}
}

// Bytes that changed are not handed out, and are healed by who puts them again.
func testDamage(t *testing.T, p Place) {
	data := body(300_000, 2)
	key := put(t, p, data)
	p.Damage(t, key)
	_, err := p.Get(t.Context(), key)
	wantClass(t, "Get of damaged bytes", err, lead.ErrPermanent)
	put(t, p, data)
	want(t, p, key, data)
}

func testDelete(t *testing.T, p Place) {
	a, b := body(400_000, 3), body(400_000, 4)
	key, other := put(t, p, a), put(t, p, b)
	for range 2 {
		if err := p.Delete(t.Context(), key); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	_, err := p.Get(t.Context(), key)
	wantClass(t, "Get of what was removed", err, lead.ErrNotFound)
	want(t, p, other, b)
	put(t, p, a)
	want(t, p, key, a)
}

// The keys of one name are different places.
func testGenerations(t *testing.T, p Place) {
	data := body(70_000, 5)
	key := put(t, p, data)
	for _, later := range []string{key + ".1", key + ".2", key + ".10"} {
		_, err := p.Get(t.Context(), later)
		wantClass(t, "Get of a later key", err, lead.ErrNotFound)
		if err := p.Put(t.Context(), later, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	_, err := p.Get(t.Context(), key)
	wantClass(t, "Get of the first key", err, lead.ErrNotFound)
	want(t, p, key+".10", data)
	keys, err := p.List(t.Context(), key, 10)
	if err != nil || !slices.Equal(keys, []string{key + ".1", key + ".10", key + ".2"}) {
		t.Errorf("List: %v, %v", keys, err)
	}
}

// Page by page, a listing comes to every key once, in order.
func testList(t *testing.T, p Place) {
	var all []string
	for i := range 60 {
		all = append(all, put(t, p, fmt.Appendf(nil, "blob %d", i)))
	}
	slices.Sort(all)
	for _, n := range []int{1, 7, 59, 60, 61, 2000} {
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			keys, err := p.List(t.Context(), after, n)
			if err != nil || len(keys) > n {
				t.Fatalf("List: %d keys, %v", len(keys), err)
			}
			if got = append(got, keys...); len(keys) == 0 {
				break
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("pages of %d: %d keys, want %d", n, len(got), len(all))
		}
	}
}

// Many put, read and remove the same few at once: what is read is whole.
func testConcurrent(t *testing.T, p Place) {
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			for j := range 6 {
				data := body(100_000+i%3, uint64(i%3))
				key := blob.Name(data)
				if err := p.Put(t.Context(), key, data); err != nil {
					t.Errorf("Put: %v", err)
				}
				got, err := p.Get(t.Context(), key)
				if err != nil && !errors.Is(err, lead.ErrNotFound) || err == nil && !bytes.Equal(got, data) {
					t.Errorf("Get: %d bytes, %v", len(got), err)
				}
				if (i+j)%5 == 0 {
					if err := p.Delete(t.Context(), key); err != nil {
						t.Errorf("Delete: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// Who does not wait any more hears no word about the blob.
func testEnded(t *testing.T, p Place) {
	data := body(100_000, 6)
	key := put(t, p, data)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Get(ctx, key); err != nil && !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Get with a context that has ended: %v", err)
	}
	if err := p.Put(ctx, key, data); err != nil && !errors.Is(err, lead.ErrUnavailable) {
		t.Errorf("Put with a context that has ended: %v", err)
	}
	want(t, p, key, data)
}

// Put keeps nothing of the caller's memory, and Get gives nothing of its own away.
func testKept(t *testing.T, p Place) {
	data := body(100_000, 7)
	mine := slices.Clone(data)
	key := blob.Name(data)
	if err := p.Put(t.Context(), key, mine); err != nil {
		t.Fatal(err)
	}
	clear(mine)
	got, err := p.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	clear(got)
	want(t, p, key, data)
}
