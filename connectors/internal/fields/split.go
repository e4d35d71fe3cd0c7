package fields

import "strings"

// Split returns the inquiries a body holds. A list in which two objects or more
// have an identity each is many inquiries, whatever it is called and whatever
// stands around it; so is a list of objects alone, or under a name that says so
// where nobody stands around it. What surrounds such a list is said of each of
// its inquiries. Anything else is one, and many is false. Elements that are no
// objects stand among the many as they came.
func Split(root Value) (all []Value, many bool) {
	if root.Kind == List {
		if root.pairs() || len(root.Items) == 0 || !root.objects(1) {
			return []Value{root}, false
		}
		return root.elements(nil), true
	}
	if list, around, how := root.wrapped(0); how != apart {
		return list.elements(inherited(around, len(list.Items))), true
	}
	return []Value{root}, false
}

// objects reports whether a list holds at least n objects.
func (v Value) objects(n int) bool {
	for i := range v.Items {
		if v.Items[i].Value.Kind == Object {
			n--
		}
	}
	return n <= 0
}

// elements returns the elements of a list, each object with what surrounds the list behind its own.
func (v Value) elements(around []Item) []Value {
	out := make([]Value, len(v.Items))
	for i, it := range v.Items {
		out[i] = it.Value
		if it.Value.Kind == Object && len(it.Value.Items) > 0 && len(around) > 0 {
			out[i].Items = merge(append(make([]Item, 0, len(it.Value.Items)+len(around)), it.Value.Items...), around)
		}
	}
	return out
}

// wrapperDepth is how many objects may stand around a list of inquiries.
const wrapperDepth = 4

// wrapping is how sure it is that a list holds inquiries.
type wrapping uint8

const (
	apart   wrapping = iota // it does not
	likely                  // unless somebody stands around it
	certain                 // it says so, and holds several people
)

// maxLists is how many lists of one object are looked into.
const maxLists = 16

// wrapped looks for the list that holds the inquiries, or the lists that stand
// beside each other, and returns their elements with what stands around them.
func (v Value) wrapped(depth int) (list Value, around []Item, how wrapping) {
	if v.Kind != Object || depth > wrapperDepth {
		return Value{}, nil, apart
	}
	looked := 0
	for i, it := range v.Items {
		inner := it.Value
		if depth == 0 && inner.Kind == Text {
			inner, _ = inner.unpacked()
		}
		if inner.Kind != List && inner.Kind != Object {
			continue
		}
		if looked++; looked > maxLists {
			break
		}
		if inner.Kind == List {
			if how := v.wraps(it.Name, inner); how != apart {
				return v.joinedLists(i, inner, how)
			}
			continue
		}
		if list, around, how := inner.wrapped(depth + 1); how == certain || how == likely && !v.somebody(it.Name) {
			return list, append(around, without(v.Items, i)...), how
		}
	}
	return Value{}, nil, apart
}

// joinedLists joins the list at a place with those behind it that hold inquiries too.
func (v Value) joinedLists(at int, list Value, how wrapping) (Value, []Item, wrapping) {
	around := append(make([]Item, 0, len(v.Items)), v.Items[:at]...)
	list.Items = list.Items[:len(list.Items):len(list.Items)]
	for i, it := range v.Items[at+1:] {
		if i < maxLists && it.Value.Kind == List && v.wraps(it.Name, it.Value) != apart {
			list.Items = append(list.Items, it.Value.Items...)
		} else {
			around = append(around, it)
		}
	}
	return list, around, how
}

func without(items []Item, i int) []Item { return append(items[:i:i], items[i+1:]...) }

// wraps reports whether an object only wraps the inquiries in a list of its own,
// and is not one that lists something, such as what was ordered or who else comes.
func (v Value) wraps(name string, list Value) wrapping {
	if m := nameMeaning(name); list.pairs() || m.other || m.role == roleEmail || m.role == rolePhone {
		return apart
	}
	people := 0
	for i := range list.Items {
		if e := list.Items[i].Value; e.Kind == Object && e.identities(reading{}) != 0 {
			people++
		}
	}
	named := wrapperName(name)
	switch {
	case people > 1 && named:
		return certain
	case people > 1 && !v.somebody(name),
		people == 1 && named && v.beside(name).identities(reading{}) == 0,
		people == 0 && named && len(list.Items) > 0 && list.objects(len(list.Items)) && !v.somebody(name):
		return likely
	}
	return apart
}

// wrapperName reports whether a list of this name holds inquiries.
func wrapperName(name string) bool {
	words := splitWords(name)
	if len(words) == 0 {
		return false
	}
	switch words[len(words)-1] {
	case "leads", "items", "data", "contacts", "entries", "submissions", "responses", "records", "results", "rows", "inquiries", "enquiries", "people", "persons", "prospects", "events", "batch", "payload", "list", "objects", "deals":
		return true
	}
	return false
}

// somebody reports whether an object says who it is, in members beside one.
func (v Value) somebody(beside string) bool {
	rest := v.beside(beside)
	return rest.named() || rest.identities(reading{}) != 0
}

