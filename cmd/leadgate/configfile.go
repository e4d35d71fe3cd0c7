package main

import (
	"fmt"
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
	getenv  func(string) string
	path    string
	values  map[string]any
	sources []sourceBlock
}

// sourceBlock is one source as the file has it.
type sourceBlock struct {
	line   int
	values map[string]any
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
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		for _, kv := range mappings(doc.Body) {
			key, line := kv.Key.String(), kv.Key.GetToken().Position.Line
			if key == "sources" {
				if err := f.readSources(kv); err != nil {
					return err
				}
				continue
			}
			if !slices.Contains(optionKeys(), key) {
				return f.problem(line, "unknown key %q", key)
			}
			var v any
			if err := yaml.NodeToValue(kv.Value, &v); err != nil {
				return f.problem(line, "%s cannot be read", key)
			}
			if f.values[key], err = f.expand(v, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *configFile) readSources(kv *ast.MappingValueNode) error {
	line := kv.Key.GetToken().Position.Line
	list, ok := kv.Value.(*ast.SequenceNode)
	if !ok {
		if _, null := kv.Value.(*ast.NullNode); null {
			return nil
		}
		return f.problem(line, "sources must be a list")
	}
	for _, item := range list.Values {
		line := item.GetToken().Position.Line
		var values map[string]any
		if err := yaml.NodeToValue(item, &values); err != nil {
			return f.problem(line, "this source cannot be read; it must be a table of settings, none of them twice")
		}
		expanded, err := f.expand(values, line)
		if err != nil {
			return err
		}
		values, _ = expanded.(map[string]any)
		f.sources = append(f.sources, sourceBlock{line: line, values: values})
	}
	return nil
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

// expand replaces ${NAME} in texts by the environment variable. One that is not
// set is an error: an empty secret must not slip in.
func (f *configFile) expand(v any, line int) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		out := variable.ReplaceAllStringFunc(v, func(m string) string {
			name := m[2 : len(m)-1]
			value := f.getenv(name)
			if value == "" {
				err = f.problem(line, "the environment variable %s is not set", name)
			}
			return value
		})
		return out, err
	case map[string]any:
		for k, item := range v {
			if v[k], err = f.expand(item, line); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, item := range v {
			if v[i], err = f.expand(item, line); err != nil {
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
