package connectors

import (
	"errors"
	"net/http"
	"time"

	"leadgate/lead"
)

// ErrForged means that the proof of a delivery is missing, wrong, stale or cannot
// be checked. The sender hears 401 and nothing about the reason.
var ErrForged = errors.New("not proven")

// Proof says what a connector's proof covers. The laws of connectortest use it:
// a flipped byte of what is covered must fail Verify.
type Proof string

// What a proof can cover.
const (
	ProofBody      Proof = "body"       // a signature over the raw body
	ProofURLParams Proof = "url+params" // a signature over the public URL and the parameters
	ProofToken     Proof = "token"      // a bare secret; the body is not covered
	ProofNone      Proof = "none"       // anyone may post (a public form)
)

// Connector is the code for one kind of source.
type Connector struct {
	Kind   string  // name in the configuration, [a-z0-9-]
	Title  string  // for people
	Doc    string  // one or two sentences: what arrives here and where it is set up
	Fields []Field // the settings, in the order they are shown

	// BodyLimit is the largest body taken, in bytes; larger ones hear 413.
	BodyLimit int64
	// Headers are names of headers to keep with a delivery beside KeptHeaders.
	Headers []string
	// Proof tells what the proof of a source with these settings covers. Nil means ProofNone.
	Proof func(Settings) Proof
	// Check refuses settings that are each valid and make no sense together, wrapping lead.ErrInvalid.
	Check func(Settings) error
	// Scope names where inquiry keys and threads are unique. Nil means the source itself.
	Scope func(Settings) string
	// Origin is the lead origin code of what comes in here.
	Origin string

	// Parse reads a delivery. It is pure: the same delivery and settings give the
	// same result, whatever the time and however often. Items that cannot be read
	// are returned as failures beside the good ones; an error means that nothing
	// could be read, and parks the delivery.
	Parse func(lead.Delivery, Settings) (lead.Parsed, error)

	// The ways in. A connector has at least one.
	Push  *Push
	Serve func(Env) (http.Handler, error) // we host the endpoint
}

// Push is the way in for providers that post to us. All functions but Verify may be nil.
type Push struct {
	// Handshake answers a provider's test of the URL. ok is false when the request is none.
	Handshake func(d *lead.Delivery, s Settings, now time.Time) (a Answer, ok bool)
	// Takes reports whether the media type is one that can be read; what is not hears
	// 415, before any proof. Nil takes all.
	Takes func(d *lead.Delivery, s Settings) bool
	// Verify returns nil only when the delivery is proven to come from the sender.
	// It reads the raw bytes, runs in time independent of where they differ, and
	// fails closed with ErrForged. Its error never holds a secret or an expected value.
	Verify func(d *lead.Delivery, s Settings, now time.Time, publicURL string) error
	// Key returns the sender's name of the delivery, the same for each redelivery, or "".
	// It is cheap: it runs before the delivery is kept.
	Key func(d *lead.Delivery, s Settings) string
	// Check refuses a body that the sender must hear about (422), wrapping lead.ErrInvalid.
	// Named providers leave it nil: what they post is kept and parked.
	Check func(d *lead.Delivery, s Settings) error
	// Answer is what the provider wants to hear for a kept delivery. Nil means 200 and the receipt.
	Answer func(d *lead.Delivery, s Settings) Answer
}

// Answer is a response in full.
type Answer struct {
	Status int
	Type   string // media type
	Body   []byte
}
