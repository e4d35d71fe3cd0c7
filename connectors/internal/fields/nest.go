package fields

import "strings"

// smallObject is up to how many members are compared one by one to find repeated names.
const smallObject = 24

func (s *scanner) object(depth int) (Value, error) {
	if depth > s.max.Depth {
		return Value{}, s.fail("too deep")
	}
	s.i++
	mark, n := len(s.stack), 0
	for s.space(); s.next() != '}' || n > 0; n++ {
		if n >= s.max.Keys {
			return Value{}, s.fail("too many members")
		}
		if err := s.count(); err != nil {
			return Value{}, err
		}
		if err := s.member(depth); err != nil {
			return Value{}, err
		}
		s.space()
		if s.next() == '}' {
			break
		}
		if s.next() != ',' {
			return Value{}, s.fail("a comma or brace is missing")
		}
		s.i++
		s.space()
	}
	s.i++
	return s.pop(mark, Object, depth), nil
}

// member reads a name and its value, and notes in a check what they tell.
func (s *scanner) member(depth int) error {
	if s.next() != '"' {
		return s.fail("a name is missing")
	}
	name, err := s.text()
	if err != nil {
		return err
	}
	s.space()
	if s.next() != ':' {
		return s.fail("a colon is missing")
	}
	s.i++
	s.space()
	if s.build {
		v, err := s.value(depth)
		s.stack = append(s.stack, Item{name.decode(), v})
		return err
	}
	start := s.i
	v, err := s.value(depth)
	if err != nil {
		return err
	}
	s.note(name, v, s.s[start:s.i], depth)
	return nil
}

// count takes down one more member or element.
func (s *scanner) count() error {
	if s.nodes++; s.nodes > s.max.Nodes {
		return s.fail("too many values")
	}
	return nil
}

// note takes down what the member of an object means for the outline. raw is its value as written.
func (s *scanner) note(name token, v Value, raw string, depth int) {
	rank := -1
	if depth == 1 {
		rank = idRank(name.decode())
		s.out.many = s.out.many || v.Kind == Text && mayBePacked(raw[1])
	}
	switch {
	case rank >= 0 && v.Kind == Text:
		s.out.ids.add(rank, Value{Kind: Text, Text: quoted(raw)})
	case rank >= 0:
		s.out.ids.add(rank, Value{Kind: v.Kind, Text: raw})
		s.out.content = s.out.content || v.Kind == Bool
	case s.out.content:
	case v.Kind == Text:
		s.out.content = strings.TrimSpace(quoted(raw)) != ""
	default:
		s.out.content = v.Kind == Number || v.Kind == Bool
	}
}

// quoted is the text between quotes, decoded.
func quoted(raw string) string {
	return token{raw[1 : len(raw)-1], strings.IndexByte(raw, '\\') >= 0}.decode()
}

func (s *scanner) list(depth int) (Value, error) {
	if depth > s.max.Depth {
		return Value{}, s.fail("too deep")
	}
	s.i++
	mark, n := len(s.stack), 0
	for s.space(); s.next() != ']' || n > 0; n++ {
		if n >= s.max.Items {
			return Value{}, s.fail("too many items")
		}
		if err := s.count(); err != nil {
			return Value{}, err
		}
		start := s.i
		v, err := s.value(depth)
		if err != nil {
			return Value{}, err
		}
		if s.build {
			s.stack = append(s.stack, Item{Value: v})
		} else {
			s.out.many = s.out.many || v.Kind == Object
			if depth > 1 {
				s.note(token{}, v, s.s[start:s.i], depth)
			}
		}
		s.space()
		if s.next() == ']' {
			break
		}
		if s.next() != ',' {
			return Value{}, s.fail("a comma or bracket is missing")
		}
		s.i++
		s.space()
	}
	s.i++
	return s.pop(mark, List, depth), nil
}

// pop closes the list or object whose members stand on the stack from mark on.
func (s *scanner) pop(mark int, k Kind, depth int) Value {
	if !s.build {
		return Value{Kind: k}
	}
	open := s.stack[mark:]
	if k == Object {
		open = s.unite(open, depth)
	}
	v := Value{Kind: k}
	if len(open) > 0 {
		v.Items = make([]Item, len(open))
		copy(v.Items, open)
	}
	s.stack = s.stack[:mark]
	return v
}

// unite makes one member of those with equal names, at the place of the first and
// in items' memory: several answers to one question, as in a form.
func (s *scanner) unite(items []Item, depth int) []Item {
	var first map[string]int
	if len(items) > smallObject {
		first = make(map[string]int, len(items))
	}
	out := items[:0]
	for _, it := range items {
		at := -1
		if first != nil {
			if i, ok := first[it.Name]; ok {
				at = i
			} else {
				first[it.Name] = len(out)
			}
		}
		for j := 0; first == nil && j < len(out) && at < 0; j++ {
			if out[j].Name == it.Name {
				at = j
			}
		}
		if at < 0 {
			out = append(out, it)
			continue
		}
		out[at].Value = s.both(out[at].Value, it.Value, depth)
	}
	return out
}

// both joins the values of two members with one name in an object at depth. What
// says nothing, or the same again, adds nothing. Where the limits leave no room
// for a list, the last that says anything counts.
func (s *scanner) both(a, b Value, depth int) Value {
	switch {
	case b.blank() || a.Scalar() && b.Scalar() && a.Kind == b.Kind && a.Text == b.Text:
		return a
	case a.blank():
		return b
	case depth+1+max(a.height(), b.height()) > s.max.Depth || a.Kind == List && len(a.Items) >= s.max.Items:
		if b.hasText() {
			return b
		}
		return a
	}
	if a.Kind != List {
		a = Value{Kind: List, Items: []Item{{Value: a}}}
	}
	a.Items = append(a.Items, Item{Value: b})
	return a
}

// height is how many lists and objects stand in each other.
func (v Value) height() int {
	if v.Scalar() {
		return 0
	}
	most := 0
	for i := range v.Items {
		most = max(most, v.Items[i].Value.height())
	}
	return most + 1
}
