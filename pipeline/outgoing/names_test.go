package outgoing

import (
	"net"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// serveNames answers questions for addresses until conn is closed. A look-up is the
// question for IPv4; the one for IPv6 is told that there is none.
func serveNames(conn net.PacketConn, lookups [][]string) {
	buf := make([]byte, 1500)
	for n := 0; ; {
		size, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Authoritative, m.Additionals = true, true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			for _, text := range lookups[min(n, len(lookups)-1)] {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(text).As4()},
				})
			}
			n++
		}
		if out, err := m.Pack(); err == nil {
			_, _ = conn.WriteTo(out, from)
		}
	}
}