// beside is an object without one of its members.
func (v Value) beside(name string) Value {
	for i, it := range v.Items {
		if it.Name == name {
			return Value{Kind: Object, Items: without(v.Items, i)}
		}
	}
	return v
}

// named reports whether an object has a person's name, or what a person says.
func (v Value) named() bool {
	for _, it := range v.Items {
		m := nameMeaning(it.Name)
		if m.role >= roleName && m.role <= roleFamily && m.sure && !m.other && it.Value.hasText() {
			return true
		}
	}
	return false
}

// The kinds of identities that a value can have.
const (
	hasEmail = 1 << iota
	hasPhone
)

// identity tells which identity a text under a name of this meaning is.
func identity(m meaning, text string) int {
	switch {
	case !m.identity(text):
		return 0
	case m.role == roleEmail:
		return hasEmail
	}
	return hasPhone
}

// looksIdentity reports whether a text has the shape of an identity, which is
// cheaper to ask than what its name means.
func looksIdentity(text string) bool {
	text = strings.TrimSpace(text)
	return looksEmail(text) || looksPhone(text)
}

// identities tells which identities an object has of its own: under names that
// say so, in itself, in its objects, or in questions with answers. Who stands in
// its lists is somebody else.
func (v Value) identities(read reading) int {
	found := 0
	for _, it := range v.Items {
		if it.Value.Scalar() && !looksIdentity(it.Value.Text) {
			continue
		}
		at := read.under(it.Name)
		switch it.Value.Kind {
		case Text, Number:
			found |= identity(at.meaning(), it.Value.Text)
		case Object:
			if a, ok := it.Value.answer(); ok {
				found |= a.identities(at)
			} else if at.words&wOther == 0 && at.unknown == 0 {
				found |= it.Value.identities(at)
			}
		case List:
			found |= it.Value.listed(at)
		}
	}
	return found
}

// listed is identities in a list of scalars, of answers, or of values with their kind.
func (v Value) listed(at reading) int {
	found := 0
	for i := range v.Items {
		e := v.Items[i].Value
		if e.Scalar() {
			found |= identity(at.meaning(), e.Text)
		} else if a, ok := e.answer(); ok {
			found |= a.identities(at)
		} else if e.detail() && at.words&wOther == 0 {
			found |= e.identities(at)
		}
	}
	return found
}

func (a answer) identities(at reading) int {
	v := a.value
	if v.Kind == List && len(v.Items) > 0 {
		v = v.Items[0].Value
	}
	if !v.Scalar() {
		return 0
	}
	return identity(a.read(at).meaning(), v.Text)
}

// detail reports whether an object is one value with its kind, such as a phone
// number and that it is a mobile one, and not somebody.
func (v Value) detail() bool {
	if v.Kind != Object {
		return false
	}
	values := 0
	for _, it := range v.Items {
		switch {
		case !it.Value.Scalar():
			return false
		case it.Value.Kind == Bool || it.Value.blank():
		case partOf(it.Name) == partKind || partOf(it.Name) == partID || partOf(it.Name) == partLabel || partOf(it.Name) == partSetting:
		default:
			values++
		}
	}
	return values == 1
}

// Limits of what is said of each of several inquiries.
const (
	maxInherited = 60      // members
	maxCopied    = 30_000  // members of all inquiries together
	maxWords     = 2 << 20 // bytes of all inquiries together
	fewWords     = 4 << 10 // bytes that each has at least
)

// inherited is what surrounds a list as each inquiry in it gets it: campaign and
// answers as they are, an identity of somebody else under a name that says so.
func inherited(around []Item, inquiries int) []Item {
	var out, others []Item
	most, room := min(maxInherited, maxCopied/max(inquiries, 1)), max(fewWords, maxWords/max(inquiries, 1))
	for _, it := range around {
		if len(out)+len(others) >= most {
			break
		}
		scalars, bytes := it.Value.size()
		if scalars > maxInherited || len(it.Name)+bytes > room {
			continue
		}
		room -= len(it.Name) + bytes
		one := Value{Kind: Object, Items: []Item{it}}
		switch m := nameMeaning(it.Name); {
		case !it.Value.hasText():
		case idRank(it.Name) >= 0, it.Value.Kind == List && it.Value.objects(1), m.role >= roleEmail && m.role <= roleUsername, it.Value.named(), one.identities(reading{}) != 0:
			others = append(others, it)
		default:
			out = append(out, it)
		}
	}
	if len(others) > 0 {
		out = append(out, Item{"batch", Value{Kind: Object, Items: others}})
	}
	return out
}

// size counts the scalars of a value, and the bytes of its names and texts.
func (v Value) size() (scalars, bytes int) {
	if v.Scalar() {
		return 1, len(v.Text)
	}
	for i := range v.Items {
		n, b := v.Items[i].Value.size()
		scalars, bytes = scalars+n, bytes+b+len(v.Items[i].Name)
	}
	return scalars, bytes
}
