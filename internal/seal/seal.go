// Package seal keeps secrets so that whoever reads a disk or a database without the
// key learns nothing but their length, and cannot put one in another's place.
//
// A value is sealed with AES-256-GCM under a random nonce. It carries the version of
// its form and the id of its key, and is bound to the place it stands in: moved to
// another row, or changed in a bit, it does not open. Keys are kept in a [Ring], so
// that they can be rotated: the first seals, all of them open.
//
// Guarantees: no error holds a key or a plain text; reading what is damaged or forged
// never panics; a key itself encrypts nothing, only what HKDF derives from it does.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"leadgate/lead"
)

// The form of a sealed value: version, id of the key, nonce, and what GCM makes of
// the plain text, its tag at the end.
const (
	version   = 1
	idSize    = 8
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + idSize + nonceSize

	// Overhead is by how many bytes a sealed value is longer than its plain text.
	Overhead = headSize + tagSize
)

// Errors of opening. Both wrap lead.ErrPermanent: waiting does not help.
var (
	// ErrKey: the value is sealed with a key that is not in the ring.
	ErrKey = fmt.Errorf("%w: sealed with a key that is not in the ring", lead.ErrPermanent)
	// ErrDamaged: the value is cut, changed, in a form of another version, or belongs
	// to another place.
	ErrDamaged = fmt.Errorf("%w: the sealed value is damaged or belongs elsewhere", lead.ErrPermanent)
)

// ID names a key. It follows from the key and tells nothing of it.
type ID [idSize]byte

// String is the id in hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText is the id in hex, in JSON too.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Place names where a sealed value stands: a table, a row, and what else it takes to
// point at it. No two lists of names give the same place.
func Place(names ...string) []byte {
	var out []byte
	for _, n := range names {
		out = binary.AppendUvarint(out, uint64(len(n)))
		out = append(out, n...)
	}
	return out
}

// Seal seals a plain text for a place, with the first key of the ring.
func (r *Ring) Seal(place, plain []byte) ([]byte, error) {
	k := &r.keys[0]
	gcm, err := k.gcm()
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	out := make([]byte, headSize, headSize+len(plain)+tagSize)
	out[0] = version
	copy(out[1:], k.id[:])
	nonce := out[1+idSize : headSize]
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return gcm.Seal(out, nonce, plain, bound(out[:1+idSize], place)), nil
}

// Open returns the plain text of what was sealed for a place. It fails with ErrKey
// or ErrDamaged.
func (r *Ring) Open(place, sealed []byte) ([]byte, error) {
	id, err := KeyOf(sealed)
	if err != nil {
		return nil, fmt.Errorf("opening sealed value: %w", err)
	}
	k := r.find(id)
	if k == nil {
		return nil, fmt.Errorf("opening sealed value: %w (%s)", ErrKey, id)
	}
	gcm, err := k.gcm()
	if err != nil {
		return nil, fmt.Errorf("opening sealed value: %w", err)
	}
	plain, err := gcm.Open(nil, sealed[1+idSize:headSize], sealed[headSize:], bound(sealed[:1+idSize], place))
	if err != nil { // what it says is the same for every fault
		return nil, fmt.Errorf("opening sealed value: %w", ErrDamaged)
	}
	return plain, nil
}

// KeyOf returns the id of the key a value is sealed with. It does not prove that the
// value opens.
func KeyOf(sealed []byte) (ID, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return ID{}, ErrDamaged
	}
	return ID(sealed[1 : 1+idSize]), nil
}

// bound is what a value is bound to: the form and key it names, and its place.
func bound(head, place []byte) []byte {
	return append(append(make([]byte, 0, len(head)+len(place)), head...), place...)
}

func (k *ringKey) gcm() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.seals)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// errNoKey refuses a ring that could seal nothing.
var errNoKey = errors.New("there is no key")
