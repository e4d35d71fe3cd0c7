package fields_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"leadgate/connectors/internal/fields"
)

// TestAnyBodyIsReadFast: whatever the limits let in is read in a fraction of what
// a parser has, however it is built to be looked at again and again.
func TestAnyBodyIsReadFast(t *testing.T) {
	t.Parallel()
	repeat := func(n int, text string) string {
		return strings.TrimSuffix(strings.Repeat(strings.ReplaceAll(text, "%", "%%")+",", n), ",")
	}
	members := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ","+format, i)
		}
		return b.String()[1:]
	}
	person := `{"email":"a@b.example","phone":"+351912345678","name":"Ann Lee"}`
	for name, body := range map[string]string{
		"deep and wide":      strings.Repeat(`{"vendor":{"thing":`, 30) + "{" + members(1000, `"email%d":"a@b.example"`) + "}" + strings.Repeat("}}", 30),
		"wide at each depth": strings.Repeat(`{`+members(300, `"unknown%d":"+351912345678"`)+`,"thing":`, 60) + "1" + strings.Repeat("}", 60),
		"lists in lists":     strings.Repeat(`{"list":[{"email":"a@b.example"},`, 30) + person + strings.Repeat("]}", 30),
		"lists of people":    "{" + members(16, `"leads%d":[`+repeat(300, person)+`]`) + "}",
		"around many":        "{" + members(990, `"note%d":"x"`) + `,"leads":[` + repeat(900, `{"email":"a@b.example"}`) + `]}`,
		"answers":            `{"fields":[` + repeat(990, `{"id":"1","type":"email","label":"Mail of a person","value":"a@b.example","a":{"b":{"c":"d"}}}`) + `]}`,
		"described":          `{"form":[` + members(990, `{"id":"q%d","title":"What is it?","type":"text"}`) + `],"answers":[` + members(990, `{"field":{"id":"q%d"},"type":"text","text":"words of a person"}`) + `]}`,
		"packed":             `{` + members(15, `"p%d":"[`+strings.ReplaceAll(repeat(900, `{"email":"a@b.example"}`), `"`, `\"`)+`]"`) + `}`,
		"long names":         "{" + members(900, `"`+strings.Repeat("Wort ", 70)+`%d":"a@b.example"`) + "}",
		"prose":              "{" + members(990, `"q%d":"`+strings.Repeat("words: of: ", 80)+`"`) + "}",
	} {
		if len(body) > 1<<20 {
			t.Fatalf("%s: %d bytes pass the limit of a post", name, len(body))
		}
		start := time.Now()
		tree, err := fields.Decode(jsonType, []byte(body), "", fields.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		all, _ := fields.Split(tree.Root)
		for _, v := range all {
			fields.Map(fields.Tree{Root: v})
		}
		if spent := time.Since(start); spent > 5*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(body), spent)
		} else if testing.Verbose() {
			t.Logf("%s: %d bytes, %d inquiries, %v", name, len(body), len(all), spent)
		}
	}
}
