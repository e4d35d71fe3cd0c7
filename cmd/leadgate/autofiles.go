package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"leadgate/internal/disk"
)

// certFolder keeps certificates, their keys and the account with the authority as
// private files of a folder. It is an autocert.Cache; one in the store, under a seal,
// would let several nodes share them.
type certFolder struct{ dir string }

func newCertFolder(dir string) (autocert.Cache, error) {
	if err := disk.MakeDir(disk.OS(), dir); err != nil {
		return nil, fmt.Errorf("making the folder of certificates: %w", err)
	}
	return certFolder{dir}, nil
}

// path is the file of a name, which may hold what an authority chose.
func (c certFolder) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	shown := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	return filepath.Join(c.dir, fmt.Sprintf("%s.%s.pem", strings.TrimLeft(clip(shown, 80), "."), hex.EncodeToString(sum[:4])))
}

// Get implements autocert.Cache.
func (c certFolder) Get(_ context.Context, name string) ([]byte, error) {
	body, err := os.ReadFile(c.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, autocert.ErrCacheMiss
	}
	return body, err
}

// Put implements autocert.Cache: the file is private, and survives a power cut.
func (c certFolder) Put(_ context.Context, name string, body []byte) error {
	return writeFileSynced(c.path(name), body)
}

// Delete implements autocert.Cache.
func (c certFolder) Delete(_ context.Context, name string) error {
	if err := os.Remove(c.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// localName is asked for by this machine's own commands: the certificate of a domain
// may not be there yet, and is not of the address they dial.
const localName = "run.leadgate.invalid"

// localCertificate makes the one that run.json tells them to expect.
func localCertificate(now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the local certificate: %w", err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: localName}, DNSNames: []string{localName},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the local certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// pin tells one certificate from all others.
func pin(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// problems passes requests to the authority on and hears what it answers: why a
// challenge failed stands in an answer that the library takes no note of, and a renewal
// that fails is told to nobody.
type problems struct {
	next http.RoundTripper
	log  *slog.Logger
	mu   sync.Mutex
	text string
}

// most is how much of an answer is looked at.
const most = 64 << 10

// RoundTrip implements http.RoundTripper.
func (p *problems) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(r)
	if err != nil || !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return resp, err
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, most))
	resp.Body = &rejoined{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	if err == nil {
		p.hear(head, resp.StatusCode)
	}
	return resp, nil
}

// rejoined is a body whose beginning was read.
type rejoined struct {
	io.Reader
	io.Closer
}

// acmeProblem is how authorities say what is wrong.
type acmeProblem struct{ Type, Detail string }

func (p *problems) hear(body []byte, status int) {
	var m struct {
		acmeProblem
		Status     string
		Error      *acmeProblem
		Challenges []struct {
			Type  string
			Error *acmeProblem
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return
	}
	switch {
	case status >= 400 && m.Detail != "" && !strings.HasSuffix(m.Type, ":badNonce") && !strings.HasSuffix(m.Type, ":accountDoesNotExist"):
		p.note(m.Detail)
	case m.Status == "invalid" && m.Error != nil:
		p.note(m.Error.Detail)
	case m.Status == "invalid":
		for _, c := range m.Challenges {
			if c.Error != nil {
				p.note(c.Type + ": " + c.Error.Detail)
			}
		}
	}
}

// note keeps a problem and tells the log of it.
func (p *problems) note(text string) {
	text = clip(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text), 200)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text != "" {
		p.text += "; "
	}
	p.text = clip(p.text+text, 600)
	p.log.Warn("the certificate authority refuses", "says", text)
}

func (p *problems) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = ""
}

func (p *problems) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}

// clip shortens a text to at most n bytes.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}
