package form

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"leadgate/lead"
)

func TestPostIsKept(t *testing.T) {
	t.Parallel()
	const fields = "name=Ida+Ek&email=ida%40example.org&message=Hello&submission_id=s-1"
	for name, tc := range map[string]struct{ kind, body string }{
		"urlencoded":    {urlencoded, fields},
		"json":          {asJSON, `{"name":"Ida Ek","email":"ida@example.org","message":"Hello","submission_id":"s-1"}`},
		"beacon":        {"text/plain;charset=UTF-8", `{"name":"Ida Ek","email":"ida@example.org","message":"Hello","submission_id":"s-1"}`},
		"pairs":         {asJSON, `[{"name":"name","value":"Ida Ek"},{"name":"email","value":"ida@example.org"},{"name":"message","value":"Hello"},{"name":"submission_id","value":"s-1"}]`},
		"multipart":     {"multipart/form-data; boundary=x", part("name", "Ida Ek") + part("email", "ida@example.org") + part("message", "Hello") + part("submission_id", "s-1") + "--x--\r\n"},
		"without type":  {"", fields},
		"vendored json": {"application/vnd.api+json", `{"name":"Ida Ek","email":"ida@example.org","message":"Hello","submission_id":"s-1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			w := d.do("POST", "/", tc.body, "Content-Type", tc.kind, "Cookie", "session=secret", "Authorization", "Bearer secret")
			want := fmt.Sprintf(`{"id":"%s"}`+"\n", lead.DeriveID("contact", "s-1"))
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Fatalf("answer %d %s, want 200 %s", w.Code, w.Body, want)
			}
			got := d.Accepted()[0]
			if got.Key != "s-1" || got.Source != "contact" || string(got.Body) != tc.body || !got.At.Equal(d.Now()) {
				t.Errorf("accepted %+v", got)
			}
			if got.Header.Get("Cookie") != "" || got.Header.Get("Authorization") != "" {
				t.Error("credentials were kept")
			}
			q := d.inquiry(t, 1)
			if q.Key != "s-1" || q.Name.String() != "Ida Ek" || q.Text != "Hello" || q.Lane != lead.LaneLead || q.Kind != lead.KindForm || q.Channel != "form" || q.Origin != "WEBFORM" {
				t.Errorf("inquiry %+v", q)
			}
			if len(q.Identities) != 1 || q.Identities[0].Value != "ida@example.org" {
				t.Errorf("identities %+v", q.Identities)
			}
			for _, f := range q.Fields {
				if f.Key == fieldSubmission || f.Key == fieldToken {
					t.Errorf("reserved field %s is shown as an answer", f.Key)
				}
			}
		})
	}
}

func part(name, value string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func TestIdempotencyKeyGoesFirst(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	d.do("POST", "/", "name=Ida&submission_id=field", "Content-Type", urlencoded, "Idempotency-Key", "header")
	d.do("POST", "/", "name=Ida&submission_id="+strings.Repeat("x", 500), "Content-Type", urlencoded)
	d.do("POST", "/", "name=Ida", "Content-Type", urlencoded)
	if d.Accepted()[0].Key != "header" || d.Accepted()[2].Key != "" {
		t.Errorf("keys %q and %q", d.Accepted()[0].Key, d.Accepted()[2].Key)
	}
	if k := d.Accepted()[1].Key; k == "" || len(k) > 200 {
		t.Errorf("a long id became the key %q", k)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	listed := []any{"https://good.com", "http://localhost:3000", "https://Shop.example:443/"}
	for _, tc := range []struct {
		name    string
		origins []any
		head    []string
		status  int
		share   string
		lane    lead.Lane
	}{
		{"any", nil, []string{"Origin", "https://x.example"}, 200, "*", lead.LaneLead},
		{"any, null", nil, []string{"Origin", "null"}, 200, "*", lead.LaneLead},
		{"any, missing", nil, nil, 200, "*", lead.LaneLead},
		{"star", []any{"*"}, []string{"Origin", "https://x.example"}, 200, "*", lead.LaneLead},
		{"listed", listed, []string{"Origin", "https://good.com"}, 200, "https://good.com", lead.LaneLead},
		{"listed with port", listed, []string{"Origin", "http://localhost:3000"}, 200, "http://localhost:3000", lead.LaneLead},
		{"listed, written by hand", listed, []string{"Origin", "https://shop.example"}, 200, "https://shop.example", lead.LaneLead},
		{"suffix", listed, []string{"Origin", "https://evilgood.com"}, 403, "", ""},
		{"prefix", listed, []string{"Origin", "https://good.com.evil.io"}, 403, "", ""},
		{"subdomain", listed, []string{"Origin", "https://www.good.com"}, 403, "", ""},
		{"other scheme", listed, []string{"Origin", "http://good.com"}, 403, "", ""},
		{"other port", listed, []string{"Origin", "https://good.com:8443"}, 403, "", ""},
		{"user info", listed, []string{"Origin", "https://good.com@evil.io"}, 403, "", ""},
		{"null", listed, []string{"Origin", "null"}, 403, "", ""},
		{"null, listed", []any{"null"}, []string{"Origin", "null"}, 200, "null", lead.LaneLead},
		{"missing", listed, nil, 200, "", lead.LaneQuarantine},
		{"missing, Referer listed", listed, []string{"Referer", "https://good.com/contact"}, 200, "", lead.LaneLead},
		{"missing, Referer of another", listed, []string{"Referer", "https://good.com.evil.io/"}, 403, "", ""},
		{"own page", listed, []string{"Origin", "https://leads.example.com"}, 200, "https://leads.example.com", lead.LaneLead},
		{"own page at another address", listed, []string{"Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-origin"}, 200, "http://127.0.0.1:8080", lead.LaneLead},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, map[string]any{"origins": tc.origins})
			w := d.do("POST", "/", "name=Ida", append([]string{"Content-Type", urlencoded}, tc.head...)...)
			if w.Code != tc.status {
				t.Fatalf("status %d, want %d", w.Code, tc.status)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != tc.share {
				t.Errorf("shared with %q, want %q", got, tc.share)
			}
			if w.Header().Get("Vary") != "Origin" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("headers %v", w.Header())
			}
			if tc.status != 200 {
				if len(d.Accepted()) != 0 {
					t.Fatal("a refused post was accepted")
				}
				p := d.do("OPTIONS", "/", "", append(tc.head, "Access-Control-Request-Method", "POST")...)
				if p.Code != 403 || p.Header().Get("Access-Control-Allow-Methods") != "" {
					t.Errorf("preflight %d %v", p.Code, p.Header())
				}
				return
			}
			if got := d.inquiry(t, 1).Lane; got != tc.lane {
				t.Errorf("lane %q, want %q", got, tc.lane)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	w := d.do("OPTIONS", "/", "", "Origin", "https://x.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if w.Code != 204 || !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "POST") || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("preflight %d %v", w.Code, w.Header())
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	questions := []any{
		map[string]any{"name": "your-email", "label": "Your e-mail", "type": "email", "required": true},
		map[string]any{"name": "size", "type": "select", "options": []any{"S", "L"}},
		map[string]any{"name": "count", "type": "number"},
		map[string]any{"name": "when", "type": "date"},
		map[string]any{"name": "tel", "type": "phone"},
		map[string]any{"name": "terms", "type": "consent", "label": "I agree", "required": true},
	}
	const ok = "your-email=a%40b.example&terms=on"
	for _, tc := range []struct {
		name, method, path, kind, body string
		status                         int
		code, field                    string
	}{
		{"good", "POST", "/", urlencoded, ok, 200, "", ""},
		{"required", "POST", "/", urlencoded, "terms=on", 422, "required", "your-email"},
		{"blank", "POST", "/", urlencoded, "your-email=+&terms=on", 422, "required", "your-email"},
		{"no e-mail", "POST", "/", urlencoded, "your-email=ab.example&terms=on", 422, "email", "your-email"},
		{"consent open", "POST", "/", urlencoded, "your-email=a%40b.example", 422, "required", "terms"},
		{"consent false", "POST", "/", asJSON, `{"your-email":"a@b.example","terms":false}`, 422, "required", "terms"},
		{"not offered", "POST", "/", urlencoded, ok + "&size=XXL", 422, "option", "size"},
		{"offered", "POST", "/", urlencoded, ok + "&size=L", 200, "", ""},
		{"no number", "POST", "/", urlencoded, ok + "&count=many", 422, "number", "count"},
		{"number of another country", "POST", "/", urlencoded, ok + "&count=1.000,50", 200, "", ""},
		{"no date", "POST", "/", urlencoded, ok + "&when=soon", 422, "date", "when"},
		{"date", "POST", "/", urlencoded, ok + "&when=2026-05-01", 200, "", ""},
		{"no phone", "POST", "/", urlencoded, ok + "&tel=call+me", 422, "phone", "tel"},
		{"phone in Arabic digits", "POST", "/", urlencoded, ok + "&tel=" + "%D9%A0%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5", 200, "", ""},
		{"broken JSON", "POST", "/", asJSON, `{"your-email":`, 422, "syntax", ""},
		{"scalar", "POST", "/", asJSON, `"hello"`, 422, "empty", ""},
		{"image", "POST", "/", "image/png", "\x89PNG", 415, "media_type", ""},
		{"xml", "POST", "/", "text/xml", "<a/>", 415, "media_type", ""},
		{"too large", "POST", "/", urlencoded, "a=" + strings.Repeat("x", plainLimit), 413, "too_large", ""},
		{"put", "PUT", "/", urlencoded, ok, 405, "method", ""},
		{"post of a token", "POST", "/token", urlencoded, ok, 405, "method", ""},
		{"elsewhere", "POST", "/admin", urlencoded, ok, 404, "not_found", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, map[string]any{"fields": questions})
			w := d.do(tc.method, tc.path, tc.body, "Content-Type", tc.kind)
			var got struct{ Code, Message, Field string }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w.Code != tc.status || got.Code != tc.code || got.Field != tc.field {
				t.Fatalf("answer %d %+v, want %d %s %s", w.Code, got, tc.status, tc.code, tc.field)
			}
			if (w.Code == 200) != (len(d.Accepted()) == 1) {
				t.Errorf("%d accepted after %d", len(d.Accepted()), w.Code)
			}
			if w.Code != 200 && got.Message == "" {
				t.Error("no message")
			}
			if w.Code == 405 && w.Header().Get("Allow") == "" {
				t.Error("no Allow")
			}
			page := d.do(tc.method, tc.path, tc.body, "Content-Type", tc.kind, "Accept", browser)
			if kind := page.Header().Get("Content-Type"); tc.kind != asJSON && !strings.HasPrefix(kind, "text/html") {
				t.Errorf("a browser got %s", kind)
			}
			if page.Code != tc.status {
				t.Errorf("a browser got %d, want %d", page.Code, tc.status)
			}
		})
	}
}

func TestEmptyPostIsRefused(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	for _, body := range []string{"", "name=&email=+", "submission_id=s-1&render_token=v1.1.x", "_next=%2F"} {
		if w := d.do("POST", "/", body, "Content-Type", urlencoded); w.Code != 422 {
			t.Errorf("%q: status %d, want 422", body, w.Code)
		}
	}
	for _, body := range []string{"{}", "[]", "null", `{"a":{"b":[""]}}`} {
		if w := d.do("POST", "/", body, "Content-Type", asJSON); w.Code != 422 {
			t.Errorf("%q: status %d, want 422", body, w.Code)
		}
	}
	if len(d.Accepted()) != 0 {
		t.Errorf("%d empty posts accepted", len(d.Accepted()))
	}
}

func TestHostileBytesAreRepaired(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ kind, body string }{
		"urlencoded": {urlencoded, "name=I%00da&note=%ff%fe"},
		"json":       {asJSON, "{\"name\":\"I\\u0000da\",\"note\":\"\xff\xfe \\ud800\"}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, nil)
			if w := d.do("POST", "/", tc.body, "Content-Type", tc.kind); w.Code != 200 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			q := d.inquiry(t, 1)
			text, err := json.Marshal(q)
			if err != nil || bytes.Contains(text, []byte(`\u0000`)) || q.Name.String() != "Ida" {
				t.Errorf("%s %v", text, err)
			}
		})
	}
}

// endless is a body that never says how long it is.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestChunkedBodyIsLimited(t *testing.T) {
	t.Parallel()
	for kind, limit := range map[string]int{urlencoded: plainLimit, "multipart/form-data; boundary=x": filesLimit} {
		d := setup(t, nil)
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("a="), &endless{left: limit}))
		r.ContentLength = -1
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		if w.Code != 413 || len(d.Accepted()) != 0 {
			t.Errorf("%s: status %d, %d accepted", kind, w.Code, len(d.Accepted()))
		}
	}
}

func squeeze(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestGzip(t *testing.T) {
	t.Parallel()
	d := setup(t, nil)
	if w := d.do("POST", "/", squeeze("name=Ida"), "Content-Type", urlencoded, "Content-Encoding", "gzip"); w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if q := d.inquiry(t, 1); q.Name.String() != "Ida" {
		t.Errorf("name %q", q.Name)
	}
	for name, tc := range map[string]struct {
		body, encoding string
		status         int
	}{
		"bomb":     {squeeze("a=" + strings.Repeat("x", plainLimit)), "gzip", 413},
		"old name": {squeeze("name=Ida"), "X-Gzip", 200},
		"plain":    {"name=Ida", "Identity", 200},
		"cut":      {squeeze("name=Ida")[:12], "gzip", 422},
		"no gzip":  {"name=Ida", "gzip", 422},
		"encoding": {"name=Ida", "br", 415},
	} {
		if w := d.do("POST", "/", tc.body, "Content-Type", urlencoded, "Content-Encoding", tc.encoding); w.Code != tc.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, tc.status)
		}
	}
}

func TestNotKeptIsNeverSuccess(t *testing.T) {
	t.Parallel()
	waits := map[int]bool{}
	for _, cause := range []error{lead.ErrFull, lead.ErrUnavailable, lead.ErrInvalid, io.ErrUnexpectedEOF} {
		d := setup(t, nil)
		d.FailWith(fmt.Errorf("appending: %w", cause))
		for range 20 {
			w := d.do("POST", "/", "name=Ida&email=ida%40example.org", "Content-Type", urlencoded)
			wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
			if w.Code != 503 || err != nil || wait < 30 || wait > 90 {
				t.Fatalf("%v: status %d, Retry-After %q", cause, w.Code, w.Header().Get("Retry-After"))
			}
			waits[wait] = true
		}
		if w := d.do("POST", "/", "name=Ida", "Content-Type", urlencoded, "Accept", browser); w.Code != 503 {
			t.Errorf("a browser got %d", w.Code)
		}
		if log := d.log.String(); !strings.Contains(log, "not accepted") || strings.Contains(log, "ida") || strings.Contains(log, "Ida") {
			t.Errorf("log: %s", log)
		}
	}
	if len(waits) < 3 {
		t.Errorf("80 senders were told only %d different waits", len(waits))
	}
}

func TestBrowserIsLedOn(t *testing.T) {
	t.Parallel()
	plain := setup(t, map[string]any{"thanks": "See <you> soon"})
	w := plain.do("POST", "/", "name=Ida", "Content-Type", urlencoded, "Accept", browser, "Sec-Fetch-Mode", "navigate")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "See &lt;you&gt; soon") {
		t.Errorf("thank-you page %d: %s", w.Code, w.Body)
	}
	d := setup(t, map[string]any{"redirect": "https://good.com/thanks?a=b"})
	w = d.do("POST", "/?_next=https://evil.io", "name=Ida&_next=https%3A%2F%2Fevil.io&redirect=https%3A%2F%2Fevil.io", "Content-Type", urlencoded, "Accept", browser)
	if w.Code != 303 || w.Header().Get("Location") != "https://good.com/thanks?a=b" {
		t.Errorf("redirect %d to %q", w.Code, w.Header().Get("Location"))
	}
	for _, head := range [][]string{{"Accept", "*/*"}, {"Accept", browser, "Sec-Fetch-Mode", "cors"}, {"Accept", browser, "X-Requested-With", "XMLHttpRequest"}} {
		w = d.do("POST", "/", "name=Ida", append(head, "Content-Type", urlencoded)...)
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), asJSON) {
			t.Errorf("a script with %v got %d %s", head, w.Code, w.Header().Get("Content-Type"))
		}
	}
}
