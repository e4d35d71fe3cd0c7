package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/lead"
	"leadgate/pipeline"
	"leadgate/store"
)

// document is openapi.json as far as the tests read it.
type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Responses  map[string]response
		Parameters map[string]struct{ Name, In string }
	}
}

type operation struct {
	Security   *[]any
	Parameters []struct {
		Ref string `json:"$ref"`
	}
	Responses map[string]response
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
	Content map[string]struct{ Schema *schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []string
	Properties map[string]schema
	Required   []string
	Additional any `json:"additionalProperties"`
	Items      *schema
	OneOf      []schema
}

func described(t testing.TB) *document {
	t.Helper()
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// find returns the documented path that a request's path is of.
func (d *document) find(path string) string {
	given := strings.Split(path, "/")
	for _, documented := range slices.Sorted(maps.Keys(d.Paths)) {
		parts := strings.Split(documented, "/")
		same := len(parts) == len(given)
		for i := 0; same && i < len(parts); i++ {
			same = parts[i] == given[i] || strings.HasPrefix(parts[i], "{")
		}
		if same {
			return documented
		}
	}
	return ""
}

// response returns what an answer has that the document does not tell, and the
// other way round.
func (d *document) response(method, address string, r reply) []string {
	path, _, _ := strings.Cut(address, "?")
	op, ok := d.Paths[d.find(path)][strings.ToLower(method)]
	if !ok {
		return []string{"the route is not documented"}
	}
	res, ok := op.Responses[fmt.Sprint(r.status)]
	if !ok {
		return []string{"the status is not documented"}
	}
	if res.Ref != "" {
		res = d.Components.Responses[strings.TrimPrefix(res.Ref, "#/components/responses/")]
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	content, ok := res.Content[kind]
	if !ok {
		return []string{"the media type " + kind + " is not documented"}
	}
	var out []string
	for name := range res.Headers {
		if r.header.Get(name) == "" {
			out = append(out, "the header "+name+" is missing")
		}
	}
	if content.Schema == nil {
		return out
	}
	var v any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		return append(out, "the body is not JSON")
	}
	return append(out, d.check(*content.Schema, v, "body")...)
}

func (d *document) check(s schema, v any, at string) []string {
	if s.Ref != "" {
		named, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if !ok {
			return []string{at + ": nothing is at " + s.Ref}
		}
		return d.check(named, v, at)
	}
	if len(s.OneOf) > 0 {
		var all []string
		for _, one := range s.OneOf {
			problems := d.check(one, v, at)
			if len(problems) == 0 {
				return nil
			}
			all = append(all, problems...)
		}
		return all
	}
	switch v := v.(type) {
	case map[string]any:
		return d.checkObject(s, v, at)
	case []any:
		if s.Type != "array" {
			return []string{at + " is a list"}
		}
		var out []string
		for i := range v {
			out = append(out, d.check(*s.Items, v[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return out
	}
	return checkScalar(s, v, at)
}

func (d *document) checkObject(s schema, v map[string]any, at string) []string {
	if s.Type != "object" {
		return []string{at + " is an object"}
	}
	var out []string
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			out = append(out, at+"."+name+" is missing")
		}
	}
	for name, value := range v {
		if p, ok := s.Properties[name]; ok {
			out = append(out, d.check(p, value, at+"."+name)...)
			continue
		}
		if s.Additional == true { // anything may stand there
			continue
		}
		values, ok := s.Additional.(map[string]any)
		if !ok {
			out = append(out, at+"."+name+" is not documented")
			continue
		}
		kind, format := values["type"], fmt.Sprint(values["format"])
		out = append(out, d.check(schema{Type: kind, Format: format}, value, at+"."+name)...)
	}
	return out
}

func checkScalar(s schema, v any, at string) []string {
	kind, text := "null", ""
	switch v := v.(type) {
	case string:
		kind, text = "string", v
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) && s.Type == "integer" {
			kind = "integer"
		}
	}
	switch {
	case s.Type != kind:
		return []string{fmt.Sprintf("%s is a %s and not a %v", at, kind, s.Type)}
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
		return []string{at + " is none of its values"}
	}
	var err error
	switch s.Format {
	case "uuid":
		_, err = lead.ParseID(text)
	case "date-time":
		_, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return []string{at + " is no " + s.Format}
	}
	return nil
}

// TestCheckerSeesProblems keeps the checker honest: answers that differ from the
// document in one thing each.
func TestCheckerSeesProblems(t *testing.T) {
	t.Parallel()
	d := described(t)
	const good = `{"id":"01890000-0000-7000-8000-000000000001","state":"stored","inquiries":[{"key":"k","verdict":"created"}]}`
	for name, body := range map[string]string{
		"":                good,
		"more":            strings.Replace(good, `"state"`, `"x":1,"state"`, 1),
		"less":            strings.Replace(good, `"state":"stored",`, ``, 1),
		"wrong type":      strings.Replace(good, `"stored"`, `1`, 1),
		"wrong value":     strings.Replace(good, `"stored"`, `"lost"`, 1),
		"no id":           strings.Replace(good, `01890000`, `0189`, 1),
		"nested":          strings.Replace(good, `"key"`, `"kez"`, 1),
		"object for list": strings.Replace(good, `[{"key":"k","verdict":"created"}]`, `{}`, 1),
	} {
		r := reply{status: 200, body: body, header: http.Header{"Content-Type": {"application/json"}}}
		if problems := d.response("GET", "/api/v1/receipts/x", r); (len(problems) > 0) != (name != "") {
			t.Errorf("%q: %v", name, problems)
		}
	}
	for _, r := range []reply{{status: 299, header: http.Header{}}, {status: 200, header: http.Header{}}, {status: 503, header: http.Header{"Content-Type": {"application/json"}}, body: `{"code":"","message":""}`}} {
		if len(d.response("GET", "/api/v1/receipts/x", r)) == 0 {
			t.Errorf("%d passes", r.status)
		}
	}
	if len(d.response("GET", "/api/v1/nothing", reply{status: 200})) == 0 {
		t.Error("an unknown route passes")
	}
}

func TestDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	var documented, routed []string
	d := described(t)
	for path, ops := range d.Paths {
		for method, op := range ops {
			if !strings.HasPrefix(path, "/api/v1/") {
				continue
			}
			documented = append(documented, strings.ToUpper(method)+" "+path)
			var inPath []string
			for _, p := range op.Parameters {
				if q := d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]; q.In == "path" {
					inPath = append(inPath, "{"+q.Name+"}")
				} else if q.Name == "" {
					t.Errorf("%s %s: nothing is at %s", method, path, p.Ref)
				}
			}
			wanted := slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return !strings.HasPrefix(s, "{") })
			if diff := cmp.Diff(len(wanted), len(inPath)); diff != "" || !slices.Equal(wanted, inPath) && len(wanted) > 0 {
				t.Errorf("%s %s has path parameters %v", method, path, inPath)
			}
		}
	}
	for _, r := range (&Server{}).routes() {
		if !strings.HasPrefix(r.path, "/api/v1/") {
			continue
		}
		routed = append(routed, r.method+" "+r.path)
		op := d.Paths[r.path][strings.ToLower(r.method)]
		if isOpen := op.Security != nil && len(*op.Security) == 0; isOpen != (r.access == open) {
			t.Errorf("%s %s: the document says %v of who may use it", r.method, r.path, op.Security)
		}
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if diff := cmp.Diff(routed, documented); diff != "" {
		t.Error("-routes +document\n" + diff)
	}
}

