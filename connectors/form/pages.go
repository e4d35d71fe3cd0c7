package form

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // for the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"leadgate/connectors/internal/fields"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var pageStyle string

// pages draws the built-in pages of one form. They hold no script, load nothing,
// and their policy allows neither.
type pages struct {
	cfg      config
	title    string
	words    words
	template *template.Template
	policy   string
}

func newPages(cfg config, title string) (*pages, error) {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("reading form page: %w", err)
	}
	if len(cfg.fields) == 0 {
		cfg.fields = standardFields(wordsOf(cfg.language))
	}
	p := &pages{cfg: cfg, words: wordsOf(cfg.language), template: t, policy: policy(cfg)}
	p.title = cmp.Or(title, p.words.title)
	return p, nil
}

// standardFields is the form of a source without fields of its own.
func standardFields(w words) []definition {
	return []definition{
		{name: "name", path: []string{"name"}, label: w.name, kind: typeText, maps: mapName},
		{name: "email", path: []string{"email"}, label: w.email, kind: typeEmail, maps: mapEmail},
		{name: "phone", path: []string{"phone"}, label: w.phone, kind: typePhone, maps: mapPhone},
		{name: "message", path: []string{"message"}, label: w.message, kind: typeTextarea, maps: mapMessage},
	}
}

// policy is the Content-Security-Policy of the pages: one style, known by its
// hash, and nothing else. form-action names the redirect's site too, because
// browsers apply it to where a post is redirected (CSP3 §6.4.1).
func policy(cfg config) string {
	sum := sha256.Sum256([]byte(pageStyle))
	action := "'self'"
	if to := originOf(cfg.redirect); to != "" && isASCII(to) && !strings.ContainsAny(to, ";, '") {
		action += " " + to
	}
	frames := "'self'"
	for _, o := range cfg.origins {
		if o != "null" {
			frames += " " + o
		}
	}
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action " + action +
		"; base-uri 'none'; frame-ancestors " + frames
}

// drawing is what differs from one drawn form to the next.
type drawing struct {
	submission, token, referrer string
	posted                      fields.Tree // what is filled in already
	bad                         refusal     // and what is wrong with it
}

// view is what the templates see.
type view struct {
	Language, Title, Text, Problem string
	Style                          template.CSS
	Words                          struct{ Required, Empty, Send string }
	Submission, Token, Referrer    string
	Honeypot                       string
	Questions                      []question
	Files, Bad                     bool
}

// question is one field as the template draws it.
type question struct {
	ID, Name, Label, Kind, Input, Autofill, Value string
	Required, Bad, Group                          bool
	Options                                       []option
}

type option struct {
	ID, Name, Value string
	Picked          bool
}

// message returns what a person is told about a refusal.
func (p *pages) message(f refusal) string {
	text := p.words.problems[f.code]
	if f.label != "" {
		text = f.label + ": " + text
	}
	return text
}

// form draws the form.
func (p *pages) form(w http.ResponseWriter, status int, d drawing) {
	v := p.view(p.title)
	v.Submission, v.Token, v.Referrer, v.Honeypot = d.submission, d.token, d.referrer, p.cfg.honeypot
	if d.bad.code != "" {
		v.Problem = p.message(d.bad)
	}
	for i, def := range p.cfg.fields {
		q := def.question(i, d.posted.Root)
		q.Bad = d.bad.field == def.name
		v.Questions = append(v.Questions, q)
		v.Files = v.Files || def.kind == typeFile
	}
	p.write(w, status, "form", v)
}

func (p *pages) thanks(w http.ResponseWriter) {
	v := p.view(p.words.thanksTitle)
	v.Text = cmp.Or(p.cfg.thanks, p.words.thanks)
	p.write(w, http.StatusOK, "note", v)
}

func (p *pages) problem(w http.ResponseWriter, status int, message string) {
	v := p.view(p.words.failed)
	v.Text, v.Bad = message, true
	p.write(w, status, "note", v)
}

func (p *pages) view(title string) view {
	v := view{Language: p.cfg.language, Title: title, Style: template.CSS(pageStyle)} //nolint:gosec // our own file
	v.Words.Required, v.Words.Empty, v.Words.Send = p.words.required, p.words.empty, p.words.send
	return v
}

func (p *pages) write(w http.ResponseWriter, status int, name string, v view) {
	var page bytes.Buffer
	if err := p.template.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, p.words.failed, http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", p.policy)
	// The own post must carry Origin and Referer, which no-referrer would take away.
	head.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a client that left hears nothing
}

// question returns the i-th field as it is drawn, with what was posted filled in.
func (d *definition) question(i int, posted fields.Value) question {
	q := question{ID: "f" + strconv.Itoa(i), Name: d.name, Label: d.label, Kind: string(d.kind), Required: d.required, Value: d.value}
	value := posted.Path(d.path...)
	given := answers(value)
	switch {
	case d.kind == typeFile:
		q.Value = ""
	case value.Scalar() && len(given) > 0:
		q.Value = value.Text
	case len(given) > 0:
		q.Value = given[0]
	}
	q.Group = d.kind == typeCheckbox && len(d.options) > 0
	if d.kind == typeCheckbox && !q.Group || d.kind == typeConsent { // a consent is never ticked for the person
		q.Value = ""
		if slices.ContainsFunc(given, truthy) {
			q.Value = "yes"
		}
	}
	for n, text := range d.options {
		q.Options = append(q.Options, option{
			ID: fmt.Sprintf("%s-%d", q.ID, n), Name: d.name, Value: text,
			Picked: slices.Contains(given, text) || len(given) == 0 && text == d.value && text != "",
		})
	}
	q.Input, q.Autofill = d.input()
	return q
}

// input returns the type of the HTML input and its autocomplete token (HTML §4.10.18.7).
func (d *definition) input() (kind, autofill string) {
	kind = map[fieldType]string{typeEmail: "email", typePhone: "tel", typeDate: "date", typeFile: "file"}[d.kind]
	autofill = map[string]string{
		mapName: "name", mapFirstName: "given-name", mapLastName: "family-name", mapEmail: "email", mapPhone: "tel",
		mapCompany: "organization", mapPosition: "organization-title",
	}[d.maps]
	return cmp.Or(kind, "text"), autofill
}
