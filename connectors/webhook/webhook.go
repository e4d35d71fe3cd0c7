package webhook

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/connectors/internal/sign"
	"leadgate/lead"
)

const (
	bodyLimit = 10 << 20 // bytes of a post with files
	textLimit = 1 << 20  // bytes of any other
	generic   = "generic"
)

// hook is the connector's state: its presets, and the programs compiled so far.
type hook struct {
	presets  map[string]preset
	programs programs
	opening  chan struct{} // bounds how many packed posts are open at once, before they are kept
}

// maxOpening is how many packed posts are opened at once: what they take is not
// known before.
const maxOpening = 4

// New returns the connector. It fails only if a preset file of the build is broken,
// which its tests rule out: a broken one is then left out.
func New() connectors.Connector {
	h := &hook{presets: readPresets(), opening: make(chan struct{}, maxOpening)}
	return connectors.Connector{
		Kind:      "webhook",
		Title:     "Webhook",
		Doc:       "Takes inquiries from any program that can post JSON or a form. Give the sender the address of the source and the secret.",
		Fields:    h.fields(),
		BodyLimit: bodyLimit,
		Origin:    "WEBFORM",
		Proof:     func(s connectors.Settings) connectors.Proof { return h.proof(s) },
		Check:     h.checkSettings,
		Parse:     h.parse,
		Push:      &connectors.Push{Handshake: handshake, Takes: h.takes, Verify: h.verify, Key: h.key, Check: h.check},
	}
}

func (h *hook) fields() []connectors.Field {
	return []connectors.Field{
		{Name: "preset", Type: connectors.Enum, Default: generic, Options: h.presetNames(), Doc: "Who sends. generic reads any JSON or form by the usual names of fields."},
		{Name: "auth", Type: connectors.Enum, Options: []string{"bearer", "basic", "url", "hmac", "jws", "body", "standard-webhooks", "none"}, Doc: "How the sender proves itself. Must be said for generic, even when it is none; a named preset knows its own."},
		{Name: "secret", Type: connectors.Secret, Doc: "The secret shared with the sender."},
		{Name: "secret_previous", Type: connectors.Secret, Doc: "The secret before the present one, taken as well while the sender changes over."},
		{Name: "header", Type: connectors.Text, Doc: "The header that holds the proof, where it is not the usual one."},
		{Name: "prefix", Type: connectors.Text, Doc: "What stands before the proof in the header, such as sha256=."},
		{Name: "algorithm", Type: connectors.Enum, Default: "sha256", Options: []string{"sha1", "sha256", "sha512"}, Doc: "The hash of hmac."},
		{Name: "encoding", Type: connectors.Enum, Default: "hex", Options: []string{"hex", "base64"}, Doc: "How hmac writes the signature."},
		{Name: "field", Type: connectors.Text, Default: "token", Doc: "The member or field that holds the secret, with auth body."},
		{Name: "username", Type: connectors.Text, Doc: "The user name of basic."},
		{Name: "mapping", Type: connectors.Text, Doc: "A jq program that turns the post into one object, or several, with the usual names of fields."},
		{Name: "origin", Type: connectors.Enum, Options: lead.Origins(), Doc: "The origin of the leads, where it is not WEBFORM."},
	}
}

// scheme returns the row of the signature table for the settings; ok is false for none.
func (h *hook) scheme(s connectors.Settings) (row sign.Scheme, ok bool) {
	auth := s.Text("auth")
	if auth == "" {
		auth = h.presets[s.Text("preset")].Auth
	}
	row, ok = sign.Row(auth)
	if !ok {
		return sign.Scheme{}, false
	}
	if name := s.Text("header"); name != "" && auth != "url" && auth != "body" {
		// The prefix belongs to the usual header; another one holds the bare proof.
		row.Field, row.Prefix = name, ""
	}
	if prefix := s.Text("prefix"); prefix != "" {
		row.Prefix = prefix
	}
	switch auth {
	case "hmac":
		row.Algorithm, row.Encoding = sign.Algorithm(s.Text("algorithm")), s.Text("encoding")
	case "basic":
		row.User, row.Prefix = s.Text("username"), "Basic "
	case "body":
		row.Field, row.Prefix = s.Text("field"), ""
	case "standard-webhooks", "url":
		row.Prefix = original(auth)
	}
	return row, true
}

// original is the prefix of a scheme whose format is fixed.
func original(name string) string {
	row, _ := sign.Row(name)
	return row.Prefix
}

func (h *hook) proof(s connectors.Settings) connectors.Proof {
	if row, ok := h.scheme(s); ok {
		return row.Covers()
	}
	return connectors.ProofNone
}

// minSecret is the shortest secret taken, in bytes.
const minSecret = 8

