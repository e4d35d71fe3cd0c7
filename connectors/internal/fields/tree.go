package fields

import (
	"strings"

	"leadgate/lead"
)

// Kind is the sort of a value.
type Kind uint8

// The kinds of values. Everything but List and Object is a scalar.
const (
	Null Kind = iota
	Text
	Number // Text holds it exactly as the sender wrote it
	Bool   // Text is "true" or "false"
	List
	Object
)

// Value is one value of a tree. The zero value is Null.
type Value struct {
	Kind  Kind
	Text  string // of a scalar
	Items []Item // of a list or an object, in the sender's order
}

// Item is one member of an object, or with an empty Name one element of a list.
type Item struct {
	Name  string
	Value Value
}

// Tree is a decoded body.
type Tree struct {
	Root  Value
	Files []lead.Attachment // of a multipart body, with Data
	asked []string          // the field each of Files stood in
}

// Limits bound what Decode takes. A field of zero takes the default.
type Limits struct {
	Depth  int // nesting of lists and objects, 64
	Keys   int // members of one object, or fields of a form, 1,000
	Items  int // elements of one list, 1,000
	Nodes  int // members and elements of a body together, 20,000
	Text   int // bytes of one text, name or number, 65,536
	Parts  int // files of a multipart body, 20
	Header int // bytes of the head of one part, 8,192
	Name   int // bytes of a file's name, 255; longer ones are cut, not refused
}

func (l Limits) withDefaults() Limits {
	for _, p := range [...]struct {
		to       *int
		standard int
	}{{&l.Depth, 64}, {&l.Keys, 1000}, {&l.Items, 1000}, {&l.Nodes, 20_000}, {&l.Text, 64 << 10}, {&l.Parts, 20}, {&l.Header, 8 << 10}, {&l.Name, 255}} {
		if *p.to == 0 {
			*p.to = p.standard
		}
	}
	return l
}

// Get returns the member of an object with exactly this name; the zero Value when there is none.
func (v Value) Get(name string) Value {
	if v.Kind != Object {
		return Value{}
	}
	for i := range v.Items {
		if v.Items[i].Name == name {
			return v.Items[i].Value
		}
	}
	return Value{}
}

// Path returns the value under a chain of member names; the zero Value when there is none.
func (v Value) Path(names ...string) Value {
	for _, n := range names {
		v = v.Get(n)
	}
	return v
}

// Scalar reports whether the value is neither a list nor an object.
func (v Value) Scalar() bool { return v.Kind != List && v.Kind != Object }

// blank reports whether a value is a scalar that says nothing.
func (v Value) blank() bool {
	return v.Kind == Null || v.Kind == Text && strings.TrimSpace(v.Text) == ""
}

// Take removes the top-level members whose name want accepts and returns them in order.
func (t *Tree) Take(want func(name string) bool) []Item {
	if t.Root.Kind != Object {
		return nil
	}
	var taken, rest []Item
	for _, it := range t.Root.Items {
		if want(it.Name) {
			taken = append(taken, it)
		} else {
			rest = append(rest, it)
		}
	}
	t.Root.Items = rest
	return taken
}
