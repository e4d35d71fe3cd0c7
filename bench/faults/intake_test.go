package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"leadgate/bench/oracle"
)

// several is the form with most nodes that the program can run in.
func several(t *testing.T, sources ...string) *field {
	t.Helper()
	return newField(t, form{embedded: !scales(t), sources: sources})
}

// send posts JSON to a path of node i and returns status and body.
func (s *site) send(client *http.Client, i int, path, body string) (int, string, error) {
	g := s.nodes[i%len(s.nodes)]
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+g.Listen+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+g.Secret)
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if resp.Close {
		return resp.StatusCode, string(said), errors.Join(err, errClosing)
	}
	return resp.StatusCode, string(said), err
}

// errClosing: the answer is whole, and the node asks for no more on this connection.
var errClosing = errors.New("closing")

// leads waits until the nodes have that many deliveries, and returns the leads that
// each of them shows, which are equal.
func (s *site) leads(deliveries int64) []oracle.Lead {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		st, err := s.apis[0].Stats(s.ctx)
		if err == nil && st.Deliveries >= deliveries {
			break
		}
		if time.Now().After(deadline) {
			s.Fatalf("%d deliveries, want %d: %v", st.Deliveries, deliveries, err)
		}
	}
	var all [][]oracle.Lead
	for _, api := range s.apis {
		var list []oracle.Lead
		for l, err := range api.Leads(s.ctx) {
			if err != nil {
				s.Fatal(err)
			}
			list = append(list, l)
		}
		if all = append(all, list); fmt.Sprint(all[0]) != fmt.Sprint(list) {
			s.Error("the nodes show different leads")
		}
	}
	return all[0]
}

// Row 29: the same event a thousand times at once, on all nodes: one lead, and every
// sender hears the same.
func TestSameEvent(t *testing.T) {
	t.Parallel()
	f := several(t)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	const body = `{"id":"e-1","name":"Ada Vento","email":"ada.vento@example.org","phone":"+33600000001","message":"hello"}`
	var mu sync.Mutex
	heard := map[string]int{}
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			status, said, err := f.send(client, i, "/in/bar", body)
			mu.Lock()
			defer mu.Unlock()
			heard[fmt.Sprint(status, said, err)]++
		})
	}
	wg.Wait()
	if len(heard) != 1 {
		t.Errorf("senders heard %v", heard)
	}
	for what := range heard {
		if !strings.HasPrefix(what, "200") {
			t.Errorf("senders heard %s", what)
		}
	}
	if l := f.leads(1); len(l) != 1 || l[0].Touches != 1 {
		t.Errorf("leads %+v", l)
	}
}

// Row 30: a person who comes through four channels at once is one lead with four
// touches.
func TestFourChannels(t *testing.T) {
	t.Parallel()
	hook := "{name: %s, connector: webhook, preset: generic, auth: none}"
	f := several(t, "{name: contact, connector: form}", fmt.Sprintf(hook, "ads"), fmt.Sprintf(hook, "partner"))
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	people := pick(100, 1000)
	var wg sync.WaitGroup
	for n := range people {
		for c, path := range []string{"/in/bar", "/in/ads", "/in/partner", "/f/contact"} {
			body := fmt.Sprintf(`{"id":"c%d-%d","submission_id":"c%[1]d-%[2]d","name":"Ada Vento","email":"p%[2]d@example.org","phone":"+3360%07[2]d","message":"through %[3]s"}`, c, n, path)
			wg.Go(func() {
				if status, said, err := f.send(client, n+c, path, body); status != http.StatusOK {
					t.Errorf("%s: %d %s %v", path, status, said, err)
				}
			})
		}
	}
	wg.Wait()
	leads := f.leads(int64(4 * people))
	wrong := 0
	for _, l := range leads {
		if l.Touches != 4 {
			wrong++
		}
	}
	if len(leads) != people || wrong > 0 {
		t.Errorf("%d leads of %d people, %d without four touches", len(leads), people, wrong)
	}
}

// Row 20: inquiries that tie the same people together crosswise, from all sides at
// once, end as one lead a person, without a deadlock of the database.
func TestCrossed(t *testing.T) {
	t.Parallel()
	f := several(t)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	t.Cleanup(client.CloseIdleConnections)
	people := pick(60, 600)
	jobs := make(chan func())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for do := range jobs {
				do()
			}
		})
	}
	for n := range people {
		for k, way := range [][2]int{{0, 0}, {1, 1}, {0, 1}, {1, 0}} {
			body := fmt.Sprintf(`{"id":"x%d-%d","name":"Ada Vento","email":"e%[3]d.%[1]d@example.org","phone":"+336%[4]d%07[1]d","message":"hello"}`, n, k, way[0], way[1])
			jobs <- func() {
				if status, said, err := f.send(client, n+k, "/in/bar", body); status != http.StatusOK {
					t.Errorf("%d %s %v", status, said, err)
				}
			}
		}
	}
	close(jobs)
	wg.Wait()
	leads := f.leads(int64(4 * people))
	touches := int64(0)
	for _, l := range leads {
		touches += l.Touches
	}
	if len(leads) != people || touches != int64(4*people) {
		t.Errorf("%d leads and %d touches of %d people with four inquiries each", len(leads), touches, people)
	}
	if f.database != nil {
		if n := f.database.SQL(t, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); n != "0" {
			t.Errorf("%s deadlocks", n)
		}
	}
}

// Row 37: nodes are restarted one after the other under load. Clients that keep
// their connections and go to the other node when one takes no new ones see no
// error.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	f := several(t)
	if len(f.nodes) < 2 {
		return // one node: TestStopUnderLoad of the command
	}
	ctx, stop := context.WithCancel(f.ctx)
	var wg sync.WaitGroup
	var kept, moved atomic.Int64
	for c := range 8 {
		wg.Go(func() { f.client(ctx, c, &kept, &moved) })
	}
	for range pick(2, 10) {
		for i := range f.nodes {
			f.wait(500 * time.Millisecond)
			if err := f.nodes[i].Stop(); err != nil {
				t.Error(err)
			}
			f.start(i)
		}
	}
	f.wait(500 * time.Millisecond)
	stop()
	wg.Wait()
	leads := f.leads(kept.Load())
	if int64(len(leads)) != kept.Load() {
		t.Errorf("%d leads, want the %d acknowledged", len(leads), kept.Load())
	}
	t.Logf("%d acknowledged, %d times to the other node", kept.Load(), moved.Load())
}

// client posts one after the other on a connection it keeps, until told to close it.
func (f *field) client(ctx context.Context, c int, kept, moved *atomic.Int64) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	node := c
	for n := 0; ctx.Err() == nil; n++ {
		body := fmt.Sprintf(`{"id":"r%d-%d","name":"Person %d","email":"r%d.%d@example.org","message":"hello"}`, c, n, n, n, c)
		for tries := 0; ; tries++ {
			status, said, err := f.send(client, node, "/in/bar", body)
			refused := errors.Is(err, syscall.ECONNREFUSED)
			if op, ok := errors.AsType[*net.OpError](err); refused && ok && op.Op == "dial" && tries < 100 {
				node++
				moved.Add(1)
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if errors.Is(err, errClosing) {
				node++
				err = nil
			}
			if status == http.StatusServiceUnavailable && tries < 100 { // before it is ready, in so many words
				node++
				continue
			}
			if err != nil || status != http.StatusOK {
				f.Errorf("%d %s %v", status, said, err)
				return
			}
			break
		}
		kept.Add(1)
	}
}
