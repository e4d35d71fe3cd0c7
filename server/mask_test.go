package server

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"leadgate/connectors"
	"leadgate/lead"
	"leadgate/pipeline"
)

// oddSecret holds what URLs and JSON write in several ways.
const oddSecret = `a"b/c<d\12 ü€𝄞345`

// spelt are the ways in which senders write a text.
func spelt(t testing.TB, text string) map[string]string {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	inJSON := string(quoted[1 : len(quoted)-1])
	twice, err := json.Marshal(inJSON)
	if err != nil {
		t.Fatal(err)
	}
	var php, every strings.Builder
	for _, r := range text {
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&php, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		} else if r > 126 {
			fmt.Fprintf(&php, `\u%04x`, r)
		} else {
			php.WriteString(strings.NewReplacer(`"`, `\"`, `\`, `\\`, `/`, `\/`).Replace(string(r)))
		}
	}
	for _, c := range []byte(text) {
		fmt.Fprintf(&every, "%%%02x", c)
	}
	return map[string]string{"plain": text, "query": url.QueryEscape(text), "path": url.PathEscape(text), "lower query": lowerPercent(url.QueryEscape(text)),
		"JSON": inJSON, "upper JSON": strings.ReplaceAll(inJSON, `\u003c`, `\u003C`), "JSON in JSON": string(twice[1 : len(twice)-1]), "PHP": php.String(),
		"every byte": every.String(), "JSON in a query": url.QueryEscape(inJSON), "query in a query": url.QueryEscape(url.QueryEscape(text))}
}

func lowerPercent(s string) string {
	parts := strings.Split(s, "%")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToLower(parts[i][:2]) + parts[i][2:]
	}
	return strings.Join(parts, "%")
}

func TestMaskKnowsEverySpelling(t *testing.T) {
	t.Parallel()
	mask := masking([]string{"short-one", oddSecret, "short-one-and-more"})
	for name, text := range spelt(t, oddSecret) {
		if got := mask("<" + text + ">"); got != "<"+masked+">" {
			t.Errorf("%s: %q became %q", name, text, got)
		}
	}
	for text, want := range map[string]string{
		"nothing to hide, 100% sure": "nothing to hide, 100% sure", "": "", "\xff\xfe": "\xff\xfe", "\xffshort-one\xfe": "\xff" + masked + "\xfe",
		"short-one-and-more": masked, "xshort-onex": "x" + masked + "x", "a cut one: short-": "a cut one: " + masked, "a cut one: shor": "a cut one: shor",
	} {
		if got := mask(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add(oddSecret, "around")
	f.Add("abcdefgh", "%61bcdefgh")
	f.Fuzz(func(t *testing.T, secret, around string) {
		secret = strings.ToValidUTF8(secret, "x")
		if len(secret) < 8 || len(secret) > 200 || strings.Contains(masked, secret) {
			return
		}
		mask := masking([]string{secret})
		for name, text := range spelt(t, secret) {
			if got := mask(around + text + around); strings.Contains(got, secret) || !strings.Contains(got, masked) {
				t.Errorf("%s: %q became %q", name, around+text+around, got)
			}
		}
	})
}

// A secret that a sender puts into the body is not shown, however the body is written.
func TestShownDeliveriesAreMasked(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	list := n.testSources()
	set, err := connectors.NewSettings(list[0].Connector.Fields, map[string]any{"secret": secret, "accounts": []any{map[string]any{"token": oddSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	list[0].Settings = set
	if err := n.sources.Set([]pipeline.Source(list)); err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(oddSecret)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write([]byte(`{"token":` + string(quoted) + `}`))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body   string
		header []string
	}{
		"JSON": {body: `{"token":` + string(quoted) + `,"later":true}`}, "form": {body: "token=" + url.QueryEscape(oddSecret)},
		"no text": {body: "\xff\xfe" + oddSecret}, "gzip": {body: packed.String(), header: []string{"Content-Encoding", "gzip"}},
		"key": {body: "{", header: []string{"Idempotency-Key", url.QueryEscape(oddSecret)}},
	} {
		id := decode[struct{ ID string }](t, n.send("POST", "/in/partner?t="+lowerPercent(url.QueryEscape(oddSecret)), c.body, append(c.header, "Authorization", bearer)...)).ID
		if rec := n.stored(id); name != "gzip" && rec.Verdict != lead.Parked {
			t.Errorf("%s: %+v", name, rec)
		}
		d := decode[shownDelivery](t, n.api("GET", "/api/v1/deliveries/"+id, "", 200))
		raw, err := base64.StdEncoding.DecodeString(d.Base64)
		if err != nil {
			t.Fatal(err)
		}
		if d.Query != "t="+masked || name != "key" && !strings.Contains(d.Body+string(raw), masked) || name == "key" && d.Key != masked {
			t.Errorf("%s shows %+v %q", name, d, raw)
		}
	}
	for _, h := range n.held("/api/v1/parked") {
		if strings.Contains(h.Preview, `12 ü`) || strings.Contains(h.Preview, "12+") {
			t.Errorf("preview %q", h.Preview)
		}
	}
}
