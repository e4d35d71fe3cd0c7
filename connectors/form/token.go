package form

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"leadgate/lead"
)

// tokenVersion names the layout of a render token and is part of what its MAC covers.
const tokenVersion = "v1"

// tokens makes and reads the render tokens of one form. A token tells when the
// form was drawn: version, dot, Unix milliseconds, dot, MAC. It is no secret and
// no session; it only keeps a sender from making up the time.
type tokens struct {
	key    []byte
	former [][]byte // keys from before a rotation: tokens made with them are good
	form   string
}

// issue returns the token of a form drawn at that time.
func (t tokens) issue(at time.Time) string { return t.seal(t.key, at.UnixMilli()) }

// seal writes a token. Each part goes into the MAC behind its length, so that no
// two sets of parts read the same (cf. CVE-2025-68113).
func (t tokens) seal(key []byte, ms int64) string {
	stamp := strconv.FormatInt(ms, 10)
	mac := hmac.New(sha256.New, key)
	for _, part := range [...]string{"leadgate form render", tokenVersion, t.form, stamp} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		mac.Write([]byte(part))
	}
	return tokenVersion + "." + stamp + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// read tells what a token is worth and how long ago it was issued. The age is 0
// when it is unknown: without a valid token, or with one that a node whose clock
// is ahead issued in what is the future here.
//
// The token is made again from the time it claims and compared whole, so there is
// exactly one spelling of each.
func (t tokens) read(token string, now time.Time, maxAge time.Duration) (lead.TokenState, time.Duration) {
	if token == "" {
		return lead.TokenNone, 0
	}
	_, rest, _ := strings.Cut(token, ".")
	stamp, _, _ := strings.Cut(rest, ".")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || !t.ours(token, ms) {
		return lead.TokenForged, 0
	}
	age := now.Sub(time.UnixMilli(ms))
	switch {
	case maxAge > 0 && age > maxAge:
		return lead.TokenExpired, age
	case age < 0:
		return lead.TokenValid, 0
	}
	return lead.TokenValid, max(age, time.Nanosecond)
}

// ours reports whether a token was made here, with the key of today or a former one.
func (t tokens) ours(token string, ms int64) bool {
	ok := hmac.Equal([]byte(token), []byte(t.seal(t.key, ms)))
	for _, key := range t.former {
		ok = hmac.Equal([]byte(token), []byte(t.seal(key, ms))) || ok
	}
	return ok
}
