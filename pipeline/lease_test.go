package pipeline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline/journal"
	"leadgate/store"
	"leadgate/store/sqlite"
)

// Of many who run under one lease one does at a time, each gets its turn, and it is
// given back.
func TestLeaserOneAtATime(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	var wg sync.WaitGroup
	var inside, runs atomic.Int32
	for i := range 4 {
		l := &Leaser{Store: s, Owner: fmt.Sprint(i), TTL: 600 * time.Millisecond}
		wg.Go(func() {
			err := l.Run(t.Context(), "x", func(ctx context.Context, held store.Lease) error {
				if inside.Add(1) != 1 {
					t.Error("two run at once")
				}
				sleep(ctx, 700*time.Millisecond) // longer than a lease: it is renewed
				_, err := s.PutState(ctx, store.StateWrite{Key: "x", Lease: &held})
				inside.Add(-1)
				runs.Add(1)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs.Load() != 4 {
		t.Errorf("%d of 4 ran", runs.Load())
	}
	if _, err := s.AcquireLease(t.Context(), "x", "next", time.Hour); err != nil {
		t.Errorf("it was not given back: %v", err)
	}
}

// What f returns comes back, a context that ends ends the waiting and what runs, and a
// name nobody can have is refused at once.
func TestLeaserEnds(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	l := &Leaser{Store: s, Owner: "one"}
	mine := errors.New("mine")
	if err := l.Run(t.Context(), "x", func(context.Context, store.Lease) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("Run = %v", err)
	}
	if err := l.Run(t.Context(), "", nil); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("Run without a name = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := l.Run(ctx, "x", func(ctx context.Context, _ store.Lease) error {
		waiting := make(chan error, 1)
		go func() {
			waiting <- l.Run(ctx, "x", func(context.Context, store.Lease) error { return nil }) // not even this process twice
		}()
		cancel()
		<-ctx.Done()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited: %v", err)
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, lead.ErrConflict) {
		t.Errorf("Run = %v", err)
	}
	if _, err := s.AcquireLease(t.Context(), "x", "next", time.Hour); err != nil {
		t.Errorf("after its context ended it was not given back: %v", err)
	}
}

// flakyLeases fails to renew on demand.
type flakyLeases struct {
	store.Leases
	down atomic.Bool
}

func (f *flakyLeases) RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	if f.down.Load() {
		return store.Lease{}, errDown
	}
	return f.Leases.RenewLease(ctx, l, ttl)
}

// When the store does not answer, what runs ends before anybody else can take over.
func TestLeaserStoreDown(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	f := &flakyLeases{Leases: s}
	l := &Leaser{Store: f, Owner: "one", TTL: 2 * time.Second}
	err := l.Run(t.Context(), "x", func(ctx context.Context, _ store.Lease) error {
		f.down.Store(true)
		<-ctx.Done()
		if _, err := s.AcquireLease(context.Background(), "x", "two", time.Hour); !errors.Is(err, lead.ErrConflict) {
			t.Errorf("when the first ended, the lease was free already: %v", err)
		}
		return nil
	})
	if !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Run = %v, want ErrConflict", err)
	}
}

// skewed is a clock that a test sets wrong; the leases see it, the runner does not.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

// Row 26: a clock that jumps by an hour and back, again and again, makes nobody write
// under a lease that another has, and keeps nobody waiting.
func TestLeaserClockJumps(t *testing.T) {
	t.Parallel()
	clock := &skewed{}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "leadgate.db"), Now: clock.now})
	ok(t, err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	var written atomic.Int64 // the newest epoch that wrote
	var turns atomic.Int64
	for i := range 3 {
		l := &Leaser{Store: s, Owner: fmt.Sprint(i), TTL: 100 * time.Millisecond}
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = l.Run(ctx, "x", func(ctx context.Context, held store.Lease) error {
					turns.Add(1)
					for range 5 {
						before := written.Load()
						if _, err := s.PutState(context.Background(), store.StateWrite{Key: "x", Lease: &held}); err != nil {
							if !errors.Is(err, lead.ErrConflict) {
								t.Error(err)
							}
							return err
						}
						if held.Epoch < before {
							t.Errorf("epoch %d wrote after %d", held.Epoch, before)
						}
						written.CompareAndSwap(before, max(before, held.Epoch))
						if !sleep(ctx, 10*time.Millisecond) {
							return ctx.Err()
						}
					}
					return nil
				})
			}
		})
	}
	for range 6 {
		for _, jump := range []time.Duration{time.Hour, 0, -time.Hour, 0} {
			clock.by.Store(int64(jump))
			seen := turns.Load()
			eventually(t, "another turn after the clock jumped", func() bool { return turns.Load() > seen })
		}
	}
	cancel()
	wg.Wait()
}

