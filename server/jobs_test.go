package server

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

// deadJob makes a job that was given up and returns its id.
func (n *node) deadJob(kind, target, cause string) string {
	n.t.Helper()
	ctx := n.t.Context()
	if err := n.store.Enqueue(ctx, store.Job{Kind: kind, Target: target, Key: someEmail + lead.NewID().String(), Payload: []byte(someText)}); err != nil {
		n.t.Fatal(err)
	}
	jobs, err := n.store.Due(ctx, store.Take{Kind: kind, N: 1, Lease: time.Minute})
	if err != nil || len(jobs) != 1 {
		n.t.Fatalf("due %v, %v", jobs, err)
	}
	if err := n.store.Bury(ctx, jobs[0], cause); err != nil {
		n.t.Fatal(err)
	}
	return strconv.FormatInt(jobs[0].ID, 10)
}

type deadPage struct {
	Jobs []store.DeadJob
	Next string `json:"next_cursor"`
}

// A colleague looks at what was given up, tries one again, then all of a target, and
// lets go of the rest. Whose jobs they are is shown nowhere.
func TestDeadJobs(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	one := n.deadJob("send", "crm", "unavailable: crm.example.org: answers 502")
	n.deadJob("send", "hook", "permanent: hook.example.org: answers 404")
	n.deadJob("send", "hook", "permanent: hook.example.org: answers 404")
	n.deadJob("call", "crm", "permanent")
	list := n.api("GET", "/api/v1/jobs/dead?limit=3", "", 200)
	page := decode[deadPage](t, list)
	if len(page.Jobs) != 3 || page.Next == "" || page.Jobs[0].Kind != "call" || page.Jobs[2].Cause != "permanent: hook.example.org: answers 404" {
		t.Errorf("page %+v", page)
	}
	for _, canary := range []string{someEmail, someText} {
		if strings.Contains(list.body, canary) {
			t.Errorf("the list tells whose a job is: %s", list.body)
		}
	}
	if rest := decode[deadPage](t, n.api("GET", "/api/v1/jobs/dead?limit=3&cursor="+page.Next, "", 200)); len(rest.Jobs) != 1 || rest.Next != "" {
		t.Errorf("the rest %+v", rest)
	}
	count := func(method, path, body, want string) {
		t.Helper()
		if r := n.api(method, path, body, 200); r.body != want {
			t.Errorf("%s %s %s: %s, want %s", method, path, body, r.body, want)
		}
	}
	count("POST", "/api/v1/jobs/"+one+"/replay", "", `{"replayed":1}`)
	count("POST", "/api/v1/jobs/replay", `{"kind":"send","target":"hook","cause":"another"}`, `{"replayed":0}`)
	count("POST", "/api/v1/jobs/replay", `{"kind":"send","target":"hook","cause":"permanent: hook.example.org: answers 404"}`, `{"replayed":2}`)
	count("DELETE", "/api/v1/jobs/dead?kind=call&before=2020-01-01T00:00:00Z", "", `{"removed":0}`)
	metrics := n.send("GET", "/metrics", "").body
	for _, line := range []string{`leadgate_jobs{kind="send",state="waiting"} 3`, `leadgate_jobs{kind="send",state="dead"} 0`, `leadgate_jobs{kind="call",state="dead"} 1`, `leadgate_jobs{kind="send",state="running"} 0`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	count("DELETE", "/api/v1/jobs/dead?kind=call", "", `{"removed":1}`)
	n.api("POST", "/api/v1/jobs/x/replay", "", 404)
	n.api("DELETE", "/api/v1/jobs/dead?kind=call&before=x", "", 422)
}

// A target that is gone shows in the health, and is well again with a replay.
func TestGoneTargetShows(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	n.deadJob("send", "crm", "permanent: crm.example.org: answers 410")
	if err := n.store.Hold(t.Context(), "send", "crm", time.Time{}, "permanent: crm.example.org: answers 410"); err != nil {
		t.Fatal(err)
	}
	if body := n.send("GET", "/healthz", "").body; !strings.Contains(body, `"degraded"`) || !strings.Contains(body, "crm wants nothing") {
		t.Errorf("health %s", body)
	}
	if held := n.stats().Jobs.Held; len(held) != 1 || held[0].Target != "crm" || !held[0].Until.IsZero() {
		t.Errorf("held %+v", held)
	}
	n.api("POST", "/api/v1/jobs/replay", `{"kind":"send","target":"crm"}`, 200)
	if body := n.send("GET", "/healthz", "").body; !strings.Contains(body, `"ok"`) {
		t.Errorf("health after the replay %s", body)
	}
}
