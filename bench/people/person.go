package people

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// person is somebody with everything they may leave behind.
type person struct {
	ties
	culture       *culture
	woman         bool
	given, middle string // in the script of the culture
	family        string
	before        string    // family name until the wedding
	wedding       time.Time // zero: none in that year
	born          time.Time
	address       address
	mobile        phone
	next          phone     // the mobile after the change
	change        time.Time // zero: none
	from          time.Time // zero: may ask all year
	landline      phone     // none: no digits
	work          phone     // of the company, or a direct line
	email, second string
	workEmail     string
	company       *company
	shared        string // mailbox of the household
	telegram      string
	facebook      string
	visitors      []string // browsers, each in use for a part of the year
	homeVisitor   string   // of the household
	customer      string
	portal        bool // writes through portals
	apart         bool // never uses one value twice
	typing        typing
	channels      weighted[string]
}

// typing is how somebody writes, always.
type typing struct {
	latin    bool // writes names in Latin letters
	scheme   int  // of transliteration
	plain    bool // leaves accents out
	careless float64
}

// company is where colleagues answer one telephone and read one mailbox.
type company struct {
	id                 int
	name, domain, role string
	board              phone
	address            address
}

// key names a person in the truth.
func (p *person) key() string { return fmt.Sprintf("p%06d", p.id) }

// familyAt is the family name on a day.
func (p *person) familyAt(t time.Time) string {
	if !p.wedding.IsZero() && t.Before(p.wedding) {
		return p.before
	}
	return p.family
}

// mobileAt is the mobile number on a day.
func (p *person) mobileAt(t time.Time) phone {
	if !p.change.IsZero() && t.After(p.change) {
		return p.next
	}
	return p.mobile
}

// full is the whole name, as namesakes share it.
func (p *person) full() string { return p.given + " " + p.family }

// person makes somebody who lives in the region with values of their own. A name
// that is "" is drawn; the family name is the men's form.
func (w *world) person(c *culture, woman bool, given, family string) *person {
	d := w.dice
	w.persons++
	p := &person{ties: ties{id: w.persons}, culture: c, woman: woman}
	if p.given = given; given == "" {
		p.given = c.given(d, woman)
	}
	if d.chance(0.15) {
		p.middle = c.given(d, woman)
	}
	if family == "" {
		family = c.surname(d, w.common)
		if d.chance(0.02) && c.name != "cyrillic" && c.name != "greek" && c.name != "eastasian" {
			family += "-" + c.surname(d, w.common)
		}
	}
	p.family = family
	if woman {
		p.family = c.forWoman(family)
	}
	p.born = time.Date(d.between(1938, 2004), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d.IntN(365))
	var area string
	p.address, area = w.region.home(d)
	home := w.region
	if d.chance(0.04) {
		home = pick(d, w.abroad)
	}
	p.mobile = w.mobile(home)
	if d.chance(0.35) {
		p.landline = phone{w.region, d.digits(area), area}
	}
	p.email = w.mailbox(p, w.region.mail.draw(d))
	p.typing = w.habits(c)
	p.customer = strconv.Itoa(100000 + 7*w.persons)
	w.reach(p)
	return p
}

// habits draws how somebody writes.
func (w *world) habits(c *culture) typing {
	d := w.dice
	t := typing{scheme: d.IntN(3), plain: d.chance(0.3), careless: 0.4 + d.ExpFloat64()*0.6}
	switch c.name {
	case "cyrillic":
		t.latin = d.chance(0.9)
		if w.region.name == "UA" {
			t.latin = d.chance(0.15)
		}
	case "greek":
		t.latin = true
	}
	return t
}

// reach draws the channels somebody uses and what they are there.
func (w *world) reach(p *person) {
	d := w.dice
	for _, c := range []struct {
		name   string
		weight float64
	}{{"form", 9}, {"email", 6}, {"phone", 6}, {"whatsapp", 3}, {"chat", 3}, {"ad", 3}, {"facebook", 1.5}, {"telegram", 1.5}, {"import", 1.5}} {
		x := d.ExpFloat64() // most people keep to few ways
		p.channels.add(c.name, c.weight*x*x*x*x)
	}
	p.telegram = strconv.Itoa(d.between(100_000_000, 7_999_999_999))
	if d.chance(0.4) {
		p.telegram = "@" + strings.ReplaceAll(w.local(p), ".", "_") + strconv.Itoa(d.IntN(1000))
	}
	p.facebook = strconv.Itoa(d.between(1_000_000_000_000_000, 9_999_999_999_999_999))
	for range d.between(1, 3) {
		p.visitors = append(p.visitors, "v-"+d.hex(16))
	}
}

// mailbox makes an address nobody else has. Most show something of the name.
func (w *world) mailbox(p *person, domain string) string {
	local := w.local(p)
	for w.taken[oneMailbox(local, domain)] {
		local += strconv.Itoa(w.dice.IntN(100))
	}
	w.taken[oneMailbox(local, domain)] = true
	return local + "@" + domain
}

// oneMailbox is the same for all addresses of a mailbox: one provider ignores dots,
// and gives nobody an address that differs from another's in dots alone.
func oneMailbox(local, domain string) string {
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}

// nicks are words people call themselves in addresses.
var nicks = sync.OnceValue(func() []string {
	return strings.Fields(`sunny tiger star moon lucky dragon blue happy cat wolf rocky angel speedy panda shadow phoenix coffee garden music biker racer
	dancer sailor falcon pixel maker gamer cook flower ocean mountain river snow fox eagle magic crazy sweet little big captain`)
})

func (w *world) local(p *person) string {
	d := w.dice
	given, family := letters(ascii(p.given)), letters(ascii(p.family))
	year := strconv.Itoa(p.born.Year())
	switch x := d.IntN(100); {
	case x < 26:
		return given + "." + family
	case x < 36:
		return given + family
	case x < 46:
		return first(given) + family
	case x < 53:
		return first(given) + "." + family
	case x < 60:
		return family + "." + given
	case x < 66:
		return given + "_" + family
	case x < 76:
		return given + year[2:]
	case x < 82:
		return given + family + year[2:]
	case x < 87:
		return family + year
	}
	return pick(d, nicks()) + pick(d, nicks()) + strconv.Itoa(d.IntN(1000))
}

// first is the first letter of a word.
func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// letters leaves only small letters a to z.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// visitorAt is the browser somebody uses on a day.
func (p *person) visitorAt(share float64) string {
	i := int(share * float64(len(p.visitors)))
	return p.visitors[min(max(i, 0), len(p.visitors)-1)]
}

// nickname is a short form of the given name, or "".
func (p *person) nickname(d dice) string { return pick(d, p.culture.nick[p.given]) }
