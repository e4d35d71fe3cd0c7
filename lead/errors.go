package lead

import "errors"

// The classes of errors. Whoever makes an error wraps one of them with %w, and
// whoever handles it asks with errors.Is, never by text.
var (
	// ErrInvalid: the sender's fault; the same input fails the same way for ever.
	ErrInvalid = errors.New("invalid")
	// ErrPermanent: our data or code cannot take this item; retrying is useless, parking is right.
	ErrPermanent = errors.New("permanent")
	// ErrUnavailable: something we depend on does not answer now; waiting and retrying is right.
	ErrUnavailable = errors.New("unavailable")
	// ErrNotFound: there is no such thing, or it is not yours to see.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the thing is not in the state the request assumes.
	ErrConflict = errors.New("conflict")
	// ErrFull: a limit of ours is reached (disk, quota, requests in flight); nothing was kept.
	ErrFull = errors.New("full")
)

// IsPermanent reports whether retrying the same work can never succeed.
func IsPermanent(err error) bool {
	return errors.Is(err, ErrPermanent) || errors.Is(err, ErrInvalid)
}
