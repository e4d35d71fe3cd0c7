package normal

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxURL is the longest URL that is kept, in bytes.
const maxURL = 8 << 10

// URL returns an absolute http or https URL in canonical form: scheme and host
// in lower case, the host in its ASCII form, no credentials, no default port, a
// path of at least "/", and everything after the host as it was, with characters
// that may not stand in a URL percent-encoded. ok is false for everything else,
// among it javascript: and relative URLs.
func URL(s string) (canonical string, ok bool) {
	s = strings.TrimSpace(Text(s))
	if len(s) > maxURL {
		return "", false
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return "", false
	}
	port := ""
	switch {
	case strings.EqualFold(scheme, "https"):
		scheme, port = "https", "443"
	case strings.EqualFold(scheme, "http"):
		scheme, port = "http", "80"
	default:
		return "", false
	}
	end := strings.IndexAny(rest, `/?#\`)
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host, own, ok := splitPort(authority)
	if !ok {
		return "", false
	}
	if host, ok = hostName(host); !ok {
		return "", false
	}
	var b strings.Builder
	b.Grow(len(s) + 1)
	b.WriteString(scheme)
	b.WriteString("://")
	b.WriteString(host)
	if own != "" && own != port {
		b.WriteByte(':')
		b.WriteString(own)
	}
	if rest == "" || rest[0] != '/' {
		b.WriteByte('/')
		rest = strings.TrimPrefix(rest, `\`) // browsers read a backslash here as a slash
	}
	escape(&b, rest)
	if b.Len() > maxURL { // encoding made it longer than what may be stored
		return "", false
	}
	return b.String(), true
}

// splitPort takes the port off an authority; leading zeros of it do not count.
func splitPort(authority string) (host, port string, ok bool) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") {
		return authority, "", true
	}
	host, port = authority[:i], authority[i+1:]
	if port != "" {
		port = strings.TrimLeft(port, "0")
		if port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "" || len(port) == 5 && port > "65535" {
			return "", "", false
		}
	}
	return host, port, true
}

// hostName returns the canonical form of a domain name or IP address.
func hostName(host string) (string, bool) {
	if inner, found := strings.CutPrefix(host, "["); found {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !strings.HasSuffix(inner, "]") || a.Zone() != "" || !a.Is6() {
			return "", false
		}
		return "[" + a.String() + "]", true
	}
	return domainName(host)
}

// domainName returns a domain in lower case and ASCII form, without the dot at its end.
func domainName(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if !isASCII(s) {
		a, err := lookup.ToASCII(s)
		if err != nil {
			return "", false
		}
		s = strings.TrimSuffix(a, ".")
	}
	s = strings.ToLower(s)
	if s == "" || len(s) > 253 {
		return "", false
	}
	label := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 || s[i-1] == '-' {
				return "", false
			}
			label = 0
			continue
		case c == '-' && label == 0:
			return "", false
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	return s, label > 0 && s[len(s)-1] != '-'
}

// lookup maps international names the way browsers do (UTS 46, non-transitional).
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// escape writes s with the bytes encoded that may not stand in a URL (RFC 3986 §2).
func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
}
