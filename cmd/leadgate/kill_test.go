package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leadgate/lead"
)

// Row 1: a gateway that is killed again and again under load loses nothing it
// acknowledged and stores nothing twice. LEADGATE_CHAOS is the number of rounds.
func TestKilled(t *testing.T) {
	t.Parallel()
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("LEADGATE_CHAOS")); err == nil {
		rounds = n
	}
	k := &killed{process: newProcess(t, "--segment-size", "1MB"), acked: map[string]bool{}}
	k.start()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() { k.send(ctx, c) })
	}
	for range rounds {
		time.Sleep(300*time.Millisecond + rand.N(900*time.Millisecond))
		k.kill()
		k.start()
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	wg.Wait()
	k.verify(rounds)
	k.kill()
}

// killed is a gateway that gets killed, and what it acknowledged.
type killed struct {
	*process
	mu    sync.Mutex
	acked map[string]bool
}

// send posts distinct people, one after the other, each until it is acknowledged.
func (k *killed) send(ctx context.Context, c int) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := 0; ctx.Err() == nil; i++ {
		mail := fmt.Sprintf("p%d.%d@example.org", i, c)
		body := fmt.Sprintf(`{"name":"Person %d","email":%q,"message":"hello","submission_id":"s%d-%d"}`, i, mail, i, c)
		for ctx.Err() == nil {
			resp, err := client.Post(k.address()+"/f/contact", "application/json", strings.NewReader(body))
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err == nil && resp.StatusCode == http.StatusOK {
				k.mu.Lock()
				k.acked[mail] = true
				k.mu.Unlock()
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// verify waits until the journal is worked off, and finds every acknowledged
// person once and nothing parked.
func (k *killed) verify(rounds int) {
	k.t.Helper()
	var h struct {
		Journal struct{ Depth int }
		Parked  int
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		k.ask("/healthz", &h)
		if h.Journal.Depth == 0 {
			break
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("%d deliveries are still in the journal", h.Journal.Depth)
		}
	}
	seen := map[string]int{}
	k.page(func(l lead.Lead) {
		for _, e := range l.Emails {
			seen[e]++
		}
	})
	lost, twice := 0, 0
	for mail := range k.acked {
		if seen[mail] == 0 {
			lost++
		}
	}
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	if twice > 0 || lost > 0 || h.Parked > 0 || len(k.acked) == 0 {
		k.t.Fatalf("%d acknowledged, %d lost, %d stored twice, %d parked", len(k.acked), lost, twice, h.Parked)
	}
	k.t.Logf("%d kills, %d acknowledged, 0 lost, 0 stored twice", rounds, len(k.acked))
}

func (k *killed) page(each func(lead.Lead)) {
	k.t.Helper()
	for cursor := ""; ; {
		var out struct {
			Leads []lead.Lead `json:"leads"`
			Next  string      `json:"next_cursor"`
		}
		k.ask("/api/v1/leads?limit=500&cursor="+cursor, &out)
		for _, l := range out.Leads {
			each(l)
		}
		if cursor = out.Next; cursor == "" {
			return
		}
	}
}
