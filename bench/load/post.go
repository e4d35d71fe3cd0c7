package load

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"time"
)

// Answer is what came back for an inquiry.
type Answer struct {
	Status int    // 0 when nothing came back
	Print  uint64 // of the body; equal bodies have equal prints
}

// OK reports whether the inquiry was acknowledged.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Sender sends one body and waits for the answer. It may be called from many
// goroutines, and must not keep the body.
type Sender func(ctx context.Context, body []byte) Answer

// Poster posts JSON to one URL over keep-alive connections of net/http.
type Poster struct {
	url    string
	header http.Header
	client *http.Client
	seed   maphash.Seed
}

// answerTime is how long a server may take to begin an answer.
const answerTime = 20 * time.Second

// NewPoster returns a poster that uses at most that many connections. bearer may be "".
func NewPoster(url, bearer string, conns int) (*Poster, error) {
	if _, err := http.NewRequest(http.MethodPost, url, nil); err != nil {
		return nil, fmt.Errorf("reading address: %w", err)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if bearer != "" {
		h.Set("Authorization", "Bearer "+bearer)
	}
	t := &http.Transport{MaxConnsPerHost: conns, MaxIdleConnsPerHost: conns, MaxIdleConns: conns, DisableCompression: true,
		ResponseHeaderTimeout: answerTime, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}
	return &Poster{url: url, header: h, client: &http.Client{Transport: t}, seed: maphash.MakeSeed()}, nil
}

// At returns a poster to another address of the same gateway, with the same
// connections and prints that can be compared.
func (p *Poster) At(url string) *Poster {
	other := *p
	other.url = url
	return &other
}

// Send implements Sender.
func (p *Poster) Send(ctx context.Context, body []byte) Answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return Answer{}
	}
	req.Header = p.header // nobody writes to it
	resp, err := p.client.Do(req)
	if err != nil {
		return Answer{}
	}
	defer resp.Body.Close()
	var room [512]byte
	n, err := io.ReadFull(resp.Body, room[:])
	if err == nil { // longer than any receipt
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Answer{}
	}
	if resp.ContentLength > int64(n) && n < len(room) { // cut short: not an acknowledgement one can rely on
		return Answer{}
	}
	return Answer{Status: resp.StatusCode, Print: maphash.Bytes(p.seed, room[:n])}
}

// Close closes idle connections.
func (p *Poster) Close() { p.client.CloseIdleConnections() }
