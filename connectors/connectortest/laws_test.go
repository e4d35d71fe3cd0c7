package connectortest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// honest is a connector without fault; its proof is the body's length and first bytes, spelt out.
func honest() connectors.Connector {
	return connectors.Connector{Kind: "honest", Fields: []connectors.Field{{Name: "secret", Type: connectors.Secret}},
		Proof: func(connectors.Settings) connectors.Proof { return connectors.ProofBody },
		Parse: func(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
			return lead.Parsed{Inquiries: []lead.Inquiry{{Key: "k", Text: string(d.Body)}}}, nil
		},
		Push: &connectors.Push{
			Verify: func(d *lead.Delivery, s connectors.Settings, _ time.Time, _ string) error {
				if d.Header.Get("X-Proof") != s.Text("secret")+string(d.Body) {
					return connectors.ErrForged
				}
				return nil
			},
			Key: func(d *lead.Delivery, _ connectors.Settings) string { return "k" },
		}}
}

func testCase(t *testing.T, c connectors.Connector) Case {
	t.Helper()
	s, err := connectors.NewSettings(c.Fields, map[string]any{"secret": "planted-secret"})
	if err != nil {
		t.Fatal(err)
	}
	d := lead.Delivery{ID: lead.DeriveID("case", "first"), Source: "case", At: time.Unix(1, 0).UTC(), Body: []byte("a body of some length, long enough"),
		Header: lead.Header{{Name: "X-Proof", Value: "planted-secreta body of some length, long enough"}}}
	return Case{Settings: s, Delivery: d, Now: time.Unix(1, 0)}
}

// Each law catches the connector that breaks it, and spares the one that does not.
func TestLaws(t *testing.T) {
	t.Parallel()
	calls := 0
	for name, plant := range map[string]func(*connectors.Connector){
		"": func(*connectors.Connector) {},
		"flipped proof": func(c *connectors.Connector) {
			c.Push.Verify = func(d *lead.Delivery, s connectors.Settings, _ time.Time, _ string) error {
				if len(d.Body) < 10 || !strings.HasPrefix(d.Header.Get("X-Proof"), s.Text("secret")+string(d.Body[:10])) {
					return connectors.ErrForged
				}
				return nil
			}
		},
		"redelivery": func(c *connectors.Connector) {
			c.Push.Key = func(d *lead.Delivery, _ connectors.Settings) string { return d.ID.String() }
		},
		"cut body": func(c *connectors.Connector) {
			c.Parse = func(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
				return lead.Parsed{Inquiries: []lead.Inquiry{{Text: string(d.Body[:20])}}}, nil
			}
		},
		"dropped header": func(c *connectors.Connector) {
			c.Push.Key = func(d *lead.Delivery, _ connectors.Settings) string { return d.Header[0].Value[:1] }
		},
		"secrets": func(c *connectors.Connector) {
			c.Push.Verify = func(d *lead.Delivery, s connectors.Settings, _ time.Time, _ string) error {
				if want := s.Text("secret") + string(d.Body); d.Header.Get("X-Proof") != want {
					return errors.Join(connectors.ErrForged, errors.New("want "+want))
				}
				return nil
			}
		},
		"purity": func(c *connectors.Connector) {
			c.Parse = func(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
				calls++
				return lead.Parsed{Inquiries: []lead.Inquiry{{Text: strings.Repeat("x", calls)}}}, nil
			}
		},
	} {
		c := honest()
		plant(&c)
		got := strings.Join(Violations(c, testCase(t, c)), "\n")
		if name == "" && got != "" {
			t.Errorf("the honest connector breaks laws: %s", got)
		}
		if !strings.Contains(got, name) {
			t.Errorf("the law %q does not catch its plant: %s", name, got)
		}
	}
}
