package load

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func people(t *testing.T) People {
	t.Helper()
	p, err := NewPeople("t")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, l Load) *Result {
	t.Helper()
	l.People = people(t)
	r, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOpenLoadKeepsItsTicks: with room enough, inquiries leave at the ticks and at no other time.
func TestOpenLoadKeepsItsTicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		var left []time.Duration
		r := run(t, Load{Conns: 8, For: time.Second, Rate: 100, Send: func(context.Context, []byte) Answer {
			mu.Lock()
			left = append(left, time.Since(start))
			mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			return Answer{Status: 200}
		}})
		slices.Sort(left)
		for i, at := range left {
			if want := time.Duration(i) * 10 * time.Millisecond; at != want {
				t.Fatalf("inquiry %d left at %v, want %v", i, at, want)
			}
		}
		if r.Acked != 100 || r.Next != 100 || r.Latency.Max() != 5*time.Millisecond || r.Clean() != nil {
			t.Fatalf("acked %d, next %d, longest %v, %v", r.Acked, r.Next, r.Latency.Max(), r.Clean())
		}
	})
}

// TestStallIsChargedToAll: a server that stands still for a second makes all who
// were meant to leave in that second wait, not just those that hung in it.
func TestStallIsChargedToAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		stall := func() {
			if at := time.Since(start); at >= time.Second && at < 2*time.Second {
				time.Sleep(2*time.Second - at)
			}
		}
		r := run(t, Load{Conns: 4, For: 4 * time.Second, Rate: 1000, Send: func(context.Context, []byte) Answer {
			stall()
			return Answer{Status: 200}
		}})
		// A quarter of the ticks falls into the stall, evenly: their mean wait is half of it.
		if got := r.Latency.Quantile(0.74); got > time.Millisecond {
			t.Errorf("74 %% of the ticks lie outside of the stall and waited %v", got)
		}
		if got := r.Latency.Quantile(0.875); got < 450*time.Millisecond || got > 550*time.Millisecond {
			t.Errorf("the middle of the stalled ticks waited %v, want about 500ms", got)
		}
		if r.Acked != 4000 || r.Unsent != 0 {
			t.Errorf("%d acknowledged, %d not sent: every tick has to leave", r.Acked, r.Unsent)
		}
	})
}

// TestDeadServerIsCharged: ticks that never leave count, with their wait.
func TestDeadServerIsCharged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Load{Conns: 2, For: time.Second, Rate: 10, Grace: time.Second, Send: func(ctx context.Context, _ []byte) Answer {
			<-ctx.Done()
			return Answer{}
		}})
		if r.Acked != 0 || r.Unsettled != 2 || r.Unsent != 8 || r.Latency.Count() != 10 || r.Latency.Max() != 2*time.Second {
			t.Errorf("acked %d, unsettled %d, unsent %d, %d latencies up to %v", r.Acked, r.Unsettled, r.Unsent, r.Latency.Count(), r.Latency.Max())
		}
		if r.Clean() == nil {
			t.Error("a load nobody answered is called clean")
		}
	})
}

func TestClosedLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var acked Set
		r := run(t, Load{Conns: 3, First: 50, For: time.Second, Acked: &acked, Send: func(context.Context, []byte) Answer {
			time.Sleep(100 * time.Millisecond)
			return Answer{Status: 202}
		}})
		if r.Acked != 30 || r.Next != 80 || acked.Len() != 30 || !acked.Has(50) || !acked.Has(79) || acked.Has(49) || acked.Has(80) || r.Codes[202] != 30 {
			t.Fatalf("acked %d (set %d), next %d, codes %v", r.Acked, acked.Len(), r.Next, r.Codes)
		}
	})
}

// TestStopSettlesWhatIsUnderWay: a load ended early owes nobody anything.
func TestStopSettlesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(stop) })
		r := run(t, Load{Conns: 10, For: time.Hour, Rate: 100, Stop: stop, Send: func(context.Context, []byte) Answer {
			time.Sleep(50 * time.Millisecond)
			return Answer{Status: 200}
		}})
		if r.Acked < 100 || r.Acked > 101 || r.Unsent != 0 || r.Unsettled != 0 || r.Took > 1200*time.Millisecond {
			t.Fatalf("acked %d, unsent %d, unsettled %d, took %v", r.Acked, r.Unsent, r.Unsettled, r.Took)
		}
	})
}

