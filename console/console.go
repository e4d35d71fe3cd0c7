// Package console holds the pages people look at. Today that is the page of the
// newest leads. Pages are rendered on the server, work without scripts and load
// nothing from elsewhere; every text of a lead is escaped.
package console

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
	"time"

	"leadgate/lead"
	"leadgate/store"
)

//go:embed pages/*.html pages/console.css
var pages embed.FS

// Leads is what the pages ask of the store.
type Leads interface {
	List(ctx context.Context, q store.Query) ([]lead.Lead, string, error)
	Stats(ctx context.Context) (store.Stats, error)
}

// Newest returns the page of the newest leads, which renews itself every two
// seconds. Whoever mounts it decides who may see it.
func Newest(s Leads, now func() time.Time) (http.Handler, error) {
	t, err := template.New("").Funcs(template.FuncMap{"ago": func(at time.Time) string { return ago(now().Sub(at)) }}).ParseFS(pages, "pages/*.html")
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leads, _, err := s.List(r.Context(), store.Query{Page: store.Page{Limit: 50}, Search: r.URL.Query().Get("q")})
		if err != nil {
			http.Error(w, "The leads cannot be read now.", http.StatusServiceUnavailable)
			return
		}
		st, err := s.Stats(r.Context())
		if err != nil {
			http.Error(w, "The leads cannot be read now.", http.StatusServiceUnavailable)
			return
		}
		render(w, t, "leads.html", map[string]any{"Leads": leads, "Stats": st, "Query": r.URL.Query().Get("q")})
	}), nil
}

// Style serves the pages' style sheet.
func Style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pages, "pages/console.css")
}

// Page renders one of the embedded pages that takes no data of leads.
func Page(name string, data any) (http.Handler, error) {
	t, err := template.ParseFS(pages, "pages/"+name)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { render(w, t, name, data) }), nil
}

// render writes a page whole or not at all.
func render(w http.ResponseWriter, t *template.Template, name string, data any) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes())
}

// ago says how long something is past, in the largest unit that fits.
func ago(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "now"
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < time.Hour:
		return d.Truncate(time.Minute).String()[:len(d.Truncate(time.Minute).String())-2]
	}
	return d.Truncate(time.Hour).String()[:len(d.Truncate(time.Hour).String())-4]
}
