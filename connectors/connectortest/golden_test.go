package connectortest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leadgate/connectors"
	"leadgate/lead"
)

const simple = "-- request --\nPOST / HTTP/1.1\nHost: x\n\nbody\n-- want --\n{}\n"

// A golden that cannot be what its author meant is refused.
func TestBrokenGoldens(t *testing.T) {
	t.Parallel()
	c := posted()
	for name, tc := range map[string]struct{ golden, problem string }{
		"whole":            {simple, ""},
		"no request":       {"-- want --\n{}\n", "no request"},
		"unknown part":     {"-- wants --\n{}\n" + simple, `"wants"`},
		"part twice":       {simple + "-- want --\n{}\n", "two parts"},
		"unknown setting":  {"-- settings --\nsecrets: x\n" + simple, "reading settings"},
		"no YAML":          {"-- settings --\n{\n" + simple, "reading settings"},
		"bad time":         {"-- now --\nnoon\n" + simple, "reading now"},
		"no HTTP":          {"-- request --\nhello\n", "reading request"},
		"two bodies":       {simple + "-- body.b64 --\nAAAA\n", "a body already"},
		"no base64":        {"-- request --\nPOST / HTTP/1.1\nHost: x\n-- body.b64 --\n!\n", "reading body.b64"},
		"excuse unsaid":    {"-- keyless --\n\n" + simple, "no reason"},
		"nothing is drawn": {"-- before 1s --\nGET / HTTP/1.1\n\n" + simple, "reading before"},
		"bad age":          {"-- before noon --\nGET / HTTP/1.1\n\n" + simple, "reading name"},
	} {
		_, err := readGolden([]byte(tc.golden), &c, "")
		if tc.problem == "" && err != nil || tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)) {
			t.Errorf("%s: %v, want %q", name, err, tc.problem)
		}
	}
}

// What a request says reaches the connector as the server would hand it on.
func TestRequestOfGolden(t *testing.T) {
	t.Parallel()
	c := posted()
	c.Fields = append(c.Fields, connectors.Field{Name: "auth", Type: connectors.Text})
	read := func(golden string) lead.Delivery {
		t.Helper()
		g, err := readGolden([]byte(golden), &c, "")
		if err != nil {
			t.Fatal(err)
		}
		return g.request
	}
	d := read("-- now --\n2026-05-01T10:00:00Z\n-- request --\nPUT /a/b?c=d HTTP/1.1\nHost: x\nX-B: 2\nX-A: 1\n\nline\n\n\n")
	if d.Method != "PUT" || d.Path != "a/b" || d.Query != "c=d" || string(d.Body) != "line\n\n" || d.Header.Get("X-B") != "2" || d.Peer == "" || !d.At.Equal(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", d)
	}
	d = read("-- settings --\nauth: url\n-- request --\nPOST /token/rest HTTP/1.1\nHost: x\n-- body.b64 --\nAP\n8=\n")
	if d.Path != "rest" || d.Header.Get(connectors.URLToken) != "token" || string(d.Body) != "\x00\xff" {
		t.Errorf("%+v", d)
	}
	d = read("-- request --\nPOST / HTTP/1.1\nHost: x\nContent-Type: multipart/form-data; boundary=b\n\n--b\n\nx\n--b--\n")
	if string(d.Body) != "--b\r\n\r\nx\r\n--b--" {
		t.Errorf("%q", d.Body)
	}
}

// A golden is rewritten in its want alone, and what is written is read back.
func TestUpdate(t *testing.T) {
	t.Parallel()
	c := posted()
	for _, golden := range []string{simple, strings.Split(simple, "-- want")[0]} {
		g, err := readGolden([]byte(golden), &c, "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := readGolden(g.update("{\"a\": 1}"), &c, "")
		if err != nil || again.want != "{\"a\": 1}" || string(again.request.Body) != "body" {
			t.Errorf("%v: want %q, request %+v", err, again.want, again.request)
		}
	}
}

// The way of a request ends where the server would end it, and says so.
func TestPlay(t *testing.T) {
	t.Parallel()
	shakes := pushes(func(p *connectors.Push) {
		p.Handshake = func(*lead.Delivery, connectors.Settings, time.Time) (connectors.Answer, bool) {
			return connectors.Answer{Status: 200, Body: []byte("ready")}, true
		}
	})
	checks := pushes(func(p *connectors.Push) {
		p.Check = func(*lead.Delivery, connectors.Settings) error { return errors.New("reading x: no") }
	})
	answers := pushes(func(p *connectors.Push) {
		p.Answer = func(d *lead.Delivery, _ connectors.Settings) connectors.Answer {
			return connectors.Answer{Status: 202, Body: []byte(d.ID.String())}
		}
	})
	for name, tc := range map[string]struct {
		c    func() connectors.Connector
		has  []string
		hasn string
	}{
		"handshake": {shakes, []string{`"body": "ready"`}, "verify"},
		"forged":    {verifies(func(*lead.Delivery, connectors.Settings, string) bool { return false }, connectors.ErrForged), []string{`"verify": "forged"`}, "parsed"},
		"failed":    {verifies(func(*lead.Delivery, connectors.Settings, string) bool { return false }, errors.New("oh")), []string{`"failed: oh"`}, "parsed"},
		"refused":   {checks, []string{`"verify": "ok"`, `"refused": "reading x: no"`}, "parsed"},
		"answered":  {answers, []string{`"key": "7"`, lead.DeriveID(sourceName, "7").String(), `"parsed"`}, "kept"},
		"served":    {served, []string{`"status": 200`, `"kept"`, `"key": "7"`, `"parsed"`}, "verify"},
	} {
		c := tc.c()
		s := subjectOf(t, &c)
		got := s.play(clone(s.request)).render()
		for _, want := range tc.has {
			if !strings.Contains(got, want) || strings.Contains(got, tc.hasn) {
				t.Errorf("%s: want %s and no %q in\n%s", name, want, tc.hasn, got)
			}
		}
	}
}
