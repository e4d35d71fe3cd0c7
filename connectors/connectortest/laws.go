package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/connectors"
	"leadgate/lead"
)

// Violations holds the laws against a case and says which are broken.
func Violations(c connectors.Connector, k Case) []string {
	var out []string
	for name, law := range map[string]func(connectors.Connector, Case) error{
		"flipped proof": flipped, "redelivery": redelivered, "cut body": cutBody, "dropped header": droppedHeader, "secrets": noSecrets, "purity": pure,
	} {
		if err := guarded(func() error { return law(c, k) }); err != nil {
			out = append(out, name+": "+err.Error())
		}
	}
	return out
}

// guarded turns a panic into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panicked: %v", v)
		}
	}()
	return f()
}

func verifies(c connectors.Connector, d lead.Delivery, k Case) bool {
	return c.Push.Verify(&d, k.Settings, k.Now, PublicURL) == nil
}

// flipped: a flipped byte of what the proof covers fails Verify.
func flipped(c connectors.Connector, k Case) error {
	if !verifies(c, clone(k.Delivery), k) || c.Proof == nil {
		return nil
	}
	switch c.Proof(k.Settings) {
	case connectors.ProofBody:
		for i := range k.Delivery.Body {
			d := clone(k.Delivery)
			d.Body[i] ^= 1
			if verifies(c, d, k) {
				return fmt.Errorf("byte %d of the body is not covered", i)
			}
		}
	case connectors.ProofToken:
		if !tokenNoticed(c, k) {
			return errors.New("no flipped token is noticed")
		}
	case connectors.ProofURLParams:
		d := clone(k.Delivery)
		if c.Push.Verify(&d, k.Settings, k.Now, PublicURL+"x") == nil {
			return errors.New("the address is not covered")
		}
	}
	return nil
}

// tokenNoticed reports whether some header, the query or the body holds a token
// whose change fails Verify.
func tokenNoticed(c connectors.Connector, k Case) bool {
	for i, f := range k.Delivery.Header {
		d := clone(k.Delivery)
		if n := len(f.Value); n > 0 {
			d.Header[i].Value = f.Value[:n-1] + string(f.Value[n-1]^1)
		}
		if !verifies(c, d, k) {
			return true
		}
	}
	for _, secret := range secrets(c, k.Settings) {
		d := clone(k.Delivery)
		d.Query = strings.ReplaceAll(d.Query, secret, secret+"x")
		d.Body = bytes.ReplaceAll(d.Body, []byte(secret), []byte(secret+"x"))
		if !verifies(c, d, k) {
			return true
		}
	}
	return false
}

// redelivered: the same post under another id and time has the same key and parses
// equal, so that it changes nothing.
func redelivered(c connectors.Connector, k Case) error {
	again := k
	again.Delivery = clone(k.Delivery)
	again.Delivery.ID, again.Delivery.At = lead.DeriveID("case", "second"), k.Delivery.At.Add(time.Hour)
	if diff := cmp.Diff(play(c, k), play(c, again)); diff != "" {
		return errors.New("it comes out differently:\n" + diff)
	}
	return nil
}

// cutBody: a body cut at every length panics nowhere.
func cutBody(c connectors.Connector, k Case) error {
	for n := range len(k.Delivery.Body) + 1 {
		d := clone(k.Delivery)
		d.Body = d.Body[:n:n]
		if err := guarded(func() error { everything(c, d, k); return nil }); err != nil {
			return fmt.Errorf("cut after %d bytes: %w", n, err)
		}
	}
	return nil
}

// droppedHeader: any header may be missing.
func droppedHeader(c connectors.Connector, k Case) error {
	for i, f := range k.Delivery.Header {
		d := clone(k.Delivery)
		d.Header = append(d.Header[:i], d.Header[i+1:]...)
		if err := guarded(func() error { everything(c, d, k); return nil }); err != nil {
			return fmt.Errorf("without %s: %w", f.Name, err)
		}
	}
	return nil
}

// everything calls what can be called, whether or not the proof holds.
func everything(c connectors.Connector, d lead.Delivery, k Case) {
	if c.Push.Handshake != nil {
		c.Push.Handshake(&d, k.Settings, k.Now)
	}
	_ = c.Push.Verify(&d, k.Settings, k.Now, PublicURL)
	if c.Push.Check != nil {
		_ = c.Push.Check(&d, k.Settings)
	}
	if c.Push.Key != nil {
		c.Push.Key(&d, k.Settings)
	}
	_, _ = c.Parse(d, k.Settings)
}

// noSecrets: no output holds a secret, nor does an error about a wrong proof.
func noSecrets(c connectors.Connector, k Case) error {
	wrong := clone(k.Delivery)
	for i := range wrong.Header {
		wrong.Header[i].Value += "x"
	}
	forged := c.Push.Verify(&wrong, k.Settings, k.Now, PublicURL)
	body, err := json.Marshal(play(c, k))
	if err != nil {
		return err
	}
	for _, secret := range secrets(c, k.Settings) {
		if strings.Contains(string(body), secret) || forged != nil && strings.Contains(forged.Error(), secret) {
			return errors.New("an output holds a secret")
		}
	}
	return nil
}

func secrets(c connectors.Connector, s connectors.Settings) []string {
	var out []string
	for _, f := range c.Fields {
		if v := s.Text(f.Name); f.Type == connectors.Secret && v != "" {
			out = append(out, v)
		}
	}
	return out
}

// pure: reading changes nothing of the delivery and gives the same again.
func pure(c connectors.Connector, k Case) error {
	d := clone(k.Delivery)
	before := clone(d)
	first, _ := c.Parse(d, k.Settings)
	second, _ := c.Parse(d, k.Settings)
	if diff := cmp.Diff(first, second); diff != "" {
		return errors.New("a second Parse gives something else:\n" + diff)
	}
	if diff := cmp.Diff(before, d); diff != "" {
		return errors.New("Parse changed the delivery:\n" + diff)
	}
	return nil
}
