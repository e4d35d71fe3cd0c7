package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority is a certificate authority that speaks ACME (RFC 8555) as strictly as the
// real ones: every request is signed, with a fresh nonce, for its own address; a domain
// is proven by dialling the gateway; a request for a certificate names it and nothing else.
type authority struct {
	t        *testing.T
	srv      *httptest.Server
	roots    *x509.CertPool
	dir      string // its directory's address
	file     string // the root its own address is trusted by
	lifetime time.Duration
	offers   []string // kinds of challenges

	known  chan struct{} // closed when the gateway's addresses are
	byTLS  string
	byHTTP string

	mu       sync.Mutex // guards what follows
	key      *ecdsa.PrivateKey
	cert     *x509.Certificate
	nonces   map[string]bool
	accounts map[string]*account // by address
	orders   []*acmeOrder
	refusals []func(w http.ResponseWriter) // of the next orders
	badNonce int                           // how many requests yet are told that their nonce is old
	contacts []string
	issued   int
	serial   int64
	proofs   []string // kinds of challenges that were proven
	down     bool
}

type account struct {
	url, thumb string
	key        crypto.PublicKey
}

type acmeOrder struct {
	n             int
	account       *account
	domain, state string
	token         string
	failed        string // why the domain was not proven
	chain         []byte
}

// newAuthority starts one. where says at which addresses of loopback its challenges
// find the gateway, whatever the domain.
func newAuthority(t *testing.T, offers ...string) *authority {
	t.Helper()
	a := &authority{t: t, lifetime: time.Hour, offers: offers, known: make(chan struct{}), nonces: map[string]bool{}, accounts: map[string]*account{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.roots = x509.NewCertPool()
	a.roots.AddCert(a.cert)
	a.srv = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.srv.Close)
	a.dir = a.srv.URL + "/directory"
	a.file = filepath.Join(t.TempDir(), "roots.pem")
	body := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.srv.Certificate().Raw})
	if err := os.WriteFile(a.file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// finds tells the authority where the gateway is.
func (a *authority) finds(byTLS, byHTTP string) {
	a.byTLS, a.byHTTP = byTLS, byHTTP
	close(a.known)
}

func (a *authority) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *authority) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issued
}

// problem answers as authorities do.
func problem(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:ietf:params:acme:error:" + kind, "detail": detail, "status": status})
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	a.mu.Lock()
	a.nonces[nonce] = true
	down := a.down
	a.mu.Unlock()
	w.Header().Set("Replay-Nonce", nonce)
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case down:
		problem(w, http.StatusServiceUnavailable, "serverInternal", "closed for today")
	case r.URL.Path == "/directory":
		a.answer(w, http.StatusOK, map[string]any{"newNonce": a.srv.URL + "/nonce", "newAccount": a.srv.URL + "/account", "newOrder": a.srv.URL + "/order",
			"meta": map[string]any{"termsOfService": a.srv.URL + "/terms"}})
	case r.URL.Path == "/nonce":
		w.WriteHeader(http.StatusOK)
	default:
		a.signed(w, r)
	}
}

func (a *authority) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.t.Error(err)
	}
}

// signed checks a signed request before anything is done for it.
func (a *authority) signed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/jose+json" {
		problem(w, http.StatusBadRequest, "malformed", "a signed POST is wanted")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	who, payload, err := a.verify(body, a.srv.URL+r.URL.Path)
	if err != nil {
		kind := "malformed"
		if errors.Is(err, errNonce) {
			kind = "badNonce"
		}
		problem(w, http.StatusBadRequest, kind, err.Error())
		return
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if kind == "account" {
		a.newAccount(w, who, payload)
		return
	}
	if a.accounts[who.url] == nil {
		problem(w, http.StatusUnauthorized, "unauthorized", "no such account")
		return
	}
	if kind == "order" && id == "" {
		a.newOrder(w, who, payload)
		return
	}
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil || n >= len(a.orders) || a.orders[n].account.url != who.url {
		problem(w, http.StatusNotFound, "malformed", "no such thing of this account")
		return
	}
	o := a.orders[n]
	switch kind {
	case "order":
		a.show(w, http.StatusOK, o)
	case "authz":
		a.authz(w, o, payload)
	case "tls-alpn-01", "http-01":
		a.challenge(w, o, kind)
	case "finalize":
		a.finalize(w, o, payload)
	case "cert":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(o.chain)
	default:
		problem(w, http.StatusNotFound, "malformed", "no such address")
	}
}

