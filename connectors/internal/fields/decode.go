package fields

import (
	"bytes"
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

// shape is what a body's media type and first byte tell of it.
type shape struct {
	format   format
	boundary string
	charset  charset
}

// shapeOf tells a body's format by its media type, and by its first byte where
// senders are known to lie: JSON comes as text/plain (sendBeacon), without any
// type, and as a form (curl -d).
func shapeOf(contentType string, body []byte) shape {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	sh := shape{boundary: params["boundary"], charset: charset(params["charset"])}
	start := bytes.TrimLeft(body, " \t\r\n")
	looksJSON := len(start) > 0 && (start[0] == '{' || start[0] == '[')
	switch {
	case isJSONType(kind):
		sh.format = jsonFormat
	case kind == "multipart/form-data":
		sh.format = multipartForm
	case looksJSON:
		sh.format = jsonFormat
	case kind == "application/x-www-form-urlencoded", kind == "text/plain" && len(start) == 0, kind == "":
		sh.format = urlencoded
	}
	return sh
}

func isJSONType(kind string) bool {
	return kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "text/json"
}

// Takes reports whether a body of this media type, which is all or the start of
// it, can be one that Decode reads. What it refuses, its sender should not send.
func Takes(contentType string, body []byte) bool {
	if shapeOf(contentType, body).format != unknownFormat {
		return true
	}
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/plain") // a beacon, broken
}

// Decode reads a body into a tree. query is the raw query of the URL, whose
// parameters count as members after those of the body, where the body has none
// of the name or null; "" takes none. An error wraps lead.ErrInvalid.
func Decode(contentType string, body []byte, query string, limits Limits) (Tree, error) {
	return decode(contentType, body, query, limits.withDefaults(), true)
}

// Skim is Decode without the contents of files: their names, types and sizes stand.
func Skim(contentType string, body []byte, query string, limits Limits) (Tree, error) {
	return decode(contentType, body, query, limits.withDefaults(), false)
}

func decode(contentType string, body []byte, query string, limits Limits, files bool) (Tree, error) {
	t, err := decodeBody(contentType, body, limits, files)
	if err != nil || query == "" {
		return t, err
	}
	extra, err := parseForm(query, "", limits)
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
func decodeBody(contentType string, body []byte, limits Limits, files bool) (Tree, error) {
	sh := shapeOf(contentType, body)
	switch sh.format {
	case multipartForm:
		return parseMultipart(body, sh, limits, files)
	case jsonFormat:
		s := scanner{s: sh.charset.document(body), max: limits, build: true}
		root, err := s.document()
		return Tree{Root: root}, err
	case urlencoded:
		root, err := parseForm(strings.TrimPrefix(string(body), byteOrderMark), sh.charset, limits)
		return Tree{Root: root}, err
	}
	return Tree{}, fmt.Errorf("reading body: %w: neither JSON nor a form", lead.ErrInvalid)
}

// Look checks a body with its query like Decode and returns the key it gives
// itself, or "" for one without or with several inquiries. It is far cheaper than
// Decode for JSON. What holds nothing usable is an error, which like all of its
// errors wraps lead.ErrInvalid.
func Look(contentType string, body []byte, query string, limits Limits) (key string, err error) {
	limits = limits.withDefaults()
	sh := shapeOf(contentType, body)
	if sh.format != jsonFormat || query != "" {
		return lookTree(contentType, body, query, limits)
	}
	s := scanner{s: sh.charset.document(body), max: limits}
	root, err := s.document()
	switch {
	case err != nil:
		return "", err
	case root.Scalar() || !s.out.content:
		return "", errNothing()
	case root.Kind == List:
		return "", nil
	case s.out.many:
		return lookTree(contentType, body, "", limits)
	}
	return s.out.ids.key(), nil
}

func errNothing() error { return fmt.Errorf("reading body: %w: it holds nothing", lead.ErrInvalid) }

func lookTree(contentType string, body []byte, query string, limits Limits) (string, error) {
	t, err := decode(contentType, body, query, limits, false)
	if err != nil {
		return "", err
	}
	if Empty(t.Root) && len(t.Files) == 0 {
		return "", errNothing()
	}
	if many, ok := Split(t.Root); ok && len(many) > 0 {
		return "", nil
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
