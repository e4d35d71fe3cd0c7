package form

import (
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"leadgate/lead"
)

// What stops a body on its way is told by what it was: our lack of room is never
// the sender's fault, and the network's own words stay here.
func TestBrokenBody(t *testing.T) {
	t.Parallel()
	network := &net.OpError{Op: "read", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, Err: syscall.ECONNRESET}
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{fmt.Errorf("reading body: %w", lead.ErrFull), 503, "unavailable"},
		{fmt.Errorf("%w: %w", network, os.ErrDeadlineExceeded), 408, "too_slow"},
		{network, 400, "incomplete"},
	} {
		d := setup(t, nil)
		r := httptest.NewRequest("POST", "/", iotest.ErrReader(tc.err))
		r.Header.Set("Content-Type", urlencoded)
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), `"`+tc.code+`"`) || strings.Contains(w.Body.String(), "127.0.0.1") {
			t.Errorf("%v: answered %d %s", tc.err, w.Code, w.Body)
		}
		if _, err := strconv.Atoi(w.Header().Get("Retry-After")); (err == nil) != (tc.status == 503) {
			t.Errorf("%v: Retry-After %q", tc.err, w.Header().Get("Retry-After"))
		}
		if tc.status != 503 && w.Header().Get("Connection") != "close" {
			t.Errorf("%v: the connection stays open", tc.err)
		}
	}
}

// Packed posts are opened a few at a time, and no further than they could have come plain.
func TestPackedPostsWait(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	h := d.handler.(*handler)
	h.opening <- struct{}{}
	h.opening <- struct{}{}
	ended := make(chan int)
	go func() {
		w := d.do("POST", "/", squeeze("name=Ida"), "Content-Type", urlencoded, "Content-Encoding", "GZIP")
		ended <- w.Code
	}()
	select {
	case code := <-ended:
		t.Fatalf("answered %d while others were open", code)
	case <-time.After(20 * time.Millisecond):
	}
	<-h.opening
	if code := <-ended; code != 200 {
		t.Errorf("answered %d", code)
	}
}
