package fields_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// written is a value as JSON, in its own order.
func written(v fields.Value) string {
	quote := func(s string) string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(s) // a string always encodes
		return strings.TrimSuffix(b.String(), "\n")
	}
	var items []string
	switch v.Kind {
	case fields.Null:
		return "null"
	case fields.Text:
		return quote(v.Text)
	case fields.List:
		for _, it := range v.Items {
			items = append(items, written(it.Value))
		}
		return "[" + strings.Join(items, ",") + "]"
	case fields.Object:
		for _, it := range v.Items {
			items = append(items, quote(it.Name)+":"+written(it.Value))
		}
		return "{" + strings.Join(items, ",") + "}"
	}
	return v.Text
}

// storable fails for text that no store takes.
func storable(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			t.Fatalf("%q cannot be stored", s)
		}
	}
}

// within fails where a value passes a limit, cannot be stored, or has two members
// of one name.
func within(t *testing.T, v fields.Value, depth int) {
	t.Helper()
	storable(t, v.Text)
	names := map[string]bool{}
	switch {
	case v.Scalar() && (len(v.Items) > 0 || len(v.Text) > 64<<10):
		t.Fatalf("a scalar of %d items and %d bytes", len(v.Items), len(v.Text))
	case v.Scalar():
		return
	case v.Text != "" || len(v.Items) > 1000 || depth > 64:
		t.Fatalf("%d items at depth %d, text %q", len(v.Items), depth, v.Text)
	}
	for _, it := range v.Items {
		storable(t, it.Name)
		if v.Kind == fields.Object && names[it.Name] || v.Kind == fields.List && it.Name != "" || len(it.Name) > 64<<10 {
			t.Fatalf("member %q", it.Name)
		}
		names[it.Name] = true
		within(t, it.Value, depth+1)
	}
}

// FuzzDecode holds for every format: no panic, an error of the sender's class that
// quotes nothing, limits, storable text, files as they are said to be, and a look
// ahead that agrees.
func FuzzDecode(f *testing.F) {
	for _, seed := range []struct{ kind, body, query string }{
		{jsonType, `{"id":1,"a":[1,{"b":null}],"\u0061":"\ud83d\ude00\u0000\ud800"}`, "a=1&b[c]=2"}, {jsonType, "\ufeff[{\"name\":\"a\",\"value\":1}]", ""}, {jsonType, `{"data":[{"id":1},{}]}`, ""},
		{formType, "a=1&a=2&b[c][]=3&b[c]=4&b=5&%ff=%00&%zz=%&[=]&a[]b=1", ""}, {"text/plain", " {}", "x"}, {"", "", "a=b"},
		{multipartType, parts(2, "") + "x", ""}, {multipartType, parts(2, "; filename=\"a\\\\..\\\\b\x00.txt\"\r\nContent-Type: image/png"), ""},
		{multipartType, "--b\nContent-Disposition: form-data; name=x; filename*=utf-8''%e2%82%ac\n\nx\n--b--", ""}, {`multipart/form-data; boundary="b c"`, "--b c--", ""},
	} {
		f.Add(seed.kind, []byte(seed.body), seed.query)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte, query string) {
		body = body[:len(body):len(body)]
		before := bytes.Clone(body)
		key, lookErr := fields.Look(kind, body, "", fields.Limits{})
		whole, err := fields.Decode(kind, body, query, fields.Limits{})
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		for _, e := range []error{lookErr, err} {
			if e != nil && (!errors.Is(e, lead.ErrInvalid) || !plainError.MatchString(e.Error())) {
				t.Fatalf("error %v", e)
			}
		}
		if err == nil {
			within(t, whole.Root, 1)
			files(t, whole.Files)
			inquiry := fields.Map(whole)
			if _, err := json.Marshal(inquiry); err != nil {
				t.Fatal(err)
			}
		}
		alone, err := fields.Decode(kind, body, "", fields.Limits{})
		if (err != nil) && lookErr == nil {
			t.Fatalf("looked at without objection, and not readable: %v", err)
		}
		if _, many := fields.Split(alone.Root); lookErr == nil && !many && key != fields.ID(alone.Root) {
			t.Fatalf("key %q when looked at, %q when read", key, fields.ID(alone.Root))
		}
		storable(t, key)
	})
}

