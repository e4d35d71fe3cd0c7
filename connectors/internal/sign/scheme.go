package sign

import (
	"time"

	"leadgate/connectors"
)

// Algorithm says how a proof is made.
type Algorithm string

// The algorithms. Those of tokens compare a secret; the others cover the message.
const (
	SHA1   Algorithm = "sha1"   // HMAC
	SHA256 Algorithm = "sha256" // HMAC
	SHA512 Algorithm = "sha512" // HMAC
	Equal  Algorithm = "equal"  // the proof is the secret
	Basic  Algorithm = "basic"  // RFC 7617, with Scheme.User
	JWS    Algorithm = "jws"    // RFC 7515 compact form, HS256 only, whose claim sha256 names the body
)

// Where a proof can stand.
const (
	InHeader = "header"
	InQuery  = "query" // a parameter of the URL
	InBody   = "body"  // a top-level member or form field
)

// Scheme is one way to prove a delivery. The zero value of a field takes the
// first of its choices.
type Scheme struct {
	Name      string
	In        string // header, query, body
	Field     string // the header, parameter or member that holds the proof
	Prefix    string // stands before the proof; a list's items with other prefixes are ignored
	Separator string // between several proofs, any of which may be right
	Algorithm Algorithm
	Encoding  string // hex or base64 of a MAC
	Key       string // raw, or base64: the secret is "whsec_" and the key in base64
	Message   string // what is signed, of {id}, {ts}, {body}, {method}, {url}; "" means {body}
	ID        string // header of {id}
	Time      string // header of {ts}
	TimeItem  string // prefix of the item of the proof's list that is {ts}
	Unit      time.Duration
	Tolerance time.Duration // how far {ts} may be from now; 0 means 5 minutes
	User      string        // of basic
	Issuer    string        // the claim iss of a JWS, "" for any
	Optional  string        // stands before the proof with some senders of the scheme, with others not
}

// Covers tells what the proof of a scheme protects.
func (s Scheme) Covers() connectors.Proof {
	if s.Algorithm == Equal || s.Algorithm == Basic {
		return connectors.ProofToken
	}
	return connectors.ProofBody
}

// Row returns the scheme of a name; ok is false when there is none.
//
// The general ones are hmac, bearer, basic, url, body, query, standard-webhooks
// and jws; the rest are senders, each as its developer pages describe it.
func Row(name string) (s Scheme, ok bool) {
	for i := range table {
		if table[i].Name == name {
			return table[i], true
		}
	}
	return Scheme{}, false
}

// table holds every scheme; it is never written.
var table = [...]Scheme{
	{Name: "hmac", Field: "X-Signature", Algorithm: SHA256},
	{Name: "bearer", Field: "Authorization", Prefix: "Bearer ", Algorithm: Equal},
	{Name: "basic", Field: "Authorization", Prefix: "Basic ", Algorithm: Basic},
	{Name: "url", Field: connectors.URLToken, Algorithm: Equal},
	{Name: "body", In: InBody, Field: "token", Algorithm: Equal},
	{Name: "query", In: InQuery, Field: "token", Algorithm: Equal},
	{Name: "jws", Field: "X-Webhook-Signature", Algorithm: JWS},
	// https://www.standardwebhooks.com
	{Name: "standard-webhooks", Field: "Webhook-Signature", Prefix: "v1,", Separator: " ", Algorithm: SHA256, Encoding: "base64", Key: "base64", Message: "{id}.{ts}.{body}", ID: "Webhook-Id", Time: "Webhook-Timestamp", Unit: time.Second},

	{Name: "acuity", Field: "X-Acuity-Signature", Algorithm: SHA256, Encoding: "base64"},
	{Name: "calcom", Field: "X-Cal-Signature-256", Algorithm: SHA256},
	{Name: "calendly", Field: "Calendly-Webhook-Signature", Prefix: "v1=", Separator: ",", Algorithm: SHA256, Message: "{ts}.{body}", TimeItem: "t=", Unit: time.Second},
	{Name: "formstack", Field: "X-FS-Signature", Prefix: "sha256=", Algorithm: SHA256},
	{Name: "hubspot-v3", Field: "X-HubSpot-Signature-v3", Algorithm: SHA256, Encoding: "base64", Message: "{method}{url}{body}{ts}", Time: "X-HubSpot-Request-Timestamp", Unit: time.Millisecond},
	{Name: "line", Field: "X-Line-Signature", Algorithm: SHA256, Encoding: "base64"},
	// Some accept a MAC of the bare body too. We do not: it is what the answer to a challenge is, which anybody may ask for.
	{Name: "linkedin", Field: "X-LI-Signature", Algorithm: SHA256, Message: "hmacsha256={body}", Optional: "hmacsha256="},
	{Name: "meta", Field: "X-Hub-Signature-256", Prefix: "sha256=", Algorithm: SHA256},
	{Name: "meta-sha1", Field: "X-Hub-Signature", Prefix: "sha1=", Algorithm: SHA1},
	{Name: "netlify", Field: "X-Webhook-Signature", Algorithm: JWS, Issuer: "netlify"},
	{Name: "slack", Field: "X-Slack-Signature", Prefix: "v0=", Algorithm: SHA256, Message: "v0:{ts}:{body}", Time: "X-Slack-Request-Timestamp", Unit: time.Second},
	{Name: "tally", Field: "Tally-Signature", Algorithm: SHA256, Encoding: "base64"},
	{Name: "typeform", Field: "Typeform-Signature", Prefix: "sha256=", Algorithm: SHA256, Encoding: "base64"},
	{Name: "viber", Field: "X-Viber-Content-Signature", Algorithm: SHA256},
	{Name: "webflow", Field: "X-Webflow-Signature", Algorithm: SHA256, Message: "{ts}:{body}", Time: "X-Webflow-Timestamp", Unit: time.Millisecond},
	{Name: "x", Field: "X-Twitter-Webhooks-Signature", Prefix: "sha256=", Algorithm: SHA256, Encoding: "base64"},
}
