package server

import (
	"net/http"
	"strings"
	"testing"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// A source made over the API takes posts at once, and no answer of the API holds its
// secret, whatever is asked or refused.
func TestSourcesAPI(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	const canary = "canary-made-9d31"
	made := n.api("POST", "/api/v1/sources", `{"name":"shop","connector":"push","region":"FR","settings":{"secret":"`+canary+`","accounts":[{"token":"`+urlSecret+`"}]}}`, 201)
	answers := []reply{made}
	src := decode[pipeline.ShownSource](t, made)
	if src.Origin != "store" || src.Version == 0 {
		t.Errorf("made: %+v", src)
	}
	if r := n.send("POST", "/in/shop", body(person("1")), "Authorization", "Bearer "+canary); r.status != 200 {
		t.Errorf("a post to it: %d %s", r.status, r.body)
	}
	if r := n.send("POST", "/in/shop", body(person("1")), "Authorization", "Bearer other"); r.status != 401 {
		t.Errorf("a forged post to it: %d", r.status)
	}
	answers = append(answers,
		n.api("GET", "/api/v1/sources", "", 200),
		n.api("POST", "/api/v1/sources", `{"name":"shop","connector":"push","settings":{"secret":"`+canary+`"}}`, 409),
		n.api("POST", "/api/v1/sources", `{"name":"shop2","connector":"push","settings":{"secret":["`+canary+`"]}}`, 422),
		n.api("POST", "/api/v1/sources", `{"name":"shop2","connector":"push","settings":{"unknown":"`+canary+`"}}`, 422),
		n.api("PATCH", "/api/v1/sources/shop", `{"title":"The shop","settings":{"secret":{"set":true}}}`, 200),
		n.api("PATCH", "/api/v1/sources/partner", `{"title":"x"}`, 409))
	if strings.Count(made.body, `{"set":true}`) != 2 {
		t.Error("nobody is told which secrets are set")
	}
	for _, a := range answers {
		for _, hidden := range []string{canary, secret, urlSecret} {
			if strings.Contains(a.body, hidden) {
				t.Errorf("an answer holds a secret: %s", a.body)
			}
		}
	}
	if r := n.send("POST", "/in/shop", body(person("2")), "Authorization", "Bearer "+canary); r.status != 200 {
		t.Errorf("after a change that left the secret as it was: %d", r.status)
	}
	n.api("PATCH", "/api/v1/sources/shop", `{"disabled":true}`, 200)
	if r := n.send("POST", "/in/shop", body(person("3")), "Authorization", "Bearer "+canary); r.status != 404 {
		t.Errorf("a post to a disabled source: %d", r.status)
	}
	for _, r := range []reply{n.send("GET", "/api/v1/sources", ""), n.send("POST", "/api/v1/sources", "{}"), n.send("PATCH", "/api/v1/sources/shop", "{}")} {
		if r.status != 401 {
			t.Errorf("without a token: %d", r.status)
		}
	}
	n.idle()
}

// A source that cannot be put in force is our fault: its senders come again, the others
// notice nothing, and health tells.
func TestBrokenSource(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	if _, err := n.store.PutSource(t.Context(), store.SourceRecord{Name: "broken", Kind: "push", Settings: []byte(`{"secret":"in clear"}`)}); err != nil {
		t.Fatal(err)
	}
	if err := n.registry.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/in/broken": 503, "/in/never": 404, "/in/partner": 401} {
		r := n.send("POST", path, "{}")
		if r.status != want || (want == 503) != (r.header.Get("Retry-After") != "") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := n.send("GET", "/healthz", ""); !strings.Contains(r.body, `"status":"degraded"`) || !strings.Contains(r.body, "source broken: ") || strings.Contains(r.body, "in clear") {
		t.Errorf("health: %s", r.body)
	}
	if r := n.send("GET", "/metrics", ""); !strings.Contains(r.body, "leadgate_sources_broken 1\n") {
		t.Error("the metrics do not tell")
	}
	if r := n.send("GET", "/readyz", ""); r.status != 200 {
		t.Errorf("not ready for the others: %d", r.status)
	}
}

// A node that did not take a delivery cannot tell one under way from one that never
// was, and says so; what is stored every node knows.
func TestReceiptOnOtherNode(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{shared: true})
	id := n.deliver(post{Key: "1", Name: "Ada Byron", Email: someEmail})
	n.stored(id)
	r := n.send("GET", "/api/v1/receipts/"+lead.NewID().String(), "", "Authorization", "Bearer "+apiToken)
	if r.status != http.StatusNotFound || !strings.Contains(r.body, `"not_stored"`) || r.header.Get("Retry-After") == "" {
		t.Errorf("an unknown receipt: %d %s", r.status, r.body)
	}
	alone := start(t, nodeOptions{})
	if r := alone.send("GET", "/api/v1/receipts/"+lead.NewID().String(), "", "Authorization", "Bearer "+apiToken); r.status != 404 || !strings.Contains(r.body, `"not_found"`) {
		t.Errorf("an unknown receipt of the only node: %d %s", r.status, r.body)
	}
}
