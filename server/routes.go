package server

import "net/http"

// access says who may use a route.
type access int

const (
	open      access = iota // anyone; the handler asks for its own proof
	inspected               // loopback, or a token
	member                  // a token
)

// route is one line of the table below.
type route struct {
	method  string // "" for any
	path    string
	access  access
	handler http.HandlerFunc
}

func (r route) pattern() string {
	if r.method == "" {
		return r.path
	}
	return r.method + " " + r.path
}

// routes are all routes of leadgate. openapi.json describes those under /api.
func (s *Server) routes() []route {
	return []route{
		{"", "/in/{source}", open, s.accepting(s.intake)},
		{"", "/in/{source}/{rest...}", open, s.accepting(s.intake)},
		{"", "/f/{source}", open, s.accepting(s.hosted("/f/"))},
		{"", "/f/{source}/{rest...}", open, s.accepting(s.hosted("/f/"))},

		{"GET", "/api/v1/leads", member, s.listLeads},
		{"POST", "/api/v1/leads", member, s.enterLead},
		{"GET", "/api/v1/leads/{id}", member, s.getLead},
		{"PATCH", "/api/v1/leads/{id}", member, s.patchLead},
		{"POST", "/api/v1/leads/{id}/unmerge", member, s.unmergeLead},
		{"GET", "/api/v1/duplicates", member, s.listDuplicates},
		{"POST", "/api/v1/duplicates/merge", member, s.mergeLeads},
		{"POST", "/api/v1/duplicates/not-same", member, s.keepApart},
		{"GET", "/api/v1/receipts/{id}", member, s.getReceipt},
		{"GET", "/api/v1/deliveries/{id}", member, s.getDelivery},
		{"GET", "/api/v1/files/{name}", member, s.getFile},
		{"GET", "/api/v1/parked", member, s.listParked},
		{"POST", "/api/v1/parked/{id}/replay", member, s.replay},
		{"GET", "/api/v1/quarantine", member, s.listQuarantine},
		{"POST", "/api/v1/quarantine/{id}/release", member, s.releaseInquiry},
		{"GET", "/api/v1/sources", member, s.listSources},
		{"POST", "/api/v1/sources", member, s.createSource},
		{"PATCH", "/api/v1/sources/{source}", member, s.patchSource},
		{"GET", "/api/v1/jobs/dead", member, s.listDeadJobs},
		{"DELETE", "/api/v1/jobs/dead", member, s.removeDeadJobs},
		{"POST", "/api/v1/jobs/replay", member, s.replayJobs},
		{"POST", "/api/v1/jobs/{id}/replay", member, s.replayJob},
		{"GET", "/api/v1/stats", member, s.getStats},
		{"GET", "/api/v1/openapi.json", open, s.getOpenAPI},
		{"", "/api/", open, s.noRoute},

		{"GET", "/livez", open, s.livez},
		{"GET", "/readyz", open, s.readyz},
		{"GET", "/healthz", inspected, s.healthz},
		{"GET", "/metrics", inspected, s.metrics},
		{"", "/", open, s.root},
	}
}
