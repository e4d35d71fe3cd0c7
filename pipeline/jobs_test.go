package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/pipeline/outgoing"
	"leadgate/store"
	"leadgate/store/sqlite"
)

// office is a store with any number of runners of one kind over it, each as another
// node would have it.
type office struct {
	*sqlite.Store
	t     *testing.T
	ahead atomic.Int64 // of the system's clock
}

func (o *office) now() time.Time { return time.Now().Add(time.Duration(o.ahead.Load())) }

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t}
	var err error
	if o.Store, err = sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "leadgate.db"), Now: o.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// run begins a runner, which ends with the test or when what is returned is called.
func (o *office) run(k JobKind) (stop func()) {
	p := start(o.t, nodeOptions{idle: true}).Pipeline
	p.o.Store, p.now = o.Store, o.now
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.runJobs("hook", k)(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	o.t.Cleanup(stop)
	return stop
}

func (o *office) enqueue(n int, target, address string) {
	o.t.Helper()
	for i := range n {
		if err := o.Enqueue(context.Background(), store.Job{Kind: "hook", Target: target, Key: fmt.Sprintf("%s-%d", target, i), Payload: []byte(address)}); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *office) jobs() store.JobStats {
	o.t.Helper()
	st, err := o.Stats(context.Background())
	if err != nil {
		o.t.Fatal(err)
	}
	return st.Jobs
}

// dead returns the causes of what was given up, by target.
func (o *office) dead() map[string][]string {
	o.t.Helper()
	list, _, err := o.Dead(context.Background(), store.DeadQuery{Page: store.Page{Limit: 1000}})
	if err != nil {
		o.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, j := range list {
		out[j.Target] = append(out[j.Target], j.Cause)
	}
	return out
}

// receiver is somebody's server, which counts who comes when.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	at   []time.Time
	now  int
	most int // calls at once
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	rc := &receiver{}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rc.mu.Lock()
		rc.at = append(rc.at, time.Now())
		n := len(rc.at)
		rc.now++
		rc.most = max(rc.most, rc.now)
		rc.mu.Unlock()
		answer(n, w, r)
		rc.mu.Lock()
		rc.now--
		rc.mu.Unlock()
	}))
	t.Cleanup(func() {
		rc.CloseClientConnections()
		rc.Close()
	})
	return rc
}

func (rc *receiver) calls() []time.Time {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return slices.Clone(rc.at)
}

// hooks tells servers something: what a destination will do. Each call ends in 500 ms.
func hooks(t *testing.T, allowed ...string) Handler {
	t.Helper()
	var o outgoing.Options
	for _, a := range allowed {
		e, err := outgoing.ParseAllowed(a)
		if err != nil {
			t.Fatal(err)
		}
		o.Allow = append(o.Allow, e)
	}
	p := outgoing.Webhook()
	p.Plain, p.Timeout = true, 500*time.Millisecond
	c := outgoing.New(o).With(p)
	t.Cleanup(c.Close)
	return func(ctx context.Context, jobs []store.Job) error {
		for _, j := range jobs {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, string(j.Payload), strings.NewReader("{}"))
			if err != nil {
				return fmt.Errorf("%w: making request", lead.ErrPermanent)
			}
			resp, err := c.Do(r)
			if err != nil {
				return fmt.Errorf("telling %s: %w", j.Target, err)
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err := errors.Join(err, resp.Body.Close()); err != nil {
				return fmt.Errorf("telling %s: %w", j.Target, err)
			}
		}
		return nil
	}
}

// The whole way of one job: enqueued, leased, told to wait by the server, done when
// the time has come, and not before.
func TestJobIsToldToWait(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	busy := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	o.enqueue(3, "crm", busy.URL)
	o.run(JobKind{Do: hooks(t, busy.Listener.Addr().String()), Batch: 1, PerTarget: 1})
	eventually(t, "the pause", func() bool { return len(o.jobs().Held) == 1 })
	held := o.jobs().Held[0]
	if held.Kind != "hook" || held.Target != "crm" || !strings.HasSuffix(held.Cause, ": answers 429") || time.Until(held.Until) < time.Second {
		t.Errorf("held %+v", held)
	}
	eventually(t, "the jobs", func() bool { return o.jobs().Waiting == 0 })
	calls := busy.calls()
	if len(calls) != 4 || calls[1].Sub(calls[0]) < 2*time.Second {
		t.Errorf("called at %v", calls)
	}
	if n := o.jobs().Buried; n != 0 {
		t.Errorf("%d jobs were given up", n)
	}
}

