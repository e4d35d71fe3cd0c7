package connectors

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
)

// KeptHeaders are the headers that are kept with every delivery. Everything else,
// cookies and credentials above all, is used to verify and then forgotten.
func KeptHeaders() []string {
	return []string{"Content-Type", "Content-Encoding", "User-Agent", "Referer", "Origin", "Accept-Language", "Idempotency-Key",
		"Webhook-Id", "Webhook-Timestamp", "Sec-Fetch-Site", "Sec-Fetch-Mode"}
}

// URLToken is the header in which the server hands the secret part of a callback's
// address to Verify, after it was cut out of the path, so that no log can show it.
const URLToken = "Leadgate-Url-Token"

// Client is who sent a request, as far as the trusted proxies can tell.
type Client struct {
	Addr  netip.Addr
	Named bool // by a trusted proxy, not read off the connection
	Proxy bool // a trusted proxy that named nobody, or a chain of them
}

// Limited reports whether the client can be counted as one visitor. A loopback or
// private peer that no trusted proxy vouches for may stand for everybody, and so
// does a proxy.
func (c Client) Limited() bool {
	return c.Addr.IsValid() && !c.Proxy && (c.Named || !(c.Addr.IsLoopback() || c.Addr.IsPrivate() || c.Addr.IsLinkLocalUnicast()))
}

type clientKey struct{}

// WithClient returns a context that knows the client of a request.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf returns the client of a request.
func ClientOf(r *http.Request) Client {
	c, _ := r.Context().Value(clientKey{}).(Client)
	return c
}

// NewDelivery makes the delivery of a request with all of its headers; Keep cuts
// them down. path is what follows the source in the URL.
func NewDelivery(source string, r *http.Request, path string, body []byte, now time.Time) lead.Delivery {
	d := lead.Delivery{Source: source, At: now.UTC().Truncate(time.Microsecond), Method: r.Method, Path: strings.Trim(path, "/"), Query: r.URL.RawQuery, Body: body}
	if c := ClientOf(r); c.Addr.IsValid() {
		d.Peer = c.Addr.Unmap().String()
	}
	d.Header = make(lead.Header, 0, len(r.Header))
	for name, values := range r.Header {
		for _, v := range values {
			d.Header = append(d.Header, lead.HeaderField{Name: name, Value: v})
		}
	}
	return d
}

// Keep cuts the headers of a verified delivery down to the allow-listed ones, in a fixed order.
func (c *Connector) Keep(d *lead.Delivery) {
	var kept lead.Header
	for _, name := range append(KeptHeaders(), c.Headers...) {
		kept = append(kept, d.Header.Keep(name)...)
	}
	d.Header = kept
}

// Errors of ReadBody and Plain. None of them holds a word of the network, which
// names addresses, and every face answers each of them alike.
var (
	// ErrTooLarge: the body passes the limit; the sender hears 413.
	ErrTooLarge = errors.New("body too large")
	// ErrEncoding: a content encoding we do not take; the sender hears 415.
	ErrEncoding = errors.New("content encoding not supported")
	// ErrMediaType: a media type the source does not read; the sender hears 415.
	ErrMediaType = errors.New("media type not supported")
	// ErrCut: the connection ended before the body did; who still listens hears 400.
	ErrCut = errors.New("body cut short")
	// ErrSlow: the body took too long; the sender hears 408.
	ErrSlow = errors.New("body too slow")
)

// contentEncoding is how a body was packed on its way.
type contentEncoding uint8

const (
	packedUnknown contentEncoding = iota
	packedNot
	packedGzip
)

// encodingOf reads a Content-Encoding, which is written in any case (RFC 9110
// §8.4.1); x-gzip is the old name of gzip.
func encodingOf(header string) contentEncoding {
	switch header {
	case "":
		return packedNot
	case "gzip":
		return packedGzip
	}
	switch strings.ToLower(strings.TrimSpace(header)) {
	case "", "identity":
		return packedNot
	case "gzip", "x-gzip":
		return packedGzip
	}
	return packedUnknown
}

// Packed reports whether the delivery's body came compressed, so that opening it
// takes more room than its sender used.
func Packed(d *lead.Delivery) bool { return encodingOf(d.Header.Get("Content-Encoding")) == packedGzip }

// ReadBody reads a whole request body of at most limit bytes. The bytes are
// returned as they came, still compressed if they were; Plain opens them. Its
// errors are those above, and lead.ErrFull where there is no room for the body now.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, ErrTooLarge
	}
	if encodingOf(r.Header.Get("Content-Encoding")) == packedUnknown {
		return nil, ErrEncoding
	}
	var body []byte
	var err error
	src := http.MaxBytesReader(w, r.Body, limit)
	if n := r.ContentLength; n >= 0 && n <= 1<<20 {
		body = make([]byte, n)
		_, err = io.ReadFull(src, body)
	} else {
		body, err = io.ReadAll(src)
	}
	if err != nil {
		return nil, brokenBody(err)
	}
	return body, nil
}

// brokenBody tells what stopped a body on its way.
func brokenBody(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrTooLarge
	case errors.Is(err, lead.ErrFull):
		return fmt.Errorf("reading body: %w: too many bytes at once", lead.ErrFull)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSlow
	}
	return ErrCut
}

// Plain returns the delivery's body, decompressed if it came compressed. What
// would grow past limit is refused with ErrTooLarge, as if it had come plain.
func Plain(d *lead.Delivery, limit int64) ([]byte, error) {
	switch encodingOf(d.Header.Get("Content-Encoding")) {
	case packedNot:
		return d.Body, nil
	case packedUnknown:
		return nil, fmt.Errorf("opening body: %w: %w", lead.ErrInvalid, ErrEncoding)
	}
	z, err := gzip.NewReader(bytes.NewReader(d.Body))
	if err != nil {
		return nil, fmt.Errorf("opening gzip: %w: %w", lead.ErrInvalid, err)
	}
	body, err := io.ReadAll(io.LimitReader(z, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("opening gzip: %w: %w", lead.ErrInvalid, err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("opening gzip: %w: %w", lead.ErrInvalid, ErrTooLarge)
	}
	return slices.Clip(body), nil
}
