package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/lead"
	"leadgate/store"
)

func (b *bench) acquire(t *testing.T, name, owner string, ttl time.Duration) store.Lease {
	t.Helper()
	l, err := b.AcquireLease(b.ctx, name, owner, ttl)
	if err != nil {
		t.Fatalf("AcquireLease: %v", err)
	}
	return l
}

// A lease is one owner's until its time is over or it is given back, and what is
// written under an epoch that is over is refused.
func testLeases(t *testing.T, b *bench) {
	first := b.acquire(t, "mail", "one", time.Minute)
	if first.Name != "mail" || first.Owner != "one" || first.Epoch == 0 || !first.Until.Equal(b.now.Add(time.Minute)) {
		t.Errorf("lease %+v", first)
	}
	for _, owner := range []string{"two", "one"} {
		_, err := b.AcquireLease(b.ctx, "mail", owner, time.Minute)
		wantConflict(t, "held, asked by "+owner, err)
	}
	b.acquire(t, "other", "two", time.Minute) // another name is another's
	b.put(t, store.StateWrite{Key: "cursor", Value: []byte("1"), Lease: &first})
	b.now = b.now.Add(40 * time.Second)
	renewed, err := b.RenewLease(b.ctx, first, time.Minute)
	if err != nil || renewed.Epoch != first.Epoch || !renewed.Until.Equal(b.now.Add(time.Minute)) {
		t.Fatalf("RenewLease = %+v, %v", renewed, err)
	}
	b.now = b.now.Add(40 * time.Second)
	_, err = b.AcquireLease(b.ctx, "mail", "two", time.Minute)
	wantConflict(t, "renewed", err)
	b.now = b.now.Add(time.Minute)
	second := b.acquire(t, "mail", "two", time.Minute)
	if second.Epoch <= first.Epoch {
		t.Errorf("epoch %d after %d", second.Epoch, first.Epoch)
	}
	_, err = b.RenewLease(b.ctx, first, time.Minute)
	wantConflict(t, "renewing what another took", err)
	_, err = b.PutState(b.ctx, store.StateWrite{Key: "cursor", Value: []byte("stale"), Lease: &first})
	wantConflict(t, "writing under what another took", err)
	wantConflict(t, "removing under what another took", b.DropState(b.ctx, store.StateWrite{Key: "cursor", Lease: &first}))
	check(t, b.ReleaseLease(b.ctx, first)) // nothing of another's ends with it
	_, err = b.AcquireLease(b.ctx, "mail", "three", time.Minute)
	wantConflict(t, "held by two", err)
	b.put(t, store.StateWrite{Key: "cursor", Value: []byte("2"), Lease: &second})
	check(t, b.ReleaseLease(b.ctx, second))
	_, err = b.PutState(b.ctx, store.StateWrite{Key: "cursor", Value: []byte("stale"), Lease: &second})
	wantConflict(t, "writing under what was given back", err)
	_, err = b.RenewLease(b.ctx, second, time.Minute)
	wantConflict(t, "renewing what was given back", err)
	third := b.acquire(t, "mail", "three", time.Minute)
	if third.Epoch <= second.Epoch {
		t.Errorf("epoch %d after %d", third.Epoch, second.Epoch)
	}
	if r, err := b.State(b.ctx, "cursor"); err != nil || string(r.Value) != "2" {
		t.Errorf("cursor %q, %v", r.Value, err)
	}
	_, err = b.PutState(b.ctx, store.StateWrite{Key: "cursor", Lease: &store.Lease{Name: "never", Owner: "one", Epoch: 1}})
	wantConflict(t, "writing under a lease nobody took", err)
	for what, f := range map[string]func() error{
		"no name":  func() error { _, err := b.AcquireLease(b.ctx, "", "one", time.Minute); return err },
		"no owner": func() error { _, err := b.AcquireLease(b.ctx, "x", "", time.Minute); return err },
		"no time":  func() error { _, err := b.AcquireLease(b.ctx, "x", "one", 0); return err },
		"nor then": func() error { _, err := b.RenewLease(b.ctx, third, 0); return err },
	} {
		if err := f(); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
}

// A late owner whom nobody followed goes on; it is still the same epoch.
func testLateRenewal(t *testing.T, b *bench) {
	l := b.acquire(t, "mail", "one", time.Minute)
	b.now = b.now.Add(time.Hour)
	b.put(t, store.StateWrite{Key: "cursor", Lease: &l})
	renewed, err := b.RenewLease(b.ctx, l, time.Minute)
	if err != nil || renewed.Epoch != l.Epoch {
		t.Fatalf("RenewLease = %+v, %v", renewed, err)
	}
	_, err = b.AcquireLease(b.ctx, "mail", "two", time.Minute)
	wantConflict(t, "renewed late", err)
}

// A clock that is set wrong by an hour, forward or back, lets no two hold a lease, and
// nobody wait longer than a lease lasts.
func testLeaseClock(t *testing.T, b *bench) {
	one := b.acquire(t, "mail", "one", time.Minute)
	b.now = b.now.Add(time.Hour)
	two := b.acquire(t, "mail", "two", time.Minute)
	_, err := b.PutState(b.ctx, store.StateWrite{Key: "cursor", Lease: &one})
	wantConflict(t, "the clock went forward and another took it", err)
	b.now = b.now.Add(-time.Hour)
	_, err = b.AcquireLease(b.ctx, "mail", "three", time.Minute)
	wantConflict(t, "the clock went back", err)
	b.put(t, store.StateWrite{Key: "cursor", Lease: &two})
	b.now = b.now.Add(59 * time.Second)
	_, err = b.AcquireLease(b.ctx, "mail", "three", time.Minute)
	wantConflict(t, "a minute has not passed", err)
	b.now = b.now.Add(time.Second)
	b.acquire(t, "mail", "three", time.Minute) // two died: it is waited for no hour
	_, err = b.PutState(b.ctx, store.StateWrite{Key: "cursor", Lease: &two})
	wantConflict(t, "another took it", err)
}

// Whatever owners do in whatever order, and however the clock jumps, there is at most
// one whose writes are taken, and it is the one who took the lease last.
func testLeaseLaws(t *testing.T, b *bench) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		name, start := key("lease-%d", run), b.now
		defer func() { b.now = start.Add(3 * time.Hour) }()
		held := map[string]store.Lease{} // what each owner believes to hold
		newest := int64(0)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "owner")
			switch rapid.SampledFrom([]string{"acquire", "renew", "release", "pass", "jump", "write"}).Draw(rt, "step") {
			case "acquire":
				l, err := b.AcquireLease(b.ctx, name, owner, 10*time.Second)
				if err == nil {
					if l.Epoch <= newest {
						rt.Fatalf("epoch %d after %d", l.Epoch, newest)
					}
					newest, held[owner] = l.Epoch, l
				} else if !errors.Is(err, lead.ErrConflict) {
					rt.Fatal(err)
				}
			case "renew":
				if l, ok := held[owner]; ok {
					_, err := b.RenewLease(b.ctx, l, 10*time.Second)
					if (err == nil) != (l.Epoch == newest) {
						rt.Fatalf("renewing epoch %d while %d is the newest: %v", l.Epoch, newest, err)
					}
				}
			case "release":
				if l, ok := held[owner]; ok {
					if err := b.ReleaseLease(b.ctx, l); err != nil {
						rt.Fatal(err)
					}
					if l.Epoch == newest {
						newest++
					}
				}
			case "pass":
				b.now = b.now.Add(time.Duration(rapid.IntRange(1, 15).Draw(rt, "seconds")) * time.Second)
			case "jump":
				b.now = b.now.Add(rapid.SampledFrom([]time.Duration{-time.Hour, time.Hour}).Draw(rt, "jump"))
			case "write":
				taken := 0
				for who, l := range held {
					_, err := b.PutState(b.ctx, store.StateWrite{Key: name, Value: []byte(who), Lease: &l})
					if err == nil {
						taken++
					}
					if (err == nil) != (l.Epoch == newest) {
						rt.Fatalf("%s wrote under epoch %d while %d is the newest: %v", who, l.Epoch, newest, err)
					}
				}
				if taken > 1 {
					rt.Fatalf("%d owners wrote", taken)
				}
			}
		}
	})
}

// Of many who ask at once one gets it, and none who is late writes.
func testLeaseConcurrent(t *testing.T, b *bench) {
	var holders, writes atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				l, err := b.AcquireLease(b.ctx, "mail", key("owner-%d", i), time.Hour)
				if errors.Is(err, lead.ErrConflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
				}
				if _, err := b.PutState(b.ctx, store.StateWrite{Key: "x", Lease: &l}); err != nil {
					t.Error(err)
				}
				writes.Add(1)
				holders.Add(-1)
				if err := b.ReleaseLease(b.ctx, l); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if writes.Load() == 0 {
		t.Error("nobody ever held it")
	}
}
