//go:build !unix

package blob

import "leadgate/lead"

// class tells a full disk from other trouble, where the system says so.
func class(error) error { return lead.ErrUnavailable }
