package outgoing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leadgate/lead"
)

// quick is a policy whose calls end soon.
func quick() Policy { return Policy{Redirects: 3, Answer: 100 << 10, Timeout: 500 * time.Millisecond} }

// Answers that never end, in every way there is.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	hang := func(r *http.Request) { <-r.Context().Done() }
	flush := func(w http.ResponseWriter, text string) error {
		_, err := io.WriteString(w, text)
		return errors.Join(err, http.NewResponseController(w).Flush())
	}
	zipped := bomb(50 << 20)
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		class  error
		words  string
	}{
		{"silence", func(_ http.ResponseWriter, r *http.Request) { hang(r) }, lead.ErrUnavailable, "did not answer in time"},
		{"a header, then silence", func(w http.ResponseWriter, r *http.Request) { _ = flush(w, ""); hang(r) }, lead.ErrUnavailable, "did not answer in time"},
		{"a byte now and then", func(w http.ResponseWriter, r *http.Request) {
			for flush(w, "x") == nil && r.Context().Err() == nil {
				time.Sleep(20 * time.Millisecond)
			}
		}, lead.ErrUnavailable, "did not answer in time"},
		{"an endless body", func(w http.ResponseWriter, _ *http.Request) {
			for text := strings.Repeat(answerSecret, 1000); flush(w, text) == nil; {
				continue
			}
		}, lead.ErrPermanent, tooLong},
		{"a long body that says so", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "200000") }, lead.ErrPermanent, tooLong},
		{"a bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped)
		}, lead.ErrPermanent, tooLong},
		{"a broken archive", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte(answerSecret))
		}, lead.ErrUnavailable, "cannot be read"},
		{"a long header", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 300 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat(answerSecret, 30))
			}
		}, lead.ErrUnavailable, "too long a header"},
		{"a body that breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "50")
			_ = flush(w, answerSecret)
		}, lead.ErrUnavailable, "broke the connection"},
		{"a redirect that hangs", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/slow") {
				hang(r)
			}
			w.Header().Set("Location", "/slow")
			w.WriteHeader(http.StatusFound)
		}, lead.ErrUnavailable, "did not answer in time"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, tc.answer)
			c := client(t, Options{}, quick(), p)
			began := time.Now()
			text, err := get(t, c, "GET", p.URL)
			if remote := wantError(t, err, tc.class, tc.words); !remote.Sent {
				t.Error("nothing was sent, as it says")
			}
			if took := time.Since(began); took > 3*time.Second || len(text) > 100<<10 {
				t.Errorf("%d bytes in %v", len(text), took)
			}
			eventually(t, "the place", func() bool { return c.underWay(p.addr()) == 0 })
		})
	}
}

// underWay is how many calls to a target there are.
func (c *Client) underWay(name string) int {
	c.shared.targets.mu.Lock()
	defer c.shared.targets.mu.Unlock()
	if t := c.shared.targets.all[name]; t != nil {
		return len(t.slots)
	}
	return 0
}

func bomb(size int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for zeros := make([]byte, 1<<20); size > 0; size -= len(zeros) {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	return b.Bytes()
}

// Just what is allowed is read, however it comes.
func TestAnswerWithinLimit(t *testing.T) {
	t.Parallel()
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text := strings.Repeat("x", 100<<10)
		if strings.HasPrefix(r.URL.Path, "/gzip") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = io.WriteString(z, text)
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			text = b.String()
		}
		_, _ = io.WriteString(w, text)
	})
	longer := quick()
	longer.Timeout = 10 * time.Second
	c := client(t, Options{}, longer, p)
	for _, path := range []string{"", "/gzip"} {
		if text, err := get(t, c, "GET", p.URL+path); err != nil || len(text) != 100<<10 {
			t.Errorf("%q: %d bytes, %v", path, len(text), err)
		}
	}
	hook := Webhook()
	hook.Plain = true
	if text, err := get(t, c.With(hook), "POST", p.URL); err != nil || len(text) != 4<<10 {
		t.Errorf("a webhook reads %d bytes, %v", len(text), err)
	}
}

// Whoever forgets an answer keeps its place no longer than the call's time.
func TestForgottenAnswer(t *testing.T) {
	t.Parallel()
	p := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 90<<10)) })
	c := client(t, Options{}, quick(), p)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", p.URL, nil)
	resp, err := c.Do(r)
	if err != nil || c.underWay(p.addr()) != 1 {
		t.Fatalf("%v, %d under way", err, c.underWay(p.addr()))
	}
	eventually(t, "the place", func() bool { return c.underWay(p.addr()) == 0 })
	_ = resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body is read")
	}
}

