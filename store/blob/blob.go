// Package blob keeps bodies and files that are too large for a row.
//
// A blob's name is the SHA-256 of its bytes, so keeping the same bytes twice keeps
// them once, a name can never point outside of where blobs lie, and whoever reads
// one knows whether it is whole. It lies under a key: the name, and from the second
// time on how often it had been removed before. A removal that arrives late therefore
// never hits what was put after it.
//
// Three kinds of [Store] exist: [Files], package s3, and the chunks of store/postgres;
// package blobtest holds the suite they pass. [Depot] joins a node's own folder, where
// bodies are durable before anybody hears so, with the store all nodes share, and
// [Collector] removes what nobody names.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"leadgate/lead"
)

// Store is a place where blobs lie under their keys. Its methods may be called from
// any goroutine. Their errors wrap lead.ErrUnavailable when waiting helps,
// lead.ErrFull when somebody must make room, lead.ErrInvalid for what is no key.
type Store interface {
	// Put keeps bytes under a key, in place of what lies there. It returns nil only
	// when they survive whatever the place promises to survive.
	Put(ctx context.Context, key string, data []byte) error
	// Get returns the bytes under a key, checked against its name. What is not there
	// wraps lead.ErrNotFound, what changed lead.ErrPermanent.
	Get(ctx context.Context, key string) ([]byte, error)
	// Delete removes what lies under a key; when nothing does that is no error.
	Delete(ctx context.Context, key string) error
	// List returns up to n keys that follow a text, in the order of their bytes. What
	// is put or removed meanwhile may be among them or not.
	List(ctx context.Context, after string, n int) ([]string, error)
}

// Name returns the name of the blob with these bytes.
func Name(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Valid reports whether a text can be the name of a blob.
func Valid(name string) bool {
	if len(name) != 2*sha256.Size {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ValidKey reports whether a text can be the key of a blob.
func ValidKey(key string) bool {
	name, generation, later := strings.Cut(key, ".")
	if !later {
		return Valid(name)
	}
	n, err := strconv.ParseInt(generation, 10, 32)
	return Valid(name) && err == nil && n > 0 && strconv.FormatInt(n, 10) == generation
}

// NameOf returns the name in a key.
func NameOf(key string) string {
	name, _, _ := strings.Cut(key, ".")
	return name
}

// Check fails with lead.ErrPermanent when bytes are not those a key names.
func Check(key string, data []byte) error {
	if Name(data) != NameOf(key) {
		return fmt.Errorf("%w: its bytes have changed", lead.ErrPermanent)
	}
	return nil
}

// CheckKey fails with lead.ErrInvalid for what is no key.
func CheckKey(key string) error {
	if !ValidKey(key) {
		return fmt.Errorf("%w: not a blob's key", lead.ErrInvalid)
	}
	return nil
}
