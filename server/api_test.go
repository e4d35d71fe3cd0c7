package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"leadgate/lead"
	"leadgate/store"
)

// refused wants a refusal of the API and returns what it says.
func (n *node) refused(method, path, body string, want int) problem {
	n.t.Helper()
	r := n.api(method, path, body, want)
	mayAnswer(n.t, r)
	return decode[problem](n.t, r)
}

// What the API cannot take has the status of its kind, says which field it is
// about, and leaves nothing.
func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for _, c := range []struct {
		method, path, body string
		want               int
		code, field        string
	}{
		{"GET", "/api/v1/leads/x", "", 404, "not_found", ""},
		{"GET", "/api/v1/leads?limit=0", "", 422, "invalid", "limit"},
		{"GET", "/api/v1/leads?status=odd", "", 422, "invalid", "status"},
		{"GET", "/api/v1/leads?cursor=%27", "", 422, "invalid", "cursor"},
		{"GET", "/api/v1/leads?q=" + strings.Repeat("x", 201), "", 422, "invalid", "q"},
		{"POST", "/api/v1/leads", `{"nmae":"x"}`, 422, "invalid", ""},
		{"POST", "/api/v1/leads", `{}`, 422, "invalid", ""},
		{"POST", "/api/v1/leads", `{"name":"x"} {}`, 422, "invalid", ""},
		{"POST", "/api/v1/leads", `{"name":"x","origin":"ODD"}`, 422, "invalid", "origin"},
		{"POST", "/api/v1/leads", `{"name":" \t","title":" ","text":"\n","emails":[" "],"phone":" "}`, 422, "invalid", ""},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"abc"}`, 422, "invalid", "amount"},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"1,5"}`, 422, "invalid", "amount"},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"1e9"}`, 422, "invalid", "amount"},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"NaN"}`, 422, "invalid", "amount"},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"1","currency":"xx"}`, 422, "invalid", "currency"},
		{"POST", "/api/v1/leads", `{"name":"x","amount":"1","currency":"€"}`, 422, "invalid", "currency"},
		{"POST", "/api/v1/leads?check=yes", `{"name":"x"}`, 422, "invalid", "check"},
		{"POST", "/api/v1/leads?check=0", `{"name":"x"}`, 422, "invalid", "check"},
		{"PATCH", "/api/v1/leads/" + lead.NewID().String(), `{"amount":"abc"}`, 422, "invalid", "amount"},
		{"PATCH", "/api/v1/leads/" + lead.NewID().String(), `{"currency":"12"}`, 422, "invalid", "currency"},
		{"PATCH", "/api/v1/leads/" + lead.NewID().String(), `{"title":" "}`, 422, "invalid", "title"},
	} {
		if p := n.refused(c.method, c.path, c.body, c.want); p.Code != c.code || p.Field != c.field {
			t.Errorf("%s %s %s: %+v", c.method, c.path, c.body, p)
		}
	}
	if st := n.stats(); st.Deliveries != 0 || st.Leads.Total != 0 {
		t.Errorf("something was stored: %+v", st)
	}
}

// NUL, invalid UTF-8 and lone surrogates are taken; what cannot be read is parked.
func TestPoisonBodies(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for text, want := range map[string]lead.Verdict{
		"{\"text\":\"a\\u0000b\",\"email\":\"a@example.org\"}": lead.Created,
		"{\"text\":\"\xff\xfe\",\"email\":\"b@example.org\"}":  lead.Created,
		"{\"text\":\"\\ud800\",\"email\":\"c@example.org\"}":   lead.Created,
		strings.Repeat("[", 20_000):                            lead.Parked,
		"{\"text\":":                                           lead.Parked,
		"\x00":                                                 lead.Parked,
	} {
		r := n.send("POST", "/in/partner", text, "Authorization", bearer)
		if rec := n.stored(decode[struct{ ID string }](t, r).ID); rec.Verdict != want {
			t.Errorf("%.20q: %q, want %q", text, rec.Verdict, want)
		}
	}
}

// The life of a lead through the API.
func TestLifeOfALead(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	first := n.stored(n.deliver(post{Key: "1", Name: "Ana Belo", Email: "ana@example.org", Text: "two windows"}, "Idempotency-Key", "1"))
	list := decode[struct{ Leads []lead.Lead }](t, n.api("GET", "/api/v1/leads?source=partner&status=open", "", 200))
	if len(list.Leads) != 1 || list.Leads[0].ID != first.Lead {
		t.Fatalf("leads %+v", list.Leads)
	}
	dup := decode[struct{ Duplicates []lead.Lead }](t, n.api("POST", "/api/v1/leads?check=1", `{"email":"Ana@example.org"}`, 200))
	if len(dup.Duplicates) != 1 {
		t.Errorf("duplicates %+v", dup.Duplicates)
	}
	for range 2 { // attached, and then known
		n.api("POST", "/api/v1/leads", `{"id":"h1","email":"ana@example.org","name":"Ana Belo","text":"she called"}`, 200)
	}
	n.api("POST", "/api/v1/leads", `{"name":"Igor Petrov","phone":"+33612345678","origin":"CALL"}`, 201)
	path := "/api/v1/leads/" + first.Lead.String()
	if p := n.refused("PATCH", path, `{"stage":"junk"}`, 422); p.Field != "close_reason" {
		t.Errorf("junk without a reason: %+v", p)
	}
	if p := n.refused("PATCH", path, `{"stage":"nowhere"}`, 422); p.Field != "stage" {
		t.Errorf("an unknown stage: %+v", p)
	}
	n.api("PATCH", path, `{"stage":"in-progress","owner":"eva"}`, 200)
	one := decode[struct {
		Touches  int
		Timeline []struct{ Kind, Text string }
	}](t, n.api("GET", path, "", 200))
	if one.Touches != 2 || len(one.Timeline) != 4 || one.Timeline[0].Text != "two windows" || one.Timeline[1].Kind != "manual" {
		t.Errorf("lead %+v", one)
	}
}

// What people type around an answer is no part of it, and a lead that is opened
// again has no reason to be closed.
func TestEnteringAndChanging(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	l := decode[lead.Lead](t, n.api("POST", "/api/v1/leads", `{"name":" Ana Belo\n","company":" ","email":" ana@example.org ","amount":" 1200.50 ","currency":"eur"}`, 201))
	if l.Name != "Ana Belo" || l.Company != "" || l.Amount != "1200.50" || l.Currency != "EUR" || len(l.Emails) != 1 {
		t.Errorf("entered %+v", l)
	}
	path := "/api/v1/leads/" + l.ID.String()
	l = decode[lead.Lead](t, n.api("PATCH", path, `{"stage":"junk","close_reason":"spam","title":" Doors ","currency":"chf","amount":"-3"}`, 200))
	if l.CloseReason != "spam" || l.Title != "Doors" || l.Currency != "CHF" || l.Amount != "-3" {
		t.Errorf("changed %+v", l)
	}
	l = decode[lead.Lead](t, n.api("PATCH", path, `{"stage":"new","amount":"","currency":""}`, 200))
	if l.CloseReason != "" || l.Amount != "" || l.Currency != "" {
		t.Errorf("opened again %+v", l)
	}
}

// A company is found by its domain, whether its people have names or not.
func TestSearchByDomain(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for i, p := range []post{{Email: "a@acme.pt"}, {Name: "Ana Belo", Email: "ana@acme.pt"}, {Name: "Bo Acker", Email: "bo@mail.acme.pt"}, {Name: "Cy Dee", Email: "cy@example.org"}} {
		p.Key = fmt.Sprint(i)
		n.stored(n.deliver(p))
	}
	for q, want := range map[string]int{"acme.pt": 3, "ACME.pt": 3, "@acme.pt": 2, "@acme": 2, "acme": 3, "ana acme.pt": 1, "acme.de": 0} {
		n.waitFor(fmt.Sprintf("%d leads found by %q", want, q), func() bool {
			list := decode[struct{ Leads []lead.Lead }](t, n.api("GET", "/api/v1/leads?q="+url.QueryEscape(q), "", 200))
			return len(list.Leads) == want
		})
	}
}

// What waits at the desk is seen, released and read again.
func TestDesk(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	n.stored(n.deliver(post{Key: "1", Email: "ana@example.org"}))
	if r := n.stored(n.deliver(post{Key: "s", Email: "x@example.org", Spam: true})); r.Verdict != lead.Quarantined {
		t.Errorf("receipt %+v", r)
	}
	release := "/api/v1/quarantine/" + n.held("/api/v1/quarantine")[0].ID.String() + "/release"
	n.api("POST", release, "", 200)
	if p := n.refused("POST", release, "", 409); p.Message != "it is not in quarantine" {
		t.Errorf("releasing again: %+v", p)
	}
	bad := decode[struct{ ID string }](t, n.send("POST", "/in/partner", `{`, "Authorization", bearer)).ID
	n.stored(bad)
	if held := n.held("/api/v1/parked"); len(held) != 1 || held[0].ID.String() != bad {
		t.Errorf("parked %+v", held)
	}
	if p := n.refused("POST", "/api/v1/parked/"+bad+"/replay", "", 422); !strings.Contains(p.Message, "reason") {
		t.Errorf("replaying what is still broken: %+v", p)
	}
	if d := decode[shownDelivery](t, n.api("GET", "/api/v1/deliveries/"+bad, "", 200)); d.Body != "{" {
		t.Errorf("delivery %+v", d)
	}
	if st := n.stats(); st.Leads.Total != 2 || st.Parked != 1 || st.Quarantine != 0 {
		t.Errorf("stats %+v", st)
	}
	metrics := n.send("GET", "/metrics", "").body
	for _, want := range []string{`leadgate_inquiries_total{source="partner",verdict="created"} 1`, "leadgate_journal_depth", "leadgate_source_quiet_seconds"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if r := n.send("GET", "/healthz", ""); !strings.Contains(r.body, `"status":"ok"`) {
		t.Errorf("healthz %s", r.body)
	}
}

// What rules ask about is there before anything happened: whoever sees a counter for the
// first time at 1 cannot tell that it grew, and one that never came is no zero.
func TestCountersBeginAtZero(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	metrics := n.send("GET", "/metrics", "").body
	for _, name := range []string{"accepted", "refused", "forged"} {
		if want := "leadgate_" + name + `_total{source="partner"} 0` + "\n"; !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// breaking is an intake that keeps nothing while it is broken.
type breaking struct {
	Intake
	broken *atomic.Bool
}

func (b breaking) Accept(ctx context.Context, d lead.Delivery) (lead.ID, error) {
	if b.broken.Load() {
		return lead.ID{}, lead.ErrFull
	}
	return b.Intake.Accept(ctx, d)
}

// Times to come again differ, and what comes again is kept.
func TestRetryAfterSpreads(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	n := start(t, nodeOptions{intake: func(in Intake) Intake { return breaking{in, &broken} }})
	broken.Store(true)
	seen := map[string]bool{}
	for range 10 {
		seen[n.send("POST", "/in/partner", "{}", "Authorization", bearer).header.Get("Retry-After")] = true
	}
	if len(seen) < 2 {
		t.Errorf("Retry-After is always %v", seen)
	}
	broken.Store(false)
	n.stored(n.deliver(person("again")))
}

// Row 33, a sample: clients that never finish stop nobody else.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	for range 100 {
		conn, err := net.Dial("tcp", n.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /in/partner HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 50000\r\n\r\n{", bearer)
	}
	n.stored(n.deliver(person("quick")))
	n.Drain()
	resp, err := n.client.Get("http://" + n.addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.Body.Close(); resp.StatusCode != http.StatusServiceUnavailable || !resp.Close {
		t.Errorf("draining: %+v", resp)
	}
}

// talkative is a gateway whose inside says too much, in errors of every class.
type talkative struct {
	Intake
	Store
	err error
}

func (s talkative) Accept(context.Context, lead.Delivery) (lead.ID, error) { return lead.ID{}, s.err }
func (s talkative) Enter(context.Context, lead.Inquiry, string, string) (store.Receipt, error) {
	return store.Receipt{}, s.err
}
func (s talkative) Replay(context.Context, lead.ID, string) (store.Receipt, error) {
	return store.Receipt{}, s.err
}
func (s talkative) Patch(context.Context, lead.ID, store.Patch) (lead.Lead, error) {
	return lead.Lead{}, s.err
}
func (s talkative) Release(context.Context, lead.ID, string) (store.Outcome, error) {
	return store.Outcome{}, s.err
}

// No answer repeats an error's text, whatever its class, unless it was made for callers.
func TestErrorsStayInside(t *testing.T) {
	t.Parallel()
	for class, want := range map[error]int{lead.ErrInvalid: 422, lead.ErrConflict: 409, lead.ErrNotFound: 404, lead.ErrPermanent: 503, lead.ErrUnavailable: 503} {
		inside := talkative{err: fmt.Errorf("writing /tmp/leadgate/leads.db: %w: UNIQUE failed for %s", class, "ana@example.org")}
		n := start(t, nodeOptions{intake: func(in Intake) Intake { inside.Intake = in; return inside }, store: func(s Store) Store { inside.Store = s; return inside }})
		id := lead.NewID().String()
		for _, c := range [][3]string{
			{"POST", "/in/partner", "{}"}, {"POST", "/api/v1/leads", `{"name":"x"}`}, {"PATCH", "/api/v1/leads/" + id, `{}`},
			{"POST", "/api/v1/parked/" + id + "/replay", ""}, {"POST", "/api/v1/quarantine/" + id + "/release", ""},
		} {
			authorization := "Bearer " + apiToken
			if c[1] == "/in/partner" {
				authorization = bearer
			}
			r := n.send(c[0], c[1], c[2], "Authorization", authorization, "Content-Type", "application/json")
			if r.status != want {
				t.Errorf("%s %s: %v became %d", c[0], c[1], class, r.status)
			}
			mayAnswer(t, r)
			if strings.Contains(r.body, "UNIQUE") || strings.Contains(r.body, "ana@") {
				t.Errorf("%s %s tells %s", c[0], c[1], r.body)
			}
		}
	}
}
