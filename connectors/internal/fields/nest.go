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
	return s.pop(mark, Object), nil
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

// note takes down what the member of an object means for the outline. raw is its value as written.
func (s *scanner) note(name token, v Value, raw string, depth int) {
	rank := -1
	if depth == 1 {
		plain := name.decode()
		rank = idRank(plain)
		s.out.many = s.out.many || v.Kind == List && wrapperName(plain)
	}
	switch {
	case rank >= 0 && v.Kind == Text:
		s.out.ids[rank] = strings.TrimSpace(token{raw[1 : len(raw)-1], strings.IndexByte(raw, '\\') >= 0}.decode())
	case rank >= 0 && v.Kind == Number:
		s.out.ids[rank] = raw
	case rank >= 0:
		s.out.ids[rank] = ""
		s.out.content = s.out.content || v.Kind == Bool
	case s.out.content:
	case v.Kind == Text:
		s.out.content = strings.TrimSpace(token{raw[1 : len(raw)-1], strings.IndexByte(raw, '\\') >= 0}.decode()) != ""
	default:
		s.out.content = v.Kind == Number || v.Kind == Bool
	}
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
		start := s.i
		v, err := s.value(depth)
		if err != nil {
			return Value{}, err
		}
		if s.build {
			s.stack = append(s.stack, Item{Value: v})
		} else if depth > 1 {
			s.note(token{}, v, s.s[start:s.i], depth)
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
	return s.pop(mark, List), nil
}

// pop closes the list or object whose members stand on the stack from mark on.
func (s *scanner) pop(mark int, k Kind) Value {
	if !s.build {
		return Value{Kind: k}
	}
	open := s.stack[mark:]
	if k == Object {
		open = lastOfEach(open)
	}
	v := Value{Kind: k}
	if len(open) > 0 {
		v.Items = make([]Item, len(open))
		copy(v.Items, open)
	}
	s.stack = s.stack[:mark]
	return v
}

// lastOfEach keeps of equal names only the last member, in items' memory.
func lastOfEach(items []Item) []Item {
	var last map[string]int
	if len(items) > smallObject {
		last = make(map[string]int, len(items))
		for i := range items {
			last[items[i].Name] = i
		}
	}
	out := items[:0]
	for i, it := range items {
		again := last != nil && last[it.Name] > i
		for j := i + 1; last == nil && j < len(items) && !again; j++ {
			again = items[j].Name == it.Name
		}
		if !again {
			out = append(out, it)
		}
	}
	return out
}
