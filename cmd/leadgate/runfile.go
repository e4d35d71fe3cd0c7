package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// runFile is what the other subcommands find a running gateway by. It stands in
// the data folder, readable by its owner alone, while the gateway runs.
type runFile struct {
	Address string `json:"address"`
	Token   string `json:"token"`
	PID     int    `json:"pid"`
	Node    string `json:"node"`          // its name among the nodes of the store
	Cert    string `json:"cert,omitzero"` // the file with its certificate, with TLS
	Pin     string `json:"pin,omitzero"`  // SHA-256 of the one it shows to those who ask for localName
}

func (g *gateway) runFile() string { return filepath.Join(g.o.Data, "run.json") }

func (g *gateway) writeRunFile() (err error) {
	r := runFile{Address: g.base, Token: g.token, PID: os.Getpid(), Node: g.vault.Node()}
	if g.o.TLSCert != "" {
		if r.Cert, err = filepath.Abs(g.o.TLSCert); err != nil {
			return fmt.Errorf("writing run.json: %w", err)
		}
	}
	if g.auto != nil {
		r.Pin = pin(g.auto.local)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing run.json: %w", err)
	}
	return writeFileSynced(g.runFile(), append(body, '\n'))
}

// running finds the gateway that runs over a data folder.
func running(data string) (runFile, bool) {
	var r runFile
	body, err := os.ReadFile(filepath.Join(data, "run.json"))
	if err != nil || json.Unmarshal(body, &r) != nil {
		return r, false
	}
	resp, err := r.client(2 * time.Second).Get(r.Address + "/livez")
	if err != nil {
		return r, false
	}
	return r, resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// client speaks to the gateway. Its certificate names a public host and not the
// address it listens on, so it is known by being the one in the gateway's file.
func (r runFile) client(timeout time.Duration) *http.Client {
	if r.Cert == "" && r.Pin == "" { // without the default's proxy, which would hear the token
		return &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	}
	name := ""
	if r.Pin != "" {
		name = localName
	}
	return &http.Client{Timeout: timeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         name,
		InsecureSkipVerify: true, //nolint:gosec // VerifyPeerCertificate is stricter: this very certificate
		VerifyPeerCertificate: func(shown [][]byte, _ [][]*x509.Certificate) error {
			if r.Pin != "" {
				if len(shown) == 0 || pin(&tls.Certificate{Certificate: shown}) != r.Pin {
					return errors.New("whoever listens there has another certificate")
				}
				return nil
			}
			body, err := os.ReadFile(r.Cert)
			if err != nil {
				return fmt.Errorf("reading the gateway's certificate: %w", err)
			}
			block, _ := pem.Decode(body)
			if block == nil || len(shown) == 0 || !bytes.Equal(shown[0], block.Bytes) {
				return errors.New("whoever listens there has another certificate")
			}
			return nil
		},
	}}}
}
