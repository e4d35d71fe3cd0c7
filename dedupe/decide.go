package dedupe

import (
	"cmp"
	"slices"
	"time"

	"leadgate/lead"
	"leadgate/lead/normal"
)

// Question is what is known of an inquiry when it is asked whose it is.
type Question struct {
	Name      lead.Name
	Keys      []Key
	Profile   lead.Profile
	At        time.Time      // when it was made
	People    int64          // how many persons are known: the more, the more evidence is asked for
	Namesakes int            // how many of them are called like the sender
	Area      Shares         // how many of the known live where the sender does
	Import    bool           // staff brought it in, in a file
	Names     lead.NameCount // what was seen of names at its source
	Rules     Rules
}

// Rules says how much of the rules applies. The lesser ones show what the rest is
// good for; leads are made by all of them.
type Rules int

// The rules.
const (
	All   Rules = iota
	Known       // known values with their protection, and nothing that only resembles
	Exact       // a known value is its holder's, whatever else is said
)

// Candidate is a person that holds a key of the inquiry or resembles its sender.
type Candidate struct {
	Person lead.Person
	Held   []Holding
	Heard  time.Time // when the person was last heard; zero when that is not known
}

// Holding is one key of the inquiry that the candidate holds.
type Holding struct {
	Key     Key
	Holders int       // how many persons hold it
	Heard   time.Time // when this candidate was last heard on it
}

// maxReview is how many persons one inquiry puts before a human: a value that
// many share must not fill the desk.
const maxReview = 3

// Decide says whose inquiry it is. Candidates are standing persons (merged ones
// are followed to their survivor before); differ tells persons that a human said
// are not the same. The candidate with the firmest key and no conflicting name is
// taken; when nobody holds a key, whoever resembles the sender so much that chance
// cannot explain it. Further ones that match as firmly are merged into the one
// known longest.
//
// A conversation leads to its person only when the inquiry brings no value of its
// own, or values that do not speak against them. When it brings another one of a
// group they hold already (a colleague answers in the same mail thread), the
// decision is Foreign: the touch belongs there, the values do not.
func Decide(q *Question, candidates []Candidate, differ func(a, b int64) bool) lead.Decision {
	d := lead.Decision{Reason: reasonNobody}
	if len(candidates) == 0 {
		return d
	}
	t := newTrial(q, differ)
	for _, c := range candidates {
		t.hear(c)
	}
	d.Names = t.names
	if slices.ContainsFunc(t.clash, func(m match) bool { return m.by.Key.Kind != "" }) { // whose conversation it is, is known: not that of somebody with another name
		t.fit = slices.DeleteFunc(t.fit, func(m match) bool { return m.foreign })
	}
	slices.SortFunc(t.fit, compareMatches)
	slices.SortFunc(t.clash, compareMatches)
	if len(t.clash) > 0 && t.clash[0].by.Key.Kind != "" {
		d.Reason = "a known value with a different name: " + t.clash[0].why
	}
	if len(t.fit) > 0 {
		best := t.fit[0]
		d.Scored, d.Foreign, d.Reason, d.Score = best.scored, best.foreign, best.reason(), best.best
		d.Person, d.Merge = t.survivor(best, t.fit[1:])
	}
	d.Review = t.review(&d)
	return d
}

const reasonNobody = "nobody known holds any of its values"

// trial is one decision in the making.
type trial struct {
	q          *Question
	own        []Key
	sender     face
	name       normal.NameForm
	weights    *weights
	threshold  float64 // bits above which two are one
	differ     func(a, b int64) bool
	fit, clash []match
	names      lead.NameCount
}

// match is a candidate with the firmest key that speaks for it.
type match struct {
	Candidate
	faces   []face
	by      Holding // zero when the candidate holds no key
	ok      bool
	full    bool // both names are complete and agree
	foreign bool // only the conversation speaks for them, and the inquiry has another value of a group they hold
	other   bool // the same, with an id that says for sure that it is somebody else
	scored  bool // resemblance alone speaks for them
	why     string
	likeness
}

func newTrial(q *Question, differ func(a, b int64) bool) *trial {
	w := standard().among(q.Namesakes).in(q.Area)
	w.imported = q.Import
	return &trial{q: q, own: Strong(q.Keys), sender: faceOf(&q.Profile), name: normal.FormOf(q.Name), weights: w, threshold: threshold(q.People), differ: differ}
}

// hear judges a candidate and puts them where they belong.
func (t *trial) hear(c Candidate) {
	m := t.judge(c)
	switch {
	case m.other:
	case m.ok:
		t.fit = append(t.fit, m)
	default:
		t.clash = append(t.clash, m)
	}
}

func (t *trial) judge(c Candidate) match {
	m := match{Candidate: c, faces: facesOf(&c.Person)}
	m.likeness = t.weights.likest(t.sender, m.faces)
	if t.q.Rules == All && t.q.Import {
		countNames(&t.names, t.sender, m.faces)
	}
	var conflict bool
	var why string
	if len(c.Held) > 0 {
		conflict, why = t.conflict(&c)
	}
	m.full = !conflict && whole(t.q.Name) && whole(c.Person.Name)
	m.why = why
	if !conflict {
		m.why = "nothing in the names speaks against it"
	}
	for _, h := range c.Held {
		usable := t.usable(&m, h, conflict)
		switch {
		case usable && !m.ok, usable == m.ok && (m.by.Key.Value == "" || firmer(h, m.by)):
			m.by, m.ok = h, usable
		}
	}
	if m.ok && m.by.Key.Kind == KindThread {
		m.stranger(t.own)
	}
	if !m.ok || m.foreign {
		if t.resembles(&m) {
			m.ok, m.foreign, m.other, m.scored, m.by = true, false, false, true, Holding{}
		}
	}
	return m
}

