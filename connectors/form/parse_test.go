package form

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leadgate/lead"
)

func TestToken(t *testing.T) {
	t.Parallel()
	d := setup(t, map[string]any{"origins": []any{"https://good.com"}})
	w := d.do("GET", "/token", "", "Origin", "https://good.com")
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if id, err := lead.ParseID(got[fieldSubmission]); err != nil || id[6]>>4 != 7 {
		t.Errorf("submission id %q is no UUIDv7", got[fieldSubmission])
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the answer may be cached")
	}
	for _, tc := range []struct {
		after  time.Duration
		state  lead.TokenState
		lane   lead.Lane
		reason string
	}{
		{0, lead.TokenValid, lead.LaneQuarantine, "filled in within 0s, faster than 2s"},
		{1200 * time.Millisecond, lead.TokenValid, lead.LaneQuarantine, "filled in within 1.2s, faster than 2s"},
		{2 * time.Second, lead.TokenValid, lead.LaneLead, ""},
		{24 * time.Hour, lead.TokenValid, lead.LaneLead, ""},
		{25 * time.Hour, lead.TokenExpired, lead.LaneQuarantine, "the render token has expired"},
		{-time.Minute, lead.TokenValid, lead.LaneLead, ""},
	} {
		p := setup(t, nil)
		p.SetNow(p.Now().Add(tc.after))
		if w := p.do("POST", "/", "name=Ida&render_token="+got[fieldToken], "Content-Type", urlencoded); w.Code != 200 {
			t.Fatalf("status %d", w.Code)
		}
		q := p.inquiry(t, 1)
		if s := p.Accepted()[0].Token; s != tc.state || q.Lane != tc.lane || q.Reason != tc.reason {
			t.Errorf("after %v: token %q, lane %q, reason %q", tc.after, s, q.Lane, q.Reason)
		}
	}
	if w := d.do("GET", "/token", "", "Origin", "https://evil.io"); w.Code != 403 {
		t.Errorf("another page got %d, want 403", w.Code)
	}
}

func TestQuarantine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body, reason string
		settings           map[string]any
	}{
		{"honeypot", "name=Ida&_website=http%3A%2F%2Fx", "the hidden field is filled in", nil},
		{"honeypot only", "_website=http%3A%2F%2Fx", "the hidden field is filled in", nil},
		{"honeypot blank", "name=Ida&_website=+", "", nil},
		{"honeypot of another name", "name=Ida&url=http%3A%2F%2Fx", "the hidden field is filled in", map[string]any{"honeypot": "url"}},
		{"honeypot off", "name=Ida&_website=http%3A%2F%2Fx", "", map[string]any{"quarantine": []any{"token"}}},
		{"forged", "name=Ida&render_token=v1.1772600767000.AAAA", "the render token is forged", nil},
		{"two reasons", "name=Ida&_website=x&render_token=x", "the hidden field is filled in; the render token is forged", nil},
		{"no token", "name=Ida", "no render token was sent", map[string]any{"quarantine": []any{"no_token"}}},
		{"nothing", "name=Ida", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, tc.settings)
			if w := d.do("POST", "/", tc.body, "Content-Type", urlencoded); w.Code != 200 {
				t.Fatalf("status %d, want 200: a robot learns nothing", w.Code)
			}
			q := d.inquiry(t, 1)
			if q.Reason != tc.reason || (q.Lane == lead.LaneQuarantine) != (tc.reason != "") {
				t.Errorf("lane %q, reason %q, want %q", q.Lane, q.Reason, tc.reason)
			}
		})
	}
}

