package fields

import (
	"fmt"
	"net/url"
	"strings"

	"leadgate/lead"
)

// node is an object under construction: a form names its leaves, in any order.
type node struct {
	text  []string // values of a leaf
	names []string
	kids  map[string]*node
}

// parseForm reads application/x-www-form-urlencoded. Broken escapes are taken
// literally, as browsers' own parsers do (WHATWG URL §5.1), so only limits fail.
// Where no character set was declared, the field _charset_ may (HTML §4.10.21.7).
func parseForm(body string, set charset, limits Limits) (Value, error) {
	if set == "" {
		set = charset(formCharset(body))
	}
	root, count := &node{}, 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		if count++; count > limits.Keys {
			return Value{}, formError("too many fields")
		}
		name, value, _ := strings.Cut(pair, "=")
		if err := root.add(unescape(name, set), unescape(value, set), limits); err != nil {
			return Value{}, err
		}
	}
	return root.value(), nil
}

// formCharset returns what the field _charset_ says, or "".
func formCharset(body string) string {
	const field = "_charset_="
	i := strings.Index(body, field)
	if i < 0 || i > 0 && body[i-1] != '&' {
		return ""
	}
	name, _, _ := strings.Cut(body[i+len(field):], "&")
	return name
}

func formError(problem string) error {
	return fmt.Errorf("reading form: %w: %s", lead.ErrInvalid, problem)
}

// unescape decodes one part of a form; what is no escape stays as it is.
func unescape(s string, set charset) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return set.text(s)
	}
	if plain, err := url.QueryUnescape(s); err == nil {
		return set.text(plain)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '+' {
			b = append(b, ' ')
			continue
		}
		if s[i] == '%' && i+2 < len(s) {
			if v, ok := hex4("00" + s[i+1:i+3]); ok {
				b, i = append(b, byte(v)), i+2
				continue
			}
		}
		b = append(b, s[i])
	}
	return set.text(string(b))
}

// add puts a value at the place its name tells: fields[name][value] is a member
// of a member, and a trailing [] only says that there may be several.
func (n *node) add(name, value string, limits Limits) error {
	if len(name) > limits.Text || len(value) > limits.Text {
		return formError("a text is too long")
	}
	depth := 1
	for head, rest, more := bracket(name); ; head, rest, more = bracket(rest) {
		if head != "" || depth == 1 {
			n = n.child(head)
			depth++
		}
		if depth > limits.Depth {
			return formError("too deep")
		}
		if !more {
			break
		}
	}
	if len(n.text) >= limits.Items {
		return formError("too many values of one field")
	}
	n.text = append(n.text, value)
	return nil
}

// bracket cuts the first component off a name: a[b][c] → a and [b][c] → b and [c].
func bracket(name string) (head, rest string, more bool) {
	if strings.HasPrefix(name, "[") {
		end := strings.IndexByte(name, ']')
		if end < 0 {
			return name, "", false
		}
		head, rest = name[1:end], name[end+1:]
		return head, rest, strings.HasPrefix(rest, "[")
	}
	open := strings.IndexByte(name, '[')
	if open <= 0 || strings.IndexByte(name[open:], ']') < 0 {
		return name, "", false
	}
	return name[:open], name[open:], true
}

func (n *node) child(name string) *node {
	if kid := n.kids[name]; kid != nil {
		return kid
	}
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	kid := &node{}
	n.kids[name] = kid
	n.names = append(n.names, name)
	return kid
}

// value turns the node into a value: text, a list of texts, or an object. Where
// a name is both a leaf and a parent, its own values stand under the empty name.
func (n *node) value() Value {
	own := texts(n.text)
	if len(n.names) == 0 {
		if n.text == nil {
			return Value{Kind: Object}
		}
		return own
	}
	v := Value{Kind: Object, Items: make([]Item, 0, len(n.names)+1)}
	if n.text != nil {
		v.Items = append(v.Items, Item{"", own})
	}
	for _, name := range n.names {
		v.Items = append(v.Items, Item{name, n.kids[name].value()})
	}
	return v
}

func texts(list []string) Value {
	if len(list) == 1 {
		return Value{Kind: Text, Text: list[0]}
	}
	v := Value{Kind: List, Items: make([]Item, len(list))}
	for i, text := range list {
		v.Items[i] = Item{Value: Value{Kind: Text, Text: text}}
	}
	return v
}
