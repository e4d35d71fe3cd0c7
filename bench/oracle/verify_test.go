package oracle

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"leadgate/bench/load"
)

const token = "t0ken"

// gateway is an API over a fixed list of leads.
type gateway struct {
	leads  []Lead
	held   int64
	circle bool // pages never end
	broken bool // pages after the first fail
	total  func() int64
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/api/v1/stats" {
		total := int64(len(g.leads))
		if g.total != nil {
			total = g.total()
		}
		fmt.Fprintf(w, `{"leads":{"total":%d},"deliveries":%d,"quarantine":%d}`, total, total, g.held)
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if g.broken && from > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	to, next := from+limit, strconv.Itoa(from+limit)
	if to >= len(g.leads) {
		to, next = len(g.leads), ""
	}
	if g.circle {
		next = "7"
	}
	json.NewEncoder(w).Encode(map[string]any{"leads": g.leads[from:to], "next_cursor": next})
}

func api(t *testing.T, g *gateway) *API {
	t.Helper()
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	return &API{Base: srv.URL, Token: token}
}

func people(t *testing.T) load.People {
	t.Helper()
	p, err := load.NewPeople("v")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func email(t *testing.T, n int64) string {
	var q struct{ Email string }
	if err := json.Unmarshal(people(t).Append(nil, n), &q); err != nil {
		t.Fatal(err)
	}
	return q.Email
}

// TestVerify plants each fault in a gateway of 1,200 leads, three pages.
func TestVerify(t *testing.T) {
	t.Parallel()
	const all = 1200
	for _, c := range []struct {
		name  string
		plant func(*gateway)
		want  Report
		ok    bool
	}{
		{"whole", func(*gateway) {}, Report{Stored: all, Leads: all}, true},
		{"lost", func(g *gateway) { g.leads = append(g.leads[:600], g.leads[603:]...) }, Report{Stored: all - 3, Lost: 3, Leads: all - 3}, false},
		{"two leads of one inquiry", func(g *gateway) { g.leads = append(g.leads, g.leads[0]) }, Report{Stored: all, Doubled: 1, Leads: all + 1}, false},
		{"one lead with two touches", func(g *gateway) { g.leads[5].Touches = 2 }, Report{Stored: all, Doubled: 1, Leads: all}, false},
		{"both, of one inquiry", func(g *gateway) { g.leads[5].Touches = 2; g.leads = append(g.leads, g.leads[5]) }, Report{Stored: all, Doubled: 1, Leads: all + 1}, false},
		{"strangers in one lead", func(g *gateway) {
			g.leads[7].Emails = append(g.leads[7].Emails, g.leads[8].Emails...)
			g.leads = append(g.leads[:8], g.leads[9:]...)
		}, Report{Stored: all, Mixed: 1, Leads: all - 1}, false},
		{"lost and held", func(g *gateway) { g.leads, g.held = g.leads[1:], 1 }, Report{Stored: all - 1, Lost: 1, Held: 1, Leads: all - 1}, false},
		{"stored without an answer", func(g *gateway) { g.leads = append(g.leads, Lead{Emails: []string{email(t, 5000)}, Touches: 1}) }, Report{Stored: all, Extra: 1, Leads: all + 1}, true},
		{"other people", func(g *gateway) {
			g.leads = append(g.leads, Lead{Emails: []string{"ada@example.org", "x.w-1@example.com"}, Touches: 9}, Lead{})
		}, Report{Stored: all, Leads: all}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := &gateway{}
			var acked load.Set
			for n := range int64(all) {
				acked.Add(n)
				g.leads = append(g.leads, Lead{Number: n, Emails: []string{email(t, n)}, Touches: 1})
			}
			c.plant(g)
			got, err := Verify(t.Context(), api(t, g), people(t), &acked)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Acked = all
			if diff := cmp.Diff(c.want, got); diff != "" || got.OK() != c.ok {
				t.Errorf("OK is %v (-want +got):\n%s", got.OK(), diff)
			}
		})
	}
}

// TestVerifyOfNothing: an empty comparison proves nothing.
func TestVerifyOfNothing(t *testing.T) {
	t.Parallel()
	r, err := Verify(t.Context(), api(t, &gateway{}), people(t), &load.Set{})
	if err != nil || r.OK() {
		t.Errorf("nothing sent is called right: %+v, %v", r, err)
	}
}

func TestVerifyNeedsAllPages(t *testing.T) {
	t.Parallel()
	many := make([]Lead, 600)
	wrong := api(t, &gateway{})
	wrong.Token = "other"
	for name, a := range map[string]*API{"circle": api(t, &gateway{leads: many, circle: true}), "broken": api(t, &gateway{leads: many, broken: true}),
		"token": wrong, "nobody": {Base: "http://127.0.0.1:1"}} {
		if _, err := Verify(t.Context(), a, people(t), &load.Set{}); err == nil {
			t.Errorf("%s: a comparison with half of the leads is made", name)
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	n := int64(0)
	growing := api(t, &gateway{total: func() int64 { n += 10; return n }})
	s, err := Settle(t.Context(), growing, 50, time.Millisecond, time.Minute)
	if err != nil || !s.All || s.Stats.Leads.Total != 50 {
		t.Errorf("got %+v, %v", s, err)
	}
	stuck := api(t, &gateway{total: func() int64 { return 40 }})
	s, err = Settle(t.Context(), stuck, 50, time.Millisecond, 50*time.Millisecond)
	if err != nil || s.All || s.Stats.Leads.Total != 40 {
		t.Errorf("a store that stands still: %+v, %v", s, err)
	}
}
