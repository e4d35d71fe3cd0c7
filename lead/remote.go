package lead

import (
	"fmt"
	"time"
)

// RemoteError says that somebody else's server did not do what it was asked. Its
// text names the host and a reason in fixed words, and nothing else: no path, query,
// header or body of the question or of the answer.
type RemoteError struct {
	Host   string        // with its port, unless that is the usual one
	Status int           // of the answer; 0 without one
	Reason string        // in fixed words
	Class  error         // ErrUnavailable when it may pass, ErrPermanent when it will not
	After  time.Duration // how long to leave the server alone; 0 when it did not say
	Sent   bool          // whether the question may have reached it: to ask again may do it twice
	Answer []byte        `json:"-"` // the beginning of what it answered; may hold anything, and is for programs only
}

// Error tells class, host and reason.
func (e *RemoteError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%v: %s: %s %d", e.Class, e.Host, e.Reason, e.Status)
	}
	return fmt.Sprintf("%v: %s: %s", e.Class, e.Host, e.Reason)
}

// Unwrap makes errors.Is find the class.
func (e *RemoteError) Unwrap() error { return e.Class }

// Gone reports whether the server says that what was asked for is there no more, and
// that nobody should ask again.
func (e *RemoteError) Gone() bool { return e.Status == 410 }