// usable reports whether a key the candidate holds may lead to them.
func (t *trial) usable(m *match, h Holding, conflict bool) bool {
	switch {
	case t.q.Rules == Exact:
		return true
	case h.Key.Kind == lead.IdentityVisitor:
		return !conflict && t.sameBrowser(m, h)
	case h.Key.Kind == KindThread:
		return !conflict || len(t.own) == 0
	case h.Key.Kind == lead.IdentityCustomer:
		return true
	case t.otherCustomer(&m.Person):
		m.why = "another customer id"
		return false
	case !named(h.Key.Kind):
		return true
	case conflict:
		return false
	}
	why := t.protected(m, h)
	if why != "" {
		m.why = why
	}
	return why == ""
}

// conflict reports whether names speak against a candidate.
func (t *trial) conflict(c *Candidate) (bool, string) {
	if t.q.Rules == Exact {
		return false, ""
	}
	return t.name.Conflict(normal.FormOf(c.Person.Name))
}

// otherCustomer reports whether the inquiry has a customer id, and the person has
// another one of the same shop.
func (t *trial) otherCustomer(p *lead.Person) bool {
	return slices.ContainsFunc(t.own, func(k Key) bool {
		return k.Kind == lead.IdentityCustomer && slices.Contains(p.Holds, k.Group())
	})
}

// browserWindow is how long after it was last heard a browser is taken for the
// same person's.
const browserWindow = 30 * 24 * time.Hour

// sameBrowser reports whether a visitor id may lead to its only holder: soon
// after, and with no value of the inquiry that speaks against them.
func (t *trial) sameBrowser(m *match, h Holding) bool {
	if h.Holders > 1 || t.q.At.Sub(h.Heard).Abs() > browserWindow || m.full && len(t.own) == 0 {
		return h.Holders == 1 && m.full && t.q.At.Sub(h.Heard).Abs() <= browserWindow
	}
	return (m.full || !t.otherValue(m)) && !t.otherName(m)
}

// stranger finds out whether somebody else writes in the candidate's conversation.
func (m *match) stranger(own []Key) {
	for _, k := range own { // none of which they hold, else it would speak for them
		if slices.Contains(m.Person.Holds, k.Group()) {
			m.other = m.other || !named(k.Kind)
			m.foreign = m.foreign || !m.full
		}
	}
}

// resembles reports whether the candidate is so much like the sender that it is
// them, without a value that says so.
func (t *trial) resembles(m *match) bool {
	if t.q.Rules != All || m.pairs == 0 || t.otherCustomer(&m.Person) {
		return false
	}
	if t.q.unreliable() {
		return m.best >= t.threshold && m.mean() >= t.threshold/2
	}
	bits := m.solid - t.shared(m)
	return m.apart == "" && bits >= t.threshold && m.mean() >= t.threshold/2
}

// shared returns the bits that values count for which the candidate holds and
// names spoke against: they are taken to be shared, and say nothing any more. Of a
// value that several hold each further one takes some.
func (t *trial) shared(m *match) float64 {
	sum := 0.0
	for _, h := range m.Held {
		bits := 0.0
		switch h.Key.Kind {
		case lead.IdentityEmail:
			bits = t.weights.email[same]
		case lead.IdentityPhone:
			bits = t.weights.phone[same]
		}
		if m.ok {
			bits = min(bits, perHolder*float64(h.Holders-1))
		}
		sum += bits
	}
	return sum
}

// perHolder is how many bits a value loses with each further holder.
const perHolder = 4

// reason says in words what the decision for a match rests on.
func (m *match) reason() string {
	if m.scored {
		return "much agrees: " + m.words()
	}
	r := "same " + string(m.by.Key.Kind)
	if m.by.Holders > 1 {
		r += ", shared by several: " + m.why
	}
	return r
}

// firmer orders holdings: the firmer kind, then the value fewer people share, then
// where they were heard last.
func firmer(a, b Holding) bool {
	return cmp.Or(cmp.Compare(priority(a.Key), priority(b.Key)), cmp.Compare(a.Holders, b.Holders), cmp.Compare(a.Key.Value, b.Key.Value),
		b.Heard.Compare(a.Heard)) < 0
}

// compareMatches puts the best match first: the firmest key, one whose values
// fit, a name that agrees in full, whom more speaks for, the one last heard on the
// value, the person known longest.
func compareMatches(a, b match) int {
	if a.scored && b.scored {
		return cmp.Or(cmp.Compare(b.best, a.best), cmp.Compare(a.Person.ID, b.Person.ID))
	}
	return cmp.Or(cmp.Compare(priority(a.by.Key), priority(b.by.Key)), compareBools(a.foreign, b.foreign), compareBools(b.full, a.full),
		cmp.Compare(b.likeness.names, a.likeness.names), b.by.Heard.Compare(a.by.Heard), cmp.Compare(b.best, a.best), cmp.Compare(a.Person.ID, b.Person.ID))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