// Every status has its class, and who asks for a pause gets it.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		header string
		class  error
		after  time.Duration
	}{
		{300, "", lead.ErrUnavailable, 0}, {302, "", lead.ErrUnavailable, 0}, {304, "", lead.ErrUnavailable, 0}, {400, "", lead.ErrPermanent, 0}, {401, "", lead.ErrPermanent, 0}, {404, "5", lead.ErrPermanent, 0},
		{408, "", lead.ErrUnavailable, 0}, {410, "", lead.ErrPermanent, 0}, {425, "", lead.ErrUnavailable, 0}, {429, "", lead.ErrUnavailable, time.Second}, {429, "7", lead.ErrUnavailable, 7 * time.Second},
		{500, "", lead.ErrUnavailable, 0}, {503, "120", lead.ErrUnavailable, 2 * time.Minute}, {503, "x", lead.ErrUnavailable, 0},
	} {
		p := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tc.header)
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, answerSecret)
		})
		c := client(t, Options{}, quick(), p)
		_, err := get(t, c, "GET", p.URL)
		remote := wantError(t, err, tc.class, fmt.Sprintf("%s: answers %d", p.addr(), tc.status))
		if remote.Status != tc.status || remote.After.Round(100*time.Millisecond) != tc.after || remote.Gone() != (tc.status == 410) || tc.status != 304 && string(remote.Answer) != answerSecret {
			t.Errorf("%d %q: %+v, after %v", tc.status, tc.header, remote, remote.After)
		}
		if tc.after > 0 {
			_, err = get(t, c, "GET", p.URL)
			if again := wantError(t, err, lead.ErrUnavailable, "left alone"); again.Sent || again.After <= 0 || p.hits.Load() != 1 {
				t.Errorf("%d: called again: %+v", tc.status, again)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tc := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0}, {"0", "", 0}, {"120", "", 2 * time.Minute}, {" 5 ", "", 5 * time.Second}, {"-1", "", 0}, {"1.5", "", 0}, {"soon", "", 0},
		{"99999999999999999999999", "", 366 * 24 * time.Hour}, {at(time.Minute), "", time.Minute}, {at(-time.Minute), "", 0}, {at(time.Hour), at(59 * time.Minute), time.Minute},
	} {
		if got := retryAfter(http.Header{"Retry-After": {tc.after}, "Date": {tc.date}}, now); got != tc.want {
			t.Errorf("%q at %q: %v, want %v", tc.after, tc.date, got, tc.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "")
	f.Add("Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 11:00:00 GMT")
	f.Fuzz(func(t *testing.T, after, date string) {
		if d := retryAfter(http.Header{"Retry-After": {after}, "Date": {date}}, time.Now()); d < 0 || d > 366*24*time.Hour {
			t.Errorf("%q: %v", after, d)
		}
	})
}

// Where nobody is, and where somebody leaves, is said so.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	_ = l.Close()
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := client(t, Options{Allow: allow(t, dead), Resolver: resolver(t, nil)}, quick(), silent)
	_, err = get(t, c, "GET", "http://"+dead)
	if wantError(t, err, lead.ErrUnavailable, "refuses connections").Sent {
		t.Error("nothing was sent")
	}
	_, err = get(t, c, "GET", "http://nobody.test")
	wantError(t, err, lead.ErrUnavailable, "not known to the name service")
	_, err = get(t, c, "GET", "http://user:canary@"+dead)
	wantError(t, err, lead.ErrPermanent, "name or password")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = getIn(ctx, t, c, "GET", silent.URL)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that the caller left", err)
	}
	wantError(t, err, lead.ErrUnavailable, "was not waited for")
}

// Ten thousand calls to a slow server hold up none to another one, and end.
func TestSlowTargetStarvesNobody(t *testing.T) {
	var most, now atomic.Int64
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		now.Add(1)
		for range 20 { // those the client gave up leave soon, those it still waits for do not
			if now.Load() <= 4 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if n := now.Load(); n > most.Load() {
			most.Store(n)
		}
		<-r.Context().Done()
		now.Add(-1)
	})
	good := serve(t, func(http.ResponseWriter, *http.Request) {})
	p := quick()
	p.Timeout = time.Second
	c := client(t, Options{PerTarget: 4, Rate: 1e6}, p, slow, good)
	var wg sync.WaitGroup
	var unavailable atomic.Int64
	for range 10_000 {
		wg.Go(func() {
			if _, err := get(t, c, "GET", slow.URL); errors.Is(err, lead.ErrUnavailable) {
				unavailable.Add(1)
			}
		})
	}
	slowest := time.Duration(0)
	for range 100 {
		began := time.Now()
		if _, err := get(t, c, "GET", good.URL); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
	}
	wg.Wait()
	if unavailable.Load() != 10_000 || most.Load() > 4 || slowest > 900*time.Millisecond {
		t.Errorf("%d calls ended, %d at once, the other's slowest took %v", unavailable.Load(), most.Load(), slowest)
	}
	for range failuresOpen { // until it is left alone
		if _, err := get(t, c, "GET", slow.URL); wantError(t, err, lead.ErrUnavailable, "").After > 0 {
			break
		}
	}
	began := time.Now()
	_, err := get(t, c, "GET", slow.URL)
	if wantError(t, err, lead.ErrUnavailable, "left alone").After <= 0 || time.Since(began) > 400*time.Millisecond {
		t.Errorf("a target that fails costs %v: %v", time.Since(began), err)
	}
}

// No more calls a second than the rate.
func TestRate(t *testing.T) {
	t.Parallel()
	p := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, Options{Rate: 20}, quick(), p)
	began := time.Now()
	for range 24 { // twenty at once, then one every 50 ms
		if _, err := get(t, c, "GET", p.URL); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 180*time.Millisecond {
		t.Errorf("24 calls took %v", took)
	}
}