// The open faces have every status that their callers may hear.
func TestDocumentHasEveryStatusOfTheFaces(t *testing.T) {
	t.Parallel()
	d := described(t)
	for op, statuses := range map[string]string{
		"get /in/{source}": "200 401 404 422 503", "post /in/{source}": "200 400 401 404 408 413 415 422 503",
		"get /f/{source}": "200 404 503", "post /f/{source}": "200 303 400 403 404 405 408 413 415 422 429 503", "get /f/{source}/token": "200 403 404 405 503",
		"post /api/v1/duplicates/merge": "200 400 401 404 408 409 413 415 422 503", "post /api/v1/duplicates/not-same": "200 400 401 404 408 409 413 415 422 503",
		"post /api/v1/sources": "201 400 401 408 409 413 415 422 503", "patch /api/v1/sources/{source}": "200 400 401 404 408 409 413 415 422 503",
		"post /api/v1/leads": "200 201 400 401 408 413 415 422 503", "patch /api/v1/leads/{id}": "200 400 401 404 408 409 413 415 422 503",
	} {
		method, path, _ := strings.Cut(op, " ")
		if got := strings.Join(slices.Sorted(maps.Keys(d.Paths[path][method].Responses)), " "); got != statuses {
			t.Errorf("%s: -document %s +wanted %s", op, got, statuses)
		}
	}
	for name, r := range d.Components.Responses {
		if content, ok := r.Content["application/json"]; !ok || content.Schema == nil {
			t.Errorf("the response %s has no body", name)
		}
	}
}

