package form

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// answerError says which answer of a post its sender has to mend. It wraps
// lead.ErrInvalid and never holds the answer.
type answerError struct{ problem, field, label string }

func (e *answerError) Error() string {
	return fmt.Sprintf("checking answers: %s %s", e.field, e.problem)
}

// Unwrap makes errors.Is(err, lead.ErrInvalid) hold.
func (e *answerError) Unwrap() error { return lead.ErrInvalid }

// Problems of answers; each has a message in every language.
const (
	problemRequired = "required"
	problemEmail    = "email"
	problemPhone    = "phone"
	problemNumber   = "number"
	problemDate     = "date"
	problemOption   = "option"
	problemEmpty    = "empty"
)

// checkAnswers refuses a post that lacks a required answer, has one of the wrong
// type, or holds nothing at all. It asks only what the owner declared, and of
// types only what no real answer fails.
func (c *config) checkAnswers(t fields.Tree) error {
	if t.Root.Kind != fields.Object && t.Root.Kind != fields.List && t.Root.Kind != fields.Null {
		return &answerError{problem: problemEmpty}
	}
	all, answered := people(t.Root), len(t.Files) > 0
	for _, one := range all {
		if len(all) > 1 && !c.inquires(one) {
			continue // a failure of its own, when the others are read
		}
		answered = answered || c.answered(one)
		for _, d := range c.fields {
			if problem := d.problem(fields.Tree{Root: one, Files: t.Files}); problem != "" {
				return &answerError{problem: problem, field: d.name, label: d.label}
			}
		}
	}
	if !answered {
		return &answerError{problem: problemEmpty}
	}
	return nil
}

// inquires reports whether one item of several can be an inquiry.
func (c *config) inquires(v fields.Value) bool { return v.Kind == fields.Object && c.answered(v) }

// answered reports whether anything but our own fields is filled in.
func (c *config) answered(v fields.Value) bool {
	if v.Kind != fields.Object {
		return len(answers(v)) > 0
	}
	for _, it := range v.Items {
		if it.Name == c.honeypot && c.honeypot != "" { // a robot's answer is one: it is kept, as spam
			if len(answers(it.Value)) > 0 {
				return true
			}
			continue
		}
		if !c.reserved(it.Name) && len(answers(it.Value)) > 0 {
			return true
		}
	}
	return false
}

func (d *definition) problem(t fields.Tree) string {
	given := answers(t.Root.Path(d.path...))
	if d.required && !d.met(given, len(t.Files)) {
		return problemRequired
	}
	ok := map[fieldType]struct {
		problem string
		valid   func(string) bool
	}{
		typeEmail: {problemEmail, looksEmail}, typePhone: {problemPhone, looksPhone},
		typeNumber: {problemNumber, looksNumber}, typeDate: {problemDate, looksDate},
		typeSelect: {problemOption, d.offers},
	}[d.kind]
	if ok.valid != nil && slices.ContainsFunc(given, func(a string) bool { return !ok.valid(a) }) {
		return ok.problem
	}
	return ""
}

// met reports whether a required question is answered.
func (d *definition) met(given []string, files int) bool {
	switch d.kind {
	case typeFile:
		return files > 0 || len(given) > 0 // scripts send files as addresses too
	case typeConsent:
		return slices.ContainsFunc(given, truthy)
	case typeCheckbox:
		return len(d.options) > 0 && len(given) > 0 || slices.ContainsFunc(given, truthy)
	}
	return len(given) > 0
}

func (d *definition) offers(answer string) bool { return slices.Contains(d.options, answer) }

// answers returns the texts of a value that are not blank, without space around them.
func answers(v fields.Value) []string {
	if v.Scalar() {
		if text := strings.TrimSpace(v.Text); text != "" {
			return []string{text}
		}
		return nil
	}
	var out []string
	for i := range v.Items {
		out = append(out, answers(v.Items[i].Value)...)
	}
	return out
}

// truthy reports whether the value of a box means that it is ticked. Browsers
// leave a box that is not ticked out; scripts send what they like.
func truthy(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "0", "false", "no", "off", "null", "undefined", "unchecked":
		return false
	}
	return true
}

// looksEmail takes everything that could be delivered to: something, one last @, something.
func looksEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= 320 && !strings.ContainsFunc(s, unicode.IsSpace)
}

// looksPhone takes what people write for a number, with an extension in words.
func looksPhone(s string) bool {
	digits := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return digits >= 3 && digits <= 25 && len(s) <= 100
}

// looksNumber takes digits with a sign and the separators of all countries.
func looksNumber(s string) bool {
	digits := false
	for i, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits = true
		case strings.ContainsRune(".,'’_ \u00a0\u202f", r), i == 0 && strings.ContainsRune("+-−", r):
		default:
			return false
		}
	}
	return digits
}

// looksDate takes what a browser sends for a date, and what people type.
func looksDate(s string) bool {
	for _, layout := range [...]string{time.DateOnly, "2006-01-02T15:04", time.RFC3339, "2.1.2006", "2/1/2006", "1/2/2006", "2-1-2006", "2006/1/2", "2.1.06", "1/2/06", "2/1/06"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
