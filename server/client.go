package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"leadgate/connectors"
)

// client finds out who sent a request: the connection's peer, or whom trusted
// proxies name in X-Forwarded-For or, where none of them writes that, in Forwarded
// (RFC 7239). Of such a list only the part behind the last address that is not a
// trusted proxy was written by someone we trust. Where they name nobody, the client
// is the last proxy that is known, and marked as one: many may stand behind it.
func (s *Server) client(r *http.Request) connectors.Client {
	peer, ok := address(r.RemoteAddr)
	if !ok {
		return connectors.Client{}
	}
	c := connectors.Client{Addr: peer, Proxy: s.trusted(peer)}
	list, read := strings.Join(r.Header.Values("X-Forwarded-For"), ","), address
	if strings.TrimSpace(list) == "" {
		list, read = strings.Join(r.Header.Values("Forwarded"), ","), forwardedFor
	}
	for c.Proxy && list != "" {
		var last string
		list, last = cutLast(list, ',')
		a, ok := read(last)
		if !ok {
			break
		}
		c = connectors.Client{Addr: a, Named: !s.trusted(a), Proxy: s.trusted(a)}
	}
	return c
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.o.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// address reads an address as it stands on connections and in forwarding headers:
// alone, with a port, and IPv6 with brackets.
func address(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	} else if inner, ok := strings.CutPrefix(text, "["); ok {
		if text, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(text)
	return a.Unmap().WithZone(""), err == nil
}

// forwardedFor reads the for parameter of one element of a Forwarded header. What
// is hidden or unknown is no address.
func forwardedFor(element string) (netip.Addr, bool) {
	for element != "" {
		var pair string
		element, pair = cutLast(element, ';')
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			value = strings.TrimSpace(value)
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			return address(value)
		}
	}
	return netip.Addr{}, false
}

// cutLast cuts the last element off a list, and leaves separators in quotes alone.
// It reads from the end, where those we trust write: a quote that a liar left open
// at the beginning hides nothing that follows.
func cutLast(list string, separator byte) (before, last string) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == separator && !quoted:
			return list[:i], list[i+1:]
		case list[i] == '"' && (i == 0 || list[i-1] != '\\'):
			quoted = !quoted
		}
	}
	return "", list
}