// A script's batch is checked person by person, and is as suspicious as its worst token.
func TestBatch(t *testing.T) {
	t.Parallel()
	settings := map[string]any{"fields": []any{map[string]any{"name": "email", "type": "email", "required": true}}}
	const good = `{"email":"q1@acme.example"}`
	for _, tc := range []struct {
		name, body string
		status     int
		inquiries  int
		failures   int
		token      lead.TokenState
	}{
		{"two", `[` + good + `,{"email":"q2@acme.example"}]`, 200, 2, 0, lead.TokenNone},
		{"one without", `[` + good + `,{"name":"Q"}]`, 422, 0, 0, ""},
		{"one bad", `[` + good + `,{"email":"q"}]`, 422, 0, 0, ""},
		{"one is nothing", `[` + good + `,7,{"email":"q2@acme.example"},{}]`, 200, 2, 2, lead.TokenNone},
		{"nothing", `[{},{}]`, 422, 0, 0, ""},
		{"token inside", `[{"email":"q1@acme.example","render_token":"v1.1.x"},{"email":"q2@acme.example"}]`, 200, 2, 0, lead.TokenForged},
	} {
		d := setup(t, settings)
		w := d.do("POST", "/", tc.body, "Content-Type", asJSON)
		if w.Code != tc.status {
			t.Errorf("%s: answered %d %s", tc.name, w.Code, w.Body)
		}
		if w.Code != 200 || tc.status != 200 {
			continue
		}
		got := d.Accepted()[0]
		p, err := parse(got, d.Source().Settings)
		if err != nil || len(p.Inquiries) != tc.inquiries || len(p.Failures) != tc.failures || got.Token != tc.token {
			t.Errorf("%s: %d inquiries, %d failures, token %q, %v", tc.name, len(p.Inquiries), len(p.Failures), got.Token, err)
		}
	}
}

// Whatever a page asks under whatever name, the answer is in the inquiry, and
// its own fields are not.
func TestNoAnswerIsDropped(t *testing.T) {
	t.Parallel()
	names := []string{
		"name", "first_name", "Nachname", "email", "e-mail address", "manager_email", "phone", "fax", "company", "message", "comment", "subject", "page", "landing", "referrer",
		"utm_source", "gclid", "id", "entry_id", "uuid", "test", "timestamp", "created_at", "customer_id", "visitor_id", "amount", "currency", "tags", "locale", "country",
		"state", "city", "zip", "title", "consent", "newsletter", "file", "data[a][b]", "fields[mail][value]", "topic[]", "Wie geht es?", "x", "",
		"shipping[email]", "shipping[city]", "shipping[name]", "address[city]", "name_2", "country_code", "total", "ad", "By", "Soyadınız", "Tussenvoegsel", "J'accepte", "phone_call_time",
		"textarea_1", "vendor[email]", "webinar[registration][email]", "phone[type]", "phone[number]",
	}
	settings := map[string]any{"fields": []any{
		map[string]any{"name": "x", "maps": "email"}, map[string]any{"name": "comment", "maps": "message"},
		map[string]any{"name": "data[a][b]", "maps": "custom"}, map[string]any{"name": "title", "maps": "name"},
	}}
	rapid.Check(t, func(rt *rapid.T) {
		d := setup(t, settings)
		form := url.Values{fieldSubmission: {"own-submission"}, fieldToken: {"own-token"}, "_trap": {"own-reserved"}}
		var want []string
		for i, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 12, rapid.ID[string]).Draw(rt, "names") {
			shape := rapid.SampledFrom([]string{"answer %d", "answer%d@example.org", "+49301234%03d", "2026-01-02T03:04:%02dZ", "https://answer.example/%d", "17672%05d", "answer\"<%d>"}).Draw(rt, "shape")
			value := fmt.Sprintf(shape, i)
			form.Add(name, value)
			want = append(want, value)
		}
		if w := d.do("POST", "/", form.Encode(), "Content-Type", urlencoded); w.Code != 200 {
			rt.Fatalf("answer %d: %s", w.Code, w.Body)
		}
		var texts []string
		collect(anyOf(rt, d.inquiry(t, 1)), &texts)
		all := strings.Join(texts, "\n")
		for _, value := range want {
			if !strings.Contains(all, value) {
				rt.Fatalf("%q is lost of %q in\n%s", value, form, all)
			}
		}
		if strings.Contains(strings.ReplaceAll(all, "own-submission", "")+"\n", "own-") || strings.Count(all, "own-submission") != 1 {
			rt.Fatalf("a field of ours is an answer:\n%s", all)
		}
	})
}

// anyOf is a value as JSON's own types.
func anyOf(t *rapid.T, v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func collect(v any, into *[]string) {
	switch v := v.(type) {
	case string:
		*into = append(*into, v)
	case []any:
		for _, item := range v {
			collect(item, into)
		}
	case map[string]any:
		for _, item := range v {
			collect(item, into)
		}
	}
}
