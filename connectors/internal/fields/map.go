package fields

import (
	"strconv"
	"strings"

	"leadgate/lead"
)

// Map makes an inquiry of a tree by the usual names of fields, in any case and
// spelling and in many languages. What has no place in an inquiry stays in Fields
// under its dotted path, with its label where the sender gave one; of two fields
// that claim one place the first gets it. Key is set when the tree names itself
// (see [ID]). A tree written as questions with answers is read as an object, and
// so is JSON in a text that has no other place.
func Map(t Tree) lead.Inquiry {
	m := mapper{own: t.Root.identities(reading{})}
	t.Root.labels(&m.labels, 0)
	m.q.Key = ID(t.Root)
	if t.Root.Kind == List {
		m.own = t.Root.listed(reading{})
		m.list(t.Root, place{})
	} else {
		m.object(t.Root, place{}, true)
	}
	m.q.Attachments = append(m.q.Attachments, t.Files...)
	for i, name := range t.asked {
		if i < len(t.Files) && name != "" {
			m.q.Fields = append(m.q.Fields, lead.Field{Key: name, Type: "file", Value: t.Files[i].Name})
		}
	}
	m.finish()
	return m.q
}

// place is where in the tree the mapper stands.
type place struct {
	path   string
	label  string
	kind   string
	group  string // of the address it belongs to; "" is the person's own
	read   reading
	inside bool // of JSON in a text, which is looked into once
}

func (p place) under(name string) place {
	path := name
	if p.path != "" {
		path = p.path + "." + name
	}
	out := place{path: path, group: p.group, read: p.read.under(name), inside: p.inside}
	if out.group == "" && out.read.words&wShip != 0 {
		out.group = "ship"
	}
	return out
}

type mapper struct {
	q       lead.Inquiry
	own     int  // identities the tree has outside of lists
	claimed bool // somebody in a list, or in an object of an unknown name, is the person
	address lead.Address
	group   string       // whose address it is
	parent  string       // where in the tree it stands
	states  []lead.Field // a state belongs to an address only when they stand together
	total   *lead.Field  // a sum, which is an amount only when a currency stands with it
	infix   string
	another bool // the name is that of a second person, as there was no first
	guesses []guess
	phones  []region // the country of a phone's own
	dial    string   // a calling code of all phones
	prose   []prose
	labels  map[string]string // of questions that are described apart from their answers
}

// guess is a value that looks like an identity under a name that does not say so.
type guess struct {
	kind  lead.IdentityKind
	value string
}

// region is the country or the calling code that stands beside a phone number.
type region struct{ phone, code string }

// object reads the members of an object, those of a delivery address last: who
// gets something is not always who asks.
func (m *mapper) object(v Value, at place, top bool) {
	if !top {
		at = m.holder(v, at)
	}
	late := 0
	for _, it := range v.Items {
		if top && idRank(it.Name) >= 0 && it.Value.Scalar() && Key(it.Value.Text) == m.q.Key && m.q.Key != "" {
			continue
		}
		sub := at.under(it.Name)
		if sub.group != at.group {
			late++
			continue
		}
		m.value(it.Value, sub)
	}
	for _, it := range v.Items {
		if late == 0 {
			return
		}
		if sub := at.under(it.Name); sub.group != at.group {
			m.value(it.Value, sub)
			late--
		}
	}
}

// holder decides who an object of an unknown name is, when it has an identity:
// the person, unless that is known already.
func (m *mapper) holder(v Value, at place) place {
	if at.read.unknown == 0 || at.read.words&wOther != 0 {
		return at
	}
	kinds := v.identities(reading{})
	switch {
	case kinds == 0:
		return at
	case m.claimed, m.own != 0 && (v.named() || kinds&m.own != 0):
		at.read.words |= wOther
	default:
		m.claimed = m.claimed || m.own == 0
		at.read = reading{}
	}
	return at
}

func (m *mapper) value(v Value, at place) {
	switch v.Kind {
	case List:
		m.list(v, at)
		return
	case Object:
		m.structure(v, at)
		return
	}
	text := strings.TrimSpace(v.Text)
	if text == "" {
		return
	}
	if !at.inside && at.read.meaning().role == none {
		if inner, ok := v.unpacked(); ok {
			at.inside = true
			m.value(inner, at)
			return
		}
	}
	m.leaf([]string{text}, at)
}

