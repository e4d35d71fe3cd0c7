package fields

import "strings"

// answer is a question with its answer, as form builders write it:
// {"key": …, "label": …, "type": …, "value": …}, in whatever words.
type answer struct {
	key, label, kind, id string
	value                Value
	rest                 []Item // what else stands there and is data of the person
}

// part is what a member of an answer is.
type part uint8

const (
	partNone part = iota
	partKey
	partName
	partLabel
	partKind
	partID
	partSetting // of the form: order, required, options …
	partValue
	partRaw // the value before it was made readable
)

// partOf tells what a member of an answer is by the last word of its name: in
// column_id and fieldLabel it says what the words before are about. A value is
// one wherever the word stands, as in answer_text.
func partOf(name string) part {
	words := splitWords(name)
	if len(words) == 0 {
		return partNone
	}
	last := words[len(words)-1]
	switch last {
	case "id", "uuid", "uid", "ids":
		return partID
	case "type", "kind", "datatype":
		return partKind
	case "key", "ref", "slug", "alias":
		return partKey
	case "raw":
		return partRaw
	}
	for _, w := range words {
		switch w {
		case "value", "values", "answer", "answers", "response", "responses":
			if words[0] == "raw" {
				return partRaw
			}
			return partValue
		}
	}
	switch last {
	case "name":
		return partName
	case "label", "title", "question", "caption", "text", "heading", "prompt":
		return partLabel
	case "required", "index", "order", "position", "options", "choices", "format", "placeholder", "width", "class", "css", "settings", "hidden", "mask", "default", "min", "max", "sublabels", "validation", "visible":
		return partSetting
	}
	return partNone
}

// splitWords splits a member's name into words in lower case: between other
// signs than letters, and before capitals.
func splitWords(name string) []string {
	if len(name) > 40 {
		return nil
	}
	var out []string
	start := 0
	for i := 0; i <= len(name); i++ {
		letter := i < len(name) && (name[i]|0x20 >= 'a' && name[i]|0x20 <= 'z')
		capital := letter && name[i] < 'a' && i > start && name[i-1] >= 'a'
		if letter && !capital {
			continue
		}
		if i > start {
			out = append(out, strings.ToLower(name[start:i]))
		}
		start = i
		if !letter {
			start++
		}
	}
	return out
}

// answer reads an object that is a question with its answer: it has a value and
// says of what, whatever else it has. What describes is never data. An object
// with an identity of its own is no answer but somebody.
func (v Value) answer() (a answer, ok bool) {
	if v.Kind != Object || len(v.Items) < 2 {
		return answer{}, false
	}
	name, best := "", partNone
	typed := v.typed()
	for i, it := range v.Items {
		switch p := it.part(); {
		case i == typed:
			a.value, best = it.Value, partValue
		case p == partName && it.Value.Scalar():
			name = firstOf(name, strings.TrimSpace(it.Value.Text))
		case p != partValue && p != partRaw:
			a.describe(it, p)
		case typed < 0 && (best == partNone || best == partRaw && p == partValue || a.value.blank()):
			a.value, best = it.Value, p
		}
	}
	switch {
	case a.label == "" && a.key != "":
		a.label = name
	case a.key == "":
		a.key = name
	}
	if a.key == "" && a.label == "" {
		if a.key = a.id; a.value.Kind == Object { // rather the person's record than a question
			return answer{}, false
		}
	}
	if best == partNone || a.key == "" && a.label == "" || a.somebody() {
		return answer{}, false
	}
	return a, true
}

// describe takes down what a member tells of the question, or keeps it as data.
func (a *answer) describe(it Item, p part) {
	text := ""
	if it.Value.Scalar() {
		text = strings.TrimSpace(it.Value.Text)
	}
	switch p {
	case partKey:
		a.key = firstOf(a.key, text)
	case partLabel:
		a.label = firstOf(a.label, text)
	case partKind:
		a.kind = firstOf(a.kind, text)
	case partID:
		a.id = firstOf(a.id, text)
	case partNone:
		if nested, ok := it.Value.describer(); ok {
			a.key, a.label, a.id = firstOf(a.key, nested.key), firstOf(a.label, nested.label), firstOf(a.id, nested.id)
			return
		}
		a.rest = append(a.rest, it)
	}
}

