package server

import (
	"strings"
	"testing"

	"leadgate/lead"
)

type pairPage struct {
	Pairs []shownPair
	Next  string `json:"next_cursor"`
}

// shownLead is a lead with the entries of its timeline.
type shownLead struct {
	lead.Lead
	Timeline []lead.Entry
}

func (n *node) pairs() []shownPair {
	n.t.Helper()
	return decode[pairPage](n.t, n.api("GET", "/api/v1/duplicates", "", 200)).Pairs
}

func (n *node) shown(id lead.ID) shownLead {
	n.t.Helper()
	return decode[shownLead](n.t, n.api("GET", "/api/v1/leads/"+id.String(), "", 200))
}

// told reports whether a timeline has an entry of a kind with some words, by the API.
func (l *shownLead) told(kind, words string) bool {
	for _, e := range l.Timeline {
		if e.Kind == kind && e.By == "api" && strings.Contains(e.Text, words) {
			return true
		}
	}
	return false
}

// A colleague looks at a doubtful pair, merges it, sees that this was wrong and
// undoes it: both leads are as before, say what happened, and are not asked about again.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	ana := n.stored(n.deliver(post{Key: "a", Name: "Ana Belo", Email: someEmail, Text: someText})).Lead
	igor := n.stored(n.deliver(post{Key: "i", Name: "Ana Petrov", Email: someEmail, Phone: somePhone})).Lead
	pairs := n.pairs()
	if len(pairs) != 1 || pairs[0].A.ID != ana || pairs[0].B.ID != igor || pairs[0].Reason == "" {
		t.Fatalf("pairs %+v", pairs)
	}
	if s := pairs[0].B; s.Name != "Ana Petrov" || len(s.Phones) != 1 || s.HeardAt.IsZero() || s.Status != lead.Open || s.Title == "" {
		t.Errorf("side %+v", s)
	}
	before := [2]shownLead{n.shown(ana), n.shown(igor)}
	both := `{"a":"` + igor.String() + `","b":"` + ana.String() + `"}`
	merged := decode[lead.Lead](t, n.api("POST", "/api/v1/duplicates/merge", both, 200))
	if merged.ID != ana || merged.Touches != 2 || len(merged.MergedFrom) != 1 || merged.MergedFrom[0] != igor || len(merged.Phones) != 1 {
		t.Errorf("merged lead %+v", merged)
	}
	if l := n.shown(igor); l.ID != ana || !l.told("merge", "by hand") {
		t.Errorf("timeline %+v", l.Timeline)
	}
	if len(n.pairs()) != 0 || n.stats().Leads.Total != 1 {
		t.Errorf("%d pairs and %d leads after the merge", len(n.pairs()), n.stats().Leads.Total)
	}
	two := decode[struct{ Leads []lead.Lead }](t, n.api("POST", "/api/v1/leads/"+igor.String()+"/unmerge", "", 200)).Leads
	if len(two) != 2 || two[0].ID != ana || two[1].ID != igor {
		t.Fatalf("unmerged %+v", two)
	}
	for i, id := range []lead.ID{ana, igor} {
		l := n.shown(id)
		if !l.told("unmerge", "undone") || l.Touches != 1 || len(l.Phones) != len(before[i].Phones) || !l.UpdatedAt.Equal(before[i].UpdatedAt) {
			t.Errorf("lead %d after the undo: %+v", i, l)
		}
	}
	if len(n.pairs()) != 0 || n.stats().Leads.Total != 2 {
		t.Errorf("%d pairs and %d leads after the undo", len(n.pairs()), n.stats().Leads.Total)
	}
}

// Whoever is said to be somebody else leaves the list, and what is asked wrongly
// says what is wrong.
func TestNotSame(t *testing.T) {
	t.Parallel()
	n := start(t, nodeOptions{})
	ana := n.stored(n.deliver(post{Key: "a", Name: "Ana Belo", Email: someEmail})).Lead
	igor := n.stored(n.deliver(post{Key: "i", Name: "Ana Petrov", Email: someEmail})).Lead
	both := `{"a":"` + igor.String() + `","b":"` + ana.String() + `"}`
	n.api("POST", "/api/v1/duplicates/not-same", both, 200)
	if l := n.shown(ana); len(n.pairs()) != 0 || !l.told("not-same", "not that of lead") {
		t.Errorf("%d pairs, timeline %+v", len(n.pairs()), l.Timeline)
	}
	for _, c := range []struct {
		path, body string
		want       int
		words      string
	}{
		{"/api/v1/duplicates/merge", `{"a":"` + ana.String() + `","b":"x"}`, 422, `"field":"b"`},
		{"/api/v1/duplicates/merge", `{"a":"` + ana.String() + `","b":"` + ana.String() + `"}`, 409, "one person already"},
		{"/api/v1/duplicates/not-same", `{"a":"` + ana.String() + `","c":"x"}`, 422, "unknown field"},
		{"/api/v1/duplicates/not-same", `{"a":"` + ana.String() + `","b":"` + lead.NewID().String() + `"}`, 404, ""},
		{"/api/v1/leads/" + ana.String() + "/unmerge", "", 409, "nothing was merged"},
		{"/api/v1/leads/x/unmerge", "", 404, ""},
	} {
		if r := n.api("POST", c.path, c.body, c.want); !strings.Contains(r.body, c.words) {
			t.Errorf("%s %s: %s", c.path, c.body, r.body)
		}
	}
	n.api("POST", "/api/v1/duplicates/merge", both, 200) // a human may take it back
	if n.stats().Leads.Total != 1 {
		t.Errorf("%d leads", n.stats().Leads.Total)
	}
}