func (m *mapper) structure(v Value, at place) {
	if len(v.Items) == 0 {
		return
	}
	if a, ok := v.answer(); ok {
		m.answer(a, at)
		return
	}
	if file, ok := fileOf(v); ok {
		m.file(file, at)
		return
	}
	if m.phoneParts(v, at) {
		return
	}
	if p := partOf(v.Items[0].Name); len(v.Items) == 1 && (p == partValue || p == partLabel && at.kind != "") { // what it is about, its own name says
		m.value(v.Items[0].Value, at)
		return
	}
	m.object(v, at, false)
}

// list reads a list of texts as one field with several values, and any other
// element by element. Of several people in it only the first can be the person,
// and only where nobody else is.
func (m *mapper) list(v Value, at place) {
	var texts []string
	for i, it := range v.Items {
		e := it.Value
		if e.Scalar() {
			if text := strings.TrimSpace(e.Text); text != "" {
				texts = append(texts, text)
			}
			continue
		}
		if a, ok := e.answer(); ok {
			m.answer(a, at)
			continue
		}
		if file, ok := fileOf(e); ok {
			m.file(file, at)
			continue
		}
		if described, ok := e.describer(); ok && m.labels[described.key] != "" {
			continue // never data
		}
		if e.Kind == Object && m.phoneParts(e, at) {
			continue
		}
		sub := at
		sub.path = strings.TrimPrefix(at.path+"."+strconv.Itoa(i), ".")
		if i > 0 {
			sub.group = sub.path
		}
		ownAddress := i == 0 && at.read.words&wAddress != 0 // of the person, with the name once more
		if e.Kind == Object && !ownAddress && at.read.words&(wEmail|wPhone) == 0 && !e.detail() && (e.named() || e.identities(reading{}) != 0) {
			if m.own != 0 || m.claimed {
				sub.read.words |= wOther
			} else if e.identities(reading{}) != 0 {
				m.claimed = true
				sub.read = reading{words: sub.read.words & wOther}
			}
		}
		m.value(e, sub)
	}
	if len(texts) > 0 {
		m.leaf(texts, at)
	}
}

// answer reads a question with its answer, and what else of the person stands with it.
func (m *mapper) answer(a answer, at place) {
	a.label = firstOf(a.label, firstOf(m.labels[a.key], m.labels[a.id]))
	sub := at.under(firstOf(a.key, a.label))
	sub.read = a.read(at.read)
	sub.label, sub.kind = a.label, a.kind
	before := len(m.q.Fields)
	for _, it := range a.rest { // ahead of the value, which is the same in one line
		text := strings.TrimSpace(it.Value.Text)
		if it.Value.Kind == Bool || it.Value.Scalar() && text == strings.TrimSpace(a.value.Text) {
			continue
		}
		m.value(it.Value, sub.under(it.Name))
	}
	m.value(a.value, sub)
	for i := before; i < len(m.q.Fields); i++ {
		if f := &m.q.Fields[i]; f.Label == "" {
			f.Label, f.Type = sub.label, sub.kind
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
	m.keep(lead.Field{Key: at.path, Label: at.label, Type: at.kind, Value: value})
	if means.other || len(texts) != 1 {
		return
	}
	m.consider(value, at)
	switch nameless := at.read.words&^(wNoise|wNumber) == 0 && at.read.unknown == 0; {
	case at.read.words&wTime != 0:
	case looksEmail(value):
		m.guesses = append(m.guesses, guess{lead.IdentityEmail, value})
	case looksPhone(value) && (value[0] == '+' || means.role == rolePhone || nameless && countDigits(value) >= 9):
		m.guesses = append(m.guesses, guess{lead.IdentityPhone, value})
	}
}

func (m *mapper) keep(f lead.Field) { m.q.Fields = append(m.q.Fields, f) }

// file adds an attachment, and which question it answers.
func (m *mapper) file(f lead.Attachment, at place) {
	m.q.Attachments = append(m.q.Attachments, f)
	if at.path != "" {
		m.keep(lead.Field{Key: at.path, Label: at.label, Type: "file", Value: firstOf(f.Name, f.URL)})
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
