package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"leadgate/lead"
)

// Key is the installation's secret: 32 random bytes. It prints as its id.
type Key [32]byte

// NewKey makes a key.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return k, fmt.Errorf("making key: %w", err)
	}
	return k, nil
}

// Hex is the key as it is written down.
func (k Key) Hex() string { return hex.EncodeToString(k[:]) }

// ID names the key.
func (k Key) ID() ID { return ID(derive(k, "leadgate key id", idSize)) }

// String hides the key.
func (k Key) String() string { return "key " + k.ID().String() }

// GoString hides the key too.
func (k Key) GoString() string { return k.String() }

// MarshalText hides the key from JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Ring is a list of keys: the first seals, all of them open. It does not change.
type Ring struct{ keys []ringKey }

type ringKey struct {
	key   Key
	id    ID
	seals []byte // derived: what AES-GCM works with
}

// ringMost bounds how many keys are held: opening goes by the id, and nobody needs more.
const ringMost = 16

// NewRing makes a ring. A key that is there twice counts once.
func NewRing(keys ...Key) (*Ring, error) {
	r := &Ring{}
	for _, k := range keys {
		if id := k.ID(); r.find(id) == nil {
			r.keys = append(r.keys, ringKey{key: k, id: id, seals: derive(k, "leadgate seal 1", 32)})
		}
	}
	switch {
	case len(r.keys) == 0:
		return nil, fmt.Errorf("making key ring: %w: %w", lead.ErrInvalid, errNoKey)
	case len(r.keys) > ringMost:
		return nil, fmt.Errorf("making key ring: %w: more than %d keys", lead.ErrInvalid, ringMost)
	}
	return r, nil
}

// ParseRing reads keys of 64 hex digits each, a line each, or separated by spaces or
// commas. What follows a # on a line is a remark. The error repeats nothing of the text.
func ParseRing(text string) (*Ring, error) {
	var keys []Key
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) }) {
			body, err := hex.DecodeString(word)
			if err != nil || len(body) != len(Key{}) {
				return nil, fmt.Errorf("reading keys: %w: a key is 64 hex digits", lead.ErrInvalid)
			}
			keys = append(keys, Key(body))
		}
	}
	return NewRing(keys...)
}

// Text writes the ring as ParseRing reads it, a line a key.
func (r *Ring) Text() string {
	var b strings.Builder
	for i := range r.keys {
		b.WriteString(r.keys[i].key.Hex() + "\n")
	}
	return b.String()
}

// First names the key that seals.
func (r *Ring) First() ID { return r.keys[0].id }

// IDs names all keys, the one that seals first.
func (r *Ring) IDs() []ID {
	out := make([]ID, len(r.keys))
	for i := range r.keys {
		out[i] = r.keys[i].id
	}
	return out
}

// Has reports whether what a key sealed can be opened.
func (r *Ring) Has(id ID) bool { return r.find(id) != nil }

// Led returns the ring with one of its keys in front, or the ring as it is when it
// does not hold the key.
func (r *Ring) Led(id ID) *Ring {
	i := slices.IndexFunc(r.keys, func(k ringKey) bool { return k.id == id })
	if i <= 0 {
		return r
	}
	return &Ring{keys: append([]ringKey{r.keys[i]}, slices.Delete(slices.Clone(r.keys), i, i+1)...)}
}

// With returns the ring with a further key in front.
func (r *Ring) With(k Key) (*Ring, error) {
	keys := []Key{k}
	for i := range r.keys {
		keys = append(keys, r.keys[i].key)
	}
	return NewRing(keys...)
}

// Only returns the ring with nothing but its first key.
func (r *Ring) Only() *Ring { return &Ring{keys: r.keys[:1:1]} }

// Equal reports whether both hold the same keys in the same order.
func (r *Ring) Equal(o *Ring) bool {
	return slices.EqualFunc(r.keys, o.keys, func(a, b ringKey) bool { return bytes.Equal(a.key[:], b.key[:]) })
}

// Derive returns 32 bytes for a purpose, from every key, in the order of the ring: the
// first is what is made with, the others are what was made before a rotation.
func (r *Ring) Derive(purpose string) [][]byte {
	out := make([][]byte, len(r.keys))
	for i := range r.keys {
		out[i] = derive(r.keys[i].key, purpose, 32)
	}
	return out
}

// String hides the keys.
func (r *Ring) String() string {
	return fmt.Sprintf("ring of %d, sealing with %s", len(r.keys), r.First())
}

// GoString hides the keys too.
func (r *Ring) GoString() string { return r.String() }

func (r *Ring) find(id ID) *ringKey {
	for i := range r.keys {
		if r.keys[i].id == id {
			return &r.keys[i]
		}
	}
	return nil
}

// derive is HKDF-SHA256 without salt: keys are random already.
func derive(k Key, purpose string, size int) []byte {
	out, err := hkdf.Key(sha256.New, k[:], nil, purpose, size)
	if err != nil { // only for a length no hash can give
		sum := sha256.Sum256(append([]byte(purpose+"\x00"), k[:]...))
		return sum[:size]
	}
	return out
}
