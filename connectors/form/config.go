package form

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"leadgate/connectors"
)

// fieldType is the kind of answer a question takes.
type fieldType string

const (
	typeText     fieldType = "text"
	typeEmail    fieldType = "email"
	typePhone    fieldType = "phone"
	typeTextarea fieldType = "textarea"
	typeNumber   fieldType = "number"
	typeDate     fieldType = "date"
	typeSelect   fieldType = "select"
	typeCheckbox fieldType = "checkbox"
	typeConsent  fieldType = "consent"
	typeFile     fieldType = "file"
	typeHidden   fieldType = "hidden"
)

// What an answer can mean.
const (
	mapName      = "name"
	mapFirstName = "first_name"
	mapLastName  = "last_name"
	mapEmail     = "email"
	mapPhone     = "phone"
	mapCompany   = "company"
	mapPosition  = "position"
	mapSubject   = "subject"
	mapMessage   = "message"
	mapConsent   = "consent"
	mapCustom    = "custom"
)

// The rules that lead to the quarantine.
const (
	ruleHoneypot = "honeypot"
	ruleToken    = "token"
	ruleFill     = "fill"
	ruleFlood    = "flood"
	ruleOrigin   = "origin"
	ruleNoToken  = "no_token"
)

func defaultRules() []string {
	return []string{ruleHoneypot, ruleToken, ruleFill, ruleFlood, ruleOrigin}
}

// hardFactor is how many times the soft limit the hard one is (DESIGN §7).
const hardFactor = 20

// definition is one question of the form.
type definition struct {
	name     string
	path     []string // name, split at its brackets
	label    string
	kind     fieldType
	required bool
	maps     string // "" when the name decides
	options  []string
	value    string
	version  string
}

// config is the settings of a form in Go's types.
type config struct {
	fields   []definition
	origins  []string // as browsers write them; nil for any
	redirect string
	thanks   string
	language string
	honeypot string
	minFill  time.Duration
	maxAge   time.Duration
	soft     int
	rules    []string
}

func readConfig(s connectors.Settings) config {
	c := config{
		redirect: s.Text("redirect"), thanks: s.Text("thanks"), language: cmp.Or(s.Text("language"), "en"),
		honeypot: s.Text("honeypot"), minFill: s.Duration("min_fill"), maxAge: s.Duration("max_age"),
		soft: int(s.Int("soft_limit")), rules: s.Texts("quarantine"),
	}
	for _, o := range s.Texts("origins") {
		if o == "*" {
			c.origins = nil
			break
		}
		c.origins = append(c.origins, canonicalOrigin(o))
	}
	for _, f := range s.Groups("fields") {
		c.fields = append(c.fields, readDefinition(f))
	}
	return c
}

func readDefinition(s connectors.Settings) definition {
	d := definition{
		name: s.Text("name"), kind: fieldType(cmp.Or(s.Text("type"), string(typeText))), required: s.Flag("required"), maps: s.Text("maps"),
		options: s.Texts("options"), value: s.Text("value"), version: s.Text("version"),
	}
	d.label, d.path = cmp.Or(s.Text("label"), d.name), splitName(d.name)
	if d.maps == mapConsent {
		d.kind = typeConsent
	}
	if d.maps == "" {
		switch d.kind {
		case typeEmail:
			d.maps = mapEmail
		case typePhone:
			d.maps = mapPhone
		case typeConsent:
			d.maps = mapConsent
		}
	}
	return d
}

// splitName returns the members a name of an HTML form leads through: a[b][] is b in a.
func splitName(name string) []string {
	head, rest, nested := strings.Cut(name, "[")
	if !nested || head == "" || !strings.HasSuffix(rest, "]") {
		return []string{name}
	}
	path := []string{head}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "]"), "][") {
		if part != "" {
			path = append(path, part)
		}
	}
	return path
}

// has reports whether a rule of the quarantine is on.
func (c *config) has(rule string) bool { return slices.Contains(c.rules, rule) }

// mayPost reports whether a page of this origin may post. Origins are compared
// whole: a suffix or a prefix of a listed one is another site.
func (c *config) mayPost(origin string) bool {
	return c.origins == nil || slices.Contains(c.origins, origin)
}

// reserved reports whether a posted name is ours and no answer.
func (c *config) reserved(name string) bool {
	return name == fieldSubmission || name == fieldToken || strings.HasPrefix(name, "_") || name == c.honeypot && name != ""
}

// check refuses settings that make no sense together.
func check(s connectors.Settings) error {
	c := readConfig(s)
	for i, o := range s.Texts("origins") {
		if o != "*" && o != "null" && (originOf(o) != canonicalOrigin(o) || !isASCII(o)) {
			return &connectors.FieldError{Field: fmt.Sprintf("origins[%d]", i), Problem: "must be a scheme and host such as https://example.com, the host in its xn-- form"}
		}
	}
	for i, r := range c.rules {
		if r != ruleNoToken && !slices.Contains(defaultRules(), r) {
			return &connectors.FieldError{Field: fmt.Sprintf("quarantine[%d]", i), Problem: "is no rule; there are " + strings.Join(defaultRules(), ", ") + " and " + ruleNoToken}
		}
	}
	if c.maxAge > 0 && c.minFill >= c.maxAge {
		return &connectors.FieldError{Field: "min_fill", Problem: "must be shorter than max_age"}
	}
	if c.honeypot == fieldSubmission || c.honeypot == fieldToken {
		return &connectors.FieldError{Field: "honeypot", Problem: "must not be a reserved name"}
	}
	return c.checkFields()
}

func (c *config) checkFields() error {
	seen := map[string]bool{}
	for i, d := range c.fields {
		wrong := func(setting, problem string) error {
			return &connectors.FieldError{Field: fmt.Sprintf("fields[%d].%s", i, setting), Problem: problem}
		}
		key := strings.Join(d.path, "\x00")
		switch {
		case c.reserved(d.path[0]):
			return wrong("name", "is reserved")
		case seen[key]:
			return wrong("name", "stands there twice")
		case d.kind == typeSelect && len(d.options) == 0:
			return wrong("options", "are required for a select")
		}
		seen[key] = true
	}
	return nil
}

// originOf returns the origin of a URL as browsers write it, or "" when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	case scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	default:
		return ""
	}
	return scheme + "://" + host
}

// canonicalOrigin brings an origin somebody wrote by hand into the form browsers send.
func canonicalOrigin(o string) string {
	if o == "null" {
		return o
	}
	o = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(o)), "/")
	if scheme, _, _ := strings.Cut(o, ":"); scheme == "http" {
		return strings.TrimSuffix(o, ":80")
	}
	return strings.TrimSuffix(o, ":443")
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
