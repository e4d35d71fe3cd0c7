package arch

import (
	"fmt"
	"go/ast"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGenerated keeps the tables of the documentation equal to what they tell of.
// With -update it rewrites them.
func TestGenerated(t *testing.T) {
	for _, g := range []struct {
		file, name string
		text       func(*testing.T) string
	}{
		{"../../docs/architecture.md", "imports", importTable},
		{"../../docs/operations.md", "options", optionTable},
	} {
		t.Run(g.name, func(t *testing.T) {
			body, err := os.ReadFile(g.file)
			if err != nil {
				t.Fatal(err)
			}
			begin, end := "<!-- begin "+g.name+" -->\n", "<!-- end "+g.name+" -->"
			head, rest, ok := strings.Cut(string(body), begin)
			old, tail, closed := strings.Cut(rest, end)
			if !ok || !closed {
				t.Fatalf("%s has no part called %s", g.file, g.name)
			}
			want := g.text(t)
			if old == want {
				return
			}
			if !*update {
				t.Fatalf("%s is out of date; run make golden (-want +got):\n%s", g.file, cmp.Diff(want, old))
			}
			if err := os.WriteFile(g.file, []byte(head+begin+want+end+tail), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// importTable is the table of imports in Markdown.
func importTable(*testing.T) string {
	var b strings.Builder
	b.WriteString("| package | may import of ours | and of others |\n|---|---|---|\n")
	for _, r := range table() {
		name := "`" + r.pkg + "`"
		if r.test {
			name += " (tests only)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, code(r.ours), code(r.theirs))
	}
	return b.String()
}

func code(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return "`" + strings.Join(list, "` `") + "`"
}

// optionTable is the table of options, read off the declaration itself.
func optionTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| flag | environment | file | default | meaning |\n|---|---|---|---|---|\n")
	for _, f := range optionFields(t) {
		raw, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		tag := reflect.StructTag(raw)
		name := tag.Get("name")
		if name == "" {
			name = strings.ToLower(f.Names[0].Name)
		}
		key, value := strings.ReplaceAll(name, "-", "_"), "–"
		if v := tag.Get("default"); v != "" {
			value = "`" + v + "`"
		}
		inFile := "`" + key + "`"
		if name == "config" {
			inFile = "–"
		}
		fmt.Fprintf(&b, "| `--%s` | `LEADGATE_%s` | %s | %s | %s |\n", name, strings.ToUpper(key), inFile, value, tag.Get("help"))
	}
	return b.String()
}

// optionFields returns the fields of the Options of the command.
func optionFields(t *testing.T) []*ast.Field {
	t.Helper()
	sources, _, err := read(os.DirFS("../../cmd"))
	if err != nil {
		t.Fatal(err)
	}
	var fields []*ast.Field
	for _, s := range sources {
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != "Options" {
				return true
			}
			if st, ok := spec.Type.(*ast.StructType); ok {
				fields = append(fields, st.Fields.List...)
			}
			return false
		})
	}
	if len(fields) == 0 {
		t.Fatal("the options of the command are not found")
	}
	return fields
}

// TestLinks follows the links inside the documentation: each must lead to a file.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, name := range documents(t) {
		body, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		dir := name[:strings.LastIndex("/"+name, "/")]
		for _, m := range link.FindAllStringSubmatch(string(body), -1) {
			if _, err := os.Stat("../../" + dir + m[1]); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}

// TestModules checks that every module go.mod asks for directly is accounted for
// in the record of dependencies, and that the record names no other.
func TestModules(t *testing.T) {
	t.Parallel()
	record, err := os.ReadFile("../../docs/adr/0009-dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(string(record), -1) {
		named = append(named, m[1])
	}
	used := usedModules(t)
	for _, m := range used {
		if !slices.Contains(named, m) {
			t.Errorf("%s is used, and docs/adr/0009-dependencies.md does not say why", m)
		}
	}
	for _, m := range named {
		if !slices.Contains(used, m) {
			t.Errorf("docs/adr/0009-dependencies.md names %s, which is not used", m)
		}
	}
}

// usedModules returns the modules of go.mod that a file of ours imports.
func usedModules(t *testing.T) []string {
	t.Helper()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sources, _, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for _, s := range sources {
		for _, imp := range s.file.Imports {
			imported[strings.Trim(imp.Path.Value, `"`)] = true
		}
	}
	var used []string
	for _, m := range regexp.MustCompile(`(?m)^\s+(\S+) v\S+`).FindAllStringSubmatch(string(mod), -1) {
		for p := range imported {
			if p == m[1] || strings.HasPrefix(p, m[1]+"/") {
				used = append(used, m[1])
				break
			}
		}
	}
	return used
}

// documents returns the Markdown files at the root and under docs.
func documents(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, dir := range []string{"", "docs/", "docs/adr/"} {
		list, err := os.ReadDir("../../" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if strings.HasSuffix(e.Name(), ".md") {
				out = append(out, dir+e.Name())
			}
		}
	}
	return out
}