// TestHeardCountsFromTheTick: who follows an inquiry further knows when it was
// meant to leave, however late it left, and hears of no other.
func TestHeardCountsFromTheTick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, heard := time.Now(), map[int64]time.Duration{}
		run(t, Load{Conns: 1, First: 7, For: time.Second, Rate: 10, Send: func(context.Context, []byte) Answer {
			time.Sleep(300 * time.Millisecond)
			if time.Since(start) == 600*time.Millisecond {
				return Answer{Status: 503}
			}
			return Answer{Status: 200}
		}, Heard: func(n int64, from time.Time) { heard[n] = from.Sub(start) }})
		if len(heard) != 9 {
			t.Fatalf("heard of %d, of 10 one was refused", len(heard))
		}
		for n, from := range heard {
			if want := time.Duration(n-7) * 100 * time.Millisecond; from != want || n == 8 {
				t.Errorf("inquiry %d counts from %v, want %v", n, from, want)
			}
		}
	})
}

// TestRetrySendsTheSameUntilAcknowledged is what a sender does over a kill.
func TestRetrySendsTheSameUntilAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := map[string]int{}
		r := run(t, Load{Conns: 1, For: 100 * time.Millisecond, Rate: 100, Retry: true, Again: 5, Send: func(_ context.Context, body []byte) Answer {
			tries[string(body)]++
			switch n := tries[string(body)]; {
			case n == 1:
				return Answer{}
			case n == 2:
				return Answer{Status: 503}
			default:
				return Answer{Status: 200, Print: uint64(n)}
			}
		}})
		if len(tries) != 10 || r.Acked != 10 || r.Codes[0] != 10 || r.Codes[503] != 10 || r.Codes[200] != 12 {
			t.Fatalf("%d bodies, acked %d, codes %v", len(tries), r.Acked, r.Codes)
		}
		if r.Unlike != 2 {
			t.Fatalf("%d changed receipts noticed, 2 are planted", r.Unlike)
		}
	})
}

func TestSetAgainstMap(t *testing.T) {
	t.Parallel()
	var s Set
	want := map[int64]bool{}
	for i := range int64(5000) {
		n := i * i % 70_001
		if s.Add(n) == want[n] {
			t.Fatalf("Add(%d) = %v with the number there: %v", n, !want[n], want[n])
		}
		want[n] = true
	}
	c := s.Clone()
	s.Add(80_000)
	if got := slices.Collect(s.All()); len(got) != len(want)+1 {
		t.Fatalf("%d numbers after one more", len(got))
	}
	s = Set{words: c.words, n: c.n}
	got := slices.Collect(s.All())
	if !slices.IsSorted(got) || len(got) != len(want) || s.Len() != int64(len(want)) || s.Has(70_001) || s.Has(-1) {
		t.Fatalf("%d numbers, Len %d, want %d", len(got), s.Len(), len(want))
	}
}

// TestPoster: keep-alive, headers, and no acknowledgement out of an answer cut short.
func TestPoster(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ok", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Write([]byte(r.FormValue("say")))
	})
	mux.HandleFunc("POST /cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "40")
		w.Write([]byte(`{"id":`))
		panic(http.ErrAbortHandler)
	})
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	send := func(path string) Answer {
		p, err := NewPoster(srv.URL+path, "s", 2)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 5 {
			p.Send(t.Context(), []byte("{}"))
		}
		return p.Send(t.Context(), []byte("{}"))
	}
	if a := send("/ok?say=x"); a.Status != 200 || conns.Load() != 1 {
		t.Errorf("status %d over %d connections", a.Status, conns.Load())
	}
	if a := send("/cut"); a.OK() {
		t.Error("half an answer is taken for an acknowledgement")
	}
	p, _ := NewPoster(srv.URL+"/ok?say=x", "", 1)
	if a := p.Send(t.Context(), nil); a.Status != http.StatusUnauthorized || a.OK() {
		t.Errorf("status %d without a token", a.Status)
	}
}
