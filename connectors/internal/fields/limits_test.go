package fields_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

const multipartType = "multipart/form-data; boundary=b"

// object, form and parts write n fields in each of the formats.
func object(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":%d`, i, i)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func form(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&f%d=%d", i, i)
	}
	return b.String()
}

func parts(n int, head string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=\"f%d\"%s\r\n\r\nx\r\n", i, head)
	}
	return b.String() + "--b--\r\n"
}

func nested(depth int, opening, closing string) string {
	return strings.Repeat(opening, depth) + "1" + strings.Repeat(closing, depth)
}

// TestLimits tries every limit from both sides.
func TestLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 64<<10)
	for _, tc := range []struct {
		name, kind, at, beyond string
	}{
		{"depth of lists", jsonType, nested(64, "[", "]"), nested(65, "[", "]")},
		{"depth of objects", jsonType, nested(64, `{"a":`, "}"), nested(65, `{"a":`, "}")},
		{"depth of names", formType, "a" + strings.Repeat("[b]", 62) + "=1", "a" + strings.Repeat("[b]", 64) + "=1"},
		{"members", jsonType, object(1000), object(1001)},
		{"members with one name", jsonType, `{"a":1` + strings.Repeat(`,"a":1`, 999) + "}", `{"a":1` + strings.Repeat(`,"a":1`, 1000) + "}"},
		{"elements", jsonType, "[1" + strings.Repeat(",1", 999) + "]", "[1" + strings.Repeat(",1", 1000) + "]"},
		{"values together", jsonType, "[" + strings.TrimSuffix(strings.Repeat("["+strings.TrimSuffix(strings.Repeat("1,", 1000), ",")+"],", 19), ",") + "]",
			"[" + strings.TrimSuffix(strings.Repeat("["+strings.TrimSuffix(strings.Repeat("1,", 1000), ",")+"],", 20), ",") + "]"},
		{"fields of a form", formType, form(1000), form(1001)},
		{"values of one field", formType, strings.Repeat("a=1&", 1000), strings.Repeat("a=1&", 1001)},
		{"fields of a multipart form", multipartType, parts(1000, ""), parts(1001, "")},
		{"files", multipartType, parts(20, `; filename="x"`), parts(21, `; filename="x"`)},
		{"text", jsonType, `{"a":"` + long + `"}`, `{"a":"x` + long + `"}`},
		{"name", jsonType, `{"` + long + `":1}`, `{"x` + long + `":1}`},
		{"number", jsonType, `[1` + strings.Repeat("0", 64<<10-1) + "]", `[1` + strings.Repeat("0", 64<<10) + "]"},
		{"text of a form", formType, "a=" + long, "a=x" + long},
		{"name of a form", formType, long + "=1", "x" + long + "=1"},
		{"repaired text", formType, "a=" + strings.Repeat("%ff%c3%a9%20", 10<<10), "a=" + strings.Repeat("%ff%c3%a9%20", 11<<10)},
		{"text of a part", multipartType, strings.Replace(parts(1, ""), "\r\n\r\nx", "\r\n\r\n"+long, 1), strings.Replace(parts(1, ""), "\r\n\r\nx", "\r\n\r\nx"+long, 1)},
		{"head of a part", multipartType, parts(1, "\r\nX: "+strings.Repeat("y", 8000)), parts(1, "\r\nX: "+strings.Repeat("y", 8200)) + strings.Repeat(" ", 9000)},
	} {
		if _, err := fields.Decode(tc.kind, []byte(tc.at), "", fields.Limits{}); err != nil {
			t.Errorf("%s at the limit: %v", tc.name, err)
		}
		if _, err := fields.Decode(tc.kind, []byte(tc.beyond), "", fields.Limits{}); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s beyond the limit: %v", tc.name, err)
		}
		if _, err := fields.Look(tc.kind, []byte(tc.beyond), "", fields.Limits{}); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("%s beyond the limit, looked at: %v", tc.name, err)
		}
	}
}

// TestQuery: parameters of the URL stand behind the body's fields, never beside
// one of the same name, and count with them.
func TestQuery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, body, query, want string }{
		{jsonType, `{"a":1}`, "a=2&b=3", `{"a":1,"b":"3"}`},
		{jsonType, `{"a":null,"c":4}`, "a=2", `{"a":"2","c":4}`},
		{jsonType, `{"a":""}`, "a=2", `{"a":""}`},
		{jsonType, `null`, "a=2", `{"a":"2"}`},
		{jsonType, `[1]`, "a=2", `[1]`},
		{formType, "a=1", "a=2&b=3&b=4", `{"a":"1","b":["3","4"]}`},
	} {
		tree, err := fields.Decode(tc.kind, []byte(tc.body), tc.query, fields.Limits{})
		if err != nil || written(tree.Root) != tc.want {
			t.Errorf("%s with %s: %s, %v, want %s", tc.body, tc.query, written(tree.Root), err, tc.want)
		}
	}
	for _, body := range []string{object(999), form(999)} {
		kind := formType
		if body[0] == '{' {
			kind = jsonType
		}
		if _, err := fields.Decode(kind, []byte(body), "q=1", fields.Limits{}); err != nil {
			t.Error(err)
		}
		if _, err := fields.Decode(kind, []byte(body), "q=1&r=2", fields.Limits{}); !errors.Is(err, lead.ErrInvalid) {
			t.Errorf("1001 fields of body and query: %v", err)
		}
	}
}

