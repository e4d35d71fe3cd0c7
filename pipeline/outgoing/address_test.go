package outgoing

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"leadgate/lead"
)

func allow(t testing.TB, texts ...string) []Allowed {
	t.Helper()
	var out []Allowed
	for _, text := range texts {
		e, err := ParseAllowed(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		out = append(out, e)
	}
	return out
}

// Addresses of every kind, with and without an operator who opens them.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		host, to string
		allowed  string
		want     string // a word of the reason; "" when it may
	}{
		{"", "93.184.215.14:443", "", ""},
		{"", "93.184.215.14:80", "", ""},
		{"", "[2606:4700::1111]:443", "", ""},
		{"", "93.184.215.14:22", "", "port"},
		{"", "93.184.215.14:8443", "93.184.215.14:8443", ""},
		{"", "93.184.215.14:8444", "93.184.215.14:8443", "port"},
		{"", "127.0.0.1:80", "", "public"},
		{"", "127.0.0.1:80", "127.0.0.1", ""},
		{"", "127.0.0.1:8080", "127.0.0.1", "port"},
		{"", "127.0.0.1:8080", "127.0.0.0/8:8080", ""},
		{"", "127.0.0.1:80", "127.0.0.0/8:8080", "public"},
		{"", "[::ffff:127.0.0.1]:80", "", "public"},
		{"", "[::ffff:10.0.0.1]:80", "10.0.0.0/8", ""},
		{"", "[::1]:80", "", "public"},
		{"", "[::1]:80", "::1", ""},
		{"", "[::]:80", "", "closed"},
		{"", "[::]:80", "::/0", "closed"},
		{"", "0.0.0.0:80", "0.0.0.0/0", "closed"},
		{"", "0.1.2.3:80", "", "closed"},
		{"", "10.1.2.3:443", "", "public"},
		{"crm.lan", "10.1.2.3:443", "crm.lan", ""},
		{"x.crm.lan", "10.1.2.3:443", "crm.lan", "public"},
		{"crm.lan", "169.254.169.254:80", "crm.lan", "closed"},
		{"", "169.254.169.254:80", "0.0.0.0/0", "closed"},
		{"", "[::ffff:169.254.169.254]:80", "::/0", "closed"},
		{"", "[64:ff9b::a9fe:a9fe]:80", "::/0", "closed"},
		{"", "[2002:a9fe:a9fe::1]:80", "::/0", "closed"},
		{"", "[2001:0:1:2:3:4:5601:5601]:80", "::/0", "closed"},
		{"", "[fd00:ec2::254]:80", "::/0", "closed"},
		{"", "100.100.100.200:80", "100.64.0.0/10", "closed"},
		{"", "168.63.129.16:80", "", "closed"},
		{"", "172.31.0.1:80", "", "public"},
		{"", "172.32.0.1:80", "", ""},
		{"", "192.168.0.1:80", "", "public"},
		{"", "100.64.0.1:80", "", "public"},
		{"", "198.19.0.1:80", "", "public"},
		{"", "192.0.2.1:80", "", "public"},
		{"", "224.0.0.1:80", "224.0.0.0/4", "closed"},
		{"", "255.255.255.255:80", "0.0.0.0/0", "closed"},
		{"", "[fe80::1%eth0]:80", "fe80::/10", "closed"},
		{"", "[fc00::1]:80", "", "public"},
		{"", "[fd12::1]:80", "fd12::/16", ""},
		{"", "[ff02::1]:80", "::/0", "closed"},
		{"", "[64:ff9b::5db8:d70e]:80", "", "public"},
		{"", "[64:ff9b::5db8:d70e]:80", "64:ff9b::/96", ""},
		{"", "[64:ff9b::a00:1]:80", "64:ff9b::/96", "public"},
		{"", "[64:ff9b:1::5db8:d70e]:80", "", "public"},
		{"", "[2002:5db8:d70e::1]:80", "", "public"},
		{"", "[2001:db8::1]:80", "", "public"},
		{"", "[3fff::1]:80", "", "public"},
		{"", "[::127.0.0.1]:80", "", "public"},
		{"", "[2606:4700::5efe:7f00:1]:80", "", "public"},
		{"", "[4000::1]:80", "", "public"},
	} {
		g := newGuard(nil)
		if tc.allowed != "" {
			g = newGuard(allow(t, tc.allowed))
		}
		got := g.check(tc.host, netip.MustParseAddrPort(tc.to))
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s %s, allowed %q: %q, want %q", tc.host, tc.to, tc.allowed, got, tc.want)
		}
	}
}

