// Package connectortest checks what every connector promises (docs/connectors.md).
//
// Run plays the golden cases of a connector that is posted to and holds the laws
// against each of them. A case is a txtar file:
//
//	-- settings --   the source's settings, JSON
//	-- request --    head and body as they go over the wire, lines ending in \n
//	-- now --        RFC 3339, when the proof depends on the time
//	-- want --       what comes of it, JSON; -update writes it
package connectortest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"leadgate/connectors"
	"leadgate/lead"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want")

// PublicURL is the address cases are posted to, for proofs that cover it.
const PublicURL = "https://leads.example.org/in/case"

// Case is one post with the settings of its source.
type Case struct {
	Settings connectors.Settings
	Delivery lead.Delivery // with all headers, as Verify sees it
	Now      time.Time
}

// outcome is what a case comes to. Empty parts are left out.
type outcome struct {
	Verify    string       `json:"verify"` // ok or forged
	Handshake string       `json:"handshake,omitempty"`
	Check     string       `json:"check,omitempty"`
	Key       string       `json:"key,omitempty"`
	Answer    string       `json:"answer,omitempty"`
	Error     string       `json:"error,omitempty"`
	Parsed    *lead.Parsed `json:"parsed,omitempty"`
}

// Run plays every testdata/*.txtar of the calling package and checks the laws.
func Run(t *testing.T, c connectors.Connector) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			k, err := read(c, archive)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(play(c, k), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			compare(t, file, archive, string(got)+"\n")
			for _, v := range Violations(c, k) {
				t.Error(v)
			}
		})
	}
}

// Cases reads the golden cases, as seeds for a fuzz target.
func Cases(t testing.TB, c connectors.Connector) []Case {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []Case
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		k, err := read(c, archive)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k)
	}
	return out
}

func read(c connectors.Connector, a *txtar.Archive) (Case, error) {
	k := Case{Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	for _, f := range a.Files {
		var err error
		switch f.Name {
		case "settings":
			var raw map[string]any
			if err = json.Unmarshal(f.Data, &raw); err == nil {
				k.Settings, err = connectors.NewSettings(c.Fields, raw)
			}
			if err == nil && c.Check != nil {
				err = c.Check(k.Settings)
			}
		case "now":
			k.Now, err = time.Parse(time.RFC3339, strings.TrimSpace(string(f.Data)))
		case "request":
			k.Delivery, err = request(strings.TrimSuffix(string(f.Data), "\n"), k.Now)
		case "want":
		default:
			err = fmt.Errorf("there is no part %q in a case", f.Name)
		}
		if err != nil {
			return k, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return k, nil
}

// request reads a request as it goes over the wire. Multipart bodies get the line
// ends they must have.
func request(text string, now time.Time) (lead.Delivery, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	if strings.Contains(head, "multipart/") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		return lead.Delivery{}, err
	}
	d := connectors.NewDelivery("case", r, "", []byte(body), now)
	d.ID = lead.DeriveID("case", "first")
	return d, nil
}

func compare(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	for i := range a.Files {
		if a.Files[i].Name != "want" {
			continue
		}
		if !*update {
			if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			return
		}
		a.Files[i].Data = []byte(got)
	}
	if !*update {
		t.Fatalf("%s wants nothing; -update writes what it is", file)
	}
	if a.Files[len(a.Files)-1].Name != "want" {
		a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// play leads a case through the connector in the order the server does.
func play(c connectors.Connector, k Case) outcome {
	o := outcome{Verify: "ok"}
	d := clone(k.Delivery)
	if c.Push.Handshake != nil {
		if a, ok := c.Push.Handshake(&d, k.Settings, k.Now); ok {
			return outcome{Verify: "none", Handshake: fmt.Sprintf("%d %s", a.Status, a.Body)}
		}
	}
	if err := c.Push.Verify(&d, k.Settings, k.Now, PublicURL); err != nil {
		o.Verify = "forged"
		if !errors.Is(err, connectors.ErrForged) {
			o.Verify = "error: " + err.Error()
		}
		return o
	}
	if c.Push.Check != nil {
		if err := c.Push.Check(&d, k.Settings); err != nil {
			o.Check = err.Error()
			return o
		}
	}
	if c.Push.Key != nil {
		o.Key = c.Push.Key(&d, k.Settings)
	}
	c.Keep(&d)
	if c.Push.Answer != nil {
		a := c.Push.Answer(&d, k.Settings)
		o.Answer = fmt.Sprintf("%d %s", a.Status, a.Body)
	}
	p, err := c.Parse(d, k.Settings)
	if err != nil {
		o.Error = err.Error()
		return o
	}
	o.Parsed = &p
	return o
}

// clone copies what a connector could change. The body's capacity is clipped, so
// that reading past its end panics here as it would in production.
func clone(d lead.Delivery) lead.Delivery {
	body := bytes.Clone(d.Body)
	d.Body = body[:len(body):len(body)]
	d.Header = append(lead.Header(nil), d.Header...)
	return d
}