// TestRepeatedNames: members of one name are one field with several values, as in
// a form, and two different ids are none, for the reader and the look ahead alike.
func TestRepeatedNames(t *testing.T) {
	t.Parallel()
	many := object(30)
	for _, tc := range []struct{ kind, body, want, key string }{
		{jsonType, `{"id":"1","a":1,"id":"2"}`, `{"id":["1","2"],"a":1}`, ""},
		{jsonType, `{"id":"1","a":1,"id":"1"}`, `{"id":"1","a":1}`, "1"},
		{jsonType, `{"id":"1","a":1,"id":null}`, `{"id":"1","a":1}`, "1"},
		{jsonType, `{"id":" ","a":1,"id":"2"}`, `{"id":"2","a":1}`, "2"},
		{jsonType, `{"id":{"x":3},"a":1,"id":"2"}`, `{"id":[{"x":3},"2"],"a":1}`, ""},
		{jsonType, `{"a":"x","a":{},"a":[]}`, `{"a":["x",{},[]]}`, ""},
		{jsonType, `{"id":"1","a":1,"\u0069d":"2"}`, `{"id":["1","2"],"a":1}`, ""},
		{jsonType, `{"id":"1","a":1,"ID":"2"}`, `{"id":"1","a":1,"ID":"2"}`, ""},
		{jsonType, `{"a":1,"a":"1","a":2,"a":2,"b":[1],"b":3}`, `{"a":[1,"1",2,2],"b":[1,3]}`, ""},
		{jsonType, `{"f3":"old",` + many[1:], strings.Replace(`{"f3":["old",3],`+many[1:], `,"f3":3`, "", 1), ""},
		{formType, "id=1&a=1&id=2", `{"id":["1","2"],"a":"1"}`, ""},
	} {
		tree, err := fields.Decode(tc.kind, []byte(tc.body), "", fields.Limits{})
		if err != nil || written(tree.Root) != tc.want {
			t.Errorf("%s: %s, %v, want %s", tc.body, written(tree.Root), err, tc.want)
		}
		if key, err := fields.Look(tc.kind, []byte(tc.body), "", fields.Limits{}); err != nil || key != tc.key || fields.ID(tree.Root) != tc.key {
			t.Errorf("%s: key %q and %q, %v, want %q", tc.body, key, fields.ID(tree.Root), err, tc.key)
		}
	}
}

// TestPlaceholdersAreNoID: what programs write for no value names nobody's post.
func TestPlaceholdersAreNoID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{`0`, `"0"`, `-1`, `"null"`, `"undefined"`, `"None"`, `"N/A"`, `"{{lead.id}}"`, `"[id]"`, `"%ID%"`, `"${id}"`, `"00000000-0000-0000-0000-000000000000"`, `""`, `null`, `true`, `[1]`} {
		body := []byte(`{"id":` + id + `,"entry_id":"e-7","a":1}`)
		tree, err := fields.Decode(jsonType, body, "", fields.Limits{})
		key, lookErr := fields.Look(jsonType, body, "", fields.Limits{})
		if err != nil || lookErr != nil || key != "e-7" || fields.ID(tree.Root) != key {
			t.Errorf("id %s: key %q and %q, %v, %v", id, key, fields.ID(tree.Root), err, lookErr)
		}
	}
}

