package connectortest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
)

// proof: one changed byte of what the proof covers is refused.
func proof(s *subject) error {
	covers := s.covers()
	if covers == connectors.ProofNone || s.verify(clone(s.request)) != nil {
		return nil
	}
	if covers == connectors.ProofToken {
		return s.flipTokens()
	}
	if err := s.flipBody(); err != nil {
		return err
	}
	if covers == connectors.ProofURLParams {
		return s.flipURL()
	}
	return nil
}

// rejects reports as an error that a changed request was proven.
func (s *subject) rejects(d lead.Delivery, change string) error {
	switch err := s.verify(d); {
	case err == nil:
		return fmt.Errorf("nobody notices %s", change)
	case !errors.Is(err, connectors.ErrForged):
		return fmt.Errorf("%s is answered with another error than ErrForged", change)
	}
	return nil
}

func (s *subject) flipBody() error {
	for _, i := range places(len(s.request.Body)) {
		d := clone(s.request)
		d.Body[i] ^= 1
		if err := s.rejects(d, fmt.Sprintf("a flipped byte %d of the body", i)); err != nil {
			return err
		}
	}
	d := clone(s.request)
	d.Body = append(d.Body, ' ')
	return s.rejects(d, "a byte after the body")
}

func (s *subject) flipURL() error {
	for i := range len(s.request.Query) {
		d := clone(s.request)
		d.Query = flipped(d.Query, i)
		if err := s.rejects(d, fmt.Sprintf("a flipped byte %d of the query", i)); err != nil {
			return err
		}
	}
	for i := range len(s.request.Path) {
		d := clone(s.request)
		d.Path = flipped(d.Path, i)
		if err := s.rejects(d, fmt.Sprintf("a flipped byte %d of the path", i)); err != nil {
			return err
		}
	}
	moved := *s
	moved.url = flipped(s.url, len(s.url)-1)
	return moved.rejects(clone(s.request), "another address")
}

func flipped(text string, i int) string {
	b := []byte(text)
	b[i] ^= 1
	return string(b)
}

// flipTokens changes each byte of the secret wherever it stands in the request.
func (s *subject) flipTokens() error {
	found := false
	for _, secret := range s.secrets {
		for _, change := range s.carriers(secret) {
			for i := range len(secret) {
				d, carries := change(flipped(secret, i))
				if !carries {
					break
				}
				found = true
				if err := s.rejects(d, "a flipped byte of the token"); err != nil {
					return err
				}
			}
		}
	}
	if !found {
		return errors.New("the request carries no token of the settings")
	}
	return nil
}

// carriers are ways to put another value where a secret stands in the request,
// plain, escaped as in a form, or in Basic credentials; each says whether the
// secret stands there.
func (s *subject) carriers(secret string) []func(string) (lead.Delivery, bool) {
	swap := func(text, v string) string { return swapped(text, secret, v) }
	out := []func(string) (lead.Delivery, bool){
		func(v string) (lead.Delivery, bool) {
			d := clone(s.request)
			d.Body = []byte(swap(string(d.Body), v))
			return d, string(d.Body) != string(s.request.Body)
		},
		func(v string) (lead.Delivery, bool) {
			d := clone(s.request)
			d.Query, d.Path = swap(d.Query, v), swap(d.Path, v)
			return d, d.Query != s.request.Query || d.Path != s.request.Path
		},
	}
	for i, h := range s.request.Header {
		out = append(out, func(v string) (lead.Delivery, bool) {
			d := clone(s.request)
			d.Header[i].Value = swap(h.Value, v)
			if word, credentials, ok := strings.Cut(h.Value, " "); ok && strings.EqualFold(word, "Basic") {
				plain, _ := base64.StdEncoding.DecodeString(credentials)
				d.Header[i].Value = word + " " + base64.StdEncoding.EncodeToString([]byte(swap(string(plain), v)))
			}
			return d, d.Header[i].Value != h.Value
		})
	}
	return out
}

// swapped puts another value in the place of a secret, plain and escaped as in a form.
func swapped(text, secret, v string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, secret, v), url.QueryEscape(secret), url.QueryEscape(v))
}

// closed: without its proof, or without the secret to check it by, nothing is taken.
func closed(s *subject) error {
	if s.covers() == connectors.ProofNone {
		return nil
	}
	bare := clone(s.request)
	bare.Header, bare.Query, bare.Path = bare.Header.Keep("Content-Type", "Content-Encoding"), "", ""
	if s.covers() == connectors.ProofToken {
		for _, secret := range s.secrets {
			bare.Body = []byte(swapped(string(bare.Body), secret, ""))
		}
	}
	if err := s.rejects(bare, "that there is no proof"); err != nil {
		return err
	}
	for _, secrets := range []struct {
		are    string
		change func(string) string
	}{
		{"that the secret is empty", func(string) string { return "" }},
		{"that the secret is another", func(v string) string { return "x" + v }},
	} {
		other := *s
		other.settings = withSecrets(s.c.Fields, s.settings, secrets.change)
		if err := other.rejects(clone(s.request), secrets.are); err != nil {
			return err
		}
	}
	return nil
}
