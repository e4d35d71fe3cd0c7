package services

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificate is one for 127.0.0.1, with the authority that signed it, in PEM.
type certificate struct{ ca, cert, key []byte }

// newCertificate makes an authority and a certificate that are good for a day.
func newCertificate() (*certificate, error) {
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true}
	}
	ca, server := template(1, "throw-away authority"), template(2, "throw-away server")
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	server.KeyUsage, server.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &authority.PublicKey, authority)
	if err != nil {
		return nil, fmt.Errorf("making an authority: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, server, ca, &own.PublicKey, authority)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return nil, err
	}
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	return &certificate{ca: block("CERTIFICATE", caDER), cert: block("CERTIFICATE", der), key: block("PRIVATE KEY", key)}, nil
}

// save writes the three as files of a folder.
func (c *certificate) save(dir string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "ca.pem"), c.ca, 0o600),
		os.WriteFile(filepath.Join(dir, "cert.pem"), c.cert, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), c.key, 0o600),
	)
}
