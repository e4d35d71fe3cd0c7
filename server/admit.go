package server

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// Limits of what is being taken at once; beyond them senders hear 503.
const (
	maxFlight      = 8192
	maxFlightBytes = 64 << 20
	largeBody      = 256 << 10
	slowestUpload  = 32 << 10 // bytes a second that a large body may take its time with
	bodyPatience   = 15 * time.Second
	answerPatience = 60 * time.Second
)

// admit bounds what is under way at once, and gives a large body the time it
// needs. It answers the request itself when it returns false.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, limit int64) (*admission, bool) {
	size := r.ContentLength
	if size > limit {
		s.refuse(w, r, connectors.ErrTooLarge)
		return nil, false
	}
	if s.flight.Add(1) > maxFlight || s.bytes.Load() > maxFlightBytes {
		s.flight.Add(-1)
		busy(w, "too many requests at once")
		return nil, false
	}
	if size < 0 {
		size = min(limit, 1<<20)
	}
	if size > largeBody {
		r.ContentLength = -1 // memory is for bytes that came, not for those announced
		deadline := time.Now().Add(bodyPatience + time.Duration(size/slowestUpload)*time.Second)
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(deadline) // a recorder in a test has none
		_ = c.SetWriteDeadline(deadline.Add(answerPatience))
	}
	a := &admission{ReadCloser: r.Body, flight: &s.flight, bytes: &s.bytes}
	r.Body = a
	return a, true
}

// admission is the body of a request that is being taken. It counts the bytes that
// came, so that a slow sender takes no more room than it fills.
type admission struct {
	io.ReadCloser
	flight, bytes *atomic.Int64 // sums over all admissions
	size          int64
}

// Read fails with lead.ErrFull when all bodies together hold too much.
func (a *admission) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.size += int64(n)
	if a.bytes.Add(int64(n)) > maxFlightBytes {
		return n, fmt.Errorf("reading body: %w", lead.ErrFull)
	}
	return n, err
}

// done ends the admission.
func (a *admission) done() {
	a.flight.Add(-1)
	a.bytes.Add(-a.size)
}
