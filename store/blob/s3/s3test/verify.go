package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	amzDate    = "20060102T150405Z"
	unsigned   = "UNSIGNED-PAYLOAD"
	mostSkewed = 15 * time.Minute
)

// signature is what an Authorization header says.
type signature struct {
	access, day, region, service, end string
	headers                           []string
	value                             string
}

func parseAuthorization(text string) (sig signature, ok bool) {
	rest, ok := strings.CutPrefix(text, algorithm+" ")
	if !ok {
		return sig, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 {
				return sig, false
			}
			sig.access, sig.day, sig.region, sig.service, sig.end = scope[0], scope[1], scope[2], scope[3], scope[4]
		case "SignedHeaders":
			sig.headers = strings.Split(value, ";")
		case "Signature":
			sig.value = value
		}
	}
	return sig, sig.access != "" && len(sig.headers) > 0 && sig.value != ""
}

// verify checks who asks, when, and that nobody changed what they ask for.
func (s *Server) verify(r *http.Request, body []byte) *problem {
	text := r.Header.Get("Authorization")
	if text == "" {
		return &problem{status: http.StatusForbidden, code: "AccessDenied", text: "Access Denied"}
	}
	sig, ok := parseAuthorization(text)
	if !ok {
		return &problem{status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", text: "The authorization header is malformed."}
	}
	if sig.access != s.AccessKey {
		return &problem{status: http.StatusForbidden, code: "InvalidAccessKeyId", text: "The AWS Access Key Id you provided does not exist in our records."}
	}
	s.mu.Lock()
	now := s.now()
	s.mu.Unlock()
	at, err := time.Parse(amzDate, r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil || at.Format("20060102") != sig.day || sig.service != "s3" || sig.end != "aws4_request":
		return &problem{status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", text: "The authorization header is malformed."}
	case sig.region != s.Region && !r.URL.Query().Has("location"):
		return &problem{status: http.StatusBadRequest, code: "AuthorizationHeaderMalformed", text: "The authorization header is malformed; the region is wrong.", region: s.Region}
	case now.Sub(at).Abs() > mostSkewed:
		return &problem{status: http.StatusForbidden, code: "RequestTimeTooSkewed", text: "The difference between the request time and the current time is too large."}
	case !complete(r, sig.headers):
		return &problem{status: http.StatusForbidden, code: "AccessDenied", text: "There were headers present in the request which were not signed"}
	}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	if !hmac.Equal([]byte(sig.value), []byte(s.sign(r, sig, payload))) {
		return &problem{status: http.StatusForbidden, code: "SignatureDoesNotMatch", text: "The request signature we calculated does not match the signature you provided."}
	}
	return covered(payload, body, r.TLS != nil)
}

// covered checks the payload against the hash that was signed. Only over TLS may
// there be none.
func covered(payload string, body []byte, secure bool) *problem {
	sum := sha256.Sum256(body)
	switch {
	case payload == hex.EncodeToString(sum[:]), payload == unsigned && secure:
		return nil
	case strings.HasPrefix(payload, "STREAMING-"):
		return &problem{status: http.StatusNotImplemented, code: "NotImplemented", text: "Signatures in chunks are not here."}
	}
	return &problem{status: http.StatusBadRequest, code: "XAmzContentSHA256Mismatch", text: "The provided 'x-amz-content-sha256' header does not match what was computed."}
}

// complete reports whether everything that must be signed is: the host and all
// headers of the protocol.
func complete(r *http.Request, signed []string) bool {
	if !slices.Contains(signed, "host") {
		return false
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(signed, name) {
			return false
		}
	}
	return true
}

// sign computes the signature a request must have.
func (s *Server) sign(r *http.Request, sig signature, payload string) string {
	var headers strings.Builder
	for _, name := range sig.headers {
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{r.Header.Get("Content-Length")}
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		headers.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	request := strings.Join([]string{r.Method, escape(r.URL.Path, true), query(r.URL.Query()), headers.String(), strings.Join(sig.headers, ";"), payload}, "\n")
	sum := sha256.Sum256([]byte(request))
	scope := strings.Join([]string{sig.day, sig.region, sig.service, sig.end}, "/")
	text := strings.Join([]string{algorithm, r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + s.SecretKey)
	for _, part := range []string{sig.day, sig.region, sig.service, sig.end, text} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// query is a query in its canonical form: sorted, every name with a value.
func query(values url.Values) string {
	var parts []string
	for name, list := range values {
		for _, v := range list {
			parts = append(parts, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// escape writes every byte but letters, digits and -._~ as %XX; in a path slashes stay.
func escape(text string, path bool) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0, path && c == '/':
			out.WriteByte(c)
		default:
			out.WriteByte('%')
			out.WriteByte(digits[c>>4])
			out.WriteByte(digits[c&15])
		}
	}
	return out.String()
}
