package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
)

// A source that serves itself answers by itself too when there is no room, so that
// the pages it knows can read why; what it does not read, it need not refuse.
func TestHostedSourcesAnswerWhenThereIsNoRoom(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	n.flight.Add(maxFlight)
	for _, path := range []string{"/f/contact", "/in/widget"} {
		if r := n.send("POST", path, body(person("x"))); r.status != 503 || r.header.Get("Access-Control-Allow-Origin") != "https://example.org" {
			t.Errorf("%s: answered %d %v", path, r.status, r.header)
		}
	}
	r := n.send("POST", "/in/partner", body(person("x")), "Authorization", bearer)
	if r.status != 503 {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	mayAnswer(t, r)
	n.flight.Add(-maxFlight)
	metrics := n.send("GET", "/metrics", "").body
	for _, source := range []string{"contact", "widget", "partner"} {
		if want := `leadgate_refused_total{source="` + source + `"} 1` + "\n"; !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if n.pipeline.Health().Journal.Appended != 0 {
		t.Error("something was kept")
	}
	n.idle()
}

// A body without a length is capped for every source, whatever its handler does.
func TestHostedBodyIsCapped(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+n.addr+"/f/contact", io.LimitReader(zeros{}, 1<<20+1))
	if err != nil {
		t.Fatal(err)
	}
	if r := n.do(req); r.status != 413 {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	n.idle()
}

// Of a form that is not there, scripts may read the reason, and a person gets a page.
func TestNoFormIsToldToScriptsAndPeople(t *testing.T) {
	t.Parallel()
	for _, unset := range []bool{false, true} {
		n := start(t, nodeOptions{unset: unset})
		want := map[bool]int{false: 404, true: 503}[unset]
		for name, header := range map[string][]string{"script": {"Accept", "*/*"}, "fetch": {"Accept", "text/html", "Sec-Fetch-Mode", "cors"}} {
			r := n.send("POST", "/f/nobody", "a=b", header...)
			if r.status != want || r.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: answered %d %v", name, r.status, r.header)
			}
			mayAnswer(t, r)
		}
		r := n.send("POST", "/f/nobody", "a=b", "Accept", "text/html,*/*", "Sec-Fetch-Mode", "navigate")
		if r.status != want || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || !strings.Contains(r.body, "<p>") || unset != (r.header.Get("Retry-After") != "") {
			t.Errorf("a person: answered %d %v %s", r.status, r.header, r.body)
		}
	}
}

// keeping is an intake that keeps what comes, for tests of connections alone.
type keeping struct{ Intake }

func (keeping) Accept(context.Context, lead.Delivery) (lead.ID, error) { return lead.NewID(), nil }

// pipes is a listener whose connections are made in memory, so that their time can be bent.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func newPipes() *pipes {
	ended := make(chan struct{})
	return &pipes{conns: make(chan net.Conn), ended: ended, end: sync.OnceFunc(func() { close(ended) })}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.end(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// inBentTime runs a test against a server whose clock jumps to what comes next.
func inBentTime(t *testing.T, test func(t *testing.T, s *Server, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &node{t: t}
		push := n.pushConnector()
		set, err := connectors.NewSettings(push.Fields, map[string]any{"secret": secret})
		if err != nil {
			t.Fatal(err)
		}
		sources := &pipeline.Sources{}
		if err := sources.Set([]pipeline.Source{{Source: connectors.Source{Name: "partner", Kind: "push", Settings: set}, Connector: push}}); err != nil {
			t.Fatal(err)
		}
		s := New(Options{Intake: keeping{}, Sources: sources, Metrics: NewMetrics(), PublicURL: "https://gate.example", Log: slog.New(slog.DiscardHandler), Now: time.Now})
		p, hs := newPipes(), s.HTTP()
		ended := make(chan error, 1)
		go func() { ended <- hs.Serve(p) }()
		test(t, s, p)
		if err := hs.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Second) // connections linger before they close
	})
}

// upload sends a body of size bytes in pieces, with a rest after each, and returns
// the status of the answer and how long it took to come.
func upload(t *testing.T, p *pipes, size, piece int, rest time.Duration) (status int, took time.Duration) {
	t.Helper()
	c := p.dial()
	answered := make(chan struct{})
	defer close(answered)
	defer c.Close()
	begin := time.Now()
	go func() { // ends with the connection, or the answer
		_, _ = fmt.Fprintf(c, "POST /in/partner HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", bearer, size)
		for sent := 0; sent < size; sent += piece {
			if _, err := io.Copy(c, io.LimitReader(zeros{}, int64(min(piece, size-sent)))); err != nil {
				return
			}
			select {
			case <-time.After(rest):
			case <-answered:
				return
			}
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, time.Since(begin)
}

// A large body may take its time, but it has to come: whoever rests or drips holds
// its bytes no longer than a small body would.
func TestLargeBodiesMustComeOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		size, piece int
		rest        time.Duration
		status      int
		within      time.Duration
	}{
		{"at once", 1 << 20, 1 << 20, 0, 200, time.Second},
		{"slow and steady", 1 << 20, 64 << 10, 1900 * time.Millisecond, 200, 40 * time.Second},
		{"small and steady", 100 << 10, 10 << 10, time.Second, 200, 15 * time.Second},
		{"small and stalled", 100 << 10, 50 << 10, time.Hour, 408, 16 * time.Second},
		{"stalled after much", 1 << 20, 900 << 10, time.Hour, 408, 16 * time.Second},
		{"stalled at once", 1 << 20, 1, time.Hour, 408, 16 * time.Second},
		{"dripping", 1 << 20, 16 << 10, 5 * time.Second, 408, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBentTime(t, func(t *testing.T, s *Server, p *pipes) {
				status, took := upload(t, p, c.size, c.piece, c.rest)
				if status != c.status || took > c.within {
					t.Errorf("answered %d after %v, want %d within %v", status, took, c.status, c.within)
				}
				synctest.Wait()
				if s.flight.Load() != 0 || s.bytes.Load() != 0 {
					t.Errorf("%d admissions with %d bytes stay", s.flight.Load(), s.bytes.Load())
				}
			})
		})
	}
}

// A connection nobody uses is closed after a minute.
func TestIdleConnectionsEnd(t *testing.T) {
	t.Parallel()
	inBentTime(t, func(t *testing.T, _ *Server, p *pipes) {
		c := p.dial()
		defer c.Close()
		go func() { _, _ = io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") }()
		r := bufio.NewReader(c)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		begin := time.Now()
		_, err = r.ReadByte()
		if took := time.Since(begin); !errors.Is(err, io.EOF) || took != time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// What the limits say of a body that breaks is what its reader hears.
func TestAdmissionCountsWhatCame(t *testing.T) {
	t.Parallel()
	s := &Server{}
	r := httptest.NewRequest("POST", "/", iotest.DataErrReader(strings.NewReader("12345")))
	a, err := s.admit(httptest.NewRecorder(), r, 10)
	if err != nil {
		t.Fatal(err)
	}
	s.bytes.Add(maxFlightBytes - 4)
	if _, err := io.ReadAll(r.Body); !errors.Is(err, lead.ErrFull) {
		t.Errorf("beyond all room: %v", err)
	}
	a.done()
	if _, err := s.admit(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader("12345")), 4); !errors.Is(err, connectors.ErrTooLarge) {
		t.Errorf("announced too much: %v", err)
	}
	if got := s.bytes.Load(); got != maxFlightBytes-4 {
		t.Errorf("%d bytes stay counted", got-maxFlightBytes+4)
	}
}
