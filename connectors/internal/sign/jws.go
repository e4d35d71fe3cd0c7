package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// jws checks a compact JWS (RFC 7515). The algorithm is ours to say, not the
// token's: anything but HS256 is refused before a key is used.
func (s *Scheme) jws(token string, body []byte, secret string, now time.Time) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	mac, err := decodeWhole(base64.RawURLEncoding, parts[2])
	if err != nil || len(mac) != sha256.Size {
		return false
	}
	var head struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	if !readPart(parts[0], &head) || head.Algorithm != "HS256" || head.Critical != nil {
		return false
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(mac, h.Sum(nil)) {
		return false
	}
	var claims struct {
		Issuer    string  `json:"iss"`
		SHA256    string  `json:"sha256"`
		Expires   float64 `json:"exp"`
		NotBefore float64 `json:"nbf"`
	}
	if !readPart(parts[1], &claims) || s.Issuer != "" && claims.Issuer != s.Issuer {
		return false
	}
	said, err := hex.DecodeString(claims.SHA256)
	sum := sha256.Sum256(body)
	at := float64(now.Unix())
	return err == nil && hmac.Equal(said, sum[:]) &&
		(claims.Expires == 0 || at <= claims.Expires+window.Seconds()) && (claims.NotBefore == 0 || at >= claims.NotBefore-window.Seconds())
}

func readPart(part string, into any) bool {
	b, err := decodeWhole(base64.RawURLEncoding, part)
	return err == nil && json.Unmarshal(b, into) == nil
}
