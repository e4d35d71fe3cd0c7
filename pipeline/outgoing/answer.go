package outgoing

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"leadgate/lead"
)

const tooLong = "answers with more than is taken"

// body is the body of an answer, of which no more is read than may be.
type body struct {
	k    *call
	ctx  context.Context // of the call: whether it ran out of time
	from io.ReadCloser
	left int64
	cut  bool
	stop func() bool
	err  error // what every further Read returns
}

// Read reads. Its errors are io.EOF and *lead.RemoteError.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if b.left == 0 && b.cut {
		return 0, b.finish(io.EOF, answered)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)]) // one more tells whether there is more
	if int64(n) > b.left {
		n, err = int(b.left), io.EOF
		if !b.cut {
			err = b.k.error(tooLong, lead.ErrPermanent, 0)
		}
		b.left = 0
		return n, b.finish(err, answered)
	}
	b.left -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return n, b.finish(io.EOF, answered)
	}
	reason, class, o := explain(b.ctx, err)
	return n, b.finish(b.k.error(reason, class, 0), o)
}

// finish ends the call.
func (b *body) finish(err error, o outcome) error {
	b.err = err
	b.stop()
	b.k.end(o, 0)
	return err
}

// Close ends the call and its connection if there is more to read. It returns nil:
// what was read is what counts.
func (b *body) Close() error {
	if b.err == nil {
		_ = b.finish(&lead.RemoteError{Host: b.k.host, Reason: "was closed", Class: lead.ErrConflict}, lapsed(b.ctx))
	}
	b.k.cancel()
	_ = b.from.Close()
	return nil
}

// lapsed is what a call that was not read to its end says of its target.
func lapsed(ctx context.Context) outcome {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return failed
	case ctx.Err() != nil:
		return undecided
	}
	return answered
}

// explain says in fixed words why there is no answer, what class that is of, and
// what it says of the target. Nothing of the error's own text is used: it may hold
// addresses, headers and more.
func explain(ctx context.Context, err error) (string, error, outcome) {
	if blocked, ok := errors.AsType[*errBlocked](err); ok {
		return blocked.reason, lead.ErrPermanent, undecided
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return "was not waited for", fmt.Errorf("%w: %w", lead.ErrUnavailable, context.Canceled), undecided
	}
	return words(ctx, err), lead.ErrUnavailable, failed
}

func words(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "did not answer in time"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "is not known to the name service"
		}
		return "could not be looked up"
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return "did not answer in time"
	}
	if reason := wordsOfTLS(err); reason != "" {
		return reason
	}
	for _, e := range []struct {
		is     error
		reason string
	}{
		{syscall.ECONNREFUSED, "refuses connections"}, {syscall.EHOSTUNREACH, "cannot be reached"}, {syscall.ENETUNREACH, "cannot be reached"},
		{syscall.ECONNRESET, "broke the connection"}, {syscall.EPIPE, "broke the connection"}, {io.ErrUnexpectedEOF, "broke the connection"}, {io.EOF, "broke the connection"},
	} {
		if errors.Is(err, e.is) {
			return e.reason
		}
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return "does not speak HTTP"
	}
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return "answers with what cannot be read"
	}
	switch text := err.Error(); { // these have no type of their own
	case strings.Contains(text, "headers exceeded"), strings.Contains(text, "header list larger"):
		return "answers with too long a header"
	case strings.Contains(text, "connection lost"):
		return "broke the connection"
	}
	return "could not be called"
}

func wordsOfTLS(err error) string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "has a certificate that is out of date"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "has a certificate for another name"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "has a certificate that is not trusted"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "does not speak TLS"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "does not agree on encryption"
	}
	return ""
}

// follows reports whether an answer sends a question elsewhere that may go there.
func follows(r *http.Request, resp *http.Response) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || resp.Header.Get("Location") == "" {
		return false
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect makes the question that a redirect leads to, or says why it must not be put.
func (c *Client) redirect(r *http.Request, location string) (*http.Request, string) {
	to, err := r.URL.Parse(location)
	if err != nil {
		return nil, "redirects to what is no address"
	}
	if r.URL.Scheme == "https" && to.Scheme != "https" {
		return nil, "redirects to where there is no encryption"
	}
	next := r.Clone(r.Context())
	next.URL, next.Body, next.GetBody, next.ContentLength = to, nil, nil, 0
	if label(to) != label(r.URL) || to.Scheme != r.URL.Scheme {
		// Any header may be a credential, whatever its name.
		next.Header = http.Header{}
		for _, name := range []string{"Accept", "Accept-Language", "Range"} {
			if v := r.Header.Values(name); len(v) > 0 {
				next.Header[name] = v
			}
		}
	}
	return next, ""
}

// label is a target's name: its host, with a port that is not the usual one, the same
// however they are written. What is no host's name is not repeated.
func label(u *url.URL) string {
	host := hostName(u.Hostname())
	if isAddress(host) {
		if a, err := netip.ParseAddr(host); err == nil {
			host = a.Unmap().String()
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	} else if !isName(host) {
		return "?"
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 443 && u.Scheme == "https" || port == 80 && u.Scheme == "http" {
		return host
	}
	return host + ":" + strconv.FormatUint(port, 10)
}

func isAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == ""
}

// retryAfter reads how long a server asks to be left alone, in seconds or until a
// date by its own clock.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	const most = 366 * 24 * time.Hour
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		return time.Duration(min(n, uint64(most/time.Second))) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		return most
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(0, at.Sub(now)), most)
}
