package form

import (
	"math/rand/v2"
	"net/http"
	"time"

	"leadgate/connectors"
)

// Limits of a post's body in bytes. Only multipart bodies carry files.
const (
	plainLimit = 1 << 20
	filesLimit = 10 << 20
)

// maxOpening is how many packed posts of one form are opened at once: what they
// take is not known before.
const maxOpening = 2

// Names of the form fields that are ours. Names starting with "_" are reserved too.
const (
	fieldSubmission = "submission_id"
	fieldToken      = "render_token"
)

// New returns the connector of web forms.
func New() connectors.Connector {
	c := connectors.Connector{
		Kind:  "form",
		Title: "Web form",
		Doc: "Posts from the forms of your pages, with and without JavaScript, and a hosted form page. " +
			"Point the form's action at the address of the source; no field needs to be declared.",
		Fields:    settingsFields(),
		BodyLimit: filesLimit,
		Check:     check,
		Origin:    "WEBFORM",
		Parse:     parse,
	}
	keep := c.Keep
	c.Serve = func(env connectors.Env) (http.Handler, error) {
		src := env.Source()
		cfg := readConfig(src.Settings)
		pages, err := newPages(cfg, src.Title)
		if err != nil {
			return nil, err
		}
		h := &handler{
			env: env, cfg: cfg, pages: pages, keep: keep, name: src.Name, jitter: rand.IntN,
			tokens: tokens{key: env.Secret("render"), former: env.FormerSecrets("render"), form: src.Name},
			own:    originOf(env.PublicURL()), opening: make(chan struct{}, maxOpening),
		}
		return h, nil
	}
	return c
}

// settingsFields declares the settings of a form.
func settingsFields() []connectors.Field {
	return []connectors.Field{
		{Name: "fields", Type: connectors.Groups, Fields: definitionFields(), Doc: "The questions of the form. Without any, the form takes whatever is posted; posted fields that are not declared are always kept."},
		{Name: "origins", Type: connectors.Texts, Doc: "Pages that may post, as scheme and host, such as https://example.com. Empty: any page."},
		{Name: "redirect", Type: connectors.URL, Doc: "Where a browser is sent after a post without JavaScript. Empty: a thank-you page is shown."},
		{Name: "thanks", Type: connectors.Text, Doc: "The text of the thank-you page."},
		{Name: "language", Type: connectors.Enum, Options: languages(), Default: "en", Doc: "Language of the built-in pages and messages."},
		{Name: "honeypot", Type: connectors.Text, Default: "_website", Doc: "Name of the hidden field that people leave empty and robots fill in."},
		{Name: "min_fill", Type: connectors.Duration, Default: 2 * time.Second, Doc: "Forms filled in faster than this are quarantined, where a render token tells the time."},
		{Name: "max_age", Type: connectors.Duration, Default: 24 * time.Hour, Doc: "How long a render token is good."},
		{Name: "soft_limit", Type: connectors.Integer, Default: int64(30), Min: 1, Max: 100_000, Doc: "Posts a minute from one address (or IPv6 /64) that are taken without suspicion. More are quarantined, twenty times as many refused."},
		{Name: "quarantine", Type: connectors.Texts, Default: defaultRules(), Doc: "What leads a post to the quarantine: honeypot, token (forged or expired), fill (too fast), flood, origin (unknown while origins are listed), no_token."},
	}
}

// definitionFields declares the settings of one question.
func definitionFields() []connectors.Field {
	return []connectors.Field{
		{Name: "name", Type: connectors.Text, Required: true, Doc: "The name in the form; a[b] and a[] as in HTML."},
		{Name: "label", Type: connectors.Text, Doc: "What the person reads. For a consent: the text agreed to."},
		{Name: "type", Type: connectors.Enum, Default: string(typeText), Options: []string{
			string(typeText), string(typeEmail), string(typePhone), string(typeTextarea), string(typeNumber), string(typeDate),
			string(typeSelect), string(typeCheckbox), string(typeConsent), string(typeFile), string(typeHidden),
		}, Doc: "What kind of answer it takes."},
		{Name: "required", Type: connectors.Flag, Doc: "A post without an answer is refused with 422."},
		{Name: "maps", Type: connectors.Enum, Options: []string{
			"", mapName, mapFirstName, mapLastName, mapEmail, mapPhone, mapCompany, mapPosition, mapSubject, mapMessage, mapConsent, mapCustom,
		}, Doc: "What the answer means. Empty: by type and name. custom: nothing but itself."},
		{Name: "options", Type: connectors.Texts, Doc: "The answers of a select or a group of checkboxes."},
		{Name: "value", Type: connectors.Text, Doc: "The value of a hidden field, or the one shown at first."},
		{Name: "version", Type: connectors.Text, Doc: "Version of a consent's text."},
	}
}
