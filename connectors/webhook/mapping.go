package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/itchyny/gojq"

	"leadgate/connectors"
	"leadgate/connectors/internal/fields"
	"leadgate/lead"
)

// Limits of a mapping. Steps are counted rather than time, so that the same post
// always has the same outcome.
const (
	maxSteps   = 2_000_000 // of the jq machine, for one post
	maxOutputs = 1000      // values
	maxNodes   = 100_000   // members and elements of all outputs together
	maxDepth   = 64        // nesting of an output
	maxCached  = 256       // compiled programs
)

// program is a compiled mapping. It is safe for concurrent use.
type program struct{ code *gojq.Code }

// programs keeps what was compiled, by source text.
type programs struct {
	mu   sync.Mutex
	done map[string]*program
}

// program returns the mapping of the settings, compiled; nil when there is none.
// The source's own wins over the preset's.
func (h *hook) program(s connectors.Settings) (*program, error) {
	source := s.Text("mapping")
	if source == "" {
		source = h.presets[s.Text("preset")].Mapping
	}
	if source == "" {
		return nil, nil
	}
	return h.programs.get(source)
}

func (p *programs) get(source string) (*program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.done[source]; have != nil {
		return have, nil
	}
	made, err := compile(source)
	if err != nil {
		return nil, err
	}
	if p.done == nil || len(p.done) >= maxCached {
		p.done = map[string]*program{}
	}
	p.done[source] = made
	return made, nil
}

// errImpure is what a mapping may not ask for: Parse gives the same for ever.
var errImpure = errors.New("uses the clock or an input that is not there")

// impure redefines what would make a mapping depend on more than the post.
const impure = `def now: error("now"); def localtime: error("localtime"); def strflocaltime(f): error("strflocaltime"); def mktime: error("mktime"); def input: error("input"); def inputs: error("inputs"); def debug: .; def debug(f): .; def stderr: .; `

func compile(source string) (*program, error) {
	q, err := gojq.Parse(impure + source)
	if err != nil {
		return nil, fmt.Errorf("parsing mapping: %w", err)
	}
	if q.Meta != nil || len(q.Imports) > 0 {
		return nil, errImpure
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return nil, fmt.Errorf("compiling mapping: %w", err)
	}
	return &program{code}, nil
}

// run applies the mapping to a post. An output that is a list stands for its
// elements, null for nothing.
func (p *program) run(root fields.Value) ([]fields.Value, error) {
	steps := &counter{left: maxSteps}
	iter := p.code.RunWithContext(steps, toJQ(root))
	var out []fields.Value
	budget := maxNodes
	for {
		v, ok := iter.Next()
		if !ok {
			return out, nil
		}
		if err, bad := v.(error); bad {
			return nil, mappingError(err)
		}
		if v == nil {
			continue
		}
		got, err := fromJQ(v, &budget, 0)
		if err != nil {
			return nil, err
		}
		if got.Kind == fields.List {
			for _, it := range got.Items {
				out = append(out, it.Value)
			}
		} else {
			out = append(out, got)
		}
		if len(out) > maxOutputs {
			return nil, fmt.Errorf("mapping post: %w: it gives too much", lead.ErrPermanent)
		}
	}
}

// mappingError hides the message of jq, which quotes the value it stumbled over.
func mappingError(err error) error {
	if errors.Is(err, errSteps) {
		return fmt.Errorf("mapping post: %w: it takes too many steps", lead.ErrPermanent)
	}
	return fmt.Errorf("mapping post: %w: the program does not fit the post", lead.ErrPermanent)
}

var errSteps = errors.New("too many steps")

// counter is a context that ends after a number of looks at it. The jq machine
// looks once a step, and offers no other way to count them.
type counter struct{ left int }

// Deadline implements context.Context: there is none.
func (*counter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context: it holds none.
func (*counter) Value(any) any { return nil }

// Done counts a step, and returns a closed channel when none is left.
func (c *counter) Done() <-chan struct{} {
	if c.left--; c.left >= 0 {
		return nil
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

// Err tells why the context ended, if it did.
func (c *counter) Err() error {
	if c.left >= 0 {
		return nil
	}
	return errSteps
}

var _ context.Context = (*counter)(nil)

// toJQ makes the values jq works on. Numbers stay exact.
func toJQ(v fields.Value) any {
	switch v.Kind {
	case fields.Text:
		return v.Text
	case fields.Number:
		return json.Number(v.Text)
	case fields.Bool:
		return v.Text == "true"
	case fields.List:
		list := make([]any, len(v.Items))
		for i, it := range v.Items {
			list[i] = toJQ(it.Value)
		}
		return list
	case fields.Object:
		m := make(map[string]any, len(v.Items))
		for _, it := range v.Items {
			m[it.Name] = toJQ(it.Value)
		}
		return m
	}
	return nil
}

// fromJQ reads a result. Members of an object have no order in jq and come sorted.
func fromJQ(v any, budget *int, depth int) (fields.Value, error) {
	if *budget--; *budget < 0 || depth > maxDepth {
		return fields.Value{}, fmt.Errorf("mapping post: %w: it gives too much", lead.ErrPermanent)
	}
	switch v := v.(type) {
	case string:
		return fields.Value{Kind: fields.Text, Text: v}, nil
	case bool:
		return fields.Value{Kind: fields.Bool, Text: strconv.FormatBool(v)}, nil
	case int:
		return number(strconv.Itoa(v)), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fields.Value{}, nil
		}
		return number(strconv.FormatFloat(v, 'f', -1, 64)), nil
	case *big.Int:
		return number(v.String()), nil
	case json.Number:
		return number(v.String()), nil
	case []any:
		out := fields.Value{Kind: fields.List, Items: make([]fields.Item, len(v))}
		for i, item := range v {
			got, err := fromJQ(item, budget, depth+1)
			if err != nil {
				return fields.Value{}, err
			}
			out.Items[i].Value = got
		}
		return out, nil
	case map[string]any:
		out := fields.Value{Kind: fields.Object, Items: make([]fields.Item, 0, len(v))}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			got, err := fromJQ(v[name], budget, depth+1)
			if err != nil {
				return fields.Value{}, err
			}
			out.Items = append(out.Items, fields.Item{Name: name, Value: got})
		}
		return out, nil
	}
	return fields.Value{}, nil
}

func number(text string) fields.Value { return fields.Value{Kind: fields.Number, Text: text} }
