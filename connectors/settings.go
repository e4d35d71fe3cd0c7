package connectors

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"leadgate/lead"
)

// FieldType is the type of a setting.
type FieldType string

// The types of settings and the Go type their values have in Settings.
const (
	Text     FieldType = "text"     // string
	Secret   FieldType = "secret"   // string; never shown, logged or returned
	Enum     FieldType = "enum"     // string, one of Options
	Integer  FieldType = "integer"  // int64
	Flag     FieldType = "flag"     // bool
	Duration FieldType = "duration" // time.Duration; "10s" in files
	URL      FieldType = "url"      // string, absolute http or https
	Texts    FieldType = "texts"    // []string
	Groups   FieldType = "groups"   // []Settings, each of the Fields of the group
	Table    FieldType = "table"    // map[string]string
)

// Field declares one setting. Declarations drive validation, the example
// configuration, docs, the console's form and redaction.
type Field struct {
	Name     string
	Type     FieldType
	Doc      string
	Default  any // of the Go type of Type; nil for its zero value
	Required bool
	Options  []string // of an enum
	Min, Max int64    // of an integer; both 0 for no bound
	Fields   []Field  // of groups
}

// Settings are validated values by field name. The zero value is empty.
type Settings struct{ values map[string]any }

// NewSettings checks raw values, as they come out of YAML or JSON, against the
// declaration, fills in defaults and refuses what is not declared. The error
// wraps lead.ErrInvalid, names the field and never holds a secret's value.
func NewSettings(fields []Field, raw map[string]any) (Settings, error) {
	s := Settings{values: make(map[string]any, len(fields))}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			return Settings{}, &FieldError{Field: name, Problem: "is not a setting of this kind of source"}
		}
	}
	for _, f := range fields {
		v, given := raw[f.Name]
		if !given || v == nil {
			if f.Required {
				return Settings{}, &FieldError{Field: f.Name, Problem: "is required"}
			}
			if f.Default != nil {
				s.values[f.Name] = f.Default
			}
			continue
		}
		value, err := f.convert(v)
		if err != nil {
			return Settings{}, err
		}
		s.values[f.Name] = value
	}
	return s, nil
}

// FieldError says which setting is wrong and how. It wraps lead.ErrInvalid.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + " " + e.Problem }

// Unwrap makes errors.Is(err, lead.ErrInvalid) hold.
func (e *FieldError) Unwrap() error { return lead.ErrInvalid }

func (f *Field) convert(v any) (any, error) {
	bad := func(problem string) (any, error) { return nil, &FieldError{Field: f.Name, Problem: problem} }
	switch f.Type {
	case Text, Secret, URL, Enum:
		return f.convertText(v)
	case Integer:
		n, ok := toInt(v)
		if !ok {
			return bad("must be a whole number")
		}
		if (f.Min != 0 || f.Max != 0) && (n < f.Min || n > f.Max) {
			return bad(fmt.Sprintf("must be between %d and %d", f.Min, f.Max))
		}
		return n, nil
	case Flag:
		b, ok := v.(bool)
		if !ok {
			return bad("must be true or false")
		}
		return b, nil
	case Duration:
		if d, ok := v.(time.Duration); ok {
			return d, nil
		}
		text, _ := v.(string)
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return bad("must be a duration such as 10s or 5m")
		}
		return d, nil
	case Texts:
		return f.convertTexts(v)
	case Table:
		return f.convertTable(v)
	case Groups:
		return f.convertGroups(v)
	}
	return bad("has an unknown type")
}

func (f *Field) convertText(v any) (any, error) {
	text, ok := scalarText(v)
	switch {
	case !ok:
		return nil, &FieldError{Field: f.Name, Problem: "must be text"}
	case f.Required && text == "":
		return nil, &FieldError{Field: f.Name, Problem: "is required"}
	case f.Type == Enum && !slices.Contains(f.Options, text):
		return nil, &FieldError{Field: f.Name, Problem: "must be one of " + strings.Join(f.Options, ", ")}
	case f.Type == URL && text != "":
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &FieldError{Field: f.Name, Problem: "must be a full http or https address"}
		}
	}
	return text, nil
}

func (f *Field) convertTexts(v any) (any, error) {
	if text, ok := scalarText(v); ok {
		return []string{text}, nil
	}
	if list, ok := v.([]string); ok {
		return slices.Clone(list), nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, &FieldError{Field: f.Name, Problem: "must be a list of texts"}
	}
	out := make([]string, len(list))
	for i, item := range list {
		if out[i], ok = scalarText(item); !ok {
			return nil, &FieldError{Field: f.Name, Problem: "must be a list of texts"}
		}
	}
	return out, nil
}

func (f *Field) convertTable(v any) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &FieldError{Field: f.Name, Problem: "must be a table of texts"}
	}
	out := make(map[string]string, len(m))
	for k, item := range m {
		if out[k], ok = scalarText(item); !ok {
			return nil, &FieldError{Field: f.Name + "." + k, Problem: "must be text"}
		}
	}
	return out, nil
}

func (f *Field) convertGroups(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, &FieldError{Field: f.Name, Problem: "must be a list"}
	}
	out := make([]Settings, len(list))
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, &FieldError{Field: fmt.Sprintf("%s[%d]", f.Name, i), Problem: "must hold settings"}
		}
		s, err := NewSettings(f.Fields, m)
		if bad, ok := errors.AsType[*FieldError](err); ok {
			return nil, &FieldError{Field: fmt.Sprintf("%s[%d].%s", f.Name, i, bad.Field), Problem: bad.Problem}
		}
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// scalarText reads text the way people write it in YAML: a number or a truth
// value without quotes is text too where text is wanted.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}

func toInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

// Text returns a text, enum, secret or URL setting, or "".
func (s Settings) Text(name string) string { v, _ := s.values[name].(string); return v }

// Int returns an integer setting, or 0.
func (s Settings) Int(name string) int64 { v, _ := s.values[name].(int64); return v }

// Flag returns a flag, or false.
func (s Settings) Flag(name string) bool { v, _ := s.values[name].(bool); return v }

// Duration returns a duration, or 0.
func (s Settings) Duration(name string) time.Duration {
	v, _ := s.values[name].(time.Duration)
	return v
}

// Texts returns a list of texts. It must not be changed.
func (s Settings) Texts(name string) []string { v, _ := s.values[name].([]string); return v }

// Table returns a table of texts. It must not be changed.
func (s Settings) Table(name string) map[string]string {
	v, _ := s.values[name].(map[string]string)
	return v
}

// Groups returns a list of groups. It must not be changed.
func (s Settings) Groups(name string) []Settings { v, _ := s.values[name].([]Settings); return v }

// With returns the settings with one value replaced, for what Register created.
func (s Settings) With(name string, value any) Settings {
	m := maps.Clone(s.values)
	if m == nil {
		m = map[string]any{}
	}
	m[name] = value
	return Settings{values: m}
}

// String hides all values: settings hold secrets, and logs must not.
func (s Settings) String() string { return fmt.Sprintf("settings(%d)", len(s.values)) }

// Overlay returns the settings with some replaced, as raw values that are checked
// against the declaration: what was found out at run time stands over what was
// configured. Errors are those of NewSettings.
func (s Settings) Overlay(fields []Field, raw map[string]any) (Settings, error) {
	m := maps.Clone(s.values)
	if m == nil {
		m = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return Settings{}, &FieldError{Field: name, Problem: "is not a setting of this kind of source"}
		}
		v, err := fields[i].convert(raw[name])
		if err != nil {
			return Settings{}, err
		}
		m[name] = v
	}
	return Settings{values: m}, nil
}