// One kind, servers with every fault there is: each keeps to its own schedule, what is
// gone is stopped, and the one that works waits for none of them.
func TestFaultsOfTargets(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	answer := func(status int) func(int, http.ResponseWriter, *http.Request) {
		return func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}
	}
	good := receive(t, func(int, http.ResponseWriter, *http.Request) {})
	huge := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		for text := []byte(strings.Repeat("x", 32<<10)); ; {
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	})
	slow := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	moved, gone, wrong := receive(t, answer(http.StatusFound)), receive(t, answer(http.StatusGone)), receive(t, answer(http.StatusNotFound))
	down := receive(t, answer(http.StatusOK))
	downAt := down.Listener.Addr().String()
	down.Close()
	var allowed []string
	for _, rc := range []*receiver{good, huge, slow, moved, gone, wrong} {
		allowed = append(allowed, rc.Listener.Addr().String())
	}
	o.enqueue(300, "slow", slow.URL)
	o.enqueue(20, "down", "http://"+downAt)
	o.enqueue(20, "moved", moved.URL)
	o.enqueue(20, "gone", gone.URL)
	o.enqueue(5, "wrong", wrong.URL)
	o.enqueue(5, "huge", huge.URL)
	o.enqueue(40, "good", good.URL)
	k := JobKind{Do: hooks(t, append(allowed, downAt)...), Batch: 1, PerTarget: 2, StopGone: true}
	began := time.Now()
	o.run(k)
	o.run(k) // another node
	eventually(t, "the good ones", func() bool { return len(good.calls()) == 40 && len(huge.calls()) == 5 })
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("what works took %v beside what does not", took)
	}
	eventually(t, "the ones that cannot succeed", func() bool { d := o.dead(); return len(d["gone"]) == 20 && len(d["wrong"]) == 5 })
	eventually(t, "the others' failures", func() bool { return len(slow.calls()) >= 2 && len(moved.calls()) >= 2 })
	dead := o.dead()
	if len(dead) != 2 || slices.ContainsFunc(dead["gone"], func(c string) bool { return !strings.HasSuffix(c, ": answers 410") }) || !strings.HasSuffix(dead["wrong"][0], ": answers 404") {
		t.Errorf("given up: %v", dead)
	}
	if n := len(gone.calls()); n > 4 { // those under way when the first was answered
		t.Errorf("what is gone was called %d times", n)
	}
	for name, rc := range map[string]*receiver{"slow": slow, "moved": moved, "good": good} {
		rc.mu.Lock()
		if rc.most > 2 {
			t.Errorf("%s: %d calls at once over both nodes", name, rc.most)
		}
		rc.mu.Unlock()
	}
	if held := o.jobs().Held; !slices.ContainsFunc(held, func(h store.HeldTarget) bool { return h.Target == "gone" && h.Until.IsZero() }) {
		t.Errorf("held %+v", held)
	}
	// A hundred times what a dead target may cost would be over the rate of one call in
	// flight; the circuits let only a few through.
	if n := len(slow.calls()); n > 60 {
		t.Errorf("the slow one was called %d times in %v", n, time.Since(began))
	}
}

// A node that is stalled beyond its lease, and comes back, takes nothing from the one
// that went on; and no job is lost.
func TestStalledNode(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var done sync.Map
	stuck, release := make(chan struct{}), make(chan struct{})
	o.enqueue(1, "a", "x")
	stopFirst := o.run(JobKind{Do: func(context.Context, []store.Job) error {
		close(stuck)
		<-release // whatever becomes of its context
		return nil
	}})
	<-stuck
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	ended := make(chan struct{})
	go func() { // a stalled node takes nothing
		defer close(ended)
		stopFirst()
	}()
	o.enqueue(20, "b", "x")
	o.ahead.Store(int64(jobLease + time.Second))
	var again atomic.Int64
	o.run(JobKind{Do: func(_ context.Context, jobs []store.Job) error {
		for _, j := range jobs {
			if _, twice := done.LoadOrStore(j.Key, true); twice {
				again.Add(1)
			}
		}
		return nil
	}})
	eventually(t, "the other node", func() bool { _, ok := done.Load("a-0"); return ok })
	letGo()
	<-ended
	eventually(t, "the jobs", func() bool { return o.jobs().Waiting == 0 })
	if again.Load() != 0 || o.jobs().Buried != 0 {
		t.Errorf("%d jobs were done again, %d given up", again.Load(), o.jobs().Buried)
	}
}

