package outgoing

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"leadgate/lead"
)

// closed are addresses no allow list opens: those that hand out the credentials of
// the machine, and those that are nobody's.
func closed() []netip.Prefix {
	return prefixes("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", // this host, link-local with most metadata services, multicast, reserved with broadcast
		"100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", // metadata of Alibaba, Azure's agent, Oracle
		"::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128") // link-local and multicast; metadata of Amazon, Google, Oracle, Scaleway
}

// special4 are IPv4 addresses that are not of the public net: IANA's special-purpose
// registry, and what is closed.
func special4() []netip.Prefix {
	return prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"168.63.129.16/32", "224.0.0.0/4", "240.0.0.0/4")
}

// special6 are addresses within 2000::/3 that are not of the public net. Everything
// outside of it is no unicast address of the public net at all.
func special6() []netip.Prefix {
	return prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(texts))
	for _, t := range texts {
		if p, err := netip.ParsePrefix(t); err == nil { // constants, and a test holds them to it
			out = append(out, p)
		}
	}
	return out
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// guard judges addresses. It does not change.
type guard struct {
	allowed                    []Allowed
	closed, special4, special6 []netip.Prefix
	global6                    netip.Prefix
}

func newGuard(allowed []Allowed) *guard {
	return &guard{allowed: allowed, closed: closed(), special4: special4(), special6: special6(), global6: netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)}
}

// check returns why a connection for a host to an address must not be made, "" when
// it may.
func (g *guard) check(host string, to netip.AddrPort) string {
	a := to.Addr().WithZone("")
	named := g.named(host, a.Unmap(), to.Port())
	usual := to.Port() == 80 || to.Port() == 443
	switch {
	case !a.IsValid() || g.shut(a):
		return "has an address that is closed to everybody"
	case !usual && !named:
		return "has a port that is not allowed"
	case g.public(a):
		return ""
	case !named:
		return "has an address that is not public"
	}
	if inner := carried(a); inner.IsValid() { // the operator's translator leads on to it
		return g.check(host, netip.AddrPortFrom(inner, to.Port()))
	}
	return ""
}

// shut reports whether an address, or one that it carries, is closed to everybody.
func (g *guard) shut(a netip.Addr) bool {
	if within(g.closed, a.Unmap()) {
		return true
	}
	inner := carried(a)
	return inner.IsValid() && within(g.closed, inner)
}

func (g *guard) public(a netip.Addr) bool {
	if a.Is4() {
		return !within(g.special4, a)
	}
	return g.global6.Contains(a) && !within(g.special6, a) && !isatap(a)
}

// named reports whether the operator allows an address, by it or by the host's name,
// with a port.
func (g *guard) named(host string, a netip.Addr, port uint16) bool {
	return slices.ContainsFunc(g.allowed, func(e Allowed) bool {
		return e.opens(port) && (e.host != "" && e.host == host || e.net.IsValid() && e.net.Contains(a))
	})
}

// mayPort reports whether a port can be right for a host, before its address is known.
func (g *guard) mayPort(port uint16) bool {
	return port == 80 || port == 443 || slices.ContainsFunc(g.allowed, func(e Allowed) bool { return e.port == port })
}

// carried returns the IPv4 address within an IPv6 one that leads on to it, through a
// translator or a tunnel; the zero Addr when there is none.
func carried(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return netip.Addr{}
	}
	b := a.As16()
	last := netip.AddrFrom4([4]byte(b[12:]))
	head := func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Contains(a)
	}
	switch {
	case head("64:ff9b:1::/48") && [4]byte(b[8:12]) != [4]byte{}: // not the last 32 bits, and nobody can tell which
		return netip.IPv4Unspecified()
	case head("::/127"): // the unspecified address and loopback are no IPv4
		return netip.Addr{}
	case head("::/96"), head("::ffff:0:0/96"), head("::ffff:0:0:0/96"), head("64:ff9b::/96"), head("64:ff9b:1::/48"), isatap(a):
		return last
	case head("2002::/16"):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case head("2001::/32"): // Teredo writes it inverted
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
	}
	return netip.Addr{}
}

// isatap reports whether an address is that of an ISATAP tunnel, under any prefix.
func isatap(a netip.Addr) bool {
	if !a.Is6() {
		return false
	}
	b := a.As16()
	return b[8]&0xfd == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// Allowed is what an operator opens beside the public net: a network, an address or
// a host's name, with or without one port. Without one, 80 and 443 are open.
type Allowed struct {
	net  netip.Prefix
	host string
	port uint16
}

func (e Allowed) opens(port uint16) bool {
	if e.port == 0 {
		return port == 80 || port == 443
	}
	return e.port == port
}

// ParseAllowed reads an entry of an allow list: 10.1.0.0/16, 192.168.1.5:8080,
// [fd12::/16]:8443, crm.lan or crm.lan:8080. A name stands for itself and for nothing
// below it. Errors are lead.ErrInvalid.
func ParseAllowed(text string) (Allowed, error) {
	var e Allowed
	what := strings.TrimSpace(text)
	if inner, rest, ok := strings.Cut(strings.TrimPrefix(what, "["), "]"); ok && strings.HasPrefix(what, "[") {
		what = inner
		if rest != "" {
			if err := e.setPort(strings.TrimPrefix(rest, ":")); err != nil || rest[0] != ':' {
				return Allowed{}, badAllowed()
			}
		}
	} else if before, port, ok := strings.Cut(what, ":"); ok && !strings.Contains(port, ":") {
		what = before
		if err := e.setPort(port); err != nil {
			return Allowed{}, err
		}
	}
	if a, err := netip.ParseAddr(what); err == nil && a.Zone() == "" {
		e.net = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		return e, nil
	}
	if p, err := netip.ParsePrefix(what); err == nil && !p.Addr().Is4In6() {
		e.net = p.Masked()
		return e, nil
	}
	e.host = hostName(what)
	if !isName(e.host) {
		return Allowed{}, badAllowed()
	}
	return e, nil
}

func (e *Allowed) setPort(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return badAllowed()
	}
	e.port = uint16(n)
	return nil
}

func badAllowed() error {
	return fmt.Errorf("%w: an allowed target is a network, an address or a host's name, with or without a port", lead.ErrInvalid)
}

// hostName returns a host as it is compared.
func hostName(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// isName reports whether a host is a name: letters, digits, hyphens and dots, and not
// a number in the clothes of a name. Some resolvers read 2130706433, 0x7f.1 and 0177.1
// as addresses, and so must nobody.
func isName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok && strings.Trim(hex, "0123456789abcdef") == "" {
		return false
	}
	return strings.Trim(last, "0123456789") != ""
}
