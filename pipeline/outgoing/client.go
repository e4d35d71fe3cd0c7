package outgoing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"leadgate/lead"
)

// Policy says what calls of one kind may do.
type Policy struct {
	Redirects int           // that a GET or HEAD follows; others follow none
	Answer    int64         // bytes of an answer, as it comes out of compression
	Cut       bool          // a longer answer ends there; else it is an error
	Timeout   time.Duration // of the whole call, until the answer is read
	Plain     bool          // http:// too, and not only https://
}

// Media is the policy of a Client, for providers' APIs and for files: 3 redirects,
// 25 MB and 10 s.
func Media() Policy { return Policy{Redirects: 3, Answer: 25 << 20, Timeout: 10 * time.Second} }

// Webhook is the policy for telling somebody something: no redirects, 10 s, and of
// the answer only the first 4 KB.
func Webhook() Policy { return Policy{Answer: 4 << 10, Cut: true, Timeout: 10 * time.Second} }

// Options are what a client is made of. The zero value is safe.
type Options struct {
	Allow     []Allowed        // what is open beside the public net
	UserAgent string           // "" for leadgate
	PerTarget int              // calls to one target at once, from this node; 0 for 8
	Rate      float64          // calls to one target a second, on average; 0 for 50
	Roots     *x509.CertPool   // whose certificates are trusted; nil for the system's
	Resolver  *net.Resolver    // nil for the system's
	Now       func() time.Time // nil for the system's
}

// Client calls other people's servers. It is safe for concurrent use. Make it with
// New: one for the whole node, so that its limits are the node's.
type Client struct {
	shared *shared
	policy Policy
}

// shared is what the clients of all policies have together.
type shared struct {
	guard     *guard
	targets   *targets
	transport *http.Transport
	agent     string
	now       func() time.Time
}

const headerMost = 64 << 10 // bytes of an answer's header

// New makes a client with the policy Media.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "leadgate"
	}
	if o.PerTarget <= 0 {
		o.PerTarget = 8
	}
	if o.Rate <= 0 {
		o.Rate = 50
	}
	s := &shared{guard: newGuard(o.Allow), agent: o.UserAgent, now: o.Now}
	s.targets = &targets{now: o.Now, slots: o.PerTarget, every: time.Duration(float64(time.Second) / o.Rate), burst: max(1, int(o.Rate)), all: map[string]*target{}}
	s.transport = &http.Transport{
		DialContext:            newDialer(s.guard, o.Resolver).dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    4,
		MaxConnsPerHost:        o.PerTarget,
		IdleConnTimeout:        time.Minute,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: headerMost,
		// A connection that died without a word would take every call until the kernel
		// gives it up, in a quarter of an hour. This finds out within one call's time.
		HTTP2: &http.HTTP2Config{SendPingTimeout: connectTimeout, PingTimeout: connectTimeout * 4 / 5},
	}
	return &Client{shared: s, policy: Media()}
}

// With returns a client of another policy that has targets, limits and connections in
// common with this one.
func (c *Client) With(p Policy) *Client { return &Client{shared: c.shared, policy: p} }

// Close closes connections that are idle.
func (c *Client) Close() { c.shared.transport.CloseIdleConnections() }

// Do asks, and returns an answer with a status of 2xx; the caller closes its body.
// Every other outcome is a *lead.RemoteError. The time of the whole call, reading the
// body included, is that of the policy, or of the request's context if that is shorter.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), c.policy.Timeout)
	r = r.Clone(ctx)
	r.Host = ""
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Del("Accept-Encoding") // the transport's own, so that what it opens counts
	r.Header.Del("Referer")
	for hop := 0; ; hop++ {
		k := &call{c: c, cancel: cancel, host: label(r.URL)}
		resp, next, err := k.ask(r)
		switch {
		case err != nil:
			cancel()
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return nil, err
		case next == nil:
			return resp, nil
		}
		if hop >= c.policy.Redirects {
			cancel()
			return nil, k.error("redirects too often", lead.ErrUnavailable, resp.StatusCode)
		}
		r = next
	}
}

// call is one question to one target, and the reading of its answer.
type call struct {
	c      *Client
	cancel context.CancelFunc
	host   string
	sent   atomic.Bool
	leave  func(outcome, time.Duration) time.Duration
	once   sync.Once
	rest   time.Duration // for which the target is left alone, once the call has ended
}

// end gives the target's place back, once.
func (k *call) end(o outcome, after time.Duration) time.Duration {
	k.once.Do(func() { k.rest = k.leave(o, after) })
	return k.rest
}

