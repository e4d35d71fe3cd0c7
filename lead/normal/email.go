package normal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"leadgate/lead"
)

// EmailAddress is an e-mail address in canonical form.
type EmailAddress struct {
	Address    string // lower case, domain in ASCII form; what mail is sent to
	Key        string // for comparing only: without plus tag, and as its provider compares mailboxes
	Domain     string
	Suggest    string // the domain that was probably meant: gmail.com for gmial.com; never for one that is known
	Free       bool   // the domain is a provider's, not a company's
	Disposable bool   // the mailbox lives for minutes or days
	Weak       string // why it points at nobody in particular; "" for a good identity
}

// maxAddress is the longest text an address is looked for in, in bytes.
const maxAddress = 1000

// Email reads one address out of what somebody typed or a header held: display
// name, angle brackets, mailto:, comments, quotes and stray punctuation around it
// are dropped, and of several addresses the first is taken. The error wraps
// lead.ErrInvalid and does not repeat the input.
func Email(raw string) (EmailAddress, error) {
	e, err := bareEmail(raw)
	if err != nil {
		return e, err
	}
	e.Free = freeDomain(e.Domain)
	e.Disposable = !e.Free && disposableDomain(e.Domain)
	if !e.Free && !e.Disposable {
		e.Suggest = suggestedDomain(e.Domain)
	}
	return e, nil
}

// bareEmail is [Email] without what is only known about the domain.
func bareEmail(raw string) (EmailAddress, error) {
	if len(raw) > maxAddress {
		return EmailAddress{}, fmt.Errorf("reading e-mail address: %w: too long", lead.ErrInvalid)
	}
	local, domain, ok := splitAddress(raw)
	if !ok { // the slow way, for everything that is not a bare address
		local, domain, ok = unwrapAddress(raw)
	}
	if !ok {
		return EmailAddress{}, fmt.Errorf("reading e-mail address: %w: not an address", lead.ErrInvalid)
	}
	if bare, found := strings.CutPrefix(domain, "www."); found && freeDomain(bare) {
		domain = bare
	}
	e := EmailAddress{Address: local + "@" + domain, Domain: domain}
	base, home := mailbox(local, domain)
	e.Key = e.Address
	if base != local || home != domain {
		e.Key = base + "@" + home
	}
	e.Weak = weakEmail(local, base, domain)
	return e, nil
}

// withoutTag drops what follows the first plus sign of a local part.
func withoutTag(local string) string {
	if i := strings.IndexByte(local, '+'); i > 0 && local[0] != '"' && strings.Trim(local[:i], ".") != "" {
		return local[:i]
	}
	return local
}

// splitAddress takes a bare address apart and checks both sides. It returns them
// in canonical form.
func splitAddress(s string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64*4 || at == len(s)-1 {
		return "", "", false
	}
	domain, ok = mailDomain(s[at+1:])
	if !ok {
		return "", "", false
	}
	local, ok = localPart(s[:at])
	if !ok || len(local)+1+len(domain) > 254 {
		return "", "", false
	}
	return local, domain, true
}

// mailDomain returns a domain that mail can be sent to over the internet: it has
// a dot, and its last label is no number.
func mailDomain(s string) (string, bool) {
	d, ok := domainName(s)
	if !ok || strings.HasSuffix(s, ".") || strings.IndexByte(d, '_') >= 0 {
		return "", false
	}
	dot := strings.LastIndexByte(d, '.')
	if dot < 0 || strings.Trim(d[dot+1:], "0123456789") == "" {
		return "", false
	}
	return d, true
}

// localPart returns the part before the @ in lower case. Quotes stay only where
// the text between them needs them (RFC 5321 §4.1.2); dots at odd places are
// taken, since some carriers give out such addresses.
func localPart(s string) (string, bool) {
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		inner, ok := localPart(s[1 : len(s)-1])
		if ok && inner[0] != '"' && inner[0] != '.' && inner[len(inner)-1] != '.' {
			return inner, true
		}
		return quotedLocal(s)
	}
	if !isASCII(s) {
		if !utf8.ValidString(s) {
			return "", false
		}
		s = lowerStable(s)
	}
	for _, r := range s {
		if !atomRune(r) {
			return "", false
		}
	}
	if strings.Trim(s, ".") == "" {
		return "", false
	}
	if isASCII(s) {
		s = strings.ToLower(s)
	}
	return s, len(s) <= 64
}

// lowerStable is the lower case of s with full-width and other forms of one letter
// made one, in a form that lowering changes no more.
func lowerStable(s string) string {
	return norm.NFKC.String(strings.Map(lowest, norm.NFKC.String(s)))
}

// quotedLocal returns a local part that cannot do without its quotes.
func quotedLocal(s string) (string, bool) {
	inner := s[1 : len(s)-1]
	if len(s) > 64 || !isASCII(s) || strings.ContainsAny(inner, "\"\\<>") {
		return "", false
	}
	for i := range len(inner) {
		if inner[i] < ' ' || inner[i] == 0x7f {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// atomRune reports whether r may stand in an unquoted local part (RFC 5322 §3.2.3, RFC 6532).
func atomRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r < 0x80:
		return strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", byte(r)) >= 0
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}
