package connectortest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

const (
	planted = "planted-secret"
	text    = "a body of some length, long enough to be cut"
)

// posted is a connector without fault that is posted to. Its proof is the body
// and the address, spelt out behind the secret.
func posted() connectors.Connector {
	return connectors.Connector{
		Kind: "honest", Fields: []connectors.Field{{Name: "secret", Type: connectors.Secret}},
		Proof: func(connectors.Settings) connectors.Proof { return connectors.ProofURLParams },
		Parse: parseHonest,
		Push: &connectors.Push{
			Verify: func(d *lead.Delivery, s connectors.Settings, _ time.Time, publicURL string) error {
				if s.Text("secret") == "" || d.Header.Get("X-Proof") != signed(s.Text("secret"), publicURL, d.Path, d.Query, string(d.Body)) {
					return connectors.ErrForged
				}
				return nil
			},
			Key: func(d *lead.Delivery, _ connectors.Settings) string { return d.Header.Get("Webhook-Id") },
		},
	}
}

func signed(secret string, parts ...string) string {
	return hex.EncodeToString([]byte(fmt.Sprintf("%s %q", secret, parts)))
}

func parseHonest(d lead.Delivery, _ connectors.Settings) (lead.Parsed, error) {
	if len(d.Body) == 0 {
		return lead.Parsed{}, fmt.Errorf("reading body: %w", lead.ErrInvalid)
	}
	return lead.Parsed{
		Inquiries: []lead.Inquiry{{Key: "k", Kind: lead.KindForm, Channel: "honest", Text: string(d.Body)}},
		Updates:   []lead.Update{{About: "k", Event: "e"}},
		Failures:  []lead.Failure{{Reason: "is no inquiry"}},
	}, nil
}

// served is a connector without fault that serves; its proof is a token in the header.
func served() connectors.Connector {
	return connectors.Connector{
		Kind: "honest", Fields: []connectors.Field{{Name: "secret", Type: connectors.Secret}},
		Proof: func(connectors.Settings) connectors.Proof { return connectors.ProofToken },
		Parse: parseHonest,
		Serve: func(env connectors.Env) (http.Handler, error) {
			secret := env.Source().Settings.Text("secret")
			if secret == "" {
				return nil, errors.New("no secret")
			}
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Proof") != secret {
					http.Error(w, "who are you?", http.StatusUnauthorized)
					return
				}
				body, err := connectors.ReadBody(w, r, 1<<10)
				if err != nil {
					http.Error(w, "too much", http.StatusRequestEntityTooLarge)
					return
				}
				d := connectors.NewDelivery(env.Source().Name, r, r.URL.Path, body, env.Now())
				d.Key = r.Header.Get("Webhook-Id")
				d.Header = d.Header.Keep("Webhook-Id")
				if _, err := env.Accept(r.Context(), d); err != nil {
					env.Log().Warn("not accepted", "err", err)
					w.Header().Set("Retry-After", "30")
					http.Error(w, "later", http.StatusServiceUnavailable)
				}
			}), nil
		},
	}
}

func subjectOf(t *testing.T, c *connectors.Connector) *subject {
	t.Helper()
	proof := planted
	if c.Push != nil {
		proof = signed(planted, "https://leads.example.com/in/golden", "hook", "a=b", text)
	}
	g, err := readGolden([]byte("-- settings --\nsecret: "+planted+"\n-- request --\nPOST /hook?a=b HTTP/1.1\nHost: x\nX-Proof: "+proof+"\nWebhook-Id: 7\n\n"+text+"\n-- want --\n{}\n"),
		c, "https://leads.example.com/in/golden")
	if err != nil {
		t.Fatal(err)
	}
	return &g.subject
}