// leaseChild is what the test binary does instead of tests: it takes a lease, tells its
// epoch, waits for a line and writes under the lease.
const leaseChild = "LEADGATE_TEST_LEASE_CHILD"

func TestLeaseChild(t *testing.T) {
	path := os.Getenv(leaseChild)
	if path == "" {
		return // it is for TestLeaseOfStalledProcess
	}
	s, err := sqlite.Open(context.Background(), sqlite.Options{Path: path})
	ok(t, err)
	defer s.Close()
	l := &Leaser{Store: s, Owner: "child", TTL: 300 * time.Millisecond}
	in := bufio.NewScanner(os.Stdin)
	err = l.Run(context.Background(), "x", func(_ context.Context, held store.Lease) error {
		fmt.Println("holds")
		in.Scan()
		_, err := s.PutState(context.Background(), store.StateWrite{Key: "x", Value: []byte("child"), Lease: &held})
		fmt.Println("conflict", errors.Is(err, lead.ErrConflict))
		return nil
	})
	fmt.Println("lost", errors.Is(err, lead.ErrConflict))
}

// A process that is stopped while it holds a lease, and goes on when another has it,
// changes nothing any more and hears that it lost it.
func TestLeaseOfStalledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	ok(t, err)
	defer s.Close()
	exe, err := os.Executable()
	ok(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestLeaseChild$")
	cmd.Env = append(os.Environ(), leaseChild+"="+path)
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	lines := bufio.NewScanner(out)
	expect := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the child says %q, want %q", lines.Text(), want)
		}
	}
	expect("holds")
	if _, err := s.AcquireLease(t.Context(), "x", "me", time.Hour); !errors.Is(err, lead.ErrConflict) {
		t.Fatalf("while it lives: %v", err)
	}
	ok(t, cmd.Process.Signal(syscall.SIGSTOP))
	var mine store.Lease
	eventually(t, "the lease of a stopped process", func() bool {
		mine, err = s.AcquireLease(t.Context(), "x", "me", time.Hour)
		return err == nil
	})
	_, err = s.PutState(t.Context(), store.StateWrite{Key: "x", Value: []byte("me"), Lease: &mine})
	ok(t, err)
	_, err = fmt.Fprintln(in, "go on") // it reads this before it can hear of anything else
	ok(t, err)
	ok(t, cmd.Process.Signal(syscall.SIGCONT))
	expect("conflict true")
	expect("lost true")
	if r, err := s.State(t.Context(), "x"); err != nil || string(r.Value) != "me" {
		t.Errorf("x is %q, %v", r.Value, err)
	}
}

// deskOver is a desk over a store, without a pipeline.
func deskOver(t testing.TB, s *sqlite.Store, owner string) *Desk {
	t.Helper()
	v, _ := vaultOf(t, "", 1)
	return &Desk{State: s, Vault: v, Leases: &Leaser{Store: s, Owner: owner, TTL: 200 * time.Millisecond}, Limits: NewLimits(), Now: time.Now}
}

