package lead

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Delivery is what arrived at a source, untouched: the bytes, and what the edge
// saw around them. It is what the journal keeps and what a replay reads again.
type Delivery struct {
	ID     ID        // the receipt; derived from source and key when there is a key
	Source string    // name of the source
	Key    string    // what the sender calls this delivery; "" when it gives no name
	At     time.Time // when it was taken, UTC, microseconds
	Method string    // of the request; "" when it did not come over HTTP
	Path   string    // what follows the source in the path, without slash at the ends
	Query  string    // raw
	Peer   string    // address of the client, as the trusted proxies tell it
	Header Header    // the allow-listed ones
	Body   []byte    // the raw body, or nil when Blob names it
	Blob   string    // reference of the body in the blob store, for large ones
	Signals
}

// Signals are what only the edge can see and a pure Parse needs to know.
type Signals struct {
	Origin string        `json:"origin,omitzero"` // scheme and host of the page that posted, "" unknown
	Fill   time.Duration `json:"fill,omitzero"`   // from showing the form to sending it; 0 unknown
	Token  TokenState    `json:"token,omitzero"`  // state of the form's render token
	Flood  string        `json:"flood,omitzero"`  // which soft limit was passed, in words; "" none
}

// TokenState is what the edge found out about a form's render token.
type TokenState string

// The states of a render token. The zero value means that none was sent.
const (
	TokenNone    TokenState = ""
	TokenValid   TokenState = "valid"
	TokenExpired TokenState = "expired"
	TokenForged  TokenState = "forged"
)

// HeaderField is one line of a request's header.
type HeaderField struct{ Name, Value string }

// Header is a list of header lines in the order they came.
type Header []HeaderField

// Get returns the first value of a name, compared without case, or "".
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Keep returns the lines whose name is in the list, compared without case.
func (h Header) Keep(names ...string) Header {
	var out Header
	for _, f := range h {
		for _, n := range names {
			if strings.EqualFold(f.Name, n) {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

// PeerPrefix returns the network the peer is counted under in limits: the address
// itself for IPv4, its /64 for IPv6, "" when there is no address.
func (d *Delivery) PeerPrefix() string {
	a, err := netip.ParseAddr(d.Peer)
	if err != nil {
		return ""
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// deliveryFormat is the first byte of an encoded delivery.
const deliveryFormat = 1

// AppendBinary appends the stored form of the delivery to b: a format byte, the
// id, the time, and each part behind its length. It never fails.
func (d *Delivery) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, deliveryFormat)
	b = append(b, d.ID[:]...)
	b = binary.AppendVarint(b, d.At.UnixMicro())
	b = binary.AppendVarint(b, int64(d.Fill))
	for _, s := range [...]string{d.Source, d.Key, d.Method, d.Path, d.Query, d.Peer, d.Blob, d.Origin, string(d.Token), d.Flood} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(d.Header)))
	for _, f := range d.Header {
		b = appendText(b, f.Name)
		b = appendText(b, f.Value)
	}
	return append(b, d.Body...), nil
}

// UnmarshalBinary reads what AppendBinary wrote. The body shares b's memory and
// is clipped, so appending to it does not write into b.
func (d *Delivery) UnmarshalBinary(b []byte) error {
	if len(b) < 17 || b[0] != deliveryFormat {
		return fmt.Errorf("reading delivery: %w: unknown format", ErrPermanent)
	}
	*d = Delivery{}
	copy(d.ID[:], b[1:17])
	r := textReader{b: b[17:]}
	d.At = time.UnixMicro(r.varint()).UTC()
	d.Fill = time.Duration(r.varint())
	for _, p := range [...]*string{&d.Source, &d.Key, &d.Method, &d.Path, &d.Query, &d.Peer, &d.Blob, &d.Origin, (*string)(&d.Token), &d.Flood} {
		*p = r.text()
	}
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		return fmt.Errorf("reading delivery: %w: cut short", ErrPermanent)
	}
	if n > 0 {
		d.Header = make(Header, n)
		for i := range d.Header {
			d.Header[i].Name, d.Header[i].Value = r.text(), r.text()
		}
	}
	if r.bad {
		return fmt.Errorf("reading delivery: %w: cut short", ErrPermanent)
	}
	if len(r.b) > 0 {
		d.Body = r.b[:len(r.b):len(r.b)]
	}
	return nil
}

// PeekBlob returns which blob an encoded delivery names, "" for one that holds its
// body itself, without reading the rest of it.
func PeekBlob(b []byte) (string, error) {
	if len(b) < 17 || b[0] != deliveryFormat {
		return "", fmt.Errorf("reading delivery: %w: unknown format", ErrPermanent)
	}
	r := textReader{b: b[17:]}
	r.varint() // time
	r.varint() // fill
	for range 6 {
		r.skip()
	}
	name := r.text()
	if r.bad {
		return "", fmt.Errorf("reading delivery: %w: cut short", ErrPermanent)
	}
	return name, nil
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// textReader reads length-prefixed parts and remembers whether any was cut.
type textReader struct {
	b   []byte
	bad bool
}

func (r *textReader) varint() int64 {
	v, n := binary.Varint(r.b)
	return v * r.step(n)
}

func (r *textReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	return v * uint64(r.step(n))
}

// step moves past n bytes; it returns 0 when they are not there.
func (r *textReader) step(n int) int64 {
	if n <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return 1
}

func (r *textReader) text() string {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// skip passes over a part.
func (r *textReader) skip() {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return
	}
	r.b = r.b[n:]
}
