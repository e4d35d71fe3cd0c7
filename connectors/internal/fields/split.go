package fields

import "strings"

// Split returns the inquiries a body holds. A list of objects, alone or under
// leads, items or data, is many, unless it is one form written as pairs of name
// and value. Anything else is one, and many is false.
func Split(root Value) (all []Value, many bool) {
	switch root.Kind {
	case List:
		if !root.pairs() {
			return elements(root), true
		}
	case Object:
		for _, it := range root.Items {
			if it.Value.Kind == List && wrapperName(it.Name) && wraps(root, it) {
				return elements(it.Value), true
			}
		}
	}
	return []Value{root}, false
}

func elements(list Value) []Value {
	out := make([]Value, len(list.Items))
	for i, it := range list.Items {
		out[i] = it.Value
	}
	return out
}

func wrapperName(name string) bool {
	return strings.EqualFold(name, "leads") || strings.EqualFold(name, "items") || strings.EqualFold(name, "data")
}

// wraps reports whether an object is only the wrapper of the inquiries in a
// member, and not an inquiry that lists something, such as what was ordered.
func wraps(root Value, member Item) bool {
	if len(member.Value.Items) == 0 || member.Value.pairs() {
		return false
	}
	for _, it := range member.Value.Items {
		if it.Value.Kind != Object {
			return false
		}
	}
	for _, it := range root.Items {
		if it.Name == member.Name {
			continue
		}
		if m := nameMeaning(it.Name); m.personal() && it.Value.hasText() {
			return false
		}
	}
	return true
}

// pairs reports whether a list is a form written as pairs: [{"name": …, "value": …}, …].
func (v Value) pairs() bool {
	if v.Kind != List || len(v.Items) == 0 {
		return false
	}
	for i := range v.Items {
		if _, ok := v.Items[i].Value.answer(); !ok {
			return false
		}
	}
	return true
}

// answer is a question with its answer, as form builders write it:
// {"key": …, "label": …, "type": …, "value": …}.
type answer struct {
	key, label, kind string
	value            Value
}

// answer reads an object whose members all describe one answer; ok is false when
// there is no value or anything else stands beside it.
func (v Value) answer() (a answer, ok bool) {
	if v.Kind != Object || len(v.Items) > 16 {
		return answer{}, false
	}
	for _, it := range v.Items {
		role := ""
		if it.Value.Scalar() {
			role = it.Value.Text
		}
		switch strings.ToLower(it.Name) {
		case "value", "values", "answer", "answers", "response":
			if !ok {
				a.value = it.Value
			}
			ok = true
		case "key", "name", "ref", "slug":
			if a.key == "" {
				a.key = role
			}
		case "label", "title", "question", "caption":
			if a.label == "" {
				a.label = role
			}
		case "type":
			a.kind = role
		case "id", "field_id", "fieldid", "field", "required", "raw_value", "rawvalue", "options", "index", "order", "position":
		default:
			return answer{}, false
		}
	}
	return a, ok
}