var errNonce = errors.New("the nonce is not one of ours, or was used")

// verify checks form, nonce, address and signature of a JWS, and returns whose it is.
func (a *authority) verify(body []byte, url string) (*account, []byte, error) {
	var jws struct{ Protected, Payload, Signature string }
	if err := json.Unmarshal(body, &jws); err != nil {
		return nil, nil, err
	}
	var head struct {
		Alg, Nonce, URL, Kid string
		JWK                  *struct{ Kty, Crv, X, Y, N, E string }
	}
	protected, err := unbase64(jws.Protected)
	if err != nil || json.Unmarshal(protected, &head) != nil {
		return nil, nil, errors.New("the protected header cannot be read")
	}
	if a.badNonce > 0 {
		a.badNonce--
		return nil, nil, errNonce
	}
	if !a.nonces[head.Nonce] {
		return nil, nil, errNonce
	}
	delete(a.nonces, head.Nonce)
	if head.URL != url || (head.JWK == nil) == (head.Kid == "") {
		return nil, nil, fmt.Errorf("signed for %q, sent to %q", head.URL, url)
	}
	who := a.accounts[head.Kid]
	if k := head.JWK; k != nil {
		who = &account{}
		switch k.Kty {
		case "EC":
			x, errX := unbase64(k.X)
			y, errY := unbase64(k.Y)
			if errX != nil || errY != nil || k.Crv != "P-256" {
				return nil, nil, errors.New("a P-256 key is wanted")
			}
			who.key = &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
			who.thumb = thumbprint(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, k.Crv, k.X, k.Y)
		case "RSA":
			n, errN := unbase64(k.N)
			e, errE := unbase64(k.E)
			if errN != nil || errE != nil || len(n) < 256 {
				return nil, nil, errors.New("an RSA key of 2048 bits is wanted")
			}
			who.key = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
			who.thumb = thumbprint(`{"e":%q,"kty":"RSA","n":%q}`, k.E, k.N)
		default:
			return nil, nil, errors.New("no such kind of key")
		}
		for _, known := range a.accounts {
			if known.thumb == who.thumb {
				who = known
			}
		}
	}
	if who == nil {
		return nil, nil, errors.New("no such account")
	}
	signature, err := unbase64(jws.Signature)
	if err != nil || !signs(who.key, head.Alg, jws.Protected+"."+jws.Payload, signature) {
		return nil, nil, errors.New("the signature is not of this key")
	}
	payload, err := unbase64(jws.Payload)
	return who, payload, err
}

