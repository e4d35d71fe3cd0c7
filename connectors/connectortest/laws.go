package connectortest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

// law is a promise of every connector. check returns what breaks it, and nil
// where the law has nothing to say.
type law struct {
	name  string
	check func(*subject) error
}

func laws() []law {
	return []law{
		{"a redelivery parses equal", redelivery},
		{"parse is pure", purity},
		{"every inquiry has a key", keys},
		{"inquiries are well formed", wellFormed},
		{"a body cut anywhere does no harm", cuts},
		{"a missing header does no harm", headers},
		{"no secret gets out", leaks},
		{"what the proof covers cannot change", proof},
		{"the proof fails closed", closed},
		{"success is said only of what is kept", unkept},
	}
}

// broken holds the subject to every law and says which it breaks.
func (s *subject) broken() []string {
	var out []string
	for _, l := range laws() {
		if err := guarded(func() error { return l.check(s) }); err != nil {
			out = append(out, l.name+": "+err.Error())
		}
	}
	return out
}

// guarded turns a panic into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// clone copies a delivery with a clipped body, so that a write past its end or
// into shared bytes shows.
func clone(d lead.Delivery) lead.Delivery {
	body := bytes.Clone(d.Body)
	d.Body = body[:len(body):len(body)]
	d.Header = slices.Clone(d.Header)
	return d
}

// span bounds how many places of a body a law tries. Longer bodies are tried at
// evenly spread places, both ends included.
const span = 4096

// places are the indexes of n bytes that a law tries.
func places(n int) []int {
	step := max(1, n/span)
	var out []int
	for i := 0; i < n; i += step {
		out = append(out, i)
	}
	if n > 0 && out[len(out)-1] != n-1 {
		out = append(out, n-1)
	}
	return out
}

// redelivery: the same request under another id and at another time has the same
// keys and parses equal, and so does what comes out of the journal.
func redelivery(s *subject) error {
	first, err := s.deliveries()
	if err != nil {
		return err
	}
	again := *s
	again.now, again.request.At = s.now.Add(31*time.Hour), s.request.At.Add(31*time.Hour)
	second, err := again.deliveries()
	if err != nil {
		return err
	}
	if len(first) != len(second) {
		return fmt.Errorf("%d deliveries were kept, and %d of the second", len(first), len(second))
	}
	for i, d := range first {
		if d.Key != second[i].Key {
			return fmt.Errorf("key %q became %q", d.Key, second[i].Key)
		}
		other := clone(d)
		other.ID, other.At = lead.ID{15: 7}, d.At.Add(31*time.Hour)
		if err := s.same(d, other); err != nil {
			return err
		}
		stored, err := journaled(d)
		if err != nil {
			return err
		}
		if err := s.same(d, stored); err != nil {
			return fmt.Errorf("out of the journal: %w", err)
		}
	}
	return nil
}

// journaled returns a delivery as it comes back from the journal.
func journaled(d lead.Delivery) (out lead.Delivery, err error) {
	raw, err := d.AppendBinary(nil)
	if err == nil {
		err = out.UnmarshalBinary(raw)
	}
	return out, err
}

// same returns an error when two deliveries are not read equal.
func (s *subject) same(a, b lead.Delivery) error {
	x, errX := s.c.Parse(a, s.settings)
	y, errY := s.c.Parse(b, s.settings)
	if (errX == nil) != (errY == nil) || errX != nil && errX.Error() != errY.Error() {
		return errors.New("one parse fails otherwise than the other")
	}
	if !reflect.DeepEqual(x, y) {
		return fmt.Errorf("parsed %s and then %s", outcome{reading: reading{Parsed: &x}}.render(), outcome{reading: reading{Parsed: &y}}.render())
	}
	return nil
}

// purity: reading changes nothing of the delivery, and gives the same again.
func purity(s *subject) error {
	seen := clone(s.request)
	if _, err := s.through(s.request); err != nil {
		return err
	}
	if !reflect.DeepEqual(seen, clone(s.request)) {
		return errors.New("the request was changed")
	}
	all, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		untouched := clone(d)
		for range 3 {
			if err := s.same(d, clone(untouched)); err != nil {
				return err
			}
			if !reflect.DeepEqual(untouched, clone(d)) {
				return errors.New("the delivery was changed")
			}
		}
	}
	return nil
}

// keys: an inquiry without a key is known by its place in its delivery, which
// then needs a key itself. Where the sender names neither, the golden says so.
func keys(s *subject) error {
	all, err := s.deliveries()
	if err != nil {
		return err
	}
	nameless := 0
	for _, d := range all {
		parsed, err := s.c.Parse(d, s.settings)
		if err != nil {
			continue // the golden says whether it must fail
		}
		for _, q := range parsed.Inquiries {
			if q.Key == "" && d.Key == "" {
				nameless++
			}
		}
	}
	switch {
	case nameless > 0 && s.keyless == "":
		return fmt.Errorf("%d inquiries have none, and neither has their delivery; part keyless says why when the sender gives none", nameless)
	case nameless == 0 && s.keyless != "":
		return errors.New("part keyless excuses nothing")
	}
	return nil
}