// TestSchemasNameWhatTheTypesHave compares properties with the types that are encoded.
func TestSchemasNameWhatTheTypesHave(t *testing.T) {
	t.Parallel()
	d := described(t)
	for name, v := range map[string]any{
		"Error": problem{}, "Lead": lead.Lead{}, "LeadWithTimeline": leadWithTimeline{}, "EnteredLead": enteredLead{}, "Handle": lead.Handle{},
		"FirstLast": lead.FirstLast{}, "Attribution": lead.Attribution{}, "Touch": shownTouch{}, "Sender": shownSender{}, "Field": lead.Field{},
		"Attachment": lead.Attachment{}, "Consent": lead.Consent{}, "Call": lead.Call{}, "Recording": lead.Recording{}, "Transfer": lead.Transfer{},
		"Entry": lead.Entry{}, "Receipt": store.Receipt{}, "Outcome": store.Outcome{}, "Held": store.Held{}, "Delivery": shownDelivery{},
		"Signals": lead.Signals{}, "Stats": store.Stats{}, "LeadStats": store.LeadStats{}, "JobStats": store.JobStats{}, "JobCounts": store.JobCounts{}, "HeldTarget": store.HeldTarget{}, "DeadJob": store.DeadJob{},
		"Pair": shownPair{}, "Side": shownSide{},
		"Source": pipeline.ShownSource{},
	} {
		properties, required := fieldsOf(reflect.TypeOf(v))
		s := d.Components.Schemas[name]
		if diff := cmp.Diff(properties, slices.Sorted(maps.Keys(s.Properties))); diff != "" {
			t.Errorf("%s: -type +schema\n%s", name, diff)
		}
		slices.Sort(s.Required)
		if diff := cmp.Diff(required, s.Required); diff != "" {
			t.Errorf("%s required: -type +schema\n%s", name, diff)
		}
	}
	for name, v := range map[string]any{"LeadPair": leadPair{}, "DeadJobs": deadJobs{}, "NewLead": newLead{}, "LeadPatch": store.Patch{}, "NewSource": pipeline.NewSource{}, "SourcePatch": pipeline.SourcePatch{}} {
		properties, _ := fieldsOf(reflect.TypeOf(v))
		if diff := cmp.Diff(properties, slices.Sorted(maps.Keys(d.Components.Schemas[name].Properties))); diff != "" {
			t.Errorf("%s: -type +schema\n%s", name, diff)
		}
	}
}

