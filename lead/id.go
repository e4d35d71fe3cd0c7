package lead

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// ID names a delivery, an inquiry or a lead. Its text form is that of RFC 9562.
type ID [16]byte

// NewID returns a UUIDv7: unique, and sorted by the time it was made.
func NewID() ID {
	id, err := uuid.NewV7()
	if err != nil { // only when the system has no randomness left to read
		return ID(uuid.New())
	}
	return ID(id)
}

// DeriveID returns the UUIDv5 of a scope and a key: the same pair gives the same
// id on every node and for ever, which is what makes a redelivery harmless.
// The length of the scope is part of the hashed name, so that no two pairs share it.
func DeriveID(scope, key string) ID {
	name := make([]byte, 0, len(scope)+len(key)+8)
	name = strconv.AppendInt(name, int64(len(scope)), 10)
	name = append(name, ':')
	name = append(name, scope...)
	name = append(name, key...)
	return ID(uuid.NewSHA1(idSpace, name))
}

// idSpace is the UUIDv5 name space of leadgate. It never changes.
var idSpace = uuid.UUID{0x6c, 0x65, 0x61, 0x64, 0x67, 0x61, 0x74, 0x65, 0x8d, 0x1c, 0x4f, 0x0a, 0x9b, 0x3e, 0x52, 0x71}

// ParseID reads the text form of an id.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return ID{}, fmt.Errorf("%w: an id has 36 characters", ErrInvalid)
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return ID{}, fmt.Errorf("%w: not an id", ErrInvalid)
	}
	return ID(id), nil
}

// IsZero reports whether the id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the 36-character form, or "" for the zero id.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// MarshalText makes ids appear as text in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	v, err := ParseID(string(b))
	*id = v
	return err
}
