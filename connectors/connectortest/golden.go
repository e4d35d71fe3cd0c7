package connectortest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"

	"leadgate/connectors"
	"leadgate/lead"
)

const sourceName = "golden"

// defaultNow is what the clock of a golden shows when it does not say.
func defaultNow() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// golden is a subject with what must become of it.
type golden struct {
	subject
	archive *txtar.Archive
	want    string
	ago     time.Duration // how long before the request the earlier one came
	earlier []byte        // text of the earlier request, nil for none
}

// readGolden reads a golden for a connector. A part it does not know is an error,
// so that a slip of the pen does not pass for a part left out.
func readGolden(text []byte, c *connectors.Connector, publicURL string) (*golden, error) {
	g := &golden{archive: txtar.Parse(text), subject: subject{c: c, now: defaultNow(), url: publicURL}}
	parts := map[string][]byte{"settings": nil}
	for _, f := range g.archive.Files {
		name := f.Name
		if ago, ok := strings.CutPrefix(name, "before "); ok {
			var err error
			if g.ago, err = time.ParseDuration(ago); err != nil {
				return nil, fmt.Errorf("reading name of part before: %w", err)
			}
			name = "before"
		}
		if _, again := parts[name]; again && name != "settings" {
			return nil, fmt.Errorf("reading golden: two parts %q", name)
		}
		parts[name] = bytes.TrimSuffix(f.Data, []byte("\n"))
	}
	for _, step := range [...]struct {
		part string
		read func([]byte) error
	}{
		{"settings", g.readSettings}, {"now", g.readNow}, {"before", g.readEarlier}, {"request", g.readRequest}, {"body.b64", g.readBody},
		{"keyless", g.readKeyless}, {"want", func(b []byte) error { g.want = string(b); return nil }},
	} {
		part, given := parts[step.part]
		delete(parts, step.part)
		if !given {
			continue
		}
		if err := step.read(part); err != nil {
			return nil, fmt.Errorf("reading %s: %w", step.part, err)
		}
	}
	for name := range parts {
		return nil, fmt.Errorf("reading golden: no part is called %q", name)
	}
	if g.request.Method == "" {
		return nil, errors.New("reading golden: it has no request")
	}
	return g, nil
}

func (g *golden) readSettings(text []byte) error {
	raw := map[string]any{}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.Unmarshal(text, &raw); err != nil {
			return err
		}
	}
	var err error
	if g.settings, err = connectors.NewSettings(g.c.Fields, raw); err != nil {
		return err
	}
	if g.c.Check != nil {
		if err := g.c.Check(g.settings); err != nil {
			return err
		}
	}
	g.secrets = secretsOf(g.c.Fields, g.settings)
	return nil
}

func (g *golden) readNow(text []byte) (err error) {
	g.now, err = time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	return err
}

func (g *golden) readKeyless(text []byte) error {
	if g.keyless = strings.TrimSpace(string(text)); g.keyless == "" {
		return errors.New("it gives no reason")
	}
	return nil
}

func (g *golden) readEarlier(text []byte) error {
	if g.c.Push != nil {
		return errors.New("a connector that is posted to draws nothing")
	}
	g.earlier = text
	return nil
}

func (g *golden) readRequest(text []byte) error {
	if g.earlier != nil {
		drawn, err := g.drawn()
		if err != nil {
			return err
		}
		for name, value := range drawn {
			text = bytes.ReplaceAll(text, []byte("${"+name+"}"), []byte(value))
		}
	}
	var err error
	g.request, err = g.edge(text, g.now)
	return err
}

// drawn plays the earlier request and returns the texts of the object it is answered with.
func (g *golden) drawn() (map[string]string, error) {
	at := g.now.Add(-g.ago)
	d, err := g.edge(g.earlier, at)
	if err != nil {
		return nil, err
	}
	desk, err := g.open()
	if err != nil {
		return nil, err
	}
	desk.env.SetNow(at)
	var object map[string]any
	if err := json.Unmarshal(desk.post(d).Body.Bytes(), &object); err != nil {
		return nil, fmt.Errorf("reading the answer of the earlier request: %w", err)
	}
	out := map[string]string{}
	for name, v := range object {
		if text, ok := v.(string); ok {
			out[name] = text
		}
	}
	return out, nil
}

// edge reads a request as the server hands it on.
func (g *golden) edge(text []byte, now time.Time) (lead.Delivery, error) {
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	if bytes.Contains(head, []byte("multipart/")) {
		body = bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(head) + "\n\n")))
	if err != nil {
		return lead.Delivery{}, err
	}
	client := connectors.Client{Addr: netip.MustParseAddr(peer)}
	r = r.WithContext(connectors.WithClient(r.Context(), client))
	d := connectors.NewDelivery(sourceName, r, r.URL.Path, bytes.Clone(body), now)
	slices.SortStableFunc(d.Header, func(a, b lead.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	if g.c.Push != nil && g.settings.Text("auth") == "url" {
		var token string
		token, d.Path, _ = strings.Cut(d.Path, "/")
		d.Header = append(d.Header, lead.HeaderField{Name: connectors.URLToken, Value: token})
	}
	return d, nil
}

func (g *golden) readBody(encoded []byte) (err error) {
	if len(g.request.Body) > 0 {
		return errors.New("the request has a body already")
	}
	g.request.Body, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(encoded)), ""))
	return err
}

// update puts an outcome into the golden's want and returns the new text.
func (g *golden) update(want string) []byte {
	i := slices.IndexFunc(g.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		g.archive.Files = append(g.archive.Files, txtar.File{Name: "want"})
		i = len(g.archive.Files) - 1
	}
	g.archive.Files[i].Data = []byte(want + "\n")
	return txtar.Format(g.archive)
}
