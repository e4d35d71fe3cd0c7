package form

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"leadgate/lead"
)

// all returns the elements of a page in order.
func all(t testing.TB, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func everyQuestion() []any {
	q := []any{}
	for _, kind := range []string{"text", "email", "phone", "textarea", "number", "date", "select", "checkbox", "consent", "file", "hidden"} {
		q = append(q, map[string]any{"name": "q-" + kind, "label": "Label of " + kind, "type": kind, "options": []any{}, "value": "v"})
	}
	q[6].(map[string]any)["options"] = []any{"one", "two"}
	return append(q, map[string]any{"name": "many[]", "label": "Several", "type": "checkbox", "options": []any{"red", "blue"}, "required": true})
}

func TestPageIsCompleteAndAccessible(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]any{
		"standard": nil,
		"every":    {"fields": everyQuestion(), "language": "de"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, settings)
			w := d.do("GET", "/", "", "Referer", "https://search.example/?q=x")
			page := w.Body.String()
			labels, ids, posted := map[string]bool{}, map[string]bool{}, map[string]string{}
			for _, n := range all(t, page) {
				checkHarmless(t, n)
				if id := attr(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("id %q stands there twice", id)
					}
					ids[id] = true
				}
				switch n.Data {
				case "label":
					labels[attr(n, "for")] = true
				case "html":
					if attr(n, "lang") == "" {
						t.Error("the page has no language")
					}
				case "form":
					if attr(n, "method") != "post" || has(n, "action") {
						t.Errorf("form %v", n.Attr)
					}
				case "input", "textarea", "select":
					posted[attr(n, "name")] = attr(n, "value")
				}
			}
			for _, n := range all(t, page) {
				if (n.Data == "input" && attr(n, "type") != "hidden" || n.Data == "textarea" || n.Data == "select") && !labels[attr(n, "id")] {
					t.Errorf("%s %q has no label", n.Data, attr(n, "name"))
				}
			}
			if _, err := lead.ParseID(posted[fieldSubmission]); err != nil {
				t.Errorf("submission id %q", posted[fieldSubmission])
			}
			if state, _ := d.handler.(*handler).tokens.read(posted[fieldToken], d.Now(), time.Hour); state != lead.TokenValid {
				t.Errorf("the page's token is %s", state)
			}
			if posted["referrer"] != "https://search.example/?q=x" {
				t.Errorf("referrer %q", posted["referrer"])
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

// checkHarmless fails on anything that runs or loads.
func checkHarmless(t *testing.T, n *html.Node) {
	t.Helper()
	switch n.Data {
	case "script", "iframe", "object", "embed", "img", "link", "base", "svg", "math":
		t.Errorf("the page holds <%s>", n.Data)
	}
	for _, a := range n.Attr {
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" || a.Key == "formaction" {
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		}
	}
}

func TestPolicyAllowsTheStyleAndTheRedirectOnly(t *testing.T) {
	t.Parallel()
	d := setup(t, map[string]any{"redirect": "https://good.com/thanks", "origins": []any{"https://shop.example", "null"}})
	w := d.do("GET", "/", "")
	var style string
	for _, n := range all(t, w.Body.String()) {
		if n.Data == "style" {
			style = n.FirstChild.Data
		}
	}
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self' https://good.com; base-uri 'none'; frame-ancestors 'self' https://shop.example"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if got := w.Header().Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("Referrer-Policy %q: the own post would lose its Origin", got)
	}
}