// Connectors without fault keep every law, and their requests are taken: a law
// that is tried on nothing proves nothing.
func TestLawsSpareTheHonest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]connectors.Connector{"posted": posted(), "served": served()} {
		s := subjectOf(t, &c)
		if err := s.verify(clone(s.request)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := s.deliveries(); err != nil || len(all) != 1 || all[0].Key != "7" || string(all[0].Body) != text {
			t.Errorf("%s: deliveries %+v, %v", name, all, err)
		}
		for _, broken := range s.broken() {
			t.Errorf("%s: %s", name, broken)
		}
	}
}

// plant is a connector with one fault and the law it breaks.
type plant struct {
	fault, law string
	c          func() connectors.Connector
}

// reads is an honest connector with another Parse.
func reads(parse func(lead.Delivery, connectors.Settings) (lead.Parsed, error)) func() connectors.Connector {
	return func() connectors.Connector { c := posted(); c.Parse = parse; return c }
}

// readsAs is an honest connector whose reading is spoilt afterwards.
func readsAs(spoil func(d lead.Delivery, p *lead.Parsed)) func() connectors.Connector {
	return reads(func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
		p, err := parseHonest(d, s)
		if err == nil {
			spoil(d, &p)
		}
		return p, err
	})
}

// pushes is an honest connector with one function of Push changed.
func pushes(change func(*connectors.Push)) func() connectors.Connector {
	return func() connectors.Connector { c := posted(); change(c.Push); return c }
}

// serves is an honest connector that does something else before its handler's work.
func serves(before func(env connectors.Env, w http.ResponseWriter, r *http.Request) (done bool)) func() connectors.Connector {
	return func() connectors.Connector {
		c := served()
		honest := c.Serve
		c.Serve = func(env connectors.Env) (http.Handler, error) {
			h, err := honest(env)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !before(env, w, r) {
					h.ServeHTTP(w, r)
				}
			}), err
		}
		return c
	}
}

// verifies is an honest connector with another Verify.
func verifies(right func(d *lead.Delivery, s connectors.Settings, url string) bool, fault error) func() connectors.Connector {
	return pushes(func(p *connectors.Push) {
		p.Verify = func(d *lead.Delivery, s connectors.Settings, _ time.Time, url string) error {
			if !right(d, s, url) {
				return fault
			}
			return nil
		}
	})
}

func proves(d *lead.Delivery, s connectors.Settings, parts ...string) bool {
	return s.Text("secret") != "" && d.Header.Get("X-Proof") == signed(s.Text("secret"), parts...)
}

func right(d *lead.Delivery, s connectors.Settings, url string) bool {
	return proves(d, s, url, d.Path, d.Query, string(d.Body))
}

func parsePlants() []plant {
	calls := 0
	return []plant{
		{"a key made of the time", "a redelivery parses equal", readsAs(func(d lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Key = d.At.String() })},
		{"a key made of the id", "a redelivery parses equal", readsAs(func(d lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Key = d.ID.String() })},
		{"the key of the delivery made of its time", "a redelivery parses equal", pushes(func(p *connectors.Push) {
			p.Key = func(d *lead.Delivery, _ connectors.Settings) string { return d.At.String() }
		})},
		{"a counter", "parse is pure", readsAs(func(_ lead.Delivery, p *lead.Parsed) {
			calls++
			p.Inquiries[0].Text = strings.Repeat("x", calls)
		})},
		{"a write into the body", "parse is pure", readsAs(func(d lead.Delivery, _ *lead.Parsed) { d.Body[0] = 'A' })},
		{"a write into the header", "parse is pure", pushes(func(p *connectors.Push) {
			p.Key = func(d *lead.Delivery, _ connectors.Settings) string { d.Header[0].Value = ""; return "7" }
		})},
		{"no key at all", "every inquiry has a key", func() connectors.Connector {
			c := readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Key = "" })()
			c.Push.Key = nil
			return c
		}},
		{"one key for two", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries = append(p.Inquiries, p.Inquiries[0]) })},
		{"no kind", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Kind = "" })},
		{"no channel", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Channel = "" })},
		{"an origin nobody knows", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Origin = "MOON" })},
		{"a scope of its own", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Scope = "x" })},
		{"an update of nothing", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Updates[0].About = "" })},
		{"an update without name", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Updates[0].Event = "" })},
		{"a failure without reason", "inquiries are well formed", readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Failures[0].Reason = "" })},
		{"a slice past a cut", "a body cut anywhere does no harm", readsAs(func(d lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Text = string(d.Body[:20]) })},
		{"an error without class", "a body cut anywhere does no harm", reads(func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
			if len(d.Body) < 9 {
				return lead.Parsed{}, errors.New("too short")
			}
			return parseHonest(d, s)
		})},
		{"an index of a header", "a missing header does no harm", pushes(func(p *connectors.Push) {
			p.Key = func(d *lead.Delivery, _ connectors.Settings) string { _ = d.Header.Get("Webhook-Id")[0]; return "7" }
		})},
	}
}