// TestCharsets: text is read as it was written, declared or not.
func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, body, want string }{
		{formType + "; charset=ISO-8859-1", "name=J%FCrgen+M%FCller", `{"name":"Jürgen Müller"}`},
		{formType + "; charset=iso-8859-1", "name=J%C3%BCrgen", `{"name":"Jürgen"}`},
		{formType + "; charset=windows-1251", "name=%C8%E2%E0%ED", `{"name":"Иван"}`},
		{formType + "; charset=shift_jis", "name=%8ER%93c", `{"name":"山田"}`},
		{formType + "; charset=nonsense", "name=Ren%E9", `{"name":"René"}`},
		{formType, "name=Ren%E9", `{"name":"René"}`},
		{formType, "name=Ren%C3%A9%ff", `{"name":"René\ufffd"}`},
		{formType, "_charset_=windows-1250&name=%8Aimek", `{"_charset_":"windows-1250","name":"Šimek"}`},
		{jsonType + "; charset=ISO-8859-1", "{\"name\":\"J\xfcrgen\"}", `{"name":"Jürgen"}`},
		{jsonType, "{\"name\":\"J\xfcrgen\"}", `{"name":"Jürgen"}`},
		{multipartType + "; charset=iso-8859-2", strings.Replace(parts(1, ""), "\r\n\r\nx", "\r\n\r\n\xa3ukasz", 1), `{"f0":"Łukasz"}`},
	} {
		tree, err := fields.Decode(tc.kind, []byte(tc.body), "", fields.Limits{})
		if got := strings.ReplaceAll(written(tree.Root), "�", `\ufffd`); err != nil || got != tc.want {
			t.Errorf("%s %q: %s, %v, want %s", tc.kind, tc.body, got, err, tc.want)
		}
	}
}

// TestTakes: what no sender of a form or of JSON says, and does not look like it, is not taken.
func TestTakes(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{jsonType: true, "application/problem+json": true, formType: true, multipartType: true, "text/plain; charset=utf-8": true, "": true,
		"application/xml": false, "application/octet-stream": false, "image/png": false, "text/html": false} {
		if got := fields.Takes(kind, []byte("a=1")); got != want {
			t.Errorf("%s: %v", kind, got)
		}
		if !fields.Takes(kind, []byte(" {}")) {
			t.Errorf("%s with JSON is not taken", kind)
		}
	}
}

// TestIdentitiesAreBounded: who lists thousands of addresses gets twenty, and the
// rest is kept as what was answered.
func TestIdentitiesAreBounded(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&list, `,"%06d@a.example"`, i)
	}
	block := `{"email":[` + list.String()[1:] + `]}`
	body := []byte(`[` + strings.Repeat(block+",", 17) + block + `]`)
	start := time.Now()
	tree, err := fields.Decode(jsonType, body, "", fields.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	q := fields.Map(fields.Tree{Root: fields.Value{Kind: fields.Object, Items: []fields.Item{{Name: "x", Value: tree.Root}}}})
	if len(q.Identities) != 20 || len(q.Fields) == 0 || !strings.Contains(q.Fields[0].Value, "000999@a.example") {
		t.Errorf("%d identities, %d fields", len(q.Identities), len(q.Fields))
	}
	if spent := time.Since(start); spent > 5*time.Second {
		t.Errorf("%d bytes took %v", len(body), spent)
	}
}

// TestErrorsQuoteNothing: what a sender posted never stands in an error.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, body string }{
		{jsonType, `{"canary":canary}`}, {jsonType, `{"canary" "canary"}`}, {jsonType, `{"a":"\canary"}`}, {jsonType, `{"a":"canary`}, {jsonType, `["canary"`}, {jsonType, `{} canary`},
		{jsonType, `{canary}`}, {jsonType, "canary"}, {jsonType, "-canary"}, {jsonType, "1.canary"}, {jsonType, "1ecanary"}, {jsonType, `[1canary]`}, {"image/canary", "canary"}, {"canary", "canary"},
		{"multipart/form-data", "canary"}, {multipartType + strings.Repeat("b", 70), "canary"}, {multipartType, "--b\r\ncanary\r\n"}, {formType, "canary[a]" + strings.Repeat("[canary]", 99)},
	} {
		_, err := fields.Decode(tc.kind, []byte(tc.body), "", fields.Limits{})
		if !errors.Is(err, lead.ErrInvalid) || !plainError.MatchString(err.Error()) {
			t.Errorf("%s: %v", tc.body, err)
		}
	}
}

var plainError = regexp.MustCompile(`^reading (JSON|form|body): invalid: (a|an|the|it|too|neither|something|unknown) [a-zA-Z ]+?( at byte [0-9]+)?$|^reading JSON: invalid: (too deep|unknown (word|escape)) at byte [0-9]+$`)

// TestHeadsAreCheckedInOnePass: a body full of what looks like the start of a part
// costs no more than its length.
func TestHeadsAreCheckedInOnePass(t *testing.T) {
	t.Parallel()
	block := strings.Repeat("--b\r\n\r", 1100) + "\n\n"
	body := []byte("--b\r\n\r\n" + strings.Repeat(block, 10<<20/len(block)) + "\r\n--b--\r\n")
	start := time.Now()
	_, _ = fields.Look(multipartType, body, "", fields.Limits{})
	if spent := time.Since(start); spent > 5*time.Second {
		t.Errorf("%d bytes took %v", len(body), spent)
	}
}
