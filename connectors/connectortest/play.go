package connectortest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// subject is what the laws look at: a connector, its settings and one request as
// the edge sees it, with all headers.
type subject struct {
	c        *connectors.Connector
	settings connectors.Settings
	secrets  []string
	request  lead.Delivery
	now      time.Time
	url      string
	keyless  string // why inquiries have no key, "" when they must have one
}

// outcome is what becomes of a request, in the order it happens. The first part
// that ends its way is the last one.
type outcome struct {
	Handshake *answer `json:"handshake,omitzero"`
	Verify    string  `json:"verify,omitzero"` // ok or forged; of a connector that is posted to
	Refused   string  `json:"refused,omitzero"`
	Key       string  `json:"key,omitzero"`
	Answer    *answer `json:"answer,omitzero"`
	reading
	Kept []kept `json:"kept,omitzero"` // of a connector that serves: what it accepted
}

// reading is what Parse makes of a delivery.
type reading struct {
	Parsed *lead.Parsed `json:"parsed,omitzero"`
	Error  string       `json:"error,omitzero"`
}

// kept is a delivery that a handler accepted: its key, what the edge saw, its reading.
type kept struct {
	Key  string       `json:"key,omitzero"`
	Seen lead.Signals `json:"seen,omitzero"`
	reading
}

// answer is what the sender hears. Pages are left out: they are tested by what
// stands in them.
type answer struct {
	Status   int    `json:"status"`
	Type     string `json:"type,omitzero"`
	Location string `json:"location,omitzero"`
	Body     string `json:"body,omitzero"`
}

func answerOf(a connectors.Answer) *answer {
	return &answer{Status: a.Status, Type: a.Type, Body: string(a.Body)}
}

// play leads a request the way the server does.
func (s *subject) play(d lead.Delivery) outcome {
	if s.c.Push == nil {
		return s.playServed(d)
	}
	var out outcome
	if !s.taken(&d, &out) {
		return out
	}
	s.c.Keep(&d)
	if d.Key != "" {
		d.ID = lead.DeriveID(d.Source, d.Key)
	}
	if s.c.Push.Answer != nil {
		out.Answer = answerOf(s.c.Push.Answer(&d, s.settings))
	}
	out.reading = s.read(d)
	return out
}

// taken leads a delivery up to its acceptance; false when it is not accepted.
func (s *subject) taken(d *lead.Delivery, out *outcome) bool {
	p := s.c.Push
	if p.Handshake != nil {
		if a, ok := p.Handshake(d, s.settings, s.now); ok {
			out.Handshake = answerOf(a)
			return false
		}
	}
	if p.Takes != nil && !p.Takes(d, s.settings) {
		out.Refused = connectors.ErrMediaType.Error()
		return false
	}
	switch err := p.Verify(d, s.settings, s.now, s.url); {
	case errors.Is(err, connectors.ErrForged):
		out.Verify = "forged"
		return false
	case err != nil:
		out.Verify = "failed: " + err.Error()
		return false
	}
	out.Verify = "ok"
	if p.Check != nil {
		if err := p.Check(d, s.settings); err != nil {
			out.Refused = err.Error()
			return false
		}
	}
	if p.Key != nil {
		d.Key = p.Key(d, s.settings)
		out.Key = d.Key
	}
	return true
}

// playServed leads a request through the handler and reads what it accepted.
func (s *subject) playServed(d lead.Delivery) outcome {
	desk, err := s.open()
	if err != nil {
		return outcome{reading: reading{Error: err.Error()}}
	}
	w := desk.post(d)
	a := &answer{Status: w.Code, Type: w.Header().Get("Content-Type"), Location: w.Header().Get("Location"), Body: w.Body.String()}
	if strings.HasPrefix(a.Type, "text/html") {
		a.Body = ""
	}
	out := outcome{Answer: a}
	for _, v := range desk.env.Accepted() {
		out.Kept = append(out.Kept, kept{Key: v.Key, Seen: v.Signals, reading: s.read(v)})
	}
	return out
}

func (s *subject) read(d lead.Delivery) reading {
	parsed, err := s.c.Parse(d, s.settings)
	if err != nil {
		return reading{Error: err.Error()}
	}
	return reading{Parsed: &parsed}
}

// deliveries are the request as the pipeline keeps it. Of a connector that is
// posted to it is one, proven or not; a handler accepts any number.
func (s *subject) deliveries() ([]lead.Delivery, error) {
	if s.c.Push == nil {
		desk, err := s.open()
		if err != nil {
			return nil, err
		}
		desk.post(clone(s.request))
		return desk.env.Accepted(), nil
	}
	d := clone(s.request)
	if s.c.Push.Key != nil {
		d.Key = s.c.Push.Key(&d, s.settings)
	}
	s.c.Keep(&d)
	return []lead.Delivery{d}, nil
}

// verify returns nil when the request is taken as proven, and ErrForged when its
// proof is refused.
func (s *subject) verify(d lead.Delivery) error {
	if s.c.Push != nil {
		return s.c.Push.Verify(&d, s.settings, s.now, s.url)
	}
	desk, err := s.open()
	if err != nil {
		return connectors.ErrForged // what does not start takes nothing
	}
	switch w := desk.post(d); {
	case len(desk.env.Accepted()) > 0:
		return nil
	case w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden:
		return connectors.ErrForged
	}
	return errors.New("neither accepted nor refused as forged")
}

func (s *subject) covers() connectors.Proof {
	if s.c.Proof == nil {
		return connectors.ProofNone
	}
	return s.c.Proof(s.settings)
}

// render writes an outcome as the want part holds it.
func (o outcome) render() string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(o); err != nil {
		return "cannot be written as JSON: " + err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}
