package form

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"leadgate/connectors"
	"leadgate/lead"
)

// handler serves one form. Its paths are relative to the source's.
type handler struct {
	env    connectors.Env
	cfg    config
	pages  *pages
	tokens tokens
	keep   func(*lead.Delivery)
	name   string          // of the source
	own    string          // origin of our own pages
	jitter func(n int) int // a number below n
	// opening bounds how many packed posts are open at once.
	opening chan struct{}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Add("Vary", "Origin")
	path := strings.Trim(r.URL.Path, "/")
	if path != "" && path != "token" {
		h.fail(w, r, refusal{status: http.StatusNotFound, code: "not_found"})
		return
	}
	origin, allowed := h.sharing(head, r)
	switch {
	case r.Method == http.MethodOptions:
		preflight(w, path, allowed)
	case path == "" && r.Method == http.MethodPost:
		h.post(w, r, origin, allowed)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		head.Set("Allow", allow(path))
		h.fail(w, r, refusal{status: http.StatusMethodNotAllowed, code: "method"})
	case path == "":
		h.draw(w, r)
	case !allowed:
		h.fail(w, r, refusal{status: http.StatusForbidden, code: "origin"})
	default:
		h.token(w)
	}
}

// sharing tells which page asks and whether it may, and lets allowed pages read
// the answer (Fetch standard, §3.3). Credentials are never shared. A request that
// names no page at all is allowed: it comes from a program or an old browser, and
// where pages are listed, its inquiry goes to the quarantine.
func (h *handler) sharing(head http.Header, r *http.Request) (origin string, allowed bool) {
	origin = canonicalOrigin(r.Header.Get("Origin"))
	if origin == "" { // browsers without Origin on posts send the page's address
		origin = originOf(r.Header.Get("Referer"))
	}
	own := origin == h.own || r.Header.Get("Sec-Fetch-Site") == "same-origin" // the latter no page can forge
	allowed = origin == "" || own || h.cfg.mayPost(origin)
	switch {
	case h.cfg.origins == nil:
		head.Set("Access-Control-Allow-Origin", "*")
		head.Set("Access-Control-Expose-Headers", "Retry-After")
	case allowed && r.Header.Get("Origin") != "":
		head.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		head.Set("Access-Control-Expose-Headers", "Retry-After")
	}
	if origin != "null" && originOf(origin) != origin {
		origin = "" // anyone may post, so this is no refusal, but it names no page
	}
	return origin, allowed
}

func allow(path string) string {
	if path == "" {
		return "GET, HEAD, OPTIONS, POST"
	}
	return "GET, HEAD, OPTIONS"
}

func preflight(w http.ResponseWriter, path string, allowed bool) {
	head := w.Header()
	if !allowed {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	head.Set("Allow", allow(path))
	head.Set("Access-Control-Allow-Methods", allow(path))
	head.Set("Access-Control-Allow-Headers", "Content-Type, Content-Encoding, Idempotency-Key, X-Requested-With")
	head.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// draw answers with the form as a page.
func (h *handler) draw(w http.ResponseWriter, r *http.Request) {
	d := drawing{submission: lead.NewID().String(), token: h.tokens.issue(h.env.Now())}
	if ref := r.Header.Get("Referer"); originOf(ref) != "" && originOf(ref) != h.own {
		d.referrer = ref
	}
	h.pages.form(w, http.StatusOK, d)
}

// token gives a script what it needs to draw the form by itself.
func (h *handler) token(w http.ResponseWriter) {
	writeJSON(w, http.StatusOK, map[string]string{
		fieldToken:      h.tokens.issue(h.env.Now()),
		fieldSubmission: lead.NewID().String(),
	})
}

// wantsPage reports whether a browser navigates, so that the answer is what a
// person looks at. Scripts that fetch get JSON.
func wantsPage(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" || r.Header.Get("X-Requested-With") != "" {
		return false
	}
	kind := mediaType(r.Header.Get("Content-Type"))
	return strings.Contains(r.Header.Get("Accept"), "text/html") && kind != "application/json"
}

// fromOwnPage reports whether a post comes from the page draw made, which can be drawn again.
func (h *handler) fromOwnPage(r *http.Request) bool {
	ref, err := url.Parse(r.Header.Get("Referer"))
	return err == nil && originOf(r.Header.Get("Referer")) == h.own && h.own != "" && h.ownPath(ref.Path)
}

func (h *handler) ownPath(path string) bool {
	u, err := url.Parse(h.env.PublicURL())
	return err == nil && strings.TrimSuffix(path, "/") == strings.TrimSuffix(u.Path, "/")
}

// writeJSON answers with a value that always encodes: texts in a map or struct.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, _ := json.Marshal(v)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that left hears nothing, and its post is kept
}