// A node that stops gives back what it has in work; it is not waited for.
func TestStoppingNode(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	begun := make(chan struct{}, 1)
	o.enqueue(1, "a", "x")
	stop := o.run(JobKind{Do: func(ctx context.Context, _ []store.Job) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}})
	<-begun
	stop()
	st := o.jobs()
	if c := st.Kind("hook"); c.Waiting != 1 || c.Running != 0 {
		t.Errorf("after the stop %+v", c)
	}
	o.run(JobKind{Do: func(context.Context, []store.Job) error { return nil }})
	eventually(t, "the job", func() bool { return o.jobs().Waiting == 0 })
}

// A job that fails for long enough is given up, by number or by age, and its cause
// repeats nothing but words made for it.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind  JobKind
		err   error
		cause string
		tries int64 // 0 for any
	}{
		"by number": {JobKind{Attempts: 2}, fmt.Errorf("telling ana@example.org: %w", lead.ErrUnavailable), "given up: unavailable", 2},
		"by age":    {JobKind{Age: time.Second}, errors.New("ana@example.org"), "given up: failed", 0},
		"for good":  {JobKind{}, &lead.Refusal{Class: lead.ErrInvalid, Field: "url", Text: "is missing"}, "invalid: url is missing", 1},
		"remote":    {JobKind{}, fmt.Errorf("ana@example.org: %w", &lead.RemoteError{Host: "h", Reason: "answers", Status: 404, Class: lead.ErrPermanent, Answer: []byte("ana")}), "permanent: h: answers 404", 1},
		"by panic":  {JobKind{}, nil, "panicked", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			var tries atomic.Int64
			tc.kind.Do = func(context.Context, []store.Job) error {
				tries.Add(1)
				if tc.err == nil {
					panic("ana@example.org")
				}
				return tc.err
			}
			o.enqueue(1, "a", "x")
			o.run(tc.kind)
			eventually(t, "the end", func() bool { return o.jobs().Buried == 1 })
			if got := o.dead()["a"]; len(got) != 1 || got[0] != tc.cause || tc.tries != 0 && tries.Load() != tc.tries {
				t.Errorf("given up for %q after %d tries", got, tries.Load())
			}
		})
	}
}

// The wait grows with the failures, is never longer than an hour of our own will, and
// is spread over all of it.
func TestWait(t *testing.T) {
	t.Parallel()
	for attempts, most := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 11: 2048 * time.Second, 12: time.Hour, 1000: time.Hour} {
		low, high := time.Hour, time.Duration(0)
		for range 2000 {
			d := wait(attempts, errors.New("x"))
			low, high = min(low, d), max(high, d)
		}
		if low < jobPoll || high > most || low > max(jobPoll, most/20) || high < most*9/10 {
			t.Errorf("after %d failures from %v to %v, want up to %v", attempts, low, high, most)
		}
	}
	asked := &lead.RemoteError{Class: lead.ErrUnavailable, After: 2 * time.Hour}
	if d := wait(0, asked); d < 2*time.Hour || d > 2*time.Hour+time.Minute {
		t.Errorf("asked for two hours and waits %v", d)
	}
	if d := wait(20, &lead.RemoteError{Class: lead.ErrUnavailable, After: 1000 * time.Hour}); d > jobHold+time.Minute {
		t.Errorf("waits %v", d)
	}
}

// A batch is of one target, and no larger than it may be.
func TestBatched(t *testing.T) {
	t.Parallel()
	var jobs []store.Job
	for i, target := range []string{"a", "b", "a", "", "a", "b", "a"} {
		jobs = append(jobs, store.Job{ID: int64(i), Target: target})
	}
	var got [][]int64
	for _, b := range batched(jobs, 2) {
		var ids []int64
		for _, j := range b {
			ids = append(ids, j.ID)
		}
		got = append(got, ids)
	}
	if want := "[[0 2] [1 5] [3] [4 6]]"; fmt.Sprint(got) != want {
		t.Errorf("batches %v, want %s", got, want)
	}
}