func (h *hook) checkSettings(s connectors.Settings) error {
	_, signed := h.scheme(s)
	switch {
	case !signed && s.Text("auth") != "none":
		return &connectors.FieldError{Field: "auth", Problem: "is required; none must be said"}
	case signed && s.Text("secret") == "":
		return &connectors.FieldError{Field: "secret", Problem: "is required with this auth"}
	case signed && len(s.Text("secret")) < minSecret:
		return &connectors.FieldError{Field: "secret", Problem: fmt.Sprintf("must have %d characters or more", minSecret)}
	case s.Text("auth") == "url" && !unreserved(s.Text("secret")):
		return &connectors.FieldError{Field: "secret", Problem: unwritable}
	case s.Text("auth") == "url" && !unreserved(s.Text("secret_previous")):
		return &connectors.FieldError{Field: "secret_previous", Problem: unwritable}
	case s.Text("auth") == "basic" && strings.Contains(s.Text("username"), ":"):
		return &connectors.FieldError{Field: "username", Problem: "must not hold a colon"}
	case s.Text("auth") == "body" && s.Text("field") == "":
		return &connectors.FieldError{Field: "field", Problem: "is required with auth body"}
	}
	if _, err := h.program(s); err != nil {
		return &connectors.FieldError{Field: "mapping", Problem: "is not a jq program: " + err.Error()}
	}
	return nil
}

const unwritable = "must hold only letters, digits and - . _ ~ to stand in an address"

// unreserved reports whether a text stands in an address as it is (RFC 3986 §2.3).
// Of a secret with any other character, a slash above all, only a part would come.
func unreserved(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && !strings.ContainsRune("-._~", r)
	})
}

// handshake answers a look at the address, by which people and senders test it. A
// request that brings anything is no look.
func handshake(d *lead.Delivery, _ connectors.Settings, _ time.Time) (connectors.Answer, bool) {
	if d.Method != http.MethodGet && d.Method != http.MethodHead || d.Query != "" || len(d.Body) > 0 {
		return connectors.Answer{}, false
	}
	return connectors.Answer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte("ready\n")}, true
}

// takes refuses media types that nobody can read. Named senders cannot act on a refusal.
func (h *hook) takes(d *lead.Delivery, s connectors.Settings) bool {
	return s.Text("preset") != generic || fields.Takes(d.Header.Get("Content-Type"), d.Body)
}

// query is the part of the address that is read beside the body. Where a
// signature covers the body it is nothing: anybody could have added it.
func (h *hook) query(d *lead.Delivery, s connectors.Settings) string {
	if d.Query == "" || h.proof(s) == connectors.ProofBody {
		return ""
	}
	return d.Query
}

func (h *hook) verify(d *lead.Delivery, s connectors.Settings, now time.Time, publicURL string) error {
	row, signed := h.scheme(s)
	if !signed {
		if s.Text("auth") == "none" {
			return nil
		}
		return connectors.ErrForged
	}
	return sign.Verify(row, d, []string{s.Text("secret"), s.Text("secret_previous")}, now, publicURL)
}

// key returns the Idempotency-Key or Webhook-Id of a post, else the id a single
// object gives itself. What several inquiries are called, none of them is.
func (h *hook) key(d *lead.Delivery, s connectors.Settings) string {
	if key := headerKey(d); key != "" {
		return key
	}
	defer h.room(d)()
	body, err := plainBody(d)
	if err != nil {
		return ""
	}
	if path := h.presets[s.Text("preset")].Key; path != "" {
		t, err := fields.Skim(d.Header.Get("Content-Type"), body, "", fields.Limits{})
		if err != nil {
			return ""
		}
		return fields.Key(t.Root.Path(strings.Split(path, ".")...).Text)
	}
	key, err := fields.Look(d.Header.Get("Content-Type"), body, h.query(d, s), fields.Limits{})
	if err != nil {
		return ""
	}
	return key
}

func headerKey(d *lead.Delivery) string {
	if key := fields.Key(d.Header.Get("Idempotency-Key")); key != "" {
		return key
	}
	return fields.Key(d.Header.Get("Webhook-Id"))
}

// check refuses what can never be read, so that its sender hears of it. Named
// senders cannot act on a refusal: their posts are kept.
func (h *hook) check(d *lead.Delivery, s connectors.Settings) error {
	if s.Text("preset") != generic {
		return nil
	}
	defer h.room(d)()
	body, err := plainBody(d)
	if err != nil {
		return err
	}
	_, err = fields.Look(d.Header.Get("Content-Type"), body, h.query(d, s), fields.Limits{})
	return err
}

// room waits until one more body may be opened; what it returns ends that.
func (h *hook) room(d *lead.Delivery) (done func()) {
	if !connectors.Packed(d) {
		return func() {}
	}
	h.opening <- struct{}{}
	return func() { <-h.opening }
}

// plainBody opens the body. Only a post with files may be large.
func plainBody(d *lead.Delivery) ([]byte, error) {
	const multipart = "multipart/"
	limit, kind := int64(textLimit), d.Header.Get("Content-Type")
	if len(kind) > len(multipart) && strings.EqualFold(kind[:len(multipart)], multipart) {
		limit = bodyLimit
	}
	body, err := connectors.Plain(d, limit)
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("reading body: %w", connectors.ErrTooLarge)
	}
	return body, nil
}

func (h *hook) presetNames() []string {
	names := []string{generic}
	for name := range h.presets {
		names = append(names, name)
	}
	slices.Sort(names[1:])
	return names
}
