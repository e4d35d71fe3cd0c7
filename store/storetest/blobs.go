package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// blobName is the name of the blob with these bytes.
func blobName(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (b *bench) claim(t *testing.T, names ...string) []string {
	t.Helper()
	keys, err := b.ClaimBlobs(b.ctx, names)
	if err != nil || len(keys) != len(names) {
		t.Fatalf("ClaimBlobs of %d: %v, %v", len(names), keys, err)
	}
	return keys
}

// doom dooms what was put until now.
func (b *bench) doom(t *testing.T) []string {
	t.Helper()
	keys, err := b.DoomBlobs(b.ctx, b.now.Add(time.Microsecond), 100)
	if err != nil {
		t.Fatalf("DoomBlobs: %v", err)
	}
	slices.Sort(keys)
	return keys
}

// naming is an item that names blobs.
func (b *bench) naming(key string, keys ...string) store.Item {
	q := from("Ana Belo", "ana@example.org", "", key)
	q.Key = key
	it := b.item(key, q)
	it.Blobs = keys
	return it
}

func wantKeys(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// What a delivery names is never doomed, everything else after its grace, and a new
// claim gives it a new one.
func testBlobs(t *testing.T, b *bench) {
	a, c, d := blobName("a"), blobName("c"), blobName("d")
	wantKeys(t, "first keys", b.claim(t, d, a, c), d, a, c)
	b.apply(t, b.naming("d1", a))
	b.now = b.now.Add(25 * time.Hour)
	b.claim(t, c)
	keys, err := b.DoomBlobs(b.ctx, b.now.Add(-24*time.Hour), 100)
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "doomed after a day", keys, d)
	b.now = b.now.Add(time.Second)
	wantKeys(t, "doomed with what was put again", b.doom(t), c)
	if key, err := b.BlobKey(b.ctx, a); err != nil || key != a {
		t.Errorf("BlobKey of a named one: %q, %v", key, err)
	}
	for _, name := range []string{c, blobName("never")} {
		if _, err := b.BlobKey(b.ctx, name); !errors.Is(err, lead.ErrNotFound) {
			t.Errorf("BlobKey of what is not there: %v", err)
		}
	}
	for _, bad := range []string{"", "x", a[1:], a + ".0", a + ".01", a + ".x", "../" + a[3:]} {
		if _, err := b.ClaimBlobs(b.ctx, []string{bad}); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("ClaimBlobs(%q): %v, want ErrInvalid", bad, err)
		}
	}
}

// A commit that names what is doomed or was never claimed changes nothing, and what
// comes back lies under a key that was never given out.
func testBlobsGoneAndBack(t *testing.T, b *bench) {
	a := blobName("a")
	refused := func(what string, keys ...string) {
		t.Helper()
		_, err := b.Apply(b.ctx, []store.Item{b.naming("other " + what), b.naming(what, keys...)})
		if !errors.Is(err, store.ErrBlobGone) || !errors.Is(err, lead.ErrUnavailable) || lead.IsPermanent(err) {
			t.Fatalf("%s: Apply = %v, want ErrBlobGone", what, err)
		}
		wantCount(t, "leads after "+what, len(b.leads(t)), 0)
	}
	refused("never claimed", a)
	b.claim(t, a)
	wantKeys(t, "doomed", b.doom(t), a)
	refused("doomed", a)
	check(t, b.ForgetBlobs(b.ctx, []string{a}))
	refused("gone", a)
	wantKeys(t, "second key", b.claim(t, a), a+".1")
	refused("old key", a)
	check(t, b.ForgetBlobs(b.ctx, []string{a})) // somebody comes late
	wantKeys(t, "claimed again", b.claim(t, a), a+".1")
	b.now = b.now.Add(time.Second)
	wantKeys(t, "doomed again", b.doom(t), a+".1")
	wantKeys(t, "claimed while it is being removed", b.claim(t, a), a+".2")
	check(t, b.ForgetBlobs(b.ctx, []string{a + ".1"}))
	b.apply(t, b.naming("d1", a+".2"))
	b.now = b.now.Add(time.Hour)
	wantKeys(t, "doomed of what is named", b.doom(t))
	if key, err := b.BlobKey(b.ctx, a); err != nil || key != a+".2" {
		t.Errorf("BlobKey: %q, %v", key, err)
	}
}

