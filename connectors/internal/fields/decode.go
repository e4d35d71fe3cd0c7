package fields

import (
	"fmt"
	"mime"
	"slices"
	"strings"

	"leadgate/lead"
)

// format is how a body is written.
type format uint8

const (
	unknownFormat format = iota
	jsonFormat
	urlencoded
	multipartForm
)

// formatOf tells a body's format by its media type, and by its first byte where
// senders are known to lie: JSON comes as text/plain (sendBeacon), without any
// type, and as a form (curl -d).
func formatOf(contentType, body string) (f format, boundary string) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	looksJSON := false
	if start := strings.TrimLeft(body, " \t\r\n"); start != "" {
		looksJSON = start[0] == '{' || start[0] == '['
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "text/json":
		return jsonFormat, ""
	case kind == "multipart/form-data":
		return multipartForm, params["boundary"]
	case looksJSON:
		return jsonFormat, ""
	case kind == "application/x-www-form-urlencoded":
		return urlencoded, ""
	case kind == "text/plain" && strings.TrimSpace(body) == "", kind == "":
		return urlencoded, ""
	}
	return unknownFormat, ""
}

// Decode reads a body into a tree. query is the raw query of the URL, whose
// parameters count as members after those of the body, where the body has none
// of the name or null; "" takes none. An error wraps lead.ErrInvalid.
func Decode(contentType string, body []byte, query string, limits Limits) (Tree, error) {
	limits = limits.withDefaults()
	t, err := decodeBody(contentType, string(body), limits, true)
	if err != nil || query == "" {
		return t, err
	}
	extra, err := parseForm(query, limits)
	if err != nil {
		return Tree{}, err
	}
	switch t.Root.Kind {
	case Null:
		t.Root = extra
	case Object:
		if t.Root.Items = merge(t.Root.Items, extra.Items); len(t.Root.Items) > limits.Keys {
			return Tree{}, formError("too many fields")
		}
	}
	return t, nil
}

// merge appends to the members of a body those that it has not, or has as null.
func merge(items, extra []Item) []Item {
	for _, it := range extra {
		switch i := slices.IndexFunc(items, func(m Item) bool { return m.Name == it.Name }); {
		case i < 0:
			items = append(items, it)
		case items[i].Value.Kind == Null:
			items[i].Value = it.Value
		}
	}
	return items
}

// decodeBody reads the body alone; without files it leaves files unread.
func decodeBody(contentType, body string, limits Limits, files bool) (Tree, error) {
	f, boundary := formatOf(contentType, body)
	if f == multipartForm {
		return parseMultipart(body, boundary, limits, files)
	}
	body = strings.TrimPrefix(repair(body), byteOrderMark)
	switch f {
	case jsonFormat:
		s := scanner{s: body, max: limits, build: true}
		root, err := s.document()
		return Tree{Root: root}, err
	case urlencoded:
		root, err := parseForm(body, limits)
		return Tree{Root: root}, err
	}
	return Tree{}, fmt.Errorf("reading body: %w: neither JSON nor a form", lead.ErrInvalid)
}

// Look checks a body like Decode and returns the key it gives itself, or "" for
// a body without one or with several inquiries. It is far cheaper than Decode
// for JSON. A body that holds nothing usable is an error, which like all of its
// errors wraps lead.ErrInvalid.
func Look(contentType string, body []byte, limits Limits) (key string, err error) {
	limits = limits.withDefaults()
	text := string(body)
	f, _ := formatOf(contentType, text)
	if f != jsonFormat {
		return lookTree(contentType, text, limits)
	}
	s := scanner{s: strings.TrimPrefix(repair(text), byteOrderMark), max: limits}
	root, err := s.document()
	switch {
	case err != nil:
		return "", err
	case root.Scalar() || !s.out.content:
		return "", errNothing()
	case root.Kind == List:
		return "", nil
	case s.out.many:
		return lookTree(contentType, text, limits)
	}
	return firstKey(&s.out.ids), nil
}

func errNothing() error { return fmt.Errorf("reading body: %w: it holds nothing", lead.ErrInvalid) }

func lookTree(contentType, body string, limits Limits) (string, error) {
	t, err := decodeBody(contentType, body, limits, false)
	if err != nil {
		return "", err
	}
	if _, many := Split(t.Root); many {
		return "", nil
	}
	if Empty(t.Root) && len(t.Files) == 0 {
		return "", errNothing()
	}
	return ID(t.Root), nil
}

// Empty reports whether a value holds nothing but, maybe, its own id.
func Empty(v Value) bool {
	if v.Kind != Object {
		return !v.hasText()
	}
	for _, it := range v.Items {
		isID := idRank(it.Name) >= 0 && (it.Value.Kind == Text || it.Value.Kind == Number)
		if !isID && it.Value.hasText() {
			return false
		}
	}
	return true
}

func (v Value) hasText() bool {
	if v.Scalar() {
		return strings.TrimSpace(v.Text) != ""
	}
	for i := range v.Items {
		if v.Items[i].Value.hasText() {
			return true
		}
	}
	return false
}