func (k *call) error(reason string, class error, status int) *lead.RemoteError {
	return &lead.RemoteError{Host: k.host, Reason: reason, Class: class, Status: status, Sent: k.sent.Load()}
}

// ask puts a question and returns the answer, or the question that a redirect leads to.
func (k *call) ask(r *http.Request) (*http.Response, *http.Request, error) {
	if reason := k.c.unfit(r.URL); reason != "" {
		return nil, nil, k.error(reason, lead.ErrPermanent, 0)
	}
	leave, no := k.c.shared.targets.enter(r.Context(), k.host)
	if no != nil {
		err := k.error(no.reason, lead.ErrUnavailable, 0)
		if errors.Is(r.Context().Err(), context.Canceled) {
			err.Reason, err.Class, _ = explain(r.Context(), context.Canceled)
		}
		err.After = no.after
		return nil, nil, err
	}
	k.leave = leave
	r.Header.Set("User-Agent", k.c.shared.agent)
	traced := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { k.sent.Store(true) }})
	resp, err := k.c.shared.transport.RoundTrip(r.WithContext(traced))
	if err != nil {
		return nil, nil, k.broken(r.Context(), err)
	}
	resp.Request = nil                                    // it names what was asked
	if resp.StatusCode == http.StatusSwitchingProtocols { // the body is the connection, which no context ends any more
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return k.good(r, resp)
	case follows(r, resp) && k.c.policy.Redirects > 0:
		next, reason := k.c.redirect(r, resp.Header.Get("Location"))
		_ = resp.Body.Close()
		k.end(answered, 0)
		if reason != "" {
			return nil, nil, k.error(reason, lead.ErrPermanent, resp.StatusCode)
		}
		return resp, next, nil
	}
	return nil, nil, k.refused(r.Context(), resp)
}

// good hands out an answer whose body keeps to the limits.
func (k *call) good(r *http.Request, resp *http.Response) (*http.Response, *http.Request, error) {
	limit := k.c.policy.Answer
	if !k.c.policy.Cut && resp.ContentLength > limit && r.Method != http.MethodHead {
		_ = resp.Body.Close()
		k.end(answered, 0)
		return nil, nil, k.error(tooLong, lead.ErrPermanent, 0)
	}
	b := &body{k: k, ctx: r.Context(), from: resp.Body, left: limit, cut: k.c.policy.Cut}
	// Whoever forgets to close it holds the place until the time is over.
	b.stop = context.AfterFunc(r.Context(), func() { k.end(lapsed(r.Context()), 0) })
	resp.Body = b
	return resp, nil, nil
}

// refused is the error of an answer that is no 2xx.
func (k *call) refused(ctx context.Context, resp *http.Response) error {
	reason, class, o := "answers", lead.ErrPermanent, answered
	switch code := resp.StatusCode; {
	case code >= 500, code == http.StatusTooManyRequests:
		class, o = lead.ErrUnavailable, failed
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code < 400:
		class = lead.ErrUnavailable
	}
	err := k.error(reason, class, resp.StatusCode)
	if errors.Is(class, lead.ErrUnavailable) {
		err.After = retryAfter(resp.Header, k.c.shared.now())
		if resp.StatusCode == http.StatusTooManyRequests {
			err.After = max(err.After, openShortest)
		}
	}
	head, readErr := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	err.Answer = head
	_ = resp.Body.Close()
	if readErr != nil && o == answered {
		o = lapsed(ctx)
	}
	err.After = max(err.After, k.end(o, err.After))
	return err
}

// broken is the error of a question that got no answer.
func (k *call) broken(ctx context.Context, err error) error {
	reason, class, o := explain(ctx, err)
	out := k.error(reason, class, 0)
	out.After = k.end(o, 0)
	return out
}

// unfit says why an address is never called.
func (c *Client) unfit(u *url.URL) string {
	host := hostName(u.Hostname())
	port := uint64(80)
	switch u.Scheme {
	case "https":
		port = 443
	case "http":
		if !c.policy.Plain {
			return "is to be called without encryption"
		}
	default:
		return "is to be called by neither http nor https"
	}
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return "has a port that is none"
		}
		port = n
	}
	switch {
	case u.Opaque != "" || host == "":
		return "has no host"
	case u.User != nil:
		return "has a name or password in its address"
	case !isAddress(host) && !isName(host):
		return "has a host that is no name"
	case !c.shared.guard.mayPort(uint16(port)):
		return "has a port that is not allowed"
	}
	return ""
}