// Keys that are found are taken in, and what no delivery can name is told.
func testBlobsAdopted(t *testing.T, b *bench) {
	a, c, d := blobName("a"), blobName("c"), blobName("d")
	adopt := func(keys ...string) []string {
		t.Helper()
		stale, err := b.AdoptBlobs(b.ctx, keys)
		if err != nil {
			t.Fatalf("AdoptBlobs: %v", err)
		}
		return stale
	}
	wantKeys(t, "stale among the unknown", adopt(a, c))
	b.claim(t, d)
	b.apply(t, b.naming("d1", d))
	wantKeys(t, "stale among the known", adopt(a, d))
	keys, err := b.DoomBlobs(b.ctx, b.now, 100)
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "doomed in their grace", keys)
	b.now = b.now.Add(time.Second)
	wantKeys(t, "doomed", b.doom(t), a, c)
	wantKeys(t, "stale while they are being removed", adopt(a, c))
	check(t, b.ForgetBlobs(b.ctx, []string{a, c}))
	wantKeys(t, "claimed again", b.claim(t, a), a+".1")
	wantKeys(t, "stale when they are back", adopt(a, a+".1", c, d), a, c)
	b.now = b.now.Add(store.BlobTombstone + time.Hour)
	b.doom(t)
	wantKeys(t, "stale after the tombstone", adopt(c))
}

// Erasing deliveries leaves what others name.
func testBlobsUnnamed(t *testing.T, b *bench) {
	a, c, d := blobName("a"), blobName("c"), blobName("d")
	b.claim(t, a, c, d)
	b.apply(t, b.naming("d1", a, c), b.naming("d2", c, d))
	check(t, b.UnnameBlobs(b.ctx, []lead.ID{lead.DeriveID("src", "d1")}))
	old := b.now.Add(-30 * 24 * time.Hour) // however young they are
	keys, err := b.DoomBlobs(b.ctx, old, 100)
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "doomed after one", keys, a)
	b.claim(t, d)
	check(t, b.UnnameBlobs(b.ctx, []lead.ID{lead.DeriveID("src", "d2"), lead.DeriveID("src", "never")}))
	if keys, err = b.DoomBlobs(b.ctx, old, 100); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "doomed after both", keys, c, d)
	b.naming("d1", b.claim(t, a)...) // whoever reads it again puts it again
}

// What was doomed and not forgotten is handed out again, the longest waiting first,
// and n bounds what is handed out.
func testBlobsRetried(t *testing.T, b *bench) {
	a, c := blobName("a"), blobName("c")
	b.claim(t, a)
	b.now = b.now.Add(time.Second)
	b.claim(t, c)
	one := func(want ...string) {
		t.Helper()
		keys, err := b.DoomBlobs(b.ctx, b.now.Add(time.Second), 1)
		if err != nil {
			t.Fatal(err)
		}
		wantKeys(t, "doomed", keys, want...)
	}
	one(a)
	one(c)
	one()
	b.now = b.now.Add(store.BlobRetry)
	check(t, b.ForgetBlobs(b.ctx, []string{c}))
	one(a)
	one()
	b.now = b.now.Add(store.BlobRetry)
	check(t, b.ForgetBlobs(b.ctx, []string{a}))
	one()
}

// A parked delivery names its body, a delivery that is known names nothing more.
func testBlobsParked(t *testing.T, b *bench) {
	a, c := blobName("a"), blobName("c")
	b.claim(t, a, c)
	it := b.naming("d1")
	parking := store.Parking{Delivery: it.Delivery, Raw: it.Raw, Reason: "unreadable", Attempts: 1, Blobs: []string{blobName("never")}}
	if err := b.Park(b.ctx, []store.Parking{parking}); !errors.Is(err, store.ErrBlobGone) {
		t.Fatalf("Park = %v, want ErrBlobGone", err)
	}
	if known, err := b.Known(b.ctx, []lead.ID{it.Delivery.ID}); err != nil || len(known) > 0 {
		t.Fatalf("Known after a refusal: %v, %v", known, err)
	}
	parking.Blobs = []string{a}
	check(t, b.Park(b.ctx, []store.Parking{parking}))
	b.apply(t, b.naming("d1", c)) // known
	b.now = b.now.Add(time.Second)
	wantKeys(t, "doomed", b.doom(t), c)
	again := b.naming("d1", b.claim(t, c)...)
	again.Replay = true
	b.apply(t, again)
	b.now = b.now.Add(time.Second)
	wantKeys(t, "doomed after a replay", b.doom(t))
}

