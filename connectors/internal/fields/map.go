package fields

import (
	"strconv"
	"strings"

	"leadgate/lead"
)

// Map makes an inquiry of a tree by the usual names of fields, in any case and
// spelling and in several languages. What has no place in an inquiry stays in
// Fields under its dotted path, with its label where the sender gave one; of two
// fields that claim one place the first gets it. Key is set when the tree names
// itself (see [ID]). A tree written as pairs of name and value is read as an object.
func Map(t Tree) lead.Inquiry {
	m := mapper{}
	root := t.Root
	m.q.Key = ID(root)
	if root.Kind == List {
		m.list(root, place{})
	} else {
		m.object(root, place{}, true)
	}
	m.q.Attachments = append(m.q.Attachments, t.Files...)
	m.finish()
	return m.q
}

// place is where in the tree the mapper stands.
type place struct {
	path  string
	label string
	kind  string
	read  reading
}

func (p place) under(name string) place {
	path := name
	if p.path != "" {
		path = p.path + "." + name
	}
	return place{path: path, read: p.read.under(name)}
}

type mapper struct {
	q       lead.Inquiry
	address lead.Address
	state   *lead.Field // a state, which belongs to an address only when there is one
	guesses []guess
}

// guess is a value that looks like an identity under a name that does not say so.
type guess struct {
	kind  lead.IdentityKind
	value string
}

func (m *mapper) object(v Value, at place, top bool) {
	for _, it := range v.Items {
		if top && idRank(it.Name) >= 0 && it.Value.Scalar() && Key(it.Value.Text) == m.q.Key {
			continue
		}
		m.value(it.Value, at.under(it.Name))
	}
}

func (m *mapper) value(v Value, at place) {
	if v.Scalar() {
		if text := strings.TrimSpace(v.Text); text != "" {
			m.leaf([]string{text}, at)
		}
		return
	}
	if v.Kind == List {
		m.list(v, at)
		return
	}
	if a, ok := v.answer(); ok {
		m.answer(a, at)
		return
	}
	if file, ok := fileOf(v); ok {
		m.q.Attachments = append(m.q.Attachments, file)
		return
	}
	m.object(v, at, false)
}

// list reads a list of texts as one field with several values, and any other
// element by element.
func (m *mapper) list(v Value, at place) {
	if v.pairs() {
		for _, it := range v.Items {
			a, _ := it.Value.answer()
			m.answer(a, at)
		}
		return
	}
	var texts []string
	for i, it := range v.Items {
		if it.Value.Scalar() {
			if text := strings.TrimSpace(it.Value.Text); text != "" {
				texts = append(texts, text)
			}
			continue
		}
		sub := at
		sub.path = strings.TrimPrefix(at.path+"."+strconv.Itoa(i), ".")
		m.value(it.Value, sub)
	}
	if len(texts) > 0 {
		m.leaf(texts, at)
	}
}

// answer reads a question with its answer. What the field is, its type knows
// best, then its key, then its label.
func (m *mapper) answer(a answer, at place) {
	sub := at
	if a.key != "" {
		sub = at.under(a.key)
	} else if a.label != "" {
		sub = at.under(a.label)
	}
	if a.kind != "" {
		if typed := (reading{}).under(a.kind); typed.words&(wEmail|wPhone) != 0 && sub.read.words&wOther == 0 {
			sub.read = reading{words: typed.words & (wEmail | wPhone)}
		}
	}
	if sub.read.meaning().role == none && a.label != "" {
		if labelled := (reading{}).under(a.label); labelled.meaning().role != none || labelled.words&wOther != 0 {
			sub.read = labelled
		}
	}
	sub.label, sub.kind = a.label, a.kind
	label, kind := sub.label, sub.kind
	if a.value.Scalar() || a.value.Kind == List {
		m.value(a.value, sub)
		return
	}
	before := len(m.q.Fields)
	m.value(a.value, sub)
	for i := before; i < len(m.q.Fields); i++ {
		if m.q.Fields[i].Label == "" {
			m.q.Fields[i].Label, m.q.Fields[i].Type = label, kind
		}
	}
}

// leaf puts the values of one field to their place, or keeps them as a field.
func (m *mapper) leaf(texts []string, at place) {
	means := at.read.meaning()
	if m.put(means, texts, at) {
		return
	}
	value := strings.Join(texts, ", ")
	m.q.Fields = append(m.q.Fields, lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: value})
	if means.other || len(texts) != 1 {
		return
	}
	switch {
	case looksEmail(value):
		m.guesses = append(m.guesses, guess{lead.IdentityEmail, value})
	case looksPhone(value) && (value[0] == '+' || means.role == rolePhone):
		m.guesses = append(m.guesses, guess{lead.IdentityPhone, value})
	}
}

// finish settles what only the whole tree tells.
func (m *mapper) finish() {
	for _, kind := range [...]lead.IdentityKind{lead.IdentityEmail, lead.IdentityPhone} {
		m.adopt(kind)
	}
	if m.address != (lead.Address{}) {
		m.q.Address = &m.address
	}
	if m.state != nil {
		if m.q.Address != nil {
			m.q.Address.State = m.state.Value
		} else {
			m.q.Fields = append(m.q.Fields, *m.state)
		}
	}
	for _, page := range [...]string{m.q.Attribution.Page, m.q.Attribution.Landing, m.q.Attribution.Referrer} {
		FromURL(&m.q.Attribution, page)
	}
}

// adopt takes a guessed identity when no name told of one and there is no choice.
func (m *mapper) adopt(kind lead.IdentityKind) {
	for _, id := range m.q.Identities {
		if id.Kind == kind {
			return
		}
	}
	var found string
	for _, g := range m.guesses {
		if g.kind != kind {
			continue
		}
		if found != "" && found != g.value {
			return
		}
		found = g.value
	}
	if found != "" {
		m.identity(kind, found)
	}
}

// maxIdentities is how many identities one inquiry has, as in lead/normal.
const maxIdentities = 20

// identity adds an identity once; false when there are too many. Values stay as
// written: the pipeline brings them to canonical form.
func (m *mapper) identity(kind lead.IdentityKind, value string) bool {
	for _, id := range m.q.Identities {
		if id.Kind == kind && id.Value == value {
			return true
		}
	}
	if len(m.q.Identities) == maxIdentities {
		return false
	}
	m.q.Identities = append(m.q.Identities, lead.Identity{Kind: kind, Value: value, Proof: lead.ProofForm})
	return true
}