func signs(key crypto.PublicKey, alg, text string, signature []byte) bool {
	sum := sha256.Sum256([]byte(text))
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return alg == "ES256" && len(signature) == 64 && ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case *rsa.PublicKey:
		return alg == "RS256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

func unbase64(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

func thumbprint(format string, args ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, format, args...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (a *authority) newAccount(w http.ResponseWriter, who *account, payload []byte) {
	var req struct {
		Contact              []string
		TermsOfServiceAgreed bool
		OnlyReturnExisting   bool
	}
	if err := json.Unmarshal(payload, &req); err != nil {
		problem(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	status := http.StatusOK
	if a.accounts[who.url] == nil {
		if req.OnlyReturnExisting {
			problem(w, http.StatusBadRequest, "accountDoesNotExist", "no account has this key")
			return
		}
		if !req.TermsOfServiceAgreed {
			problem(w, http.StatusForbidden, "userActionRequired", "agree to the terms first")
			return
		}
		status, who.url = http.StatusCreated, fmt.Sprintf("%s/account/%d", a.srv.URL, len(a.accounts))
		a.accounts[who.url] = who
		a.contacts = req.Contact
	}
	w.Header().Set("Location", who.url)
	a.answer(w, status, map[string]any{"status": "valid", "contact": req.Contact})
}

func (a *authority) newOrder(w http.ResponseWriter, who *account, payload []byte) {
	if len(a.refusals) > 0 {
		refuse := a.refusals[0]
		a.refusals = a.refusals[1:]
		refuse(w)
		return
	}
	var req struct {
		Identifiers []struct{ Type, Value string }
	}
	if err := json.Unmarshal(payload, &req); err != nil || len(req.Identifiers) != 1 || req.Identifiers[0].Type != "dns" {
		problem(w, http.StatusBadRequest, "malformed", "one domain is wanted")
		return
	}
	o := &acmeOrder{n: len(a.orders), account: who, domain: req.Identifiers[0].Value, state: "pending", token: rand.Text()}
	a.orders = append(a.orders, o)
	a.show(w, http.StatusCreated, o)
}

func (a *authority) at(kind string, o *acmeOrder) string {
	return fmt.Sprintf("%s/%s/%d", a.srv.URL, kind, o.n)
}

func (a *authority) show(w http.ResponseWriter, status int, o *acmeOrder) {
	w.Header().Set("Location", a.at("order", o))
	v := map[string]any{"status": o.state, "identifiers": []any{map[string]string{"type": "dns", "value": o.domain}}, "authorizations": []string{a.at("authz", o)}, "finalize": a.at("finalize", o)}
	if o.chain != nil {
		v["certificate"] = a.at("cert", o)
	}
	a.answer(w, status, v)
}

func (a *authority) authz(w http.ResponseWriter, o *acmeOrder, payload []byte) {
	var list []any
	for _, kind := range a.offers {
		c := map[string]any{"type": kind, "url": a.at(kind, o), "token": o.token, "status": "pending"}
		if o.failed != "" && strings.HasPrefix(o.failed, kind) {
			c["status"], c["error"] = "invalid", map[string]string{"type": "urn:ietf:params:acme:error:unauthorized", "detail": strings.TrimPrefix(o.failed, kind+": ")}
		}
		list = append(list, c)
	}
	state := map[string]string{"pending": "pending", "invalid": "invalid"}[o.state]
	if state == "" {
		state = "valid"
	}
	if bytes.Contains(payload, []byte("deactivated")) {
		state = "deactivated"
	}
	a.answer(w, http.StatusOK, map[string]any{"status": state, "identifier": map[string]string{"type": "dns", "value": o.domain}, "challenges": list})
}

// challenge proves a domain by dialling the gateway, as the real ones do from outside.
func (a *authority) challenge(w http.ResponseWriter, o *acmeOrder, kind string) {
	proof := o.token + "." + o.account.thumb
	a.mu.Unlock() // the gateway's answer may wait for another request of its own
	var err error
	select {
	case <-a.known:
	case <-time.After(20 * time.Second):
	}
	if kind == "http-01" {
		err = byHTTP(a.byHTTP, o.domain, o.token, proof)
	} else {
		err = byTLS(a.byTLS, o.domain, proof)
	}
	a.mu.Lock()
	state := "valid"
	if o.state == "pending" {
		o.state = "ready"
		a.proofs = append(a.proofs, kind)
	}
	if err != nil {
		state, o.state, o.failed = "invalid", "invalid", kind+": "+err.Error()
	}
	a.answer(w, http.StatusOK, map[string]any{"type": kind, "url": a.at(kind, o), "token": o.token, "status": state})
}

func byHTTP(address, domain, token, proof string) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/.well-known/acme-challenge/"+token, nil)
	if err != nil {
		return err
	}
	req.Host = domain
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return errors.New("connection refused")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != proof {
		return fmt.Errorf("status %d and another text", resp.StatusCode)
	}
	return nil
}

// byTLS checks what RFC 8737 asks of the certificate.
func byTLS(address, domain, proof string) error {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address,
		&tls.Config{ServerName: domain, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}) //nolint:gosec // the certificate is the proof itself
	if err != nil {
		return errors.New("no handshake")
	}
	defer conn.Close()
	state := conn.ConnectionState()
	cert := state.PeerCertificates[0]
	sum := sha256.Sum256([]byte(proof))
	want, err := asn1.Marshal(sum[:])
	if err != nil {
		return err
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && e.Critical && bytes.Equal(e.Value, want) &&
			state.NegotiatedProtocol == "acme-tls/1" && slices.Equal(cert.DNSNames, []string{domain}) {
			return nil
		}
	}
	return errors.New("the certificate proves nothing")
}

// finalize issues a certificate for a request that asks for the proven domain alone.
func (a *authority) finalize(w http.ResponseWriter, o *acmeOrder, payload []byte) {
	if o.state != "ready" {
		problem(w, http.StatusForbidden, "orderNotReady", "the order is "+o.state)
		return
	}
	var req struct{ CSR string }
	err := json.Unmarshal(payload, &req)
	der, errDER := unbase64(req.CSR)
	csr, errCSR := x509.ParseCertificateRequest(der)
	if err := errors.Join(err, errDER, errCSR); err != nil {
		problem(w, http.StatusBadRequest, "badCSR", err.Error())
		return
	}
	if csr.CheckSignature() != nil || !slices.Equal(csr.DNSNames, []string{o.domain}) {
		problem(w, http.StatusBadRequest, "badCSR", "it asks for something else")
		return
	}
	a.serial++
	now := time.Now()
	tpl := &x509.Certificate{SerialNumber: big.NewInt(100 + a.serial), Subject: pkix.Name{CommonName: o.domain}, DNSNames: csr.DNSNames, NotBefore: now.Truncate(time.Second),
		NotAfter: now.Add(a.lifetime), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	leaf, err := x509.CreateCertificate(rand.Reader, tpl, a.cert, csr.PublicKey, a.key)
	if err != nil {
		problem(w, http.StatusInternalServerError, "serverInternal", err.Error())
		return
	}
	for _, b := range [][]byte{leaf, a.cert.Raw} {
		o.chain = append(o.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b})...)
	}
	o.state = "valid"
	a.issued++
	a.show(w, http.StatusOK, o)
}

// The fake believes nobody: what is not signed by the account, for this address and
// with a nonce of its own, is refused. Else a test over it would prove nothing.
func TestAuthorityBelievesNobody(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	keys := map[string]struct {
		jwk  any
		sign func(sum []byte) []byte
	}{
		"ES256": {map[string]string{"kty": "EC", "crv": "P-256", "x": encode(ec.X.FillBytes(make([]byte, 32))), "y": encode(ec.Y.FillBytes(make([]byte, 32)))}, func(sum []byte) []byte {
			r, s, err := ecdsa.Sign(rand.Reader, ec, sum)
			if err != nil {
				t.Fatal(err)
			}
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}},
		"RS256": {map[string]string{"kty": "RSA", "n": encode(rs.N.Bytes()), "e": encode(big.NewInt(int64(rs.E)).Bytes())}, func(sum []byte) []byte {
			sig, err := rsa.SignPKCS1v15(rand.Reader, rs, crypto.SHA256, sum)
			if err != nil {
				t.Fatal(err)
			}
			return sig
		}},
	}
	for alg, k := range keys {
		for name, tc := range map[string]struct {
			nonce, url string
			flip       bool
			ok         bool
		}{
			"right":             {"n", "/account", false, true},
			"no nonce of ours":  {"other", "/account", false, false},
			"for another place": {"n", "/order", false, false},
			"signed by nobody":  {"n", "/account", true, false},
		} {
			a.nonces["n"] = true
			head, err := json.Marshal(map[string]any{"alg": alg, "nonce": tc.nonce, "url": a.srv.URL + tc.url, "jwk": k.jwk})
			if err != nil {
				t.Fatal(err)
			}
			protected, payload := encode(head), encode([]byte("{}"))
			sum := sha256.Sum256([]byte(protected + "." + payload))
			signature := k.sign(sum[:])
			if tc.flip {
				signature[9] ^= 1
			}
			body, err := json.Marshal(map[string]string{"protected": protected, "payload": payload, "signature": encode(signature)})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := a.verify(body, a.srv.URL+path.Join("/", "account")); (err == nil) != tc.ok {
				t.Errorf("%s, %s: %v", alg, name, err)
			}
		}
	}
}
