package store

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
)

// ErrBlobGone: a blob that a commit names was removed, or is about to be. Whoever
// put it claims and puts it once more, and commits again.
var ErrBlobGone = fmt.Errorf("%w: a blob it names must be put again", lead.ErrUnavailable)

const (
	// BlobRetry is when a doomed blob is handed out again to be removed.
	BlobRetry = time.Minute
	// BlobTombstone is how long it is remembered which keys were given out, after the
	// blob is gone: a removal that was begun before that has ended long ago.
	BlobTombstone = 30 * 24 * time.Hour
	// CountUnread is the newest delivery from before blobs were counted that has not
	// been looked at yet, not a count.
	CountUnread = "blobs.unread"
)

// BlobRef is a blob as engines keep it: a name of 32 bytes and how often it was gone.
type BlobRef struct {
	Name       [32]byte
	Generation int64
}

// ParseBlob reads a name or key. Anything else is lead.ErrInvalid.
func ParseBlob(key string) (BlobRef, error) {
	var b BlobRef
	name, generation, later := strings.Cut(key, ".")
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(b.Name) || strings.ToLower(name) != name {
		return b, fmt.Errorf("%w: not a blob's key", lead.ErrInvalid)
	}
	copy(b.Name[:], raw)
	if !later {
		return b, nil
	}
	if b.Generation, err = strconv.ParseInt(generation, 10, 32); err != nil || b.Generation < 1 || strconv.FormatInt(b.Generation, 10) != generation {
		return b, fmt.Errorf("%w: not a blob's key", lead.ErrInvalid)
	}
	return b, nil
}

// ParseBlobs reads names or keys, sorted and each once: engines lock them in that order.
func ParseBlobs(keys []string) ([]BlobRef, error) {
	out := make([]BlobRef, len(keys))
	for i, k := range keys {
		b, err := ParseBlob(k)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	slices.SortFunc(out, BlobRef.Compare)
	return slices.Compact(out), nil
}

// Compare orders by name, then generation.
func (b BlobRef) Compare(o BlobRef) int {
	if c := slices.Compare(b.Name[:], o.Name[:]); c != 0 {
		return c
	}
	return int(b.Generation - o.Generation)
}

// Key is the text under which the blob lies.
func (b BlobRef) Key() string {
	if b.Generation == 0 {
		return hex.EncodeToString(b.Name[:])
	}
	return hex.EncodeToString(b.Name[:]) + "." + strconv.FormatInt(b.Generation, 10)
}

// The states of a blob's row.
const (
	BlobThere  = 0 // or about to be put
	BlobDoomed = 1 // being removed; nobody may name it
	BlobGone   = 2 // removed; the row says that the key was given out
)

// NamedBlobs returns, by delivery, the keys that a batch comes to name.
func (c *Changes) NamedBlobs() map[lead.ID][]string {
	var out map[lead.ID][]string
	for i := range c.Deliveries {
		if it := c.Deliveries[i].Item; len(it.Blobs) > 0 {
			if out == nil {
				out = map[lead.ID][]string{}
			}
			out[it.Delivery.ID] = append(out[it.Delivery.ID], it.Blobs...)
		}
	}
	return out
}