func wellFormed(s *subject) error {
	all, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		parsed, err := s.c.Parse(d, s.settings)
		if err != nil {
			continue
		}
		if err := parsedWell(&parsed); err != nil {
			return err
		}
	}
	return nil
}

func parsedWell(p *lead.Parsed) error {
	type row struct{ key, event string }
	seen := map[row]bool{}
	for i, q := range p.Inquiries {
		r := row{q.Key, q.Event}
		switch {
		case q.Key != "" && seen[r]:
			return fmt.Errorf("inquiry %d has the key and event of another", i)
		case q.Kind == "" || q.Channel == "":
			return fmt.Errorf("inquiry %d has no kind or no channel", i)
		case q.Origin != "" && !lead.ValidOrigin(q.Origin):
			return fmt.Errorf("inquiry %d has an unknown origin", i)
		case !q.Received.IsZero() || q.Source != "" || q.Scope != "":
			return fmt.Errorf("inquiry %d says what the pipeline says", i)
		}
		seen[r] = true
	}
	for i, u := range p.Updates {
		if u.About == "" || u.Event == "" {
			return fmt.Errorf("update %d does not name its inquiry or itself", i)
		}
	}
	for i, f := range p.Failures {
		if f.Reason == "" {
			return fmt.Errorf("failure %d has no reason", i)
		}
	}
	return nil
}

// cuts: a body cut at every length panics nowhere, whether the request is cut or
// what was kept of it, and what cannot be read is so for good.
func cuts(s *subject) error {
	all, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, n := range places(len(s.request.Body)) {
		d := clone(s.request)
		d.Body = d.Body[:n:n]
		if _, err := s.through(d); err != nil {
			return fmt.Errorf("body cut after %d of %d bytes: %w", n, len(s.request.Body), err)
		}
	}
	for _, whole := range all {
		for _, n := range places(len(whole.Body)) {
			d := clone(whole)
			d.Body = d.Body[:n:n]
			err := guarded(func() error { _, err := s.c.Parse(d, s.settings); return err })
			if err != nil && !lead.IsPermanent(err) {
				return fmt.Errorf("body cut after %d of %d bytes: the error is of no permanent class: %w", n, len(whole.Body), err)
			}
		}
	}
	return nil
}

// headers: any header may be missing, and all of them.
func headers(s *subject) error {
	for i, h := range s.request.Header {
		d := clone(s.request)
		d.Header = slices.Delete(d.Header, i, i+1)
		if _, err := s.through(d); err != nil {
			return fmt.Errorf("without header %s: %w", h.Name, err)
		}
	}
	d := clone(s.request)
	d.Header = nil
	if _, err := s.through(d); err != nil {
		return fmt.Errorf("without headers: %w", err)
	}
	return nil
}

// unkept: a handler answers 503 and when to come again if its delivery was not kept.
func unkept(s *subject) error {
	if s.c.Push != nil {
		return nil
	}
	all, err := s.deliveries()
	if err != nil || len(all) == 0 {
		return err
	}
	for _, cause := range []error{lead.ErrFull, lead.ErrUnavailable, errors.New("whatever")} {
		k, err := s.open()
		if err != nil {
			return err
		}
		k.env.FailWith(cause)
		w := k.post(clone(s.request))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			return fmt.Errorf("answer %d, Retry-After %q to a post that was not kept", w.Code, w.Header().Get("Retry-After"))
		}
	}
	return nil
}

// through leads a request through every function of the connector, proven or
// not, and returns the texts that came out. A panic is an error.
func (s *subject) through(d lead.Delivery) (texts []string, err error) {
	err = guarded(func() error {
		if s.c.Push == nil {
			texts, err = s.throughHandler(d)
			return err
		}
		texts = s.throughPush(d)
		return nil
	})
	return texts, err
}

func (s *subject) throughPush(d lead.Delivery) []string {
	var texts []string
	note := func(err error) {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	p := s.c.Push
	if p.Handshake != nil {
		a, _ := p.Handshake(&d, s.settings, s.now)
		texts = append(texts, string(a.Body))
	}
	if p.Takes != nil && !p.Takes(&d, s.settings) {
		note(connectors.ErrMediaType)
	}
	note(p.Verify(&d, s.settings, s.now, s.url))
	if p.Check != nil {
		note(p.Check(&d, s.settings))
	}
	if p.Key != nil {
		d.Key = p.Key(&d, s.settings)
		texts = append(texts, d.Key)
	}
	if p.Answer != nil {
		texts = append(texts, string(p.Answer(&d, s.settings).Body))
	}
	s.c.Keep(&d)
	return append(texts, outcome{reading: s.read(d)}.render())
}

func (s *subject) throughHandler(d lead.Delivery) ([]string, error) {
	k, err := s.open()
	if err != nil {
		return nil, err
	}
	texts := k.texts(k.post(d))
	for _, v := range k.env.Accepted() {
		texts = append(texts, v.Key, outcome{reading: s.read(v)}.render())
	}
	return texts, nil
}
