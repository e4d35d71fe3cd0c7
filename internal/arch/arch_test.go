// Package arch holds the rules of structure that the sources themselves must
// keep: who may import whom, where third-party code may be used, what no package
// does. The tests read the sources with go/parser and not through the go command:
// a test knows which files it opened, so a new violation is never hidden by a
// cached result.
package arch

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documentation")

// row is what one package may import. Its columns may hold patterns of path.Match,
// so that a new kind of source needs no new row.
type row struct {
	pkg    string   // below the module; the first row that matches counts
	ours   []string // packages of leadgate
	theirs []string // third-party modules, or packages of them
	test   bool     // only tests and others like it may import it; it may import what tests need
}

// table says who may import whom. Imports run downward only: a package may
// import what stands above it here, never what stands below.
func table() []row {
	return []row{
		{pkg: "lead", theirs: []string{"github.com/google/uuid"}},
		{pkg: "internal/disk", ours: []string{"lead"}, theirs: []string{"golang.org/x/sys"}},
		{pkg: "internal/disk/faultfs", ours: []string{"lead", "internal/disk"}, test: true},
		{pkg: "internal/seal", ours: []string{"lead"}},
		{pkg: "lead/normal", ours: []string{"lead"}, theirs: []string{"github.com/nyaruka/phonenumbers", "golang.org/x/net/idna", "golang.org/x/text"}},
		{pkg: "dedupe", ours: []string{"lead", "lead/normal"}},

		{pkg: "connectors", ours: []string{"lead"}},
		{pkg: "connectors/connectortest", ours: []string{"lead", "connectors"}, theirs: []string{"github.com/goccy/go-yaml"}, test: true},
		{pkg: "connectors/all", ours: []string{"connectors", "connectors/*"}},
		{pkg: "connectors/internal/sign", ours: []string{"lead", "connectors", "connectors/internal/fields"}},
		{pkg: "connectors/internal/fields", ours: []string{"lead", "lead/normal"}, theirs: []string{"golang.org/x/text/encoding", "golang.org/x/text/unicode/norm"}},
		{pkg: "connectors/internal/*", ours: []string{"lead", "lead/normal", "connectors"}},
		{pkg: "connectors/webhook", ours: []string{"lead", "lead/normal", "connectors", "connectors/internal/*"}, theirs: []string{"github.com/itchyny/gojq", "github.com/goccy/go-yaml"}},
		{pkg: "connectors/*", ours: []string{"lead", "lead/normal", "connectors", "connectors/internal/*"}},

		{pkg: "store", ours: []string{"lead", "lead/normal", "dedupe"}},
		{pkg: "store/storetest", ours: []string{"lead", "lead/normal", "dedupe", "store"}, test: true},
		{pkg: "store/blob", ours: []string{"lead", "internal/disk"}},
		{pkg: "store/blob/blobtest", ours: []string{"lead", "store/blob"}, test: true},
		{pkg: "store/blob/s3", ours: []string{"lead", "store/blob"}, theirs: []string{"github.com/minio/minio-go/v7"}},
		{pkg: "store/blob/s3/s3test", test: true},
		{pkg: "store/sqlite", ours: []string{"lead", "internal/disk", "store"}, theirs: []string{"github.com/pressly/goose/v3", "modernc.org/sqlite"}},
		{pkg: "store/postgres", ours: []string{"lead", "store", "store/blob"}, theirs: []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"}},

		{pkg: "pipeline/journal", ours: []string{"lead", "internal/disk"}},
		{pkg: "pipeline/outgoing", ours: []string{"lead"}},
		{pkg: "pipeline", ours: []string{"lead", "lead/normal", "internal/disk", "internal/seal", "connectors", "store", "pipeline/journal"}},

		{pkg: "pipeline/queuetest", ours: []string{"lead", "pipeline"}, test: true},
		{pkg: "pipeline/redis", ours: []string{"lead", "pipeline"}, theirs: []string{"github.com/redis/go-redis/v9"}},

		{pkg: "console", ours: []string{"lead", "store"}},
		{pkg: "server", ours: []string{"lead", "lead/normal", "connectors", "store", "pipeline"}, theirs: []string{"github.com/prometheus/client_golang"}},
		{pkg: "cmd/leadgate", ours: []string{"lead", "lead/normal", "dedupe", "internal/disk", "internal/seal", "connectors", "connectors/all", "store", "store/blob", "store/blob/s3", "store/sqlite", "store/postgres", "pipeline", "pipeline/journal", "pipeline/outgoing", "pipeline/redis", "console", "server"},
			theirs: []string{"github.com/alecthomas/kong", "github.com/goccy/go-yaml", "golang.org/x/crypto/acme", "golang.org/x/net/netutil"}},
		{pkg: "bench/*", ours: []string{"lead", "bench/*"}},
		{pkg: "bench", ours: []string{"lead", "lead/normal", "connectors", "dedupe", "store", "store/sqlite", "store/postgres", "pipeline", "pipeline/journal", "pipeline/redis", "bench/*"}},
		{pkg: "internal/services", theirs: []string{"github.com/Shopify/toxiproxy/v2", "github.com/rs/zerolog"}, test: true},
		{pkg: "internal/services/with", ours: []string{"internal/services"}, test: true},
		{pkg: "internal/arch", test: true},
	}
}

// testModules may be imported by tests and by packages made for tests.
func testModules() []string {
	return []string{"github.com/google/go-cmp", "github.com/rogpeppe/go-internal", "go.uber.org/goleak", "modernc.org/libc", "golang.org/x/tools", "golang.org/x/net", "pgregory.net/rapid"}
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	problems, err := inspect(os.DirFS("../.."), table())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// TestTable checks the table itself: each third-party module has one place, and
// nothing but tests is offered what is made for tests.
func TestTable(t *testing.T) {
	t.Parallel()
	place := map[string]string{}
	testOnly := map[string]bool{}
	for _, r := range table() {
		testOnly[r.pkg] = r.test
		for _, m := range r.theirs {
			if place[m] != "" && m != "github.com/goccy/go-yaml" && m != "github.com/pressly/goose/v3" { // files people write; schemas of both engines
				t.Errorf("%s has two places: %s and %s", m, place[m], r.pkg)
			}
			place[m] = r.pkg
		}
	}
	for _, r := range table() {
		for _, o := range r.ours {
			if testOnly[o] && !r.test {
				t.Errorf("%s is offered %s, which is for tests", r.pkg, o)
			}
		}
	}
}

const module = "leadgate/"

// source is one file with the package it belongs to.
type source struct {
	name, pkg string
	test      bool
	file      *ast.File
}

// inspect returns what the sources of a tree do against the rules, in words and
// sorted.
func inspect(tree fs.FS, rules []row) ([]string, error) {
	sources, fset, err := read(tree)
	if err != nil {
		return nil, err
	}
	var out []string
	documented, packages := map[string]bool{}, map[string]bool{}
	for _, s := range sources {
		packages[s.pkg] = packages[s.pkg] || !s.test
		documented[s.pkg] = documented[s.pkg] || !s.test && s.file.Doc != nil
		i := slices.IndexFunc(rules, func(r row) bool { return match(r.pkg, s.pkg) })
		if i < 0 {
			out = append(out, fmt.Sprintf("%s: package %s is not in the table", s.name, s.pkg))
			continue
		}
		for _, imp := range s.file.Imports {
			if p, err := strconv.Unquote(imp.Path.Value); err == nil && !allowed(rules, rules[i], s, p) {
				out = append(out, fmt.Sprintf("%s: %s must not import %s", s.name, s.pkg, p))
			}
		}
		if !s.test {
			out = append(out, forbidden(fset, s)...)
		}
	}
	for pkg, compiled := range packages {
		if compiled && !documented[pkg] {
			out = append(out, fmt.Sprintf("%s: no package comment", pkg))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// read parses every Go file of the module, whatever its build constraints.
func read(tree fs.FS) ([]source, *token.FileSet, error) {
	var out []source
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := name != "." && strings.ContainsRune("._", rune(d.Name()[0]))
			if hidden || d.Name() == "testdata" || d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), file: file})
		return nil
	})
	return out, fset, err
}

