package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"leadgate/server"
)

// secure prepares TLS, where the options ask for it: certificates of files, or had by
// ACME with the listener its challenge needs.
func (g *gateway) secure(ctx context.Context, ln net.Listener, trusted []netip.Prefix) (err error) {
	if !g.o.tls() {
		return nil
	}
	g.base = "https://" + ln.Addr().String()
	if g.o.TLSCert != "" {
		pair := &certificate{cert: g.o.TLSCert, key: g.o.TLSKey}
		if _, err := pair.get(nil); err != nil {
			return err
		}
		g.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"http/1.1"}}
		g.certificates = pair.certificates
		return nil
	}
	if g.auto, err = newAuto(ctx, g.o, g.log); err != nil {
		return err
	}
	g.tls, g.certificates = g.auto.config(), g.auto.certificates
	if g.o.PublicURL == "" {
		g.o.PublicURL = "https://" + g.o.TLSAuto[0]
	}
	address := g.o.challengeAddress()
	if address == "" {
		return nil
	}
	if g.plain, err = listen(ctx, address, g.o.Connections, trusted, g.log); err != nil {
		return fmt.Errorf("%w (the certificate authority asks on port 80; --tls-auto-http names another address that it comes out at, off when only port 443 reaches this machine)", err)
	}
	return nil
}

// servePlain has certificates issued and answers in clear what must be, until ctx ends.
// What it returns ends the answers.
func (g *gateway) servePlain(ctx context.Context, wg *sync.WaitGroup, failed chan<- error) (stop func() error) {
	stop = func() error { return nil }
	if g.auto == nil {
		return stop
	}
	wg.Go(func() { g.auto.run(ctx) })
	if g.plain == nil {
		return stop
	}
	hs := &http.Server{Handler: g.auto.plain(g.o.PublicURL), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	wg.Go(func() {
		if err := hs.Serve(g.plain); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("answering in clear: %w", err)
		}
	})
	return hs.Close
}

// certificate is a pair of files, read again when one of them changes.
type certificate struct {
	cert, key string
	mu        sync.Mutex
	pair      *tls.Certificate
	stamp     string
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := changed(c.cert) + changed(c.key)
	if c.pair != nil && stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	switch {
	case err == nil:
		c.pair, c.stamp = &pair, stamp
	case c.pair == nil:
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	return c.pair, nil
}

func changed(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return info.ModTime().String()
}

// certificates tells health and metrics of the pair.
func (c *certificate) certificates() []server.Certificate {
	pair, err := c.get(nil)
	if err != nil || pair.Leaf == nil {
		return nil
	}
	name := pair.Leaf.Subject.CommonName
	if len(pair.Leaf.DNSNames) > 0 {
		name = pair.Leaf.DNSNames[0]
	}
	return []server.Certificate{fileCertificate(name, pair.Leaf, time.Now())}
}
