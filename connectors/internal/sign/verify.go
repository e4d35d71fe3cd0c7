package sign

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

const (
	maxProofs = 10      // in one list
	maxProof  = 8 << 10 // bytes of the value that holds the proof
	maxBody   = 1 << 20 // bytes of a body that is opened to find a token in it
	window    = 5 * time.Minute
	keyPrefix = "whsec_"
)

// Verify returns nil only when the delivery carries a right proof under one of
// the secrets, of which several are active while one replaces another. publicURL
// is the source's address as the world knows it; client headers never stand in
// for it. Every other outcome is connectors.ErrForged.
func Verify(s Scheme, d *lead.Delivery, secrets []string, now time.Time, publicURL string) error {
	proof := find(&s, d)
	if proof == "" || len(proof) > maxProof {
		return connectors.ErrForged
	}
	proofs, stamp, ok := s.split(proof)
	if !ok {
		return connectors.ErrForged
	}
	if s.Time != "" {
		stamp = d.Header.Get(s.Time)
	}
	if (s.Time != "" || s.TimeItem != "") && !s.fresh(stamp, now) {
		return connectors.ErrForged
	}
	right := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		switch s.Algorithm {
		case Equal:
			right = equal(proofs[0], secret) || right
		case Basic:
			right = s.basic(proofs[0], secret) || right
		case JWS:
			right = s.jws(proofs[0], d.Body, secret, now) || right
		default:
			right = s.mac(proofs, d, secret, stamp, publicURL) || right
		}
	}
	if !right {
		return connectors.ErrForged
	}
	return nil
}

// find returns the text that holds the proof, or "".
func find(s *Scheme, d *lead.Delivery) string {
	switch s.In {
	case InQuery:
		q, err := url.ParseQuery(d.Query)
		if err != nil {
			return ""
		}
		return q.Get(s.Field)
	case InBody:
		body, err := connectors.Plain(d, maxBody)
		if err != nil {
			return ""
		}
		t, err := fields.Decode(d.Header.Get("Content-Type"), body, "", fields.Limits{})
		if err != nil || !t.Root.Get(s.Field).Scalar() {
			return ""
		}
		return t.Root.Get(s.Field).Text
	}
	return d.Header.Get(s.Field)
}

// split takes the proofs, and the timestamp where it stands among them, out of
// the text that holds them. ok is false when there is no proof or more than ten items.
func (s *Scheme) split(text string) (proofs []string, stamp string, ok bool) {
	if s.Separator == "" {
		// Only the names of authentication schemes are written in any case (RFC 9110 §11.1).
		named := strings.HasSuffix(s.Prefix, " ") && len(text) > len(s.Prefix) && strings.EqualFold(text[:len(s.Prefix)], s.Prefix)
		if !named && !strings.HasPrefix(text, s.Prefix) {
			return nil, "", false
		}
		text = strings.TrimPrefix(text[len(s.Prefix):], s.Optional)
		return []string{text}, "", text != ""
	}
	items := strings.SplitN(text, s.Separator, maxProofs+2)
	if len(items) > maxProofs {
		return nil, "", false
	}
	for _, item := range items {
		if v, is := strings.CutPrefix(item, s.Prefix); is && v != "" {
			proofs = append(proofs, v)
		} else if v, is := strings.CutPrefix(item, s.TimeItem); is && s.TimeItem != "" {
			stamp = v
		}
	}
	return proofs, stamp, len(proofs) > 0
}

// fresh reports whether a timestamp is near enough to now, on either side.
func (s *Scheme) fresh(stamp string, now time.Time) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || n < 0 || len(stamp) > 14 {
		return false
	}
	t := time.Unix(n, 0)
	if s.Unit == time.Millisecond {
		t = time.UnixMilli(n)
	}
	tolerance := s.Tolerance
	if tolerance == 0 {
		tolerance = window
	}
	return now.Sub(t).Abs() <= tolerance
}

// equal compares two texts in a time that tells neither where they differ nor how long they are.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func (s *Scheme) basic(proof, secret string) bool {
	plain, err := decode64(proof)
	return err == nil && equal(string(plain), s.User+":"+secret)
}

// mac reports whether any of the proofs is the message's MAC. All are compared.
func (s *Scheme) mac(proofs []string, d *lead.Delivery, secret, stamp, publicURL string) bool {
	key := []byte(secret)
	if s.Key == "base64" {
		var err error
		if key, err = decode64(strings.TrimPrefix(secret, keyPrefix)); err != nil || len(key) == 0 {
			return false
		}
	}
	h := hmac.New(s.hash(), key)
	if !s.writeMessage(h, d, stamp, publicURL) {
		return false
	}
	var buf [sha512.Size]byte
	want, right := h.Sum(buf[:0]), false
	for _, p := range proofs {
		got, err := s.decode(p)
		// hmac.Equal of different lengths is false at once; a MAC's length is no secret.
		right = err == nil && hmac.Equal(got, want) || right
	}
	return right
}

func (s *Scheme) hash() func() hash.Hash {
	switch s.Algorithm {
	case SHA1:
		return sha1.New
	case SHA512:
		return sha512.New
	}
	return sha256.New
}

// writeMessage writes what is signed; false when a part of it is missing.
func (s *Scheme) writeMessage(w io.Writer, d *lead.Delivery, stamp, publicURL string) bool {
	if s.Message == "" {
		_, _ = w.Write(d.Body) // a hash never fails
		return true
	}
	for rest := s.Message; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		_, _ = io.WriteString(w, text)
		if !found {
			break
		}
		var part string
		part, rest, _ = strings.Cut(after, "}")
		switch part {
		case "body":
			_, _ = w.Write(d.Body)
			continue
		case "ts":
			part = stamp
		case "id":
			part = d.Header.Get(s.ID)
		case "method":
			part = d.Method
		case "url":
			part = address(d, publicURL)
		default:
			return false
		}
		if part == "" {
			return false
		}
		_, _ = io.WriteString(w, part)
	}
	return true
}

// address is the URL the sender posted to.
func address(d *lead.Delivery, publicURL string) string {
	if d.Path != "" {
		publicURL += "/" + d.Path
	}
	if d.Query != "" {
		publicURL += "?" + d.Query
	}
	return publicURL
}

func (s *Scheme) decode(proof string) ([]byte, error) {
	if s.Encoding == "base64" {
		return decode64(proof)
	}
	return hex.DecodeString(proof)
}

// decode64 reads base64 with or without padding, and only one spelling of each
// value either way: the standard decoder passes over line ends.
func decode64(s string) ([]byte, error) {
	encoding := base64.StdEncoding
	if len(s)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	return decodeWhole(encoding, s)
}

func decodeWhole(encoding *base64.Encoding, s string) ([]byte, error) {
	if at := strings.IndexAny(s, "\r\n"); at >= 0 {
		return nil, base64.CorruptInputError(at)
	}
	return encoding.Strict().DecodeString(s)
}
