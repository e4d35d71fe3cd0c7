package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"leadgate/lead"
)

const bearer = "Bearer " + secret

func person(key string) post {
	return post{Key: key, Name: "Ada Byron", Email: someEmail, Phone: somePhone, Text: someText}
}

// mayAnswer checks what holds for every refusal: a JSON error that tells nothing
// it should not, and a time to come again where that helps.
func mayAnswer(t testing.TB, r reply) {
	t.Helper()
	p := decode[problem](t, r)
	if p.Code == "" || p.Message == "" {
		t.Errorf("%d without code or message: %s", r.status, r.body)
	}
	for _, leak := range []string{secret, urlSecret, apiToken, someEmail, somePhone, someText, "/tmp", "127.0.0.1", "sqlite", "journal", "goroutine", "wanted"} {
		if strings.Contains(r.body, leak) {
			t.Errorf("%d tells %q: %s", r.status, leak, r.body)
		}
	}
	retry := r.header.Get("Retry-After")
	if seconds, err := strconv.Atoi(retry); r.status == http.StatusServiceUnavailable && (err != nil || seconds < 30 || seconds > 90) {
		t.Errorf("Retry-After is %q", retry)
	}
}

func TestIntakeStatuses(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(body(person("gzip"))))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	big := `{"text":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		want               int
		code               string
	}{
		"post":                   {body: body(person("a")), header: []string{"Authorization", bearer}, want: 200},
		"put":                    {method: "PUT", body: body(person("b")), header: []string{"Authorization", bearer}, want: 200},
		"sub-path":               {path: "/in/partner/some/hook", body: body(person("c")), header: []string{"Authorization", bearer}, want: 200},
		"gzip":                   {body: packed.String(), header: []string{"Authorization", bearer, "Content-Encoding", "gzip"}, want: 200},
		"NUL":                    {body: `{"key":"nul","text":"a` + "\x00" + `b"}`, header: []string{"Authorization", bearer}, want: 200},
		"escaped NUL":            {body: `{"key":"nul2","text":"a\u0000b\ud800"}`, header: []string{"Authorization", bearer}, want: 200},
		"invalid UTF-8":          {body: `{"key":"utf8","text":"caf` + "\xe9" + `"}`, header: []string{"Authorization", bearer}, want: 200},
		"deep":                   {body: strings.Repeat("[", 100_000), header: []string{"Authorization", bearer}, want: 200},
		"empty":                  {header: []string{"Authorization", bearer}, want: 200},
		"unknown source":         {path: "/in/nobody", body: "{}", want: 404, code: "unknown_source"},
		"odd source":             {path: "/in/..%2f..%2fetc", body: "{}", want: 404, code: "unknown_source"},
		"form under in":          {path: "/in/contact", body: "{}", want: 404, code: "unknown_source"},
		"push under f":           {path: "/f/partner", body: "{}", want: 404, code: "unknown_source"},
		"no form":                {path: "/f/nobody", body: "{}", want: 404, code: "unknown_source"},
		"no secret":              {body: body(person("d")), want: 401, code: "unauthorized"},
		"wrong secret":           {body: body(person("d")), header: []string{"Authorization", "Bearer " + wrongToken}, want: 401, code: "unauthorized"},
		"no token in the path":   {path: "/in/hidden", body: "{}", want: 401, code: "unauthorized"},
		"token as header":        {path: "/in/hidden", body: "{}", header: []string{URLToken, urlSecret}, want: 401, code: "unauthorized"},
		"wrong token, right one": {path: "/in/hidden/" + wrongToken, body: "{}", header: []string{URLToken, urlSecret}, want: 401, code: "unauthorized"},
		"too large":              {body: big, header: []string{"Authorization", bearer}, want: 413, code: "too_large"},
		"too large, unproven":    {body: big, want: 413, code: "too_large"},
		"encoding":               {body: "{}", header: []string{"Content-Encoding", "br"}, want: 415, code: "unsupported_encoding"},
		"refused":                {body: body(post{Refuse: true, Text: someText}), header: []string{"Authorization", bearer}, want: 422, code: "invalid"},
		"panic in verify":        {body: body(post{Panic: "verify", Email: someEmail}), want: 503, code: "unavailable"},
		"panic in check":         {body: body(post{Panic: "check", Email: someEmail}), header: []string{"Authorization", bearer}, want: 503, code: "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path := c.method, c.path
			if method == "" {
				method = "POST"
			}
			if path == "" {
				path = "/in/partner"
			}
			r := n.send(method, path, c.body, c.header...)
			if r.status != c.want {
				t.Fatalf("answered %d %.200s, want %d", r.status, r.body, c.want)
			}
			if method == "POST" && path == "/in/partner" {
				for _, problem := range described(t).response(method, path, r) {
					t.Errorf("the document: %s", problem)
				}
			}
			if c.want == http.StatusOK {
				id := decode[struct{ ID string }](t, r).ID
				if _, err := lead.ParseID(id); err != nil {
					t.Errorf("receipt %q: %v", id, err)
				}
				return
			}
			mayAnswer(t, r)
			if p := decode[problem](t, r); p.Code != c.code || c.want == 422 && p.Field != "email" {
				t.Errorf("answered %s, want code %s", r.body, c.code)
			}
		})
	}
}

// Whoever tries secrets learns nothing from the answers: they are equal.
func TestForgedAnswersAreEqual(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	var first reply
	for i, header := range [][]string{nil, {"Authorization", "Bearer"}, {"Authorization", bearer + "x"}, {"Authorization", bearer[:len(bearer)-1]}, {"Authorization", strings.Repeat("x", 8000)}} {
		r := n.send("POST", "/in/partner", "{}", header...)
		r.header.Del("Date")
		if i == 0 {
			first = r
		}
		if r.status != 401 || r.body != first.body || fmt.Sprint(r.header) != fmt.Sprint(first.header) {
			t.Errorf("%d differs: %d %s %v", i, r.status, r.body, r.header)
		}
	}
}

func TestHandshakeNeedsNoProof(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	if r := n.send("GET", "/in/partner?challenge=1", ""); r.status != 202 || r.body != "challenge" || n.stats().Deliveries != 0 {
		t.Errorf("answered %d %s", r.status, r.body)
	}
}

// A body without Content-Length is capped as it comes, and nothing of it is kept.
func TestChunkedBodyIsCapped(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	chunked := func(size int64) reply {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+n.addr+"/in/partner", io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		return n.do(req, "Authorization", bearer)
	}
	if r := chunked(1<<20 + 1); r.status != 413 {
		t.Errorf("over the limit: %d %s", r.status, r.body)
	}
	if n.pipeline.Health().Journal.Appended != 0 {
		t.Error("something of it was kept")
	}
	if r := chunked(1 << 20); r.status != 200 {
		t.Errorf("at the limit: %d %s", r.status, r.body)
	}
	n.idle()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// idle checks that every admission has ended as it began.
func (n *node) idle() {
	n.t.Helper()
	n.waitFor("the end of all admissions", func() bool { return n.flight.Load() == 0 })
	if b := n.bytes.Load(); b != 0 {
		n.t.Errorf("%d bytes stay counted", b)
	}
}

// raw writes bytes to a connection of its own and closes its sending side.
func (n *node) raw(text string) *http.Response {
	n.t.Helper()
	c, err := net.Dial("tcp", n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		n.t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		n.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestTruncatedBodyIsNotAccepted(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	const head = "POST /in/partner HTTP/1.1\r\nHost: x\r\nAuthorization: " + bearer + "\r\n"
	for name, text := range map[string]string{
		"length":       head + "Content-Length: 100\r\n\r\n{\"text\":\"cut",
		"chunk":        head + "Transfer-Encoding: chunked\r\n\r\n20\r\n{\"text\":",
		"last chunk":   head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"no chunk":     head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"nothing":      head + "Content-Length: 100\r\n\r\n",
		"large length": head + "Content-Length: 900000\r\n\r\n{\"text\":\"cut",
	} {
		if res := n.raw(text); res.StatusCode != http.StatusBadRequest || !res.Close {
			t.Errorf("%s: answered %d, closing %v", name, res.StatusCode, res.Close)
		}
	}
	if got := n.pipeline.Health().Journal.Appended; got != 0 {
		t.Errorf("%d deliveries were kept", got)
	}
	n.idle()
}

// Who closes his sending side still reads: what was sent whole is kept, and no
// answer is a 200 that keeps nothing.
func TestHalfClosedSenderIsKept(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{intake: func(in Intake) Intake { return slowIntake{in} }})
	text := body(person("half"))
	res := n.raw(fmt.Sprintf("POST /in/partner HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s", bearer, len(text), text))
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %s %v", res.StatusCode, answer, err)
	}
	n.stored(decode[struct{ ID string }](t, reply{body: string(answer)}).ID)
}

// slowIntake gives the server the time to notice that a client closed.
type slowIntake struct{ Intake }

func (s slowIntake) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Intake.Accept(ctx, d)
}

// refusing is an intake that keeps nothing.
type refusing struct {
	Intake
	err error
}

func (f refusing) Accept(context.Context, lead.Delivery) (lead.ID, error) { return lead.ID{}, f.err }

func TestWhatIsNotKeptIsOurFault(t *testing.T) {
	t.Parallel()
	for _, err := range []error{lead.ErrFull, lead.ErrUnavailable, context.Canceled, context.DeadlineExceeded, errors.New("surprise"), lead.ErrPermanent,
		fmt.Errorf("accepting delivery: %w: %w", lead.ErrUnavailable, context.Canceled),
		fmt.Errorf("accepting delivery: %w: %w", lead.ErrFull, &fs.PathError{Op: "write", Path: "/tmp/leadgate/journal", Err: syscall.ENOSPC})} {
		t.Run(err.Error(), func(t *testing.T) {
			t.Parallel()
			n := start(t, nodeOptions{intake: func(in Intake) Intake { return refusing{in, err} }})
			for range 3 {
				r := n.send("POST", "/in/partner", body(person("x")), "Authorization", bearer)
				if r.status != http.StatusServiceUnavailable {
					t.Errorf("answered %d %s", r.status, r.body)
				}
				mayAnswer(t, r)
			}
		})
	}
}

// A body whose sender is too slow, or whose connection breaks, is the sender's to
// send again, and the network's own words stay here.
func TestBrokenBodyIsToldWithoutAddresses(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	timeout := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, Err: syscall.EAGAIN}
	for _, c := range []struct {
		err  error
		want int
	}{{fmt.Errorf("%w: %w", timeout, errDeadline()), http.StatusRequestTimeout}, {timeout, http.StatusBadRequest}, {io.ErrUnexpectedEOF, http.StatusBadRequest}, {lead.ErrFull, http.StatusServiceUnavailable}} {
		req := httptest.NewRequest("POST", "/in/partner", iotest.ErrReader(c.err))
		w := httptest.NewRecorder()
		n.ServeHTTP(w, req)
		if w.Code != c.want {
			t.Errorf("%v: answered %d %s", c.err, w.Code, w.Body)
		}
		r := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
		mayAnswer(t, r)
		for _, problem := range described(t).response("POST", "/in/partner", r) {
			t.Errorf("the document: %d: %s", r.status, problem)
		}
	}
	n.idle()
}

// errDeadline is what a connection answers after its read deadline.
func errDeadline() error {
	a, b := net.Pipe()
	defer b.Close()
	defer a.Close()
	_ = a.SetReadDeadline(time.Unix(1, 0))
	_, err := a.Read(make([]byte, 1))
	return err
}

// The secret part of an address is proof, and then gone: from the delivery and,
// as TestMain checks, from every log.
func TestURLTokenIsCutOut(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for _, path := range []string{"/in/hidden/" + urlSecret + "/hook/a", "/in/hidden/" + urlSecret + "/hook/a/"} {
		r := n.send("POST", path, body(person(path)))
		if r.status != 200 {
			t.Fatalf("answered %d %s", r.status, r.body)
		}
		id := decode[struct{ ID string }](t, r).ID
		n.stored(id)
		shown := n.api("GET", "/api/v1/deliveries/"+id, "", 200)
		if d := decode[shownDelivery](t, shown); d.Path != "hook/a" || strings.Contains(shown.body, urlSecret) {
			t.Errorf("delivery has path %q: %s", d.Path, shown.body)
		}
	}
	if text := n.send("GET", "/metrics", "").body; strings.Contains(text, urlSecret) {
		t.Error("the metrics hold the token")
	}
}

func TestHostedSources(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for path, want := range map[string]string{"/f/contact": "/", "/f/contact/": "/", "/f/contact/token": "/token", "/in/widget": "/", "/in/widget/a/b": "/a/b"} {
		if r := n.send("POST", path, body(person(path))); r.status != 200 || r.header.Get("X-Path") != want {
			t.Errorf("%s: answered %d, path %q", path, r.status, r.header.Get("X-Path"))
		}
	}
	if r := n.send("POST", "/f/contact", strings.Repeat("x", 1<<20+1)); r.status != 413 || r.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("too large a form: %d %v", r.status, r.header)
	}
	made := n.calls.Load()
	if err := n.sources.Set(n.testSources()); err != nil { // the same sources, read again
		t.Fatal(err)
	}
	n.send("POST", "/f/contact", "{}")
	n.send("POST", "/f/contact", "{}")
	if got := n.calls.Load(); made != 2 || got != 3 {
		t.Errorf("%d handlers were made for two sources, %d after a change", made, got)
	}
	n.idle()
}

// Before the sources were read for the first time, nobody can say that one is unknown.
func TestSourcesNotReadYet(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{unset: true})
	for _, path := range []string{"/in/partner", "/f/contact"} {
		r := n.send("POST", path, "{}")
		if r.status != http.StatusServiceUnavailable {
			t.Errorf("%s: answered %d", path, r.status)
		}
		mayAnswer(t, r)
	}
	if r := n.send("GET", "/readyz", ""); r.status != http.StatusServiceUnavailable {
		t.Errorf("readyz answered %d", r.status)
	}
}

// The same key gives the same receipt and one lead, however often and at once.
func TestRedeliveryHasTheSameReceipt(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	ids := make(chan string, 20)
	for range cap(ids) {
		go func() {
			r := n.send("POST", "/in/partner", body(person("same")), "Authorization", bearer, "Idempotency-Key", "same")
			ids <- r.body
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("receipts %s and %s", first, id)
		}
	}
	n.stored(decode[struct{ ID string }](t, reply{body: first}).ID)
	if st := n.stats(); st.Leads.Total != 1 {
		t.Errorf("%d leads", st.Leads.Total)
	}
}
