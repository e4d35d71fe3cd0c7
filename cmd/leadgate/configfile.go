package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"leadgate/lead"
)

// configFile is the YAML file and the environment behind the flags. Its keys are
// the names of the options with _ for -, and sources.
type configFile struct {
	getenv   func(string) string
	path     string
	values   map[string]any
	declared bool // sources stands in the file, if only as an empty list
	sources  []sourceBlock
}

// sourceBlock is one source as the file has it.
type sourceBlock struct {
	values map[string]any
	lines  map[string]int // of keys and items, by paths such as fields[0].name; "" for the block
}

// line is where a setting stands, or what it is part of.
func (b *sourceBlock) line(path string) int {
	for {
		if n, ok := b.lines[path]; ok || path == "" {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// find reads the file named by --config or LEADGATE_CONFIG, before the other
// options are known.
func (f *configFile) find(args []string) error {
	if args[0] == "demo" {
		return nil
	}
	f.path = f.getenv("LEADGATE_CONFIG")
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			f.path = v
		} else if a == "--config" && i+1 < len(args) {
			f.path = args[i+1]
		}
	}
	if f.path == "" {
		return nil
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("reading configuration: %w", err)
	}
	return f.read(data)
}

// read takes the file apart. An unknown key is an error with its line.
func (f *configFile) read(data []byte) error {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return f.problem(0, "%s", strings.SplitN(yaml.FormatError(err, false, false), "\n", 2)[0])
	}
	f.values = map[string]any{}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return isNull(d.Body) })
	switch {
	case len(docs) == 0:
		return nil
	case len(docs) > 1:
		return f.problem(line(docs[1].Body), "the file holds more than one document")
	case mappings(docs[0].Body) == nil:
		return f.problem(line(docs[0].Body), "the file must be a table of options, such as listen: 127.0.0.1:8080")
	}
	for _, kv := range mappings(docs[0].Body) {
		if err := f.readKey(kv); err != nil {
			return err
		}
	}
	return nil
}

// readKey takes one key of the file.
func (f *configFile) readKey(kv *ast.MappingValueNode) error {
	key, line := kv.Key.String(), line(kv.Key)
	if key == "sources" {
		return f.readSources(kv)
	}
	if !slices.Contains(optionKeys(), key) {
		return f.problem(line, "unknown key %q", key)
	}
	var v any
	err := yaml.NodeToValue(kv.Value, &v)
	if err != nil {
		return f.problem(line, "%s cannot be read", key)
	}
	f.values[key], err = f.expand(v, "", func(string) int { return line })
	return err
}

func (f *configFile) readSources(kv *ast.MappingValueNode) error {
	if isNull(kv.Value) { // all of them may be commented out; that is no wish to have none
		return nil
	}
	list, ok := kv.Value.(*ast.SequenceNode)
	if !ok {
		return f.problem(line(kv.Key), "sources must be a list")
	}
	f.declared = true
	for _, item := range list.Values {
		b := sourceBlock{lines: map[string]int{"": line(item)}}
		linesOf(item, "", b.lines)
		if err := yaml.NodeToValue(item, &b.values); err != nil || b.values == nil {
			return f.problem(b.line(""), "this source cannot be read; it must be a table of settings, none of them twice")
		}
		if _, err := f.expand(b.values, "", b.line); err != nil {
			return err
		}
		f.sources = append(f.sources, b)
	}
	return nil
}

// linesOf collects where keys and items stand below a path.
func linesOf(n ast.Node, path string, lines map[string]int) {
	if list, ok := n.(*ast.SequenceNode); ok {
		for i, item := range list.Values {
			at := fmt.Sprintf("%s[%d]", path, i)
			lines[at] = line(item)
			linesOf(item, at, lines)
		}
		return
	}
	if path != "" {
		path += "."
	}
	for _, kv := range mappings(n) {
		at := path + keyOf(kv)
		lines[at] = line(kv.Key)
		linesOf(kv.Value, at, lines)
	}
}

// keyOf is a key without its quotes.
func keyOf(kv *ast.MappingValueNode) string {
	if s, ok := kv.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return kv.Key.String()
}

// line is where a node stands.
func line(n ast.Node) int {
	if kv := mappings(n); len(kv) > 0 { // such a node begins at its first colon
		n = kv[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func isNull(n ast.Node) bool {
	if n == nil {
		return true
	}
	_, null := n.(*ast.NullNode)
	return null
}

// mappings returns the keys and values of a table, which the parser gives as one
// or as many.
func mappings(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func (f *configFile) problem(line int, format string, args ...any) error {
	where := f.path
	if line > 0 {
		where = fmt.Sprintf("%s:%d", f.path, line)
	}
	return fmt.Errorf("%s: %w: %s", where, lead.ErrInvalid, fmt.Sprintf(format, args...))
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} in texts by the environment variable, in place. One that
// is not set is an error where it stands: an empty secret must not slip in.
func (f *configFile) expand(v any, path string, at func(path string) int) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		out := variable.ReplaceAllStringFunc(v, func(m string) string {
			name := m[2 : len(m)-1]
			value := f.getenv(name)
			if value == "" {
				err = f.problem(at(path), "the environment variable %s is not set", name)
			}
			return value
		})
		return out, err
	case map[string]any:
		if path != "" {
			path += "."
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if v[k], err = f.expand(v[k], path+k, at); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range v {
			if v[i], err = f.expand(item, fmt.Sprintf("%s[%d]", path, i), at); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// optionKeys are the names of the options as the file spells them.
func optionKeys() []string {
	var keys []string
	for f := range reflect.TypeFor[Options]().Fields() {
		if f.Name != "Config" {
			keys = append(keys, optionKey(f))
		}
	}
	return keys
}

func optionKey(f reflect.StructField) string {
	name := f.Tag.Get("name")
	if name == "" {
		name = strings.ToLower(f.Name)
	}
	return strings.ReplaceAll(name, "-", "_")
}

// Validate implements kong.Resolver.
func (f *configFile) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: what a flag is when it is not on the command
// line. The demo takes nothing from its surroundings: it must not come to stand on
// the data of a gateway.
func (f *configFile) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if parent.Command != nil && parent.Command.Name == "demo" {
		return nil, nil
	}
	key := strings.ReplaceAll(flag.Name, "-", "_")
	env := "LEADGATE_" + strings.ToUpper(key)
	if v := f.getenv(env); v != "" {
		return v, nil
	}
	if path := f.getenv(env + "_FILE"); path != "" {
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s_FILE: %w", env, err)
		}
		return strings.TrimSpace(string(body)), nil
	}
	switch v := f.values[key].(type) {
	case nil:
		return nil, nil
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = fmt.Sprint(v[i])
		}
		return strings.Join(parts, ","), nil
	default:
		return fmt.Sprint(v), nil
	}
}
