package store

import (
	"fmt"

	"leadgate/lead"
)

// SchemaError says that a store which was only to be looked at is not of this
// leadgate's schema yet: it is empty, or an earlier leadgate made it. It wraps
// lead.ErrConflict. One that a newer leadgate made is another matter, and nobody opens it.
type SchemaError struct {
	Has   int64 // 0 for a store in which nothing is yet
	Knows int64 // the newest of this leadgate
}

// Error implements error.
func (e *SchemaError) Error() string {
	if e.Has == 0 {
		return "the store is empty"
	}
	return fmt.Sprintf("the store has schema %d, and this leadgate works with %d", e.Has, e.Knows)
}

// Unwrap gives the error its class.
func (e *SchemaError) Unwrap() error { return lead.ErrConflict }