func files(t *testing.T, all []lead.Attachment) {
	t.Helper()
	if len(all) > 20 {
		t.Fatalf("%d files", len(all))
	}
	for _, a := range all {
		sum := sha256.Sum256(a.Data)
		if a.Size != int64(len(a.Data)) || a.SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatalf("a file of %d bytes says %d, %s", len(a.Data), a.Size, a.SHA256)
		}
		storable(t, a.Name, a.Type)
		safe(t, a.Name, 255)
	}
}

func safe(t *testing.T, name string, limit int) {
	t.Helper()
	hidden := func(r rune) bool { return unicode.IsControl(r) || r == '/' || r == '\\' || r == 0x202e }
	if name == "" || name == "." || name == ".." || len(name) > limit || strings.ContainsFunc(name, hidden) {
		t.Fatalf("file name %q", name)
	}
	storable(t, name)
}

// FuzzJSON: what encoding/json reads is read the same here, unless it passes a limit.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,-0.5e+7,"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800x",true,false,null]`, `{"a":{"b":[[]]},"a":2}`, ` 1 `, `""`, `{"":0}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, err := fields.Decode(jsonType, body, "", fields.Limits{})
		if !json.Valid(body) || !utf8.Valid(body) || bytes.Contains(body, []byte(`\u0000`)) {
			return // broken, or repaired
		}
		if repeats(json.NewDecoder(bytes.NewReader(body))) {
			return // of equal names the other keeps the last
		}
		limit := err != nil && (strings.Contains(err.Error(), "too "))
		if limit {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if theirs, ours := exact(t, body), exact(t, []byte(written(tree.Root))); !reflect.DeepEqual(theirs, ours) {
			t.Fatalf("%v, want %v", ours, theirs)
		}
	})
}

// repeats reports whether an object of a valid text has two members of one name.
func repeats(d *json.Decoder) bool {
	type level struct {
		names map[string]bool // nil for a list
		value bool            // a value comes next
	}
	stack := []level{{}}
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		top := &stack[len(stack)-1]
		if name, ok := token.(string); ok && top.names != nil && !top.value {
			if top.names[name] {
				return true
			}
			top.names[name], top.value = true, true
			continue
		}
		top.value = false
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{names: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}

func exact(t *testing.T, body []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzForm: what net/url reads of flat names is read the same here.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a=1&b=2&a=3", "a+b=%c3%a9%26&=x&y", "%00=%ff", "a==b&&&"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		theirs, err := url.ParseQuery(body)
		tree, ours := fields.Decode(formType, []byte(body), "", fields.Limits{})
		first := strings.TrimLeft(body, " \t\r\n")
		if err != nil || ours != nil || strings.ContainsAny(first[:min(1, len(first))], "{[") || !utf8.ValidString(body) || strings.HasPrefix(body, "\ufeff") {
			return
		}
		for name, values := range theirs {
			if strings.ContainsAny(name, "[]\x00") || !utf8.ValidString(name) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) || strings.Contains(v, "\x00") }) {
				return
			}
		}
		if tree.Root.Kind != fields.Object || len(tree.Root.Items) != len(theirs) {
			t.Fatalf("%s, want %v", written(tree.Root), theirs)
		}
		for _, it := range tree.Root.Items {
			got := []string{it.Value.Text}
			if it.Value.Kind == fields.List {
				got = nil
				for _, e := range it.Value.Items {
					got = append(got, e.Value.Text)
				}
			}
			if !slices.Equal(got, theirs[it.Name]) {
				t.Fatalf("%q is %q, want %q", it.Name, got, theirs[it.Name])
			}
		}
	})
}

// FuzzFileName: a file name is safe to show and keep, whatever it was.
func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"", "..", "a/../b", `C:\x\..`, "x\u202efdp.exe", strings.Repeat("é", 200) + ".pdf", strings.Repeat("é", 5) + " " + strings.Repeat("é", 5), "..\u3000\u3000\u3000\u3000x", strings.Repeat("x", 9) + ".abcdefghijklm", "a." + strings.Repeat("b", 300), " / ", "\x00", "\xff", "a\u0085b"} {
		f.Add(seed, 255)
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, name string, limit int) {
		limit = 8 + max(limit, -limit, 0)%1000
		got := fields.FileName(name, limit)
		safe(t, got, limit)
		if again := fields.FileName(got, limit); again != got {
			t.Fatalf("%q became %q", got, again)
		}
	})
}