// registry is IANA's special-purpose registry as of 2025, those that are not globally
// reachable, and what is no unicast address. The guard's own lists are written otherwise.
func registry() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range []string{"0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/29", "192.0.0.8/32",
		"192.0.0.170/31", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32", "224.0.0.0/4",
		"::1/128", "::/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:db8::/32",
		"2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "64:ff9b::/96", "::/96"} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// special reports whether an address is in the registry, or leads on to one that is.
func special(a netip.Addr) bool {
	a = a.WithZone("")
	return slices.ContainsFunc(registry(), func(p netip.Prefix) bool { return p.Contains(a) || p.Contains(a.Unmap()) }) ||
		a.IsPrivate() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsUnspecified() || !a.Unmap().IsGlobalUnicast()
}

// Nothing that the registry calls special is connected to; nothing that is closed is,
// whatever an operator allows.
func FuzzCheck(f *testing.F) {
	for _, p := range registry() {
		b := p.Addr().As16()
		f.Add(b[:], p.Addr().Is4(), uint16(80))
		f.Add(b[:], false, uint16(443))
	}
	f.Add([]byte{15: 1}, false, uint16(8080))
	shut, open := newGuard(nil), newGuard(allow(f, "0.0.0.0/0", "::/0", "0.0.0.0/0:8080", "[::/0]:8080"))
	f.Fuzz(func(t *testing.T, raw []byte, four bool, port uint16) {
		var b [16]byte
		copy(b[:], raw)
		a := netip.AddrFrom16(b)
		if four {
			a = netip.AddrFrom4([4]byte(b[12:]))
		}
		to := netip.AddrPortFrom(a, port)
		if got := shut.check("host", to); got == "" && (special(a) || port != 80 && port != 443) {
			t.Errorf("%v passes", to)
		}
		if got := open.check("host", to); got == "" {
			if inner := carried(a.Unmap()); within(closed(), a.Unmap()) || inner.IsValid() && within(closed(), inner) {
				t.Errorf("%v is opened", to)
			}
		}
	})
}

// Addresses that chance makes, mostly near the edges of the registry's networks.
func TestCheckAtTheEdges(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	passed := 0
	for _, p := range registry() {
		for range 2000 {
			b := p.Addr().As16()
			for range 1 + rand.IntN(3) {
				b[rand.IntN(16)] ^= 1 << rand.IntN(8)
			}
			a := netip.AddrFrom16(b).Unmap()
			if g.check("h", netip.AddrPortFrom(a, 443)) == "" {
				passed++
				if special(a) {
					t.Fatalf("%v passes", a)
				}
			}
		}
		for _, a := range []netip.Addr{p.Addr(), lastOf(p)} {
			if g.check("h", netip.AddrPortFrom(a, 443)) == "" {
				t.Errorf("%v of %v passes", a, p)
			}
		}
	}
	if passed == 0 {
		t.Error("no address passes at all")
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// The lists of the guard hold only networks that can be read.
func TestPrefixesCanBeRead(t *testing.T) {
	t.Parallel()
	if a, b, c := len(closed()), len(special4()), len(special6()); a != 14 || b != 19 || c != 5 {
		t.Errorf("%d closed, %d and %d special networks are read", a, b, c)
	}
}

func TestParseAllowed(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"10.1.0.0/16", "10.1.0.0/16:8080", "192.168.1.5", "192.168.1.5:8080", "[::1]:8080", "::1", "fd12::/16", "[fd12::/16]:8443", "crm.lan", " CRM.lan.:8080 ", "localhost:1"} {
		if _, err := ParseAllowed(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "*", "*.lan", "crm.lan:", "crm.lan:0", "crm.lan:99999", "crm.lan:x", "[::1]8080", "[::1", "::1%eth0", "http://crm.lan", "crm.lan/path", "a b", "10.0.0.0/33", "2130706433", "0x7f.1", "-", "10.1"} {
		if e, err := ParseAllowed(bad); bad != "-" && !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%q is read as %+v, %v", bad, e, err)
		}
	}
}

func FuzzParseAllowed(f *testing.F) {
	for _, s := range []string{"10.1.0.0/16:80", "[fd12::/16]:8443", "crm.lan:1", "[", "]:", "::", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseAllowed(s)
		if err == nil && e.host == "" == !e.net.IsValid() {
			t.Errorf("%q opens nothing or two things: %+v", s, e)
		}
	})
}
