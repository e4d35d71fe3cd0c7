package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sized returns the small size for a test, the large one under LEADGATE_CHAOS.
func sized(small, large int) int {
	if os.Getenv("LEADGATE_CHAOS") != "" {
		return large
	}
	return small
}

// posted is one post to the built-in form that nobody repeats.
func posted(i int) string {
	return fmt.Sprintf(`{"name":"Person %d","email":"p%d@example.org","message":"hello","submission_id":"s%d"}`, i, i, i)
}

// Row 32: after an outage everybody comes back in the same moment, each on a
// connection of their own. Each hears 200 and is kept, or 503 with the time to
// come again, and comes again then.
func TestHerd(t *testing.T) {
	t.Parallel()
	n := sized(300, 9000)
	p := newProcess(t)
	p.start()
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	var ready, done sync.WaitGroup
	var refused atomic.Int64
	open := make(chan struct{})
	took := make([]time.Duration, n)
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-open
			start := time.Now()
			resp, err := client.Post(p.address()+"/f/contact", "application/json", strings.NewReader(posted(i)))
			if err != nil {
				t.Errorf("no answer: %v", err)
				return
			}
			defer resp.Body.Close()
			_, _ = io.Copy(io.Discard, resp.Body)
			switch after := resp.Header.Get("Retry-After"); {
			case resp.StatusCode == http.StatusOK:
				took[i] = time.Since(start)
			case resp.StatusCode == http.StatusServiceUnavailable && after != "":
				refused.Add(1)
			default:
				t.Errorf("status %d, Retry-After %q", resp.StatusCode, after)
			}
		})
	}
	ready.Wait()
	close(open)
	done.Wait()
	accepted := n - int(refused.Load())
	if got := p.stored(accepted); got != accepted {
		t.Errorf("%d stored, want the %d accepted", got, accepted)
	}
	slices.Sort(took)
	t.Logf("%d at once: %d accepted, %d told to come again, p99 of the accepted %v", n, accepted, refused.Load(), took[n-1-accepted/100])
}

// Row 33: clients that send their header or their body a byte at a time are hung
// up on after the header's 5 s and the body's 15 s, and meanwhile nobody else
// notices.
func TestSlowCrowd(t *testing.T) {
	t.Parallel()
	n := sized(100, 5000)
	p := newProcess(t)
	p.start()
	var slow sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	for i := range n {
		slow.Go(func() {
			defer left.Add(-1)
			dawdle(t, strings.TrimPrefix(p.address(), "http://"), i%2 == 0)
		})
	}
	var quick sync.WaitGroup
	var answered atomic.Int64
	var worst atomic.Int64
	for c := range 4 {
		quick.Go(func() {
			for i := 0; left.Load() > 0; i++ {
				start := time.Now()
				resp, err := http.Post(p.address()+"/f/contact", "application/json", strings.NewReader(posted(c*1_000_000+i)))
				if err != nil {
					t.Errorf("beside slow clients: %v", err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("beside slow clients: status %d", resp.StatusCode)
				}
				answered.Add(1)
				worst.Store(max(worst.Load(), int64(time.Since(start))))
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	slow.Wait()
	quick.Wait()
	if got := p.stored(int(answered.Load())); got != int(answered.Load()) {
		t.Errorf("%d stored, want %d", got, answered.Load())
	}
	t.Logf("%d slow clients hung up on, %d others answered meanwhile, the slowest in %v", n, answered.Load(), time.Duration(worst.Load()))
}

// dawdle sends a request a byte a second until the server hangs up.
func dawdle(t *testing.T, addr string, inBody bool) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Errorf("connecting: %v", err)
		return
	}
	defer conn.Close()
	head := "POST /f/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"
	if inBody {
		head += "\r\n{"
	}
	_, _ = io.WriteString(conn, head)
	gone := make(chan struct{})
	go func() { // ends with the connection
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case <-gone:
			return
		case <-limit:
			t.Error("a client that never ends is served for ever")
			return
		case <-tick.C:
			_, _ = conn.Write([]byte(" "))
		}
	}
}
