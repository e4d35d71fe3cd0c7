package fields

import "strings"

// mayBePacked reports whether a quoted text that starts with this byte, escaped
// as it came, can be JSON in a text.
func mayBePacked(first byte) bool {
	switch first {
	case '{', '[', ' ', '\\', '\t', '\r', '\n':
		return true
	}
	return false
}

// unpacked reads a text that is wholly a JSON object or list, as senders put one
// into a field of a form; ok is false for anything else.
func (v Value) unpacked() (inner Value, ok bool) {
	if v.Kind != Text {
		return Value{}, false
	}
	text := strings.TrimSpace(v.Text)
	if len(text) < 2 || text[0] != '{' && text[0] != '[' || text[len(text)-1] != '}' && text[len(text)-1] != ']' {
		return Value{}, false
	}
	s := scanner{s: text, max: Limits{Depth: 16, Nodes: 2000}.withDefaults(), build: true}
	inner, err := s.document()
	return inner, err == nil && inner.hasText()
}