// heap is a place of blobs whose removals may arrive late.
type heap struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (h *heap) set(key string, there bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.keys[key] = there; !there {
		delete(h.keys, key)
	}
}

func (h *heap) has(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys[key]
}

// Without any grace, and with removals that fail, are not told of or arrive long
// after they were told of: what a committed delivery names is there, always, and in
// the end nothing else is.
func testBlobsRace(t *testing.T, b *bench) {
	h := &heap{keys: map[string]bool{}}
	var mu sync.Mutex
	var late []string
	named := map[string]bool{}
	const bodies = 6
	put := func(i int, rng *rand.Rand) error {
		name := blobName(fmt.Sprint("body", rng.IntN(bodies)))
		for range 1000 {
			keys, err := b.ClaimBlobs(b.ctx, []string{name})
			if err != nil {
				return err
			}
			h.set(keys[0], true)
			if rng.IntN(8) == 0 {
				return nil // it dies before it commits
			}
			_, err = b.Apply(b.ctx, []store.Item{b.naming(key("d%d", i), keys...)})
			if errors.Is(err, store.ErrBlobGone) {
				continue
			}
			if err == nil && !h.has(keys[0]) {
				return errors.New("a blob that was just named is not there")
			}
			mu.Lock()
			named[name] = true
			mu.Unlock()
			return err
		}
		return errors.New("a blob is doomed whenever it is put")
	}
	collect := func(rng *rand.Rand) error {
		keys, err := b.DoomBlobs(b.ctx, b.now.Add(time.Microsecond), 2)
		if err != nil {
			return err
		}
		for _, k := range keys {
			switch rng.IntN(4) {
			case 0: // fails
				continue
			case 1: // arrives at the very end
				mu.Lock()
				late = append(late, k)
				mu.Unlock()
			default:
				h.set(k, false)
			}
			if rng.IntN(3) == 0 {
				continue // it dies before it tells
			}
			if err := b.ForgetBlobs(b.ctx, []string{k}); err != nil {
				return err
			}
		}
		return nil
	}
	parallel(t, func(i int) error {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		if i%4 == 0 {
			for range 8 {
				if err := collect(rng); err != nil {
					return err
				}
			}
			return nil
		}
		return put(i, rng)
	})
	for _, k := range late {
		h.set(k, false)
	}
	b.collectAll(t, h)
	for name := range named {
		if k, err := b.BlobKey(b.ctx, name); err != nil || !h.has(k) {
			t.Errorf("a named blob is not there: %q, %v", k, err)
		}
	}
	if len(h.keys) != len(named) {
		t.Errorf("%d blobs stay, and %d are named", len(h.keys), len(named))
	}
}

// collectAll removes what a listing finds and nobody names, until nothing is left.
func (b *bench) collectAll(t *testing.T, h *heap) {
	t.Helper()
	for range 4 {
		var found []string
		for k := range h.keys {
			found = append(found, k)
		}
		stale, err := b.AdoptBlobs(b.ctx, found)
		if err != nil {
			t.Fatal(err)
		}
		b.now = b.now.Add(store.BlobRetry + time.Second)
		for _, k := range append(stale, b.doom(t)...) {
			h.set(k, false)
			check(t, b.ForgetBlobs(b.ctx, []string{k}))
		}
	}
}

// Who names a blob while the only one who named it is erased keeps it.
func testBlobsUnnamedRace(t *testing.T, b *bench) {
	var names []string
	for i := range 16 {
		names = append(names, blobName(key("%d", i)))
	}
	b.claim(t, names...)
	for round := range 3 {
		for i, name := range names {
			b.apply(t, b.naming(key("old %d %d", round, i), name))
		}
		var erased []lead.ID
		for i := range 64 {
			erased = append(erased, lead.DeriveID("src", key("new %d %d", round-1, i)))
		}
		check(t, b.UnnameBlobs(b.ctx, erased))
		parallel(t, func(i int) error {
			if i%4 == 0 {
				return b.UnnameBlobs(b.ctx, []lead.ID{lead.DeriveID("src", key("old %d %d", round, i/4))})
			}
			_, err := b.Apply(b.ctx, []store.Item{b.naming(key("new %d %d", round, i), names[i/4])})
			return err
		})
		b.now = b.now.Add(time.Second)
		wantKeys(t, "doomed of what is named", b.doom(t))
	}
}