// fieldsOf returns the JSON names of a struct, and those that are never left out.
func fieldsOf(t reflect.Type) (all, always []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			more, moreAlways := fieldsOf(f.Type)
			all, always = append(all, more...), append(always, moreAlways...)
		case name != "-":
			all = append(all, name)
			if !strings.Contains(rest, "omit") {
				always = append(always, name)
			}
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

// TestEveryRouteAnswersAsDocumented calls every route of the document with every
// part of the gateway behind it; api checks the answers.
func TestEveryRouteAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	file := n.deliver(post{Key: "f", Name: "Ada Byron", Email: someEmail, Phone: somePhone, Text: someText, File: "<script>"})
	parked := n.deliver(post{Key: "p", Later: true, Text: "unread"})
	spam := n.deliver(post{Key: "s", Email: "spam@example.org", Spam: true})
	n.stored(file)
	n.stored(spam)
	n.waitFor("a parked delivery", func() bool { return len(n.held("/api/v1/parked")) == 1 })
	first := n.stored(file).Lead.String()
	full := decode[struct{ Timeline []shownTouch }](t, n.api("GET", "/api/v1/leads/"+first, "", 200))
	n.readable.Store(true)
	namesake := n.stored(n.deliver(post{Key: "n", Name: "Igor Petrov", Email: someEmail})).Lead.String()
	dead := n.deadJob("send", "crm", "permanent")
	both := `{"a":"` + first + `","b":"` + namesake + `"}`
	called := map[string]bool{"GET /api/v1/leads/{id}": true}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/api/v1/leads?limit=1&status=open&source=partner&stage=new", "", 200},
		{"GET", "/api/v1/leads?limit=x", "", 422},
		{"POST", "/api/v1/leads", `{"name":"Bo","email":"bo@example.org","fields":{"a":"b"},"tags":["x"],"origin":"TRADE_SHOW","amount":"12.5","currency":"EUR","is_test":true}`, 201},
		{"POST", "/api/v1/leads", `{"name":"Bo","email":"bo@example.org","text":"again"}`, 200},
		{"POST", "/api/v1/leads?check=1", `{"email":"bo@example.org"}`, 200},
		{"POST", "/api/v1/leads", `{`, 422},
		{"PATCH", "/api/v1/leads/" + first, `{"stage":"in-progress","owner":"ann","tags":["vip"],"fields":{"size":"L"}}`, 200},
		{"PATCH", "/api/v1/leads/" + lead.NewID().String(), `{}`, 404},
		{"GET", "/api/v1/leads/" + first, "", 200},
		{"GET", "/api/v1/duplicates", "", 200},
		{"GET", "/api/v1/duplicates?cursor=x", "", 422},
		{"POST", "/api/v1/duplicates/merge", `{"a":"` + first + `"}`, 422},
		{"POST", "/api/v1/duplicates/merge", both, 200},
		{"POST", "/api/v1/duplicates/merge", both, 409},
		{"POST", "/api/v1/duplicates/not-same", both, 409},
		{"POST", "/api/v1/leads/" + namesake + "/unmerge", "", 200},
		{"POST", "/api/v1/leads/" + namesake + "/unmerge", "", 409},
		{"POST", "/api/v1/leads/" + lead.NewID().String() + "/unmerge", "", 404},
		{"POST", "/api/v1/duplicates/not-same", both, 200},
		{"GET", "/api/v1/receipts/" + file, "", 200},
		{"GET", "/api/v1/receipts/nothing", "", 404},
		{"GET", "/api/v1/deliveries/" + file, "", 200},
		{"GET", "/api/v1/files/" + full.Timeline[0].Attachments[0].Blob, "", 200},
		{"GET", "/api/v1/files/" + url.PathEscape("../../etc/passwd"), "", 404},
		{"GET", "/api/v1/parked", "", 200},
		{"POST", "/api/v1/parked/" + parked + "/replay", "", 200},
		{"GET", "/api/v1/quarantine", "", 200},
		{"POST", "/api/v1/quarantine/" + n.held("/api/v1/quarantine")[0].ID.String() + "/release", "", 200},
		{"GET", "/api/v1/sources", "", 200},
		{"POST", "/api/v1/sources", `{"name":"shop","connector":"served","title":"Shop"}`, 201},
		{"POST", "/api/v1/sources", `{"name":"shop","connector":"served"}`, 409},
		{"POST", "/api/v1/sources", `{"name":"no","connector":"nothing"}`, 422},
		{"PATCH", "/api/v1/sources/shop", `{"title":"The shop","disabled":true}`, 200},
		{"PATCH", "/api/v1/sources/shop", `{"version":1}`, 409},
		{"PATCH", "/api/v1/sources/nothing", `{}`, 404},
		{"GET", "/api/v1/jobs/dead?kind=send&target=crm&limit=1", "", 200},
		{"GET", "/api/v1/jobs/dead?cursor=x", "", 422},
		{"POST", "/api/v1/jobs/" + dead + "/replay", "", 200},
		{"POST", "/api/v1/jobs/" + dead + "/replay", "", 404},
		{"POST", "/api/v1/jobs/replay", `{"kind":"send"}`, 200},
		{"POST", "/api/v1/jobs/replay", `{"target":"crm"}`, 422},
		{"DELETE", "/api/v1/jobs/dead?kind=send&before=2026-01-31T00:00:00Z", "", 200},
		{"DELETE", "/api/v1/jobs/dead", "", 422},
		{"GET", "/api/v1/stats", "", 200},
		{"GET", "/api/v1/openapi.json", "", 200},
	} {
		n.api(c.method, c.path, c.body, c.want)
		path, _, _ := strings.Cut(c.path, "?")
		called[c.method+" "+described(t).find(path)] = true
	}
	for _, r := range n.routes() {
		if strings.HasPrefix(r.path, "/api/v1/") && !called[r.method+" "+r.path] {
			t.Errorf("%s %s was not called", r.method, r.path)
		}
	}
}

// held returns what a list of the desk holds.
func (n *node) held(path string) []store.Held {
	n.t.Helper()
	return decode[struct{ Items []store.Held }](n.t, n.api("GET", path, "", 200)).Items
}

func (n *node) waitFor(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	n.t.Fatal("waited in vain for " + what)
}
