package people

import (
	"strings"
	"time"
)

// world makes people, alone and in the groups they live and work in.
type world struct {
	dice
	region  *region
	abroad  []*region
	taken   map[string]bool // values somebody has
	common  bool            // family names are the frequent ones only
	persons int
	groups  int
	start   time.Time // of the year
	all     []*person
}

// year is how long a stream lasts.
const year = 365 * 24 * time.Hour

func newWorld(seed, stream uint64, place string) (*world, error) {
	l := &lists{cultures: map[string]*culture{}, regions: map[string]*region{}}
	r, err := l.region(place)
	if err != nil {
		return nil, err
	}
	r.found(newDice(uint64(len(r.cities)), townDice))
	w := &world{dice: newDice(seed, stream), region: r, taken: map[string]bool{}, start: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, name := range []string{"US", "GB", "DE", "FR", "ES"} {
		other, err := l.region(name)
		if err != nil {
			return nil, err
		}
		if name != place {
			w.abroad = append(w.abroad, other)
		}
	}
	return w, nil
}

// anybody makes a person of any culture of the region.
func (w *world) anybody() *person { return w.person(w.region.mix.draw(w.dice), w.chance(0.5), "", "") }

func (w *world) group() int {
	w.groups++
	return w.groups
}

// settle adds the next people to the world and returns them.
func (w *world) settle() []*person {
	var in []*person
	switch x := w.IntN(1000); {
	case x < 560:
		in = []*person{w.anybody()}
	case x < 800:
		in = w.household()
	case x < 815:
		in = w.office()
	case x < 875:
		in = []*person{w.namesake()}
	case x < 905:
		in = w.recycled()
	case x < 945:
		in = []*person{w.anybody()}
		in[0].apart = true
	default:
		in = []*person{w.anybody()}
		in[0].portal = true
	}
	for _, p := range in {
		p.name = p.full()
		w.second(p)
		w.wedding(p)
	}
	w.all = append(w.all, in...)
	return in
}

// household makes people who share a name, an address, a landline and more.
func (w *world) household() []*person {
	d := w.dice
	head := w.anybody()
	in := []*person{head}
	id := w.group()
	if head.landline.empty() && d.chance(0.7) {
		_, area := w.region.home(d)
		head.landline = phone{w.region, d.digits(area), area}
	}
	mailbox := ""
	if d.chance(0.2) {
		prefix := pick(d, []string{"family.", "fam.", "the", "casa.", "familie."})
		mailbox = prefix + letters(ascii(head.family)) + w.digits("##") + "@" + w.region.mail.draw(d)
	}
	visitor := "v-" + d.hex(16)
	for range d.between(1, 3) {
		in = append(in, w.relative(head, in[1:]))
	}
	for _, p := range in {
		p.household, p.address, p.landline, p.shared = id, head.address, head.landline, mailbox
		if d.chance(0.4) {
			p.homeVisitor = visitor
		}
	}
	return in
}

// relative makes another member of a household: a twin of the one before, a son
// with his father's name, or anybody.
func (w *world) relative(head *person, others []*person) *person {
	d := w.dice
	woman, family := d.chance(0.5), w.menForm(head)
	if n := len(others); n > 0 && d.chance(0.1) {
		other := others[n-1]
		given := ""
		if d.chance(0.5) {
			woman, given = other.woman, w.similar(other)
		}
		p := w.person(head.culture, woman, given, family)
		p.born, p.twin, other.twin = other.born, true, true
		return p
	}
	if woman == head.woman && d.chance(0.08) {
		p := w.person(head.culture, woman, head.given, family)
		p.born = head.born.AddDate(25, 0, d.IntN(2000))
		return p
	}
	return w.person(head.culture, woman, "", family)
}

// menForm is the family name that relatives derive theirs from.
func (w *world) menForm(p *person) string {
	for _, e := range p.culture.womenEnd {
		if stem, ok := strings.CutSuffix(p.family, e[1]); ok && p.woman {
			return stem + e[0]
		}
	}
	return p.family
}

// similar draws a name that begins like the other's, as parents of twins like it.
func (w *world) similar(other *person) string {
	for range 30 {
		if g := other.culture.given(w.dice, other.woman); g != other.given && first(g) == first(other.given) {
			return g
		}
	}
	return ""
}

// office makes colleagues.
func (w *world) office() []*person {
	d := w.dice
	head := w.anybody()
	name := spell(head.family, 0, false)
	if w.region.name == "UA" {
		name = head.family
	}
	name += " " + pick(d, []string{"GmbH", "Ltd", "Inc.", "& Partners", "Consulting", "Systems", "Group", "Logistics", "Bau", "S.L.", "Studio", "Service"})
	if d.chance(0.5) {
		name = head.address.city + " " + pick(d, []string{"Windows", "Transport", "Media", "Clinic", "Hotel", "Foods", "Energy", "Realty", "Motors", "Textiles"})
	}
	a, area := w.region.home(d)
	c := &company{id: w.group(), name: name, domain: letters(ascii(name)) + d.digits("##") + ".example", board: phone{w.region, d.digits(area), area}, address: a}
	c.role = pick(d, []string{"info", "sales", "office", "contact", "kontakt", "service", "buchhaltung", "support", "hr"}) + "@" + c.domain
	in := []*person{head}
	for range d.between(2, 14) {
		in = append(in, w.anybody())
	}
	for _, p := range in {
		p.company, p.office = c, c.id
		p.workEmail = w.mailbox(p, c.domain)
		if d.chance(0.25) { // a direct line beside the switchboard
			p.work = phone{c.board.region, c.board.digits[:len(c.board.digits)-2] + d.digits("##"), c.board.pattern}
		}
	}
	return in
}

// namesake makes somebody with the name of somebody else.
func (w *world) namesake() *person {
	if len(w.all) == 0 {
		return w.anybody()
	}
	other := pick(w.dice, w.all)
	p := w.person(other.culture, other.woman, other.given, w.menForm(other))
	p.middle = ""
	if w.chance(0.2) { // of the same town too
		p.address.city, p.address.state = other.address.city, other.address.state
	}
	return p
}

// recycled makes two people of whom the second gets the number that the first
// gave up two months before, or longer.
func (w *world) recycled() []*person {
	a, b := w.anybody(), w.anybody()
	a.recycled = w.group()
	b.recycled = a.recycled
	a.change = w.start.Add(time.Duration(60+w.IntN(140)) * 24 * time.Hour)
	a.next = w.mobile(a.mobile.region)
	b.mobile, b.from = a.mobile, a.change.Add(time.Duration(60+w.IntN(60))*24*time.Hour)
	return []*person{a, b}
}

// second gives some people a second address, and those with an office use both.
func (w *world) second(p *person) {
	switch {
	case p.workEmail != "":
		p.second = p.workEmail
	case w.chance(0.25) || p.apart:
		p.second = w.mailbox(p, w.region.mail.draw(w.dice))
	}
}

// wedding changes the family name of a few women in the course of the year.
func (w *world) wedding(p *person) {
	if p.woman && p.household == 0 && w.chance(0.02) {
		p.before = p.culture.forWoman(p.culture.surname(w.dice, w.common))
		p.wedding = w.start.Add(time.Duration(w.Float64() * float64(year)))
	}
}