// What a source keeps is the same on every node, sealed, and no other source's.
func TestEnvState(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	a, b := deskOver(t, s, "a"), deskOver(t, s, "b")
	src := &Source{Source: connectors.Source{Name: "mail"}}
	here, there := a.Env(src, "").State(), b.Env(src, "").State()
	other := a.Env(&Source{Source: connectors.Source{Name: "mail2"}}, "").State()
	ok(t, here.Put(ctx, "cursor/INBOX", []byte("canary"), 0))
	v, err := there.Get(ctx, "cursor/INBOX")
	if err != nil || string(v.Data) != "canary" || v.Version == 0 || !v.Expires.IsZero() {
		t.Errorf("Get = %+v, %v", v, err)
	}
	if _, err := other.Get(ctx, "cursor/INBOX"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("another source reads it: %v", err)
	}
	rows, err := s.States(ctx, "", "", 10)
	ok(t, err)
	if len(rows) != 1 || strings.Contains(string(rows[0].Value), "canary") {
		t.Errorf("stored: %+v", rows)
	}
	_, err = s.PutState(ctx, store.StateWrite{Key: "source/mail2/cursor/INBOX", Value: rows[0].Value})
	ok(t, err)
	if _, err := other.Get(ctx, "cursor/INBOX"); !lead.IsPermanent(err) {
		t.Errorf("a value that was moved opens: %v", err)
	}
	next, err := there.Swap(ctx, "cursor/INBOX", []byte("2"), time.Hour, v.Version)
	ok(t, err)
	if _, err := here.Swap(ctx, "cursor/INBOX", []byte("stale"), 0, v.Version); !errors.Is(err, lead.ErrConflict) {
		t.Errorf("Swap of an old version: %v", err)
	}
	if v, err := here.Get(ctx, "cursor/INBOX"); err != nil || v.Version != next || time.Until(v.Expires) < 59*time.Minute {
		t.Errorf("Get = %+v, %v", v, err)
	}
	ok(t, here.Drop(ctx, "cursor/INBOX"))
	if _, err := there.Get(ctx, "cursor/INBOX"); !errors.Is(err, lead.ErrNotFound) {
		t.Errorf("after Drop: %v", err)
	}
	for what, err := range map[string]error{
		"no key": here.Put(ctx, "", nil, 0), "a strange key": here.Put(ctx, "a b", nil, 0), "a long key": here.Put(ctx, strings.Repeat("k", 101), nil, 0),
		"a long value": here.Put(ctx, "k", make([]byte, connectors.StateMost+1), 0), "less than no time": here.Put(ctx, "k", nil, -1),
	} {
		if !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	ok(t, here.Put(ctx, "k", make([]byte, connectors.StateMost), 0))
}

// What runs under a lease writes as long as it holds it, and nothing afterwards.
func TestEnvLease(t *testing.T) {
	t.Parallel()
	s, ctx := openSQLite(t), t.Context()
	src := &Source{Source: connectors.Source{Name: "mail"}}
	a := deskOver(t, s, "a").Env(src, "/in/mail")
	var under connectors.Env
	ok(t, a.Lease(ctx, "INBOX", func(ctx context.Context, env connectors.Env) error {
		under = env
		return env.State().Put(ctx, "cursor", []byte("1"), 0)
	}))
	for what, err := range map[string]error{"Put": under.State().Put(ctx, "cursor", []byte("2"), 0), "Drop": under.State().Drop(ctx, "cursor")} {
		if !errors.Is(err, lead.ErrConflict) {
			t.Errorf("%s after the lease: %v, want ErrConflict", what, err)
		}
	}
	if v, err := a.State().Get(ctx, "cursor"); err != nil || string(v.Data) != "1" {
		t.Errorf("cursor %q, %v", v.Data, err)
	}
	if err := a.Lease(ctx, "a b", nil); !errors.Is(err, lead.ErrInvalid) {
		t.Errorf("a strange name: %v", err)
	}
}

// Of two nodes that look for duplicates at night, one does and the other goes on when
// it has died.
func TestCompareOnOneNode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leadgate.db")
	var running, most, calls atomic.Int32
	nodes := make([]*Pipeline, 2)
	for i := range nodes {
		dir := t.TempDir()
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
		ok(t, err)
		j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), FreeFloor: -1})
		ok(t, err)
		t.Cleanup(func() { _ = errors.Join(j.Close(), s.Close()) })
		nodes[i], err = New(Options{Journal: j, Store: &proposing{Store: s, running: &running, most: &most, calls: &calls}, Sources: &Sources{}, Dir: dir,
			Leases: &Leaser{Store: s, Owner: fmt.Sprint(i), TTL: time.Second}})
		ok(t, err)
	}
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(func() {
			if err := n.o.Leases.Run(t.Context(), "compare", n.compareNow); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || calls.Load() < 4 {
		t.Errorf("%d compared at once, in %d calls", most.Load(), calls.Load())
	}
}

// proposing counts who compares.
type proposing struct {
	Store
	running, most, calls *atomic.Int32
}

func (p *proposing) Propose(context.Context, int) (int, error) {
	n := p.running.Add(1)
	p.most.Store(max(p.most.Load(), n))
	time.Sleep(time.Millisecond)
	p.running.Add(-1)
	if p.calls.Add(1)%3 == 0 {
		return 0, nil
	}
	return compareBatch, nil
}
