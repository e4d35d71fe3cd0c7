package connectortest

import (
	"errors"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
)

// minSecret is the shortest secret that is searched for in outputs: a shorter
// one would be found in innocent text.
const minSecret = 4

// secretsOf lists the secret values of settings, those in groups included.
func secretsOf(fields []connectors.Field, s connectors.Settings) []string {
	var out []string
	for _, f := range fields {
		switch f.Type {
		case connectors.Secret:
			if v := s.Text(f.Name); len(v) >= minSecret {
				out = append(out, v)
			}
		case connectors.Groups:
			for _, group := range s.Groups(f.Name) {
				out = append(out, secretsOf(f.Fields, group)...)
			}
		}
	}
	return out
}

// withSecrets returns the settings with every secret that is set changed by f.
func withSecrets(fields []connectors.Field, s connectors.Settings, f func(string) string) connectors.Settings {
	for _, field := range fields {
		switch field.Type {
		case connectors.Secret:
			if v := s.Text(field.Name); v != "" {
				s = s.With(field.Name, f(v))
			}
		case connectors.Groups:
			groups := s.Groups(field.Name)
			if len(groups) == 0 {
				continue
			}
			changed := make([]connectors.Settings, len(groups))
			for i, g := range groups {
				changed[i] = withSecrets(field.Fields, g, f)
			}
			s = s.With(field.Name, changed)
		}
	}
	return s
}

// leaks: neither a secret nor a proof that would have been right stands in what
// the sender hears, in the log, in an error or in what is read.
func leaks(s *subject) error {
	for _, d := range s.variants() {
		texts, err := s.through(d)
		if err != nil {
			return err
		}
		for _, text := range texts {
			for _, secret := range s.secrets {
				if strings.Contains(text, secret) {
					return errors.New("a secret stands in what came out")
				}
			}
		}
	}
	return s.expected()
}

// variants are the request and broken forms of it, whose errors are outputs too.
func (s *subject) variants() []lead.Delivery {
	whole, cut, bare, typeless := clone(s.request), clone(s.request), clone(s.request), clone(s.request)
	half := len(cut.Body) / 2
	cut.Body = cut.Body[:half:half]
	bare.Header = bare.Header.Keep("Content-Type")
	typeless.Header = nil
	out := []lead.Delivery{whole, cut, bare, typeless}
	for i, h := range s.request.Header {
		if h.Value != "" {
			wrong := clone(s.request)
			wrong.Header[i].Value = flipped(h.Value, len(h.Value)-1)
			out = append(out, wrong)
		}
	}
	return out
}

// minTail is the part of a header's value that is searched for in errors.
const minTail = 16

// expected: told a wrong proof, the connector does not say the right one, which
// is the value of a header of the request.
func (s *subject) expected() error {
	for i, h := range s.request.Header {
		if len(h.Value) < minTail {
			continue
		}
		wrong := clone(s.request)
		wrong.Header[i].Value = flipped(h.Value, len(h.Value)-1)
		if err := s.verify(wrong); err != nil && strings.Contains(err.Error(), h.Value[len(h.Value)-minTail:]) {
			return errors.New("an error tells the proof that would have been right")
		}
	}
	return nil
}
