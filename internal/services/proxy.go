package services

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy is a way to a server that can be broken.
type Proxy struct {
	proxy *toxiproxy.Proxy
}

// NewProxy opens a way to host:port for one test.
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	var p *Proxy
	var err error
	for range attempts {
		var port int
		if port, err = freePort(); err != nil {
			break
		}
		server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
		p = &Proxy{proxy: toxiproxy.NewProxy(server, upstream, address(port), upstream)}
		if err = p.proxy.Start(); err == nil {
			break
		}
	}
	check(t, err)
	t.Cleanup(p.proxy.Stop)
	return p
}

// Addr is where it listens.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// URL is the address of a server, by this way.
func (p *Proxy) URL(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("no URL") // it holds a password
	}
	u.Host = p.Addr()
	return u.String()
}

// Down cuts every connection and refuses new ones.
func (p *Proxy) Down(testing.TB) { p.proxy.Stop() }

// Up ends Down.
func (p *Proxy) Up(t testing.TB) { t.Helper(); check(t, p.proxy.Start()) }

// Slow delays every answer.
func (p *Proxy) Slow(t testing.TB, by time.Duration) {
	t.Helper()
	p.toxic(t, "latency", "downstream", map[string]int64{"latency": by.Milliseconds()})
}

// Silent takes connections and what is said on them, and says nothing: a host that
// is gone without a word.
func (p *Proxy) Silent(t testing.TB) {
	t.Helper()
	p.toxic(t, "timeout", "upstream", map[string]int64{"timeout": 0})
	p.toxic(t, "timeout", "downstream", map[string]int64{"timeout": 0})
}

// Reset ends connections with a reset in the middle of the answer's first bytes.
func (p *Proxy) Reset(t testing.TB) {
	t.Helper()
	p.toxic(t, "limit_data", "downstream", map[string]int64{"bytes": 3})
	p.toxic(t, "reset_peer", "upstream", map[string]int64{"timeout": 5})
}

// Heal ends Slow, Silent and Reset. What was Silent is closed: nobody can tell what
// was lost of it.
func (p *Proxy) Heal(testing.TB) { p.proxy.Toxics.ResetToxics(context.Background()) }

func (p *Proxy) toxic(t testing.TB, kind, direction string, attributes map[string]int64) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"type": kind, "stream": direction, "attributes": attributes})
	check(t, err)
	_, err = p.proxy.Toxics.AddToxicJson(bytes.NewReader(body))
	check(t, err)
}
