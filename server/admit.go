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
	slowestUpload  = 32 << 10 // bytes a second that a large body must come with
	bodyPatience   = 15 * time.Second
	answerPatience = 60 * time.Second
	idlePatience   = 60 * time.Second
)

// admit bounds what is under way at once, and gives a large body the time it needs
// as long as it comes. It fails with lead.ErrFull when there is no room now and with
// connectors.ErrTooLarge when a body announces more than limit; the admission is
// there in any case and must be ended with done.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, limit int64) (*admission, error) {
	a := &admission{ReadCloser: r.Body, flight: &s.flight, bytes: &s.bytes}
	switch {
	case s.flight.Add(1) > maxFlight || s.bytes.Load() > maxFlightBytes:
		return a, fmt.Errorf("admitting request: %w: too many at once", lead.ErrFull)
	case r.ContentLength > limit:
		return a, connectors.ErrTooLarge
	}
	if r.ContentLength < 0 || r.ContentLength > largeBody {
		r.ContentLength = -1 // memory is for bytes that came, not for those announced
		a.pace = &pace{begun: time.Now(), deadlines: http.NewResponseController(w)}
	}
	r.Body = a
	return a, nil
}

// admission is the body of a request that is being taken. It counts the bytes that
// came, so that a slow sender takes no more room than it fills.
type admission struct {
	io.ReadCloser
	flight, bytes *atomic.Int64 // sums over all admissions
	size          int64
	full          func() // told when there was no room for the body; nil for nobody
	pace          *pace  // nil for a body that has to come within bodyPatience
}

// Read fails with lead.ErrFull when all bodies together hold too much.
func (a *admission) Read(p []byte) (int, error) {
	if a.pace != nil {
		a.pace.expect(a.size, time.Now())
	}
	n, err := a.ReadCloser.Read(p)
	a.size += int64(n)
	if a.bytes.Add(int64(n)) > maxFlightBytes {
		a.refused()
		return n, fmt.Errorf("reading body: %w", lead.ErrFull)
	}
	return n, err
}

// refused tells that there was no room.
func (a *admission) refused() {
	if a.full != nil {
		a.full()
	}
}

// done ends the admission.
func (a *admission) done() {
	a.flight.Add(-1)
	a.bytes.Add(-a.size)
}

// pace moves a connection's deadlines while a large body comes: it must not rest for
// longer than bodyPatience, and from then on bring slowestUpload on the average.
type pace struct {
	begun     time.Time
	deadlines interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
}

// expect sets the deadlines of the next read, after size bytes have come.
func (p *pace) expect(size int64, now time.Time) {
	end := now.Add(bodyPatience)
	if earned := p.begun.Add(bodyPatience + time.Duration(size/slowestUpload)*time.Second); earned.Before(end) {
		end = earned
	}
	_ = p.deadlines.SetReadDeadline(end) // a recorder in a test has none
	_ = p.deadlines.SetWriteDeadline(end.Add(answerPatience))
}