// allowed reports whether a file may import a path. Tests may also use what is
// above and below their package, and the modules made for tests.
func allowed(rules []row, r row, s source, p string) bool {
	if own, ok := strings.CutPrefix(p, module); ok {
		return s.test || own != s.pkg && (r.test || !isTest(rules, own)) && slices.ContainsFunc(r.ours, func(pattern string) bool { return match(pattern, own) })
	}
	if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
		return p != "C" // the standard library
	}
	list := r.theirs
	if s.test || r.test {
		list = append(slices.Clone(list), testModules()...)
	}
	return slices.ContainsFunc(list, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
}

func isTest(rules []row, pkg string) bool {
	i := slices.IndexFunc(rules, func(r row) bool { return match(r.pkg, pkg) })
	return i >= 0 && rules[i].test
}

func match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// forbidden finds what product code never does: init functions and panics.
func forbidden(fset *token.FileSet, s source) []string {
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				out = append(out, fmt.Sprintf("%s: func init", fset.Position(n.Pos())))
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "panic" {
				out = append(out, fmt.Sprintf("%s: panic", fset.Position(n.Pos())))
			}
		}
		return true
	})
	return out
}

// TestInspect shows that each rule catches what it is there for.
func TestInspect(t *testing.T) {
	t.Parallel()
	rules := []row{
		{pkg: "low", theirs: []string{"example.org/one"}},
		{pkg: "kinds/probe", ours: []string{"low"}, test: true},
		{pkg: "kinds/*", ours: []string{"low"}},
		{pkg: "high", ours: []string{"low", "kinds/*"}},
	}
	file := func(imports string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("// Package x is here.\npackage x\n" + imports)}
	}
	for _, tc := range []struct {
		name string
		tree fstest.MapFS
		want []string
	}{
		{"all is well", fstest.MapFS{
			"low/a.go":           file(`import ("fmt"; "example.org/one/deep")`),
			"kinds/a/a.go":       file(`import "leadgate/low"`),
			"kinds/probe/a.go":   file(`import ("leadgate/low"; "pgregory.net/rapid")`),
			"kinds/a/a_test.go":  file(`import ("leadgate/kinds/probe"; "github.com/google/go-cmp/cmp")`),
			"high/a.go":          file(`import ("leadgate/kinds/a"; _ "leadgate/low")`),
			"high/testdata/a.go": {Data: []byte("not Go at all")},
			".cache/a.go":        {Data: []byte("not Go at all")},
		}, nil},
		{"a package that is not in the table", fstest.MapFS{"other/a.go": file("")}, []string{"other/a.go: package other is not in the table"}},
		{"an import upward", fstest.MapFS{"low/a.go": file(`import "leadgate/high"`)}, []string{"low/a.go: low must not import leadgate/high"}},
		{"kinds that see each other", fstest.MapFS{"kinds/a/a.go": file(`import "leadgate/kinds/b"`)}, []string{"kinds/a/a.go: kinds/a must not import leadgate/kinds/b"}},
		{"a file for another system", fstest.MapFS{"low/a_plan9.go": file(`import "leadgate/high"`)}, []string{"low/a_plan9.go: low must not import leadgate/high"}},
		{"a module away from its place", fstest.MapFS{"high/a.go": file(`import "example.org/one"`)}, []string{"high/a.go: high must not import example.org/one"}},
		{"a module that only begins alike", fstest.MapFS{"low/a.go": file(`import "example.org/oneself"`)}, []string{"low/a.go: low must not import example.org/oneself"}},
		{"a test module in the product", fstest.MapFS{"low/a.go": file(`import "pgregory.net/rapid"`)}, []string{"low/a.go: low must not import pgregory.net/rapid"}},
		{"a test package in another", fstest.MapFS{"kinds/probe/a.go": file(`import "leadgate/kinds/probe/more"`)}, []string{"kinds/probe/a.go: kinds/probe must not import leadgate/kinds/probe/more"}},
		{"a test package in the product", fstest.MapFS{"high/a.go": file(`import "leadgate/kinds/probe"`)}, []string{"high/a.go: high must not import leadgate/kinds/probe"}},
		{"C", fstest.MapFS{"low/a.go": file(`import "C"`)}, []string{"low/a.go: low must not import C"}},
		{"init", fstest.MapFS{"low/a.go": file("func init() {}")}, []string{"low/a.go:3:1: func init"}},
		{"panic", fstest.MapFS{"low/a.go": file("func f() { panic(1) }")}, []string{"low/a.go:3:12: panic"}},
		{"a method called init", fstest.MapFS{"low/a.go": file("type t struct{}\nfunc (t) init() {}")}, nil},
		{"panic in a test", fstest.MapFS{"low/a.go": file(""), "low/a_test.go": file("func f() { panic(1) }")}, nil},
		{"no package comment", fstest.MapFS{"low/a.go": {Data: []byte("package x\n")}, "low/a_test.go": file("")}, []string{"low: no package comment"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect(tc.tree, rules)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("inspect (-want +got):\n%s", d)
			}
		})
	}
}

// TestInspectBrokenFile shows that a file nobody can parse is no file without faults.
func TestInspectBrokenFile(t *testing.T) {
	t.Parallel()
	if _, err := inspect(fstest.MapFS{"low/a.go": {Data: []byte("package")}}, nil); err == nil {
		t.Error("a broken file passed")
	}
}
