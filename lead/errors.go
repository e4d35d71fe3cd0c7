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

// Refusal is an error whose text its causer may read: it names what was asked for
// and what is wrong with it, and repeats neither people's data nor anything of the
// inside. The text of every other error stays in the log.
type Refusal struct {
	Class error  // one of the classes above
	Field string // of what was sent; "" when it is about all of it
	Text  string
}

// Error tells the class, the field and the text.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Class.Error() + ": " + r.Text
	}
	return r.Class.Error() + ": " + r.Field + " " + r.Text
}

// Unwrap makes errors.Is find the class.
func (r *Refusal) Unwrap() error { return r.Class }