func proofPlants() []plant {
	return []plant{
		{"only ten bytes covered", "what the proof covers cannot change", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return len(d.Body) >= 10 && proves(d, s, url, d.Path, d.Query, string(d.Body[:10])+text[10:])
		}, connectors.ErrForged)},
		{"space cut off", "what the proof covers cannot change", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return proves(d, s, url, d.Path, d.Query, strings.TrimSpace(string(d.Body)))
		}, connectors.ErrForged)},
		{"the query left out", "what the proof covers cannot change", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return proves(d, s, url, d.Path, "a=b", string(d.Body))
		}, connectors.ErrForged)},
		{"the path left out", "what the proof covers cannot change", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return proves(d, s, url, "hook", d.Query, string(d.Body))
		}, connectors.ErrForged)},
		{"the address left out", "what the proof covers cannot change", verifies(func(d *lead.Delivery, s connectors.Settings, _ string) bool {
			return proves(d, s, "https://leads.example.com/in/golden", d.Path, d.Query, string(d.Body))
		}, connectors.ErrForged)},
		{"an error of another class", "what the proof covers cannot change", verifies(right, errors.New("no"))},
		{"a token of any end", "what the proof covers cannot change", func() connectors.Connector {
			c := posted()
			c.Proof = func(connectors.Settings) connectors.Proof { return connectors.ProofToken }
			c.Push.Verify = func(d *lead.Delivery, s connectors.Settings, _ time.Time, _ string) error {
				if secret := s.Text("secret"); secret != "" && strings.HasPrefix(d.Header.Get("X-Proof"), hex.EncodeToString([]byte(secret))) {
					return nil
				}
				return connectors.ErrForged
			}
			return c
		}},
		{"no proof is a proof", "the proof fails closed", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return d.Header.Get("X-Proof") == "" || right(d, s, url)
		}, connectors.ErrForged)},
		{"no secret, no question", "the proof fails closed", verifies(func(d *lead.Delivery, s connectors.Settings, url string) bool {
			return s.Text("secret") == "" || right(d, s, url)
		}, connectors.ErrForged)},
		{"one secret for all", "the proof fails closed", verifies(func(d *lead.Delivery, _ connectors.Settings, url string) bool {
			return d.Header.Get("X-Proof") == signed(planted, url, d.Path, d.Query, string(d.Body))
		}, connectors.ErrForged)},
		{"a secret in an error", "no secret gets out", pushes(func(p *connectors.Push) {
			p.Check = func(_ *lead.Delivery, s connectors.Settings) error { return errors.New("not " + s.Text("secret")) }
		})},
		{"a secret in the answer", "no secret gets out", pushes(func(p *connectors.Push) {
			p.Answer = func(_ *lead.Delivery, s connectors.Settings) connectors.Answer {
				return connectors.Answer{Body: []byte(s.Text("secret"))}
			}
		})},
		{"a secret in an inquiry", "no secret gets out", reads(func(d lead.Delivery, s connectors.Settings) (lead.Parsed, error) {
			p, err := parseHonest(d, s)
			if err == nil {
				p.Inquiries[0].Fields = []lead.Field{{Key: "x", Value: s.Text("secret")}}
			}
			return p, err
		})},
		{"the right proof in an error", "no secret gets out", pushes(func(p *connectors.Push) {
			honest := p.Verify
			p.Verify = func(d *lead.Delivery, s connectors.Settings, now time.Time, url string) error {
				if honest(d, s, now, url) != nil {
					return fmt.Errorf("%w: want %s", connectors.ErrForged, signed(s.Text("secret"), url, d.Path, d.Query, string(d.Body)))
				}
				return nil
			}
		})},
	}
}