func TestPageIsPostedBack(t *testing.T) {
	t.Parallel()
	d := setup(t, map[string]any{"origins": []any{"https://good.com"}})
	form := url.Values{"name": {"Ida Ek"}, "email": {"ida@example.org"}}
	for _, n := range all(t, d.do("GET", "/?utm_source=news", "").Body.String()) {
		if n.Data == "input" && (attr(n, "type") == "hidden" || attr(n, "name") == "_website") {
			form.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	d.SetNow(d.Now().Add(9 * time.Second))
	for range 2 { // a double click
		w := d.do("POST", "/?utm_source=news", form.Encode(), "Content-Type", urlencoded, "Accept", browser,
			"Origin", "https://leads.example.com", "Referer", "https://leads.example.com/f/contact?utm_source=news")
		if w.Code != 200 || !strings.Contains(w.Body.String(), "Thank you") {
			t.Fatalf("answer %d %s", w.Code, w.Body)
		}
	}
	if len(d.Accepted()) != 2 || d.Accepted()[0].Key == "" || d.Accepted()[0].Key != d.Accepted()[1].Key {
		t.Fatal("a double click has two keys")
	}
	q := d.inquiry(t, 2)
	if q.Lane != lead.LaneLead || q.Attribution.Source != "news" || d.Accepted()[1].Fill != 9*time.Second {
		t.Errorf("lane %q (%s), source %q, filled in within %v", q.Lane, q.Reason, q.Attribution.Source, d.Accepted()[1].Fill)
	}
}

func TestMistakeIsShownInTheFilledForm(t *testing.T) {
	t.Parallel()
	d := setup(t, map[string]any{"fields": everyQuestion()})
	body := url.Values{
		"q-text": {"typed"}, "q-textarea": {"\nlong"}, "q-select": {"two"}, "q-checkbox": {"yes"}, "q-email": {"nonsense"},
		"many[]": {"blue"}, "submission_id": {"s-1"}, "render_token": {"t-1"},
	}
	w := d.do("POST", "/", body.Encode(), "Content-Type", urlencoded, "Accept", browser, "Referer", "https://leads.example.com/f/contact?x=y")
	if w.Code != 422 {
		t.Fatalf("status %d", w.Code)
	}
	got, marked := map[string]string{}, ""
	for _, n := range all(t, w.Body.String()) {
		switch {
		case n.Data == "textarea":
			got[attr(n, "name")] = n.FirstChild.Data
		case has(n, "selected"), has(n, "checked"):
			got[attr(n, "name")+"*"] += attr(n, "value")
		case n.Data == "input":
			got[attr(n, "name")] = attr(n, "value")
		}
		if has(n, "aria-invalid") {
			marked += attr(n, "name")
		}
	}
	for name, want := range map[string]string{"q-text": "typed", "q-textarea": "\nlong", "*": "two", "q-checkbox*": "yes", "many[]*": "blue", "q-email": "nonsense", "submission_id": "s-1", "render_token": "t-1"} {
		if got[name] != want {
			t.Errorf("%s shows %q, want %q", name, got[name], want)
		}
	}
	if marked != "q-email" || !strings.Contains(w.Body.String(), "Label of email: Please enter an e-mail address.") {
		t.Errorf("marked %q", marked)
	}
	other := d.do("POST", "/", body.Encode(), "Content-Type", urlencoded, "Accept", browser, "Referer", "https://shop.example/")
	if other.Code != 422 || strings.Contains(other.Body.String(), "<form") {
		t.Error("the form of another page was drawn as ours")
	}
}

func TestNoticesSpeakEveryLanguage(t *testing.T) {
	t.Parallel()
	codes := []string{}
	for code := range english().problems {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, language := range languages() {
		w := wordsOf(language)
		for _, code := range codes {
			if w.problems[code] == "" || language != "en" && w.problems[code] == english().problems[code] {
				t.Errorf("%s says %q about %s", language, w.problems[code], code)
			}
		}
		if len(w.problems) != len(codes) || w.send == "" || w.title == "" || w.thanks == "" || w.failed == "" || w.empty == "" || w.required == "" {
			t.Errorf("%s lacks words", language)
		}
		d := setup(t, map[string]any{"language": language})
		if page := d.do("GET", "/", "").Body.String(); !strings.Contains(page, `lang="`+language+`"`) || !strings.Contains(page, ">"+w.send+"<") {
			t.Errorf("%s: %s", language, page)
		}
	}
}

func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus=alert(1) x='`, `</textarea><script>alert(1)</script>`,
		`</style><script>alert(1)</script>`, `</title><svg onload=alert(1)>`, `javascript:alert(1)`, `{{.Style}}`, "\u2028</option><iframe src=//x>", `&quot;&gt;&lt;b`,
		`<!--`, `]]>`, `x" formaction="https://evil.io`, "a\x00<script>", `</select><math><mtext></form><form><script>`,
	}
}

func TestNothingHostileGetsOut(t *testing.T) {
	t.Parallel()
	for _, bad := range hostile() {
		questions := []any{}
		for _, kind := range []string{"text", "textarea", "select", "checkbox", "consent", "hidden", "email"} {
			questions = append(questions, map[string]any{"name": kind + bad, "label": bad, "type": kind, "options": []any{bad}, "value": bad, "required": true})
		}
		d := titled(t, bad, map[string]any{"fields": questions, "thanks": bad, "honeypot": "_" + bad})
		body := url.Values{"text" + bad: {bad}, "textarea" + bad: {bad}, "submission_id": {bad}, "render_token": {bad}, "referrer": {bad}}.Encode()
		own := []string{"Content-Type", urlencoded, "Accept", browser, "Referer", "https://leads.example.com/f/contact"}
		pages := []string{
			d.do("GET", "/", "", "Referer", "https://x.example/?"+url.QueryEscape(bad)+"#").Body.String(),
			d.do("POST", "/", body, own...).Body.String(),
			d.do("POST", "/", body, own[:4]...).Body.String(),
		}
		d.handler.(*handler).cfg.fields = nil
		pages = append(pages, d.do("POST", "/", body, own...).Body.String())
		for _, page := range pages {
			for _, n := range all(t, page) {
				checkHarmless(t, n)
				if n.Data == "form" && len(n.Attr) > 2 || n.Data == "b" {
					t.Errorf("%q got out: <%s> %v", bad, n.Data, n.Attr)
				}
			}
		}
	}
}
