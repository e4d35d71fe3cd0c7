//go:build unix

package blob

import (
	"errors"
	"syscall"

	"leadgate/lead"
)

// class tells a full disk from other trouble.
func class(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return lead.ErrFull
	}
	return lead.ErrUnavailable
}