func servePlants() []plant {
	return []plant{
		{"an answer before Accept", "success is said only of what is kept", serves(func(_ connectors.Env, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusOK)
			return false
		})},
		{"a refusal without Retry-After", "success is said only of what is kept", serves(func(env connectors.Env, w http.ResponseWriter, r *http.Request) bool {
			if _, err := env.Accept(r.Context(), lead.Delivery{Key: "7", Body: []byte("x")}); err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		})},
		{"a token nobody reads", "what the proof covers cannot change", serves(func(env connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			r.Header.Set("X-Proof", env.Source().Settings.Text("secret"))
			return false
		})},
		{"a token that may be missing", "the proof fails closed", serves(func(env connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("X-Proof") == "" {
				r.Header.Set("X-Proof", env.Source().Settings.Text("secret"))
			}
			return false
		})},
		{"a secret in the log", "no secret gets out", serves(func(env connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			env.Log().Info("called", "proof", r.Header.Get("X-Proof"))
			return false
		})},
		{"a secret in a header of the answer", "no secret gets out", serves(func(env connectors.Env, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Debug", env.Source().Settings.Text("secret"))
			return false
		})},
		{"a slice past a cut", "a body cut anywhere does no harm", serves(func(_ connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			_ = [1]byte{}[len(text)-int(r.ContentLength)]
			return false
		})},
		{"an index of a header", "a missing header does no harm", serves(func(_ connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			_ = r.Header["Webhook-Id"][0]
			return false
		})},
		{"a key made of the time", "a redelivery parses equal", serves(func(env connectors.Env, _ http.ResponseWriter, r *http.Request) bool {
			r.Header.Set("Webhook-Id", env.Now().String())
			return false
		})},
		{"a handler that does not start", "a redelivery parses equal", func() connectors.Connector {
			c := served()
			c.Serve = func(connectors.Env) (http.Handler, error) { return nil, errors.New("no") }
			return c
		}},
	}
}

// Every law catches a connector that breaks it, and no law is left untried.
func TestLawsCatchPlants(t *testing.T) {
	t.Parallel()
	caught := map[string]bool{}
	for _, p := range append(append(parsePlants(), proofPlants()...), servePlants()...) {
		c := p.c()
		got := strings.Join(subjectOf(t, &c).broken(), "\n")
		if !strings.Contains("\n"+got, "\n"+p.law+": ") {
			t.Errorf("%s: the law %q does not catch it, only:\n%s", p.fault, p.law, got)
		}
		caught[p.law] = true
	}
	for _, l := range laws() {
		if !caught[l.name] {
			t.Errorf("no plant breaks the law %q", l.name)
		}
	}
}

// Where a golden says why the sender gives no key, none is needed; and it may not
// say so where there is one.
func TestKeyless(t *testing.T) {
	t.Parallel()
	c := readsAs(func(_ lead.Delivery, p *lead.Parsed) { p.Inquiries[0].Key = "" })()
	c.Push.Key = nil
	s := subjectOf(t, &c)
	if s.keyless = "the sender has none"; keys(s) != nil {
		t.Error(keys(s))
	}
	c = posted()
	if s = subjectOf(t, &c); keys(s) != nil {
		t.Error(keys(s))
	}
	if s.keyless = "the sender has none"; keys(s) == nil {
		t.Error("an excuse for nothing is taken")
	}
}