// part is partOf of a member. What holds questions with their answers is no answer.
func (it Item) part() part {
	p := partOf(it.Name)
	switch {
	case p == partValue && it.Value.Kind == Object && it.Value.questions(), p == partValue && it.Value.Kind == List && it.Value.pairs(),
		p == partSetting && it.Value.Kind == Object && it.Value.hasText() && strings.EqualFold(it.Name, "hidden"):
		return partNone
	}
	return p
}

// questions reports whether an object has an answer in a member.
func (v Value) questions() bool {
	for i := range v.Items {
		if _, ok := v.Items[i].Value.answer(); ok {
			return true
		}
	}
	return false
}

// typed returns the place of a value that stands under the name of its type, as
// in {"type": "email", "email": …}, or -1 where it says itself that it is one.
func (v Value) typed() int {
	kind := ""
	for _, it := range v.Items {
		switch p := it.part(); {
		case p == partValue:
			return -1
		case p == partKind && it.Value.Kind == Text:
			kind = it.Value.Text
		}
	}
	for i, it := range v.Items {
		if kind != "" && strings.EqualFold(it.Name, kind) && partOf(it.Name) != partKind {
			return i
		}
	}
	return -1
}

// describer reads an object that only describes a question.
func (v Value) describer() (a answer, ok bool) {
	if v.Kind != Object || len(v.Items) == 0 {
		return answer{}, false
	}
	for _, it := range v.Items {
		if !it.Value.Scalar() && partOf(it.Name) != partSetting {
			return answer{}, false
		}
		switch partOf(it.Name) {
		case partKey, partName:
			a.key = firstOf(a.key, it.Value.Text)
		case partLabel:
			a.label = firstOf(a.label, it.Value.Text)
		case partID:
			a.id = it.Value.Text
		case partKind, partSetting:
		default:
			return answer{}, false
		}
	}
	a.key = firstOf(a.key, a.id)
	return a, a.key != ""
}

// labels collects what the questions of a form are called, by key and id, where
// their descriptions stand apart from the answers.
func (v Value) labels(into *map[string]string, depth int) {
	if depth > wrapperDepth {
		return
	}
	for i := range v.Items {
		e := v.Items[i].Value
		if v.Kind == List {
			if a, ok := e.describer(); ok && a.label != "" {
				if *into == nil {
					*into = map[string]string{}
				}
				(*into)[a.key], (*into)[firstOf(a.id, a.key)] = a.label, a.label
			}
			continue
		}
		if !e.Scalar() {
			e.labels(into, depth+1)
		}
	}
}

// somebody reports whether what stands beside the value is a person.
func (a answer) somebody() bool {
	for _, it := range a.rest {
		if it.Value.Scalar() && nameMeaning(it.Name).identity(it.Value.Text) {
			return true
		}
	}
	return false
}

// read tells what an answer is about. Its type knows best what it is, then its
// key, then its label; names around it say little, unless it is somebody else's.
func (a answer) read(at reading) reading {
	at.unknown = 0
	own := at.under(firstOf(a.key, a.label))
	labelled, typed := reading{}.under(a.label), reading{}.under(a.kind)
	if (own.words|labelled.words)&(wOther|wTime) != 0 {
		if own.words&(wOther|wTime) != 0 {
			return own
		}
		return labelled
	}
	if known := typed.words & (wEmail | wPhone); known != 0 {
		return reading{words: known}
	}
	if m := own.meaning(); m.role != none && (m.sure || a.label == "") {
		return own
	}
	if labelled.meaning().role != none {
		return labelled
	}
	if own.meaning().role == none {
		if known := typed.words & (wName | wConsent | wOptIn | wAddress | wCompany); known != 0 {
			return reading{words: known | typed.words&wFull, unknown: 0}
		}
	}
	if a.label != "" && own.words&(wMessage|wHelp) == 0 {
		return labelled
	}
	return own
}

// pairs reports whether a list is a form written as questions with answers:
// [{"name": …, "value": …}, …]. Questions without an answer may stand between.
func (v Value) pairs() bool {
	if v.Kind != List {
		return false
	}
	answers := 0
	for i := range v.Items {
		if _, ok := v.Items[i].Value.answer(); ok {
			answers++
		} else if _, ok := v.Items[i].Value.describer(); !ok {
			return false
		}
	}
	return answers > 0 && 2*answers >= len(v.Items)
}
